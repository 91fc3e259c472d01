"""Nodes that come to their certificates by a token, renew them, and lose them, with the real binaries.

HEARTH_BIN names the binaries.
"""
import json
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, wait_for  # noqa: E402
from tls_case import OPERATOR, ROOM, TlsCase  # noqa: E402


class Enrolment(TlsCase):
    PEOPLE = {**OPERATOR, "ann": ("--tenant", "bank"), "adam": ("--tenant", "grid", "--role",
                                                                 "operate")}
    NODES = ()

    def setUp(self):
        super().setUp()
        self.admin_ca("issuer", "--dir", self.ca, "--out", self.ca)

    def start(self, **enrolment):
        self.cluster.scheduler_config["enrolment"] = {
            "listen": "127.0.0.1:0", "certificate": str(self.ca / "issuer.pem"),
            "key": str(self.ca / "issuer.key"), **enrolment}
        self.cluster.start_scheduler()
        # So that a restart has it at the same address.
        ports = json.loads((self.cluster.directory / "scheduler" / "hearthd.ports").read_text())
        self.cluster.scheduler_config["enrolment"]["listen"] = f"127.0.0.1:{ports['enrolment']}"

    def token(self, node="n1", *words):
        out = self.file(f"{node}-{len(list(self.cluster.directory.iterdir()))}.token")
        self.cluster.hearth("admin", "enrol", "--node", node, "--out", out, *words)
        self.assertEqual(0o600, Path(out).stat().st_mode & 0o777)
        return out

    def enrol(self, token, node="n1", code=0):
        self.cluster.configure_agent(node, **ROOM, tls={"enrolled": True})
        done = subprocess.run([BIN / "hearth-agent", "enrol", token, "--config",
                               self.file(f"{node}.json")], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def start_enrolled(self, node="n1"):
        self.enrol(self.token(node), node)
        self.cluster.start_agent(node)
        self.cluster.wait_online(1)

    def facts(self, certificate):
        return json.loads(self.admin_ca("show", certificate, "-o", "json").stdout)

    def wait_ended(self, node="n1"):
        certificate = self.cluster.directory / node / "enrolled" / "current" / "certificate.pem"

        def ended():
            return self.facts(certificate)["not_after"] <= time.strftime("%FT%TZ", time.gmtime())
        wait_for(ended, 20, "the certificate to end")

    def state(self, node="n1"):
        return {one["node_id"]: one["state"] for one in self.cluster.nodes()}[node]

    def scheduler_file(self, name):
        return self.cluster.directory / "scheduler" / name

    def audit(self, call):
        lines = self.scheduler_file("audit.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["call"] == call]

    def test_a_token_makes_a_node_one_of_ours_once(self):
        self.start()
        out = self.token()
        secret = json.loads(Path(out).read_text())["token"]
        self.assertIn("enrolled: node n1", self.enrol(out))
        self.cluster.start_agent("n1")
        self.cluster.wait_online(1)
        self.cluster.hearth("submit", "--wait", "--", "/bin/true")
        # Somebody else, with the same token and a key of his own.
        thief = self.cluster.directory / "thief"
        thief.mkdir()
        config = json.loads(Path(self.file("n1.json")).read_text())
        (thief / "a.json").write_text(json.dumps({**config, "state_dir": str(thief)}))
        done = subprocess.run([BIN / "hearth-agent", "enrol", out, "--config", thief / "a.json"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(1, done.returncode)
        self.assertIn("for node n1 was used already, at", done.stderr)
        self.assertFalse((thief / "enrolled" / "current").exists())
        for path in self.scheduler_file("").iterdir():
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
        self.assertEqual(0o600, self.scheduler_file("trust.db").stat().st_mode & 0o777)
        enrolments = self.cluster.json("admin", "enrolments")
        self.assertEqual(["n1"], [one["node_id"] for one in enrolments])
        self.assertTrue(enrolments[0]["serial"])
        self.assertEqual("hearth://tenant/grid/role/operate/name/eve", enrolments[0]["created_by"])
        self.assertEqual(["n1"], [one["object"] for one in self.audit("CreateEnrolment")])
        self.assertEqual(["n1", None], [one.get("object") for one in self.audit("Enrol")])
        self.assertIn("was used already", self.audit("Enrol")[1]["refused"])
        self.assertEqual(1, self.metric('hearth_node_certificates_total{result="refused"}'))

    def test_tokens_that_do_not_count(self):
        self.start()
        late = self.token("n1", "--ttl", "1s")
        time.sleep(1.1)
        self.assertIn("expired at", self.enrol(late, code=1))
        self.assertIn("a token for node n2, but this is n1", self.enrol(self.token("n2"), code=64))
        cancelled = self.token()
        one = self.cluster.json("admin", "enrolments")[0]
        self.cluster.hearth("admin", "enrolments", "--cancel", one["id"])
        self.assertIn("not a token of this scheduler", self.enrol(cancelled, code=1))
        nonsense = self.cluster.directory / "nonsense"
        for text, why in (("hello", "no JSON object"), ('{"node": 7}', "node: wrong type"),
                          ('{"node": "n1", "colour": 1}', "token: missing")):
            nonsense.write_text(text)
            self.assertIn(why, self.enrol(str(nonsense), code=64))
        foreign = self.cluster.directory / "foreign"
        self.admin_ca("init", "--dir", foreign)
        sound = json.loads(Path(self.token()).read_text())
        nonsense.write_text(json.dumps({**sound, "authorities": (foreign / "ca.pem").read_text()}))
        self.enrol(str(nonsense), code=69)  # the scheduler is not who the token says
        for words, why in ((["--node", "a/b"], "not a name"),
                           (["--node", "n1", "--ttl", "8d"], "not in 1 s to 7 days"),
                           (["--node", "n1", "--ttl", "soon"], "soon")):
            done = self.cluster.hearth("admin", "enrol", *words, check=False)
            self.assertEqual(2, done.returncode, done.stderr)
            self.assertIn(why, done.stderr)
            self.assertEqual("", done.stdout)
        done = subprocess.run([BIN / "hearth-agent", "--config", self.file("n1.json")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(78, done.returncode)
        self.assertIn("this node is not enrolled", done.stderr)
        self.become("ann")
        self.assertIn("may not call CreateEnrolment", self.cluster.hearth(
            "admin", "enrol", "--node", "n1", check=False).stderr)

    def test_certificates_renew_themselves_under_a_running_task(self):
        self.start(certificate_s=10)
        self.start_enrolled()
        job = self.cluster.json("submit", "--", "/bin/sh", "-c",
                                f"until [ -e {self.file('go')} ]; do sleep 0.1; done")["job_id"]
        renewed = 'hearth_node_certificates_total{result="renewed"}'
        wait_for(lambda: self.cluster.log("n1").count("event=certificate_renewed") >= 2, 40,
                 "two renewals")
        self.assertGreaterEqual(self.metric(renewed), 2)
        log = self.cluster.log("n1")
        self.assertEqual("NODE_STATE_ONLINE", self.state())
        self.assertNotIn("certificate_not_renewed", log)
        self.assertEqual("1", self.cluster.json("job", "show", job)["counts"]["running"])

    def test_a_node_that_was_off_for_too_long_comes_back(self):
        self.start(certificate_s=10)
        self.start_enrolled()
        self.cluster.agents["n1"].terminate()
        self.cluster.agents["n1"].wait(timeout=30)
        self.wait_ended()
        self.cluster.start_agent("n1")
        wait_for(lambda: "event=certificate_renewed" in self.cluster.log("n1"), 30, "the renewal")
        wait_for(lambda: self.cluster.log("n1").count("event=stream_opened") == 2, 30, "the stream")
        self.assertIn("event=tls_certificate_expired", self.cluster.log("n1"))
        self.assertEqual(["late renewal"], [one["reason"].split(",")[0]
                                            for one in self.audit("Enrol")[1:]])

    def test_an_ended_certificate_keeps_no_room_cold(self):
        self.start(certificate_s=10, late_renewal_s=0)
        self.start_enrolled()
        self.cluster.stop_scheduler()
        log = self.cluster.log
        wait_for(lambda: "event=certificate_not_renewed" in log("n1"), 30, "a vain renewal")
        self.cluster.agents["n1"].terminate()
        self.cluster.agents["n1"].wait(timeout=30)
        self.cluster.start_scheduler()
        self.wait_ended()
        self.cluster.start_agent("n1")
        wait_for(lambda: "too long ago: it needs a new token" in log("n1"), 30, "the refusal")
        status = self.cluster.agent_command("n1", "status", "-o", "json")
        self.assertEqual(0, status.returncode, status.stderr)
        # The new token helps the agent while it runs.
        self.enrol(self.token())
        wait_for(lambda: log("n1").count("event=stream_opened") == 2, 30, "the stream")

    def revoke(self, *words):
        return self.cluster.hearth("admin", "revoke", *words).stdout

    def test_a_revoked_node_is_gone_at_once_and_a_new_certificate_counts(self):
        self.start()
        self.start_enrolled()
        open_token = self.token()
        self.assertIn("node n1: revoked, 1 open streams ended",
                      self.revoke("--node", "n1", "--reason", "stolen"))
        wait_for(lambda: "was revoked at" in self.cluster.log("n1"), 20, "the refusal")
        self.assertEqual(0, self.metric("hearth_sessions"))
        self.assertEqual("hearth://node/n1", self.audit("Connect")[0]["who"])
        self.assertIn("not a token of this scheduler", self.enrol(open_token, code=1))
        # A restart forgets nothing.
        self.cluster.stop_scheduler()
        self.cluster.start_scheduler()
        listed = self.cluster.json("admin", "revocations")
        self.assertEqual([("node n1", "stolen")],
                         [(one["subject"], one["reason"]) for one in listed])
        opened = self.cluster.log("n1").count("event=stream_opened")
        self.assertEqual(1, opened)
        self.enrol(self.token())  # while the agent runs
        wait_for(lambda: self.cluster.log("n1").count("event=stream_opened") == 2, 30, "the stream")
        self.assertEqual("NODE_STATE_ONLINE", self.state())

    def test_revoked_people_are_told_and_their_streams_end(self):
        self.start()
        self.become("ann")
        watching = subprocess.Popen([BIN / "hearth", "--server", self.cluster.address, "job",
                                     "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        self.become("eve")
        self.assertIn("your own certificate", self.cluster.hearth(
            "admin", "revoke", "--tenant", "grid", check=False).stderr)
        for words in ([], ["--node", "n1", "--tenant", "bank"], ["--serial", "xyz"],
                      ["--node", "n1", "--name", "ann"], ["--tenant", "a/b"]):
            self.assertEqual(2, self.cluster.hearth("admin", "revoke", *words,
                                                    check=False).returncode, words)

        def ended():
            return " 1 open streams ended" in self.revoke("--tenant", "bank", "--name", "ann")
        wait_for(ended, 20, "a stream to end")
        err = watching.communicate(timeout=30)[1]
        self.assertNotEqual(0, watching.returncode)
        self.assertIn("was revoked at", err)
        self.become("ann")
        done = self.cluster.hearth("job", "list", check=False)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("of hearth://tenant/bank/role/submit/name/ann was revoked at", done.stderr)
        self.become("eve")
        self.revoke("--tenant", "bank", "--name", "ann", "--undo")
        self.become("ann")
        self.assertEqual([], self.cluster.json("job", "list"))
        self.become("eve")
        # By number: adam's alone.
        self.revoke("--serial", self.facts(self.file("adam.pem"))["serial"].upper())
        self.become("adam")
        self.assertNotEqual(0, self.cluster.hearth("job", "list", check=False).returncode)

    def test_the_issuer_makes_no_operators(self):
        """Whoever steals hearthd's keys can pose as nodes, and as nobody else."""
        self.start()
        stolen = self.cluster.directory / "stolen"
        stolen.mkdir()
        for kind in ("pem", "key"):
            (stolen / f"ca.{kind}").write_bytes((self.ca / f"issuer.{kind}").read_bytes())
        self.issue("--tenant", "grid", "--role", "operate", "--name", "mallory", directory=stolen)
        chain = (Path(self.file("mallory.pem")).read_text() + (self.ca / "issuer.pem").read_text())
        Path(self.file("mallory.pem")).write_text(chain)
        self.become("mallory")
        done = self.cluster.hearth("job", "list", check=False)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual("", done.stdout)

    def test_an_issuer_that_cannot_issue_is_refused_at_the_start(self):
        config = self.cluster.directory / "hearthd.json"
        tls = self.cluster.scheduler_config["tls"]
        sound = {"listen": "127.0.0.1:0", "certificate": str(self.ca / "issuer.pem"),
                 "key": str(self.ca / "issuer.key")}
        for enrolment, why in (({**sound, "key": str(self.ca / "ca.key")}, "not the key"),
                               ({**sound, "key": ""}, "all three or none"),
                               ({**sound, "certificate": self.file("gone")}, "cannot be read")):
            config.write_text(json.dumps({"tls": tls, "enrolment": enrolment,
                                          "state_dir": self.file("none")}))
            done = subprocess.run([BIN / "hearthd", "--config", config], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual(78, done.returncode)
            self.assertIn(why, done.stderr)
        self.assertIn("without \"tls\"", subprocess.run(
            [BIN / "hearthd", "--config", "/dev/stdin", "--check"],
            input=json.dumps({"enrolment": sound}), capture_output=True, text=True,
            timeout=30).stderr)


if __name__ == "__main__":
    unittest.main()
