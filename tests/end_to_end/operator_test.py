"""What operators type every day, with the real binaries: a node out of service, and completion.

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
USAGE, NOT_FOUND = 2, 5


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

    def test_a_node_out_of_service_and_back(self):
        self.start_agent()
        self.cluster.hearth("node", "drain", "n1")
        self.assertTrue(self.cluster.json("node", "show", "n1")["draining"])
        job = self.submit()
        self.assertEqual("n1: back in service\n", self.cluster.hearth("node", "undrain", "n1").stdout)
        self.assertFalse(self.cluster.json("node", "show", "n1")["draining"])
        self.cluster.hearth("job", "wait", job)

    def test_nonsense_gets_one_error(self):
        self.assertIn("node n9: unknown", self.refused(NOT_FOUND, "node", "undrain", "n9"))
        self.assertIn("NODE is required", self.refused(USAGE, "node", "undrain"))
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
        self.assertEqual(["quote"], self.complete("bash", "hearth", "qu"))
        self.assertIn("--reason", self.complete("bash", "hearth", "job", "hold", "--r"))
        self.assertEqual(["n1"], self.complete("bash", "hearth", "node", "show", ""))
        self.assertEqual(["last", job], self.complete("bash", "hearth", "job", "show", ""))
        self.assertIn("--server", self.complete("bash", "hearth", "--se"))
        for shell in ("bash", "zsh"):
            if shutil.which(shell):
                script = subprocess.run([BIN / "hearth", "completion", shell], capture_output=True,
                                        text=True, check=True, timeout=30).stdout
                subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=30)


if __name__ == "__main__":
    unittest.main()
