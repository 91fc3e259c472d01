"""A scheduler whose disk is full, with the real binaries and a real small disk (tmpfs; needs root).

Waits for events, never for time; leaves no process, mount or file. HEARTH_BIN names the binaries.
"""
import json
import os
import re
import socket
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, LocalCluster, wait_for  # noqa: E402

DISK, RESERVE = 48 << 20, 2 << 20
FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 5,
        "lost_after_s": 60, "disk_reserve_bytes": RESERVE, "telemetry": {"write_period_s": 1}}
# Tasks without walls: they wait for files.
ROOM = {"isolation": {"level": "none"}, "sensor_period_s": 0.2, "cores": 2,
        "reconnect": {"min_s": 0.1, "max_s": 0.5}, "control": {"period_s": 0.5}, "default_setpoint_c": 20.0,
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}
UNREACHABLE, COMMIT_FAILED = 3, 74
WHY = "the scheduler's disk is full"


def mounted(directory):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs",
                           str(directory)], capture_output=True, text=True).returncode == 0


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.state = self.cluster.directory / "scheduler"
        self.state.mkdir()
        if not mounted(self.state):
            self.cluster.stop()
            self.skipTest("needs root and the right to mount a tmpfs")
        self.addCleanup(self.stop)
        self.cluster.start_scheduler()

    def stop(self):
        self.fill_file().unlink(missing_ok=True)
        killed = self.cluster.stop()
        subprocess.run(["umount", "--lazy", str(self.state)], check=True)
        subprocess.run(["rm", "-rf", str(self.cluster.directory)], check=True)
        self.assertEqual({}, killed, "something did not end by itself")

    def fill_file(self):
        return self.state / "fill"

    def fill(self):
        """To the last byte."""
        with open(self.fill_file(), "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
        disk = os.statvfs(self.state)
        self.assertEqual(0, disk.f_bavail)

    def page(self, name):
        try:
            url = f"http://{self.cluster.http_address}/{name}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:  # between two lives
            return 0, ""

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.page("metrics")[1], re.M).group(1))

    def refused(self, *words):
        done = self.cluster.hearth("--timeout", "0.5s", *words, check=False)
        self.assertEqual(UNREACHABLE, done.returncode, done.stdout + done.stderr)
        self.assertIn(WHY, done.stderr)

    def submit(self, *words):
        return self.cluster.json("submit", *words)["job_id"]

    def submit_until_it_fails(self):
        """Jobs that were acknowledged, until hearthd gave up over its disk."""
        payloads = self.cluster.directory / "payloads.txt"
        payloads.write_text("".join(f"{i} {'x' * 2000}\n" for i in range(1000)))
        taken = []
        while self.cluster.scheduler.poll() is None and len(taken) < 100:
            done = self.cluster.hearth("--timeout", "0.5s", "-o", "json", "submit", "--payloads",
                                       payloads, "--hold", "--", "/bin/true", check=False)
            if done.returncode == 0:
                taken.append(json.loads(done.stdout)["job_id"])
        self.assertEqual(COMMIT_FAILED, self.cluster.scheduler.wait(timeout=30))
        return taken

    def test_it_goes_on_degraded_and_loses_nothing(self):
        self.cluster.start_agent("n1", **ROOM)
        self.cluster.wait_online(1)
        early = self.submit("--tasks", "3", "--", "/bin/echo", "early {index}")
        self.cluster.hearth("job", "wait", early)
        gate, ran = self.cluster.directory / "gate", self.cluster.directory / "ran"
        late = self.submit("--", "/bin/sh", "-c",
                           f"echo run >> {ran}; while ! [ -e {gate} ]; do sleep 0.1; done; "
                           "printf '%s' late > $HEARTH_RESULT")
        wait_for(ran.exists, 30, "the task to run")

        self.fill()
        self.refused("artifact", "put", BIN / "hearth")
        self.assertEqual([], list((self.state / "artifacts/unfinished").iterdir()))
        self.assertIsNone(self.cluster.scheduler.poll(), "an upload is no commit")
        taken = self.submit_until_it_fails()
        self.assertIn("event=commit_failed", self.cluster.log("hearthd"))
        self.cluster.start_scheduler()  # as systemd does

        self.assertIn("event=degraded", self.cluster.log("hearthd"))
        status = self.cluster.json("admin", "status")
        self.assertTrue(status["degraded"])
        self.assertIn(WHY, status["notes"][0])
        code, text = self.page("healthz")
        self.assertEqual(503, code)
        self.assertIn("degraded: " + WHY, text)
        self.assertEqual(1, self.metric("hearth_degraded"))
        self.check_that_all_can_be_seen(early, late, taken)
        self.check_that_nothing_can_be_changed(late)

        gate.touch()
        wait_for(lambda: "1 results not acknowledged" in
                 self.cluster.agent_command("n1", "status").stdout, 30, "the task to end")
        self.assertEqual("JOB_STATE_ACTIVE", self.cluster.json("job", "show", late)["state"])
        process = self.cluster.scheduler
        self.fill_file().unlink()
        wait_for(lambda: self.page("healthz") == (200, "ok\n"), 30, "room to be found")
        self.assertIs(process, self.cluster.scheduler)
        self.assertIsNone(process.poll(), "it came back by itself")
        self.assertEqual(0, self.metric("hearth_degraded"))
        self.assertNotIn(WHY, "".join(self.cluster.json("admin", "status")["notes"]))
        self.cluster.wait_online(1)
        self.cluster.hearth("job", "wait", late)
        results = [r for r in self.results(late) if "index" in r]
        self.assertEqual(["late"], [r["result"] for r in results])
        self.assertEqual("run\n", ran.read_text(), "it ran once")
        new = self.submit("--", "/bin/true")
        self.cluster.hearth("job", "wait", new)
        self.assertEqual(RESERVE, (self.state / "reserve").stat().st_size)
        for line in (self.state / "audit.jsonl").read_text().splitlines():
            json.loads(line)
        self.assertIn("all is well", self.cluster.hearth("admin", "check").stderr)

    def start_without_ports(self):
        """There is no room to tell them; they are as they were."""
        file = self.cluster.directory / "hearthd.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "listen": self.cluster.address,
                                    "http_listen": self.cluster.http_address}))
        self.cluster.scheduler = self.cluster._spawn(
            [BIN / "hearthd", "--config", file, "--notify-socket", self.notify.getsockname()],
            "hearthd")
        wait_for(lambda: self.cluster.hearth("--timeout", "1s", "job", "list", check=False)
                 .returncode == 0, 30, "hearthd to listen")

    def results(self, job):
        lines = self.cluster.hearth("-o", "json", "results", job).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def check_that_all_can_be_seen(self, early, late, taken):
        jobs = {job["job_id"]: job for job in self.cluster.json("job", "list", "--limit", "200")}
        for job in [early, late, *taken]:
            self.assertIn(job, jobs, "an acknowledged submit was lost")
        self.assertEqual("JOB_STATE_SUCCEEDED", jobs[early]["state"])
        self.assertEqual(["early 0\n", "early 1\n", "early 2\n"], [
            self.cluster.hearth("task", "logs", f"{early}/{i}").stdout for i in range(3)])
        self.assertEqual(3, len([r for r in self.results(early) if "index" in r]))
        self.assertEqual(["n1"], [node["node_id"] for node in self.cluster.nodes()])
        self.assertEqual({"n1"}, set(self.cluster.zones()))
        self.cluster.hearth("task", "list", late)
        self.cluster.hearth("task", "explain", f"{late}/0")
        self.cluster.hearth("zone", "explain", "n1")
        self.cluster.hearth("zone", "history", "n1")
        self.cluster.hearth("queue", "list")
        self.cluster.hearth("artifact", "list")

    def check_that_nothing_can_be_changed(self, job):
        self.refused("submit", "--", "/bin/true")
        self.refused("submit", "--input", __file__, "--", "/bin/true")
        self.refused("job", "cancel", job)
        self.refused("zone", "set", "n1", "19")
        self.refused("node", "drain", "n1")
        self.refused("queue", "pause")
        done = self.cluster.hearth("admin", "backup", self.cluster.directory / "copy.db", check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn(WHY, done.stderr)

    def secure(self):
        """From here on over TLS, with a file of who is trusted."""
        self.cluster.stop_scheduler()
        ca = self.cluster.directory / "ca"
        for words in (["init"], ["issuer", "--out", ca],
                      ["issue", "--tenant", "grid", "--role", "operate", "--name", "eve", "--out", ca]):
            subprocess.run([BIN / "hearth", "admin", "ca", *words, "--dir", ca], check=True,
                           stdout=subprocess.DEVNULL, timeout=30)
        self.cluster.scheduler_config.update(
            tls={"certificate": f"{ca}/server.pem", "key": f"{ca}/server.key",
                 "client_ca": f"{ca}/ca.pem"},
            enrolment={"listen": "127.0.0.1:0", "certificate": f"{ca}/issuer.pem",
                       "key": f"{ca}/issuer.key"})
        own = {"HEARTH_CA": f"{ca}/ca.pem", "HEARTH_CERT": f"{ca}/eve.pem",
               "HEARTH_KEY": f"{ca}/eve.key"}
        os.environ.update(own)
        self.addCleanup(lambda: [os.environ.pop(name) for name in own])
        self.cluster.start_scheduler()
        self.cluster.hearth("admin", "revoke", "--node", "n9")

    def test_it_starts_without_a_byte_to_spare(self):
        self.secure()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.bind(str(self.cluster.directory / "notify"))
        self.notify.settimeout(30)
        job = self.submit("--hold", "--", "/bin/true")
        self.fill()
        self.cluster.kill_scheduler()
        (self.state / "reserve").unlink()
        self.fill()
        self.start_without_ports()
        said = self.notify.recv(1000).decode()
        self.assertTrue(said.startswith(f"READY=1\nSTATUS=degraded: {WHY}"), said)
        self.assertEqual(503, self.page("healthz")[0])
        self.assertEqual([job], [j["job_id"] for j in self.cluster.json("job", "list")])
        self.refused("submit", "--", "/bin/true")
        self.assertEqual(1, len(self.cluster.json("admin", "revocations")))
        self.cluster.stop_scheduler()
        self.start_without_ports()
        self.fill_file().unlink()
        wait_for(lambda: self.page("healthz")[0] == 200, 30, "room to be found")
        said = [self.notify.recv(1000).decode() for _ in range(3)]
        self.assertEqual("READY=1\nSTATUS=serving again", said[-1])
        self.submit("--hold", "--", "/bin/true")
        self.assertEqual(2, len(self.cluster.json("job", "list")))


if __name__ == "__main__":
    unittest.main()
