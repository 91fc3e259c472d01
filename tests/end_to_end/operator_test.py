"""A day of whoever looks after a scheduler, with the real binaries: pause, quarantine, labels, status,
backup, restore, check, completion.

Waits for events, never for time; leaves no process and no file. HEARTH_BIN names the binaries.
"""
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, LocalCluster  # noqa: E402

FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 5,
        "lost_after_s": 60}
ROOM = {"sensor_period_s": 0.2, "cores": 2, "reconnect": {"min_s": 0.1, "max_s": 0.5},
        "control": {"period_s": 0.5}, "default_setpoint_c": 20.0,
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}
USAGE, NOT_FOUND, FINDINGS = 2, 5, 1


class Operator(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.addCleanup(self._stop)
        self.cluster.start_scheduler()

    def _stop(self):
        self.assertEqual({}, self.cluster.stop(), "something did not end by itself")

    def start_agent(self):
        self.cluster.start_agent("n1", **ROOM)
        self.cluster.wait_online(1)

    def submit(self, *words):
        return self.cluster.json("submit", *words, "--", "/bin/true")["job_id"]

    def refused(self, code, *words):
        done = self.cluster.hearth(*words, check=False)
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertTrue(done.stderr.startswith("hearth: "), done.stderr)
        return done.stderr

    def test_a_paused_queue_and_a_node_in_quarantine(self):
        self.start_agent()
        self.cluster.hearth("queue", "pause", "--class", "flex", "--reason", "tariff peak")
        flex = self.submit("--class", "flex")
        other = self.submit()
        self.cluster.hearth("job", "wait", other)
        shown = self.cluster.hearth("queue", "list").stdout
        self.assertRegex(shown, r"FLEX +1 +1 +0 +0 +0 +1 +0 .*paused since .*: tariff peak")
        self.assertRegex(shown, rf"{flex} .*the queue of FLEX is paused \(tariff peak\)")
        self.assertIn("paused (tariff peak)",
                      self.cluster.hearth("task", "explain", f"{flex}/0").stdout)
        self.assertIn("! the queue of FLEX is paused: tariff peak",
                      self.cluster.hearth("admin", "status").stdout)
        self.cluster.stop_scheduler()
        self.cluster.start_scheduler()
        self.cluster.wait_online(1)
        queue = {q["service_class"]: q for q in self.cluster.json("queue", "list")["classes"]}
        self.assertTrue(queue["SERVICE_CLASS_FLEX"]["paused"])

        self.cluster.hearth("node", "quarantine", "n1", "--reason", "odd results")
        self.cluster.hearth("queue", "resume")
        explained = self.cluster.hearth("task", "explain", f"{flex}/0").stdout
        self.assertIn("not_quarantined fails on 1 of 1", explained)
        self.assertIn("quarantine: odd results", self.cluster.hearth("node", "list").stdout)
        self.cluster.hearth("node", "undrain", "n1")
        self.assertTrue(self.cluster.json("node", "show", "n1")["quarantined"])
        self.cluster.hearth("node", "release", "n1")
        self.cluster.hearth("job", "wait", flex)

        self.cluster.hearth("node", "label", "n1", "rack=cellar", "fan=loud")
        self.assertEqual("n1: rack=cellar\n",
                         self.cluster.hearth("node", "label", "n1", "fan-").stdout)
        self.assertEqual(1, len(self.cluster.json("node", "list", "-l", "rack=cellar")))
        self.assertEqual([], self.cluster.json("node", "list", "-l", "rack=attic"))
        self.assertIn("this would drain 1 node: n1",
                      self.refused(USAGE, "node", "drain", "-l", "rack=cellar"))
        self.assertIn("n1: draining", self.cluster.hearth("node", "drain", "-l", "rack=cellar",
                                                          "--yes").stdout)
        self.cluster.hearth("node", "undrain", "n1")

        self.cluster.hearth("job", "wait", "-q", f"{flex}-{other}")
        done = self.cluster.hearth("job", "cancel", flex, other, check=False)
        self.assertEqual(USAGE, done.returncode)
        self.assertEqual([f"hearth: {job}: has ended, JOB_STATE_SUCCEEDED" for job in (flex, other)],
                         done.stderr.splitlines())
        self.assertEqual([other, flex], [job["job_id"] for job in
                                         self.cluster.json("job", "show", "last", flex)])
        self.assertEqual(1, len(self.cluster.json("task", "show", "last/0-0")))
        self.assertIn(f"last/0-3: job {other} has 1 task",
                      self.refused(USAGE, "task", "show", "last/0-3"))

    def test_a_backup_is_put_back(self):
        self.start_agent()
        digest = self.cluster.hearth("artifact", "put", Path(__file__)).stdout.strip()
        job = self.submit("--input", Path(__file__))
        self.cluster.hearth("job", "wait", job)
        listed = self.cluster.json("artifact", "list")
        self.assertEqual([digest], [a["digest"] for a in listed])
        self.assertEqual(job, listed[0]["newest_job_id"])
        before = self.cluster.json("admin", "status")
        copy = self.cluster.directory / "copy.db"
        self.cluster.hearth("admin", "backup", copy)
        self.assertIn("overwrites nothing", self.refused(USAGE, "admin", "backup", copy))
        lost = self.submit()
        state = self.cluster.directory / "scheduler"
        restore = [BIN / "hearthd", "--restore", copy, "--config",
                   self.cluster.directory / "hearthd.json"]
        busy = subprocess.run(restore, capture_output=True, text=True, timeout=30)
        self.assertEqual(74, busy.returncode)
        self.assertIn("held by another process", busy.stderr)

        self.cluster.stop_scheduler()
        done = subprocess.run(restore, capture_output=True, text=True, timeout=30)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue((state / "hearth.db.replaced-1").exists(), done.stdout)
        self.cluster.start_scheduler()
        self.cluster.wait_online(1)  # the agent listens to the restored one
        after = self.cluster.json("admin", "status")
        self.assertNotEqual(before["store_id"], after["store_id"])
        self.assertGreater(int(after["epoch"]), int(before["epoch"]))
        self.assertEqual("JOB_STATE_SUCCEEDED", self.cluster.json("job", "show", job)["state"])
        self.refused(NOT_FOUND, "job", "show", lost)
        again = self.submit()
        self.cluster.hearth("job", "wait", again)

        self.assertIn("all is well", self.cluster.hearth("admin", "check").stderr)
        (state / "artifacts" / digest[:2] / digest[2:]).unlink()
        found = self.cluster.hearth("admin", "check", check=False)
        self.assertEqual(FINDINGS, found.returncode)
        self.assertIn(f"artifact {digest}: is not there; needed by 1 job", found.stdout)
        kinds = {k["kind"]: k for k in self.cluster.json("admin", "retention")["kinds"]}
        self.assertEqual("2592000s", kinds["jobs"]["keep"])
        self.assertIn("retention.job_keep_s", self.cluster.hearth("admin", "retention").stdout)

    def test_nonsense_gets_one_error(self):
        self.assertIn("--class: not reserved", self.refused(USAGE, "queue", "pause", "--class", "x"))
        self.assertIn("--reason", self.refused(USAGE, "node", "quarantine", "n1"))
        self.assertIn("node n9: unknown",
                      self.refused(NOT_FOUND, "node", "quarantine", "n9", "--reason", "x"))
        self.assertIn("neither KEY=VALUE nor KEY-", self.refused(USAGE, "node", "label", "n1", "a"))
        self.assertIn("--label: not KEY=VALUE", self.refused(USAGE, "node", "list", "-l", "rack"))
        self.assertIn("No such file", self.refused(USAGE, "admin", "backup", "/no/such/copy.db"))
        self.assertIn("node n9: unknown", self.refused(NOT_FOUND, "node", "undrain", "n9"))
        self.assertIn("fish", self.refused(USAGE, "completion", "fish"))

    def complete(self, shell, *words):
        """What the shell offers for the last word."""
        script = subprocess.run([BIN / "hearth", "completion", shell], capture_output=True,
                                text=True, check=True, timeout=30).stdout
        path = {"PATH": f"{BIN}:/usr/bin:/bin", "HEARTH_SERVER": self.cluster.address}
        ask = (f"{script}\nCOMP_WORDS=({' '.join(repr(w) for w in words)})\n"
               f"COMP_CWORD={len(words) - 1}\n_hearth\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        done = subprocess.run([shell, "-c", ask], capture_output=True, text=True, timeout=30,
                              env=path)
        self.assertEqual("", done.stderr)
        return done.stdout.split()

    def test_completion(self):
        self.start_agent()
        job = self.submit()
        self.assertEqual(["queue", "quote"], sorted(self.complete("bash", "hearth", "qu")))
        self.assertIn("--reason", self.complete("bash", "hearth", "queue", "pause", "--r"))
        self.assertEqual(["n1"], self.complete("bash", "hearth", "node", "show", ""))
        self.assertEqual(["last", job], self.complete("bash", "hearth", "job", "show", ""))
        self.assertEqual(["last/", f"{job}/"], self.complete("bash", "hearth", "task", "show", ""))
        self.assertIn("--server", self.complete("bash", "hearth", "--se"))
        for shell in ("bash", "zsh"):
            if shutil.which(shell):
                script = subprocess.run([BIN / "hearth", "completion", shell], capture_output=True,
                                        text=True, check=True, timeout=30).stdout
                subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=30)


if __name__ == "__main__":
    unittest.main()
