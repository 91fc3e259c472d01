"""Who may do what to whose, with the real binaries over mutual TLS: roles, tenants, residents, nodes.

HEARTH_BIN names the binaries.
"""
import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, wait_for  # noqa: E402
from tls_case import OPERATOR, TlsCase  # noqa: E402


class Access(TlsCase):
    PEOPLE = {**OPERATOR,
              "ann": ("--tenant", "bank", "--role", "submit"),
              "rob": ("--tenant", "bank", "--role", "read"),
              "carl": ("--tenant", "rival", "--role", "submit"),
              "ines": ("--zone", "n1")}

    def setUp(self):
        super().setUp()
        self.cluster.start_scheduler()
        self.start_agent("n1")
        self.cluster.wait_online(1)

    def run_as(self, name, *words, code=0):
        self.become(name)
        done = self.cluster.hearth(*words, check=False)
        self.assertEqual(code, done.returncode, f"{name}: {words}: {done.stdout} {done.stderr}")
        return done.stdout + done.stderr

    def json_as(self, name, *words):
        return json.loads(self.run_as(name, "-o", "json", *words))

    def submit_as(self, name, *words):
        job = self.json_as(name, "submit", *words)["job_id"]
        self.run_as(name, "job", "wait", job)
        return job

    def test_roles_may_what_they_are_for(self):
        job = self.submit_as("ann", "--", "/bin/echo", "hello")
        self.assertIn(job, self.run_as("rob", "job", "show", job))
        for name, words, what in (
                ("rob", ["submit", "--", "/bin/true"], "rob of tenant bank (read) may not call Sub"),
                ("rob", ["job", "cancel", job], "may not call CancelJob"),
                ("ann", ["node", "list"], "ann of tenant bank (submit) may not call ListNodes"),
                ("ann", ["node", "drain", "n1"], "may not call DrainNode"),
                ("ann", ["queue", "pause"], "may not call PauseQueue"),
                ("ann", ["zone", "set", "n1", "21"], "may not call SetSetpoint"),
                ("ines", ["job", "list"], "ines of zone n1 may not call ListJobs"),
                ("n1", ["job", "list"], "node n1 may not call ListJobs")):
            self.become(name)
            done = self.cluster.hearth(*words, check=False)
            self.assertNotEqual(0, done.returncode, words)
            self.assertIn(what, done.stderr, words)
            self.assertEqual(1, done.stderr.count("\n"), done.stderr)
        self.assertIn("n1", self.run_as("eve", "node", "list"))

    def test_another_tenants_work_does_not_exist(self):
        secret = self.cluster.directory / "book.csv"
        secret.write_text("positions\n")
        job = self.submit_as("ann", "--input", str(secret), "--output", "out.txt", "--",
                             "/bin/sh", "-c", "cat book.csv; echo gain > out.txt")
        result = self.json_as("ann", "results", job)
        digest = result["outputs"][0]["digest"]
        spec = self.json_as("ann", "job", "show", job)["spec"]
        book = spec["inputs"][0]["digest"]
        for words in (["job", "show", job], ["task", "list", job], ["task", "logs", f"{job}/0"],
                      ["task", "explain", f"{job}/0"], ["job", "cancel", job],
                      ["job", "hold", job], ["job", "release", job],
                      ["job", "update", job, "--priority", "99"], ["job", "retry", job, "--failed"],
                      ["results", job], ["job", "wait", job],
                      ["submit", "--after", job, "--", "/bin/true"]):
            self.assertIn("no such job", self.run_as("carl", *words, code=5), words)
        self.assertEqual([], self.json_as("carl", "job", "list"))
        self.assertEqual([], self.json_as("carl", "job", "list", "--tenant", "bank"))
        self.assertEqual([job], [one["job_id"] for one in self.json_as("ann", "job", "list")])
        for one in (digest, book):
            self.run_as("carl", "artifact", "get", one, self.file("stolen"), code=5)
            self.assertFalse(Path(self.file("stolen")).exists())
            self.assertIn("not stored", self.run_as(
                "carl", "submit", "--input-digest", f"{one}:b", "--", "/bin/cat", "b", code=2))
        # Who has the bytes has them: the same file is uploaded again, and is carl's, too.
        self.submit_as("carl", "--input", str(secret), "--", "/bin/cat", "book.csv")
        self.run_as("carl", "artifact", "get", book, self.file("own"))
        self.run_as("ann", "artifact", "get", digest, self.file("gain"))
        self.assertEqual("gain\n", Path(self.file("gain")).read_text())
        self.assertIn("may not submit for tenant bank",
                      self.run_as("carl", "submit", "--tenant", "bank", "--", "/bin/true", code=2))
        for name in ("ann", "carl"):
            self.run_as(name, "submit", "--hold", "--", "/bin/true")
        self.assertEqual({"bank", "rival"},
                         {t["tenant"] for t in self.json_as("eve", "tenant", "list")})
        self.assertEqual(["rival"], [t["tenant"] for t in self.json_as("carl", "tenant", "list")])
        self.assertEqual({"bank", "rival"},
                         {one["spec"]["tenant"] for one in self.json_as("eve", "job", "list")})

    def test_a_stream_of_all_jobs_is_of_ones_own(self):
        foreign = self.submit_as("ann", "--", "/bin/true")
        own = self.submit_as("carl", "--", "/bin/true")
        self.become("carl")
        path = self.cluster.directory / "watched"
        with path.open("w") as out:
            watching = subprocess.Popen([BIN / "hearth", "--server", self.cluster.address, "-o",
                                         "json", "job", "watch"], stdout=out)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        wait_for(lambda: "ENDED" in path.read_text(), 20, "the end of a job")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual({own}, {line["job_id"] for line in lines}, f"not {foreign}")

    def test_residents_reach_their_zone_alone(self):
        self.issue("--node", "n2")
        self.start_agent("n2")
        self.become("eve")
        self.cluster.wait_online(2)
        self.run_as("ines", "zone", "set", "n1", "21")
        self.assertIn("21", self.run_as("ines", "zone", "show", "n1"))
        for words in (["zone", "show", "n2"], ["zone", "set", "n2", "25"],
                      ["zone", "explain", "n2"], ["zone", "history", "n2"]):
            self.assertIn("unknown", self.run_as("ines", *words, code=5), words)

    def test_a_node_speaks_for_itself_alone(self):
        self.start_agent("n2", certificate="n1")
        wait_for(lambda: "the certificate is of node n1" in self.cluster.log("n2"), 20,
                 "the refusal")
        self.assertEqual(["n1"], [node["node_id"] for node in self.json_as("eve", "node", "list")])

    def test_the_audit_log_says_who_asked_for_what(self):
        job = self.submit_as("ann", "--", "/bin/true")
        self.run_as("ann", "job", "retry", job, "--succeeded")
        self.run_as("eve", "node", "quarantine", "n1", "--reason", "smells of smoke")
        self.become("rob")
        self.cluster.hearth("job", "cancel", job, check=False)
        path = self.cluster.directory / "scheduler" / "audit.jsonl"
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        ann = "hearth://tenant/bank/role/submit/name/ann"
        self.assertEqual([("SubmitJob", ann), ("RetryTasks", ann),
                          ("QuarantineNode", "hearth://tenant/grid/role/operate/name/eve"),
                          ("CancelJob", "hearth://tenant/bank/role/read/name/rob")],
                         [(line["call"], line["who"]) for line in lines])
        self.assertEqual([job, job, "n1"], [line["object"] for line in lines[:3]])
        self.assertEqual("smells of smoke", lines[2]["reason"])
        self.assertIn("may not call CancelJob", lines[3]["refused"])


if __name__ == "__main__":
    unittest.main()
