"""What tasks print, with the real binaries: live, over retries and restarts, and afterwards.

Waits for events, never for time; leaves no process and no file. HEARTH_BIN names the binaries.
"""
import json
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, LocalCluster, wait_for  # noqa: E402

FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 2,
        "lost_after_s": 4, "telemetry": {"enabled": False}}
ROOM = {"sensor_period_s": 0.2, "cores": 1, "reconnect": {"min_s": 0.1, "max_s": 0.5},
        "control": {"period_s": 0.5}, "default_setpoint_c": 20.0,
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}


class Follower:
    """`hearth task logs -f` beside the test; what it wrote so far can be looked at."""

    def __init__(self, test, *words):
        self.process = subprocess.Popen(
            [BIN / "hearth", "--server", test.cluster.address, "task", "logs", "-f", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = b"", b""
        self.readers = [threading.Thread(target=self._read, args=(name,))
                        for name in ("out", "err")]
        for reader in self.readers:
            reader.start()
        test.addCleanup(self._end)

    def _read(self, name):
        stream = self.process.stdout if name == "out" else self.process.stderr
        while piece := stream.read1():
            setattr(self, name, getattr(self, name) + piece)

    def _end(self):
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, text, name="out"):
        wait_for(lambda: text in getattr(self, name), 30, f"{text} in {name}: {self.out} {self.err}")

    def wait(self):
        code = self.process.wait(timeout=60)
        for reader in self.readers:
            reader.join()
        return code


class Logs(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.addCleanup(self._stop)
        self.cluster.start_scheduler()

    def _stop(self):
        killed = self.cluster.stop()
        self.assertEqual({}, killed, "something did not end by itself")

    def start_agents(self, count=1):
        # Tasks are walled off as strongly as this computer can; the gates are what they may see.
        gates = self.cluster.directory / "gates"
        gates.mkdir()
        for number in range(count):
            self.cluster.start_agent(f"n{number + 1}", **ROOM,
                                     isolation={"readable_paths": [str(gates)]})
        self.cluster.wait_online(count)

    def submit(self, script, *words):
        return self.cluster.json("submit", *words, "--", "/bin/sh", "-c", script)["job_id"]

    def logs(self, *words, code=0):
        done = subprocess.run([BIN / "hearth", "--server", self.cluster.address, "task", "logs",
                               *words], capture_output=True, timeout=60)
        self.assertEqual(code, done.returncode, done)
        return done

    def gate(self, name):
        path = self.cluster.directory / "gates" / name
        return path, f"while [ ! -e {path} ]; do sleep 0.05; done"

    def node_of(self, job):
        def found():
            attempts = self.cluster.json("task", "show", f"{job}/0")["attempts"]
            return attempts and "started_at" in attempts[-1] and attempts[-1]["node_id"]
        return wait_for(found, 30, "the task to run")

    def test_a_failed_task_of_a_node_that_died(self):
        self.start_agents()
        job = self.submit('printf "a\\000b"; i=0; while [ $i -lt 3000 ]; do echo line $i; '
                          'i=$((i+1)); done; echo trace >&2; exit 3')
        self.cluster.hearth("job", "wait", job, check=False)
        self.cluster.kill_agent("n1")
        done = self.logs(f"{job}/0")
        self.assertTrue(done.stdout.endswith(b"line 2998\nline 2999\n"), done.stdout[-100:])
        self.assertEqual(8192, len(done.stdout))
        self.assertTrue(done.stderr.startswith(b"hearth: stdout: ") and
                        b"before this were not kept\ntrace\n" in done.stderr, done.stderr)
        self.assertIn(b"USER_ERROR: exit code 3: trace", done.stderr)
        self.assertEqual(b"line 2998\nline 2999\n",
                         self.logs(f"{job}/0", "--tail", "2", "--stream", "stdout").stdout)
        self.assertEqual(b"2999\n", self.logs(f"{job}/0", "--bytes", "5").stdout)
        self.assertEqual(b"", self.logs(f"{job}/0", "--stream", "stderr").stdout)
        lines = [json.loads(line) for line in
                 self.logs("-o", "json", f"{job}/0", "--tail", "1").stdout.splitlines()]
        self.assertEqual(["STARTED", None, None, "ENDED"], [line.get("notice") for line in lines])
        self.assertEqual({("stdout", "line 2999\n"), ("stderr", "trace\n")},
                         {(line["stream"], line["text"]) for line in lines[1:3]})

    def test_bytes_stay_bytes_and_what_nobody_wants_is_not_kept(self):
        self.start_agents()
        job = self.submit('printf "\\377\\000x"')
        silent = self.submit("echo loud", "--logs", "none")
        self.cluster.hearth("job", "wait", job)
        self.cluster.hearth("job", "wait", silent)
        self.assertEqual(b"\xff\0x", self.logs(f"{job}/0").stdout)
        self.assertIn(b'"base64":"/wB4"', self.logs("-o", "json", f"{job}/0").stdout)
        self.assertEqual(b"", self.logs(f"{silent}/0").stdout)

    def test_what_cannot_be_shown_is_said(self):
        job = self.submit("echo never")
        self.assertIn(b"j1/0: it has not started yet", self.logs(f"{job}/0", code=2).stderr)
        self.assertIn(b"no such job", self.logs("j9/0", code=5).stderr)
        self.assertIn(b"no such task", self.logs(f"{job}/1", code=5).stderr)
        self.logs(f"{job}/0", "--tail", "1", "--bytes", "1", code=2)
        self.logs(f"{job}/0", "--stream", "stdin", code=2)

    def test_follow_from_before_the_start_to_the_end(self):
        gate, wait = self.gate("go")
        job = self.submit(f"echo begun; echo trace >&2; {wait}; seq 200000; echo end")
        follower = Follower(self, f"{job}/0")
        follower.wait_for(b"it has not started yet", "err")
        self.start_agents()
        follower.wait_for(b"begun\n")
        follower.wait_for(b"trace\n", "err")
        self.assertEqual(b"begun\n", self.logs(f"{job}/0").stdout)
        gate.touch()
        self.assertEqual(0, follower.wait())
        # 1.3 MiB are more than a node keeps: the beginning and the end, and how much is missing.
        self.assertTrue(follower.out.startswith(b"begun\n1\n2\n3\n"))
        self.assertTrue(follower.out.endswith(b"\n199999\n200000\nend\n"))
        self.assertTrue(b"bytes cut by hearth" in follower.out, follower.err)
        self.assertGreater(len(follower.out), 1024 * 1024 - 1)
        self.assertFalse(b"missing" in follower.err, follower.err)

    def test_follow_over_a_restart_of_the_agent(self):
        self.start_agents()
        first, wait_first = self.gate("first")
        second, wait_second = self.gate("second")
        job = self.submit(f"echo one; {wait_first}; echo two; {wait_second}; echo three")
        follower = Follower(self, f"{job}/0")
        follower.wait_for(b"one\n")
        self.cluster.kill_agent("n1")
        first.touch()
        follower.wait_for(b"n1", "err")
        self.cluster.start_agent("n1")
        follower.wait_for(b"two\n")
        second.touch()
        self.assertEqual(0, follower.wait())
        self.assertEqual(b"one\ntwo\nthree\n", follower.out)

    def test_follow_over_a_restart_of_the_scheduler(self):
        self.start_agents()
        gate, wait = self.gate("go")
        job = self.submit(f"echo one; {wait}; echo two")
        follower = Follower(self, f"{job}/0")
        follower.wait_for(b"one\n")
        self.cluster.kill_scheduler()
        follower.wait_for(b"unreachable", "err")
        self.cluster.start_scheduler()
        follower.wait_for(b"reached again", "err")
        gate.touch()
        self.assertEqual(0, follower.wait(), follower.err)
        self.assertEqual(b"one\ntwo\n", follower.out)

    def test_follow_to_the_next_attempt_on_another_node(self):
        self.start_agents(2)
        gate, wait = self.gate("go")
        job = self.submit(f"echo begun on $HEARTH_NODE; {wait}; echo end")
        node = self.node_of(job)
        other = "n2" if node == "n1" else "n1"
        follower = Follower(self, f"{job}/0")
        follower.wait_for(f"begun on {node}\n".encode())
        self.cluster.kill_agent(node)
        follower.wait_for(f"begun on {other}\n".encode())
        follower.wait_for(f"node {node} ended: NODE_LOST".encode(), "err")  # another pipe
        follower.wait_for(f"on node {other}\n".encode(), "err")
        gate.touch()
        self.assertEqual(0, follower.wait())
        self.assertEqual(f"begun on {node}\nbegun on {other}\nend\n".encode(), follower.out)
        attempt = self.cluster.json("task", "show", f"{job}/0")["attempts"][-1]["attempt_id"]
        self.assertEqual(f"begun on {other}\nend\n".encode(),
                         self.logs(f"{job}/0", "--attempt", attempt).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
