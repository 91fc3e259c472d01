#!/usr/bin/env python3
"""The real binary: its command line, exit codes, signals. Usage: hearthd_test.py HEARTHD DEPLOY."""
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

HEARTHD, DEPLOY = sys.argv[1:3]


def run(*words):
    return subprocess.run([HEARTHD, *words], capture_output=True, text=True, timeout=30)


class Hearthd(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="hearthd-")
        self.state = Path(self.directory.name) / "state"
        self.addCleanup(self.directory.cleanup)

    def config(self, **keys):
        path = Path(self.directory.name) / "hearthd.json"
        path.write_text(json.dumps({"listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0",
                                    "state_dir": str(self.state), **keys}))
        return path

    def start(self, config):
        ports = self.state / "hearthd.ports"
        process = subprocess.Popen([HEARTHD, "--config", config], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 30
        while not ports.exists():
            self.assertIsNone(process.poll(), "hearthd ended")
            self.assertLess(time.monotonic(), deadline, "hearthd does not listen")
            time.sleep(0.01)
        return process, json.loads(ports.read_text())

    def test_the_shipped_configuration_is_sound(self):
        self.assertEqual(run("--check", "--config", f"{DEPLOY}/hearthd.json").returncode, 0)

    def test_a_wrong_configuration_exits_78_and_names_the_file(self):
        path = self.config(no_such_key=1)
        done = run("--config", path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{path}: no_such_key: unknown key", done.stderr)
        self.assertEqual(run("--config", "/no/such/file").returncode, 78)

    def test_only_loopback_unless_insecure_is_written_down(self):
        done = run("--check", "--listen", "0.0.0.0:0")
        self.assertEqual(done.returncode, 78)
        self.assertIn('"insecure": true', done.stderr)
        self.assertEqual(run("--check", "--config", self.config(insecure=True),
                             "--listen", "0.0.0.0:0").returncode, 0)

    def test_it_serves_stops_on_sigterm_and_comes_back_after_a_kill(self):
        path = self.config()
        process, ports = self.start(path)
        page = f"http://127.0.0.1:{ports['http']}/healthz"
        self.assertEqual(urllib.request.urlopen(page, timeout=10).read(), b"ok\n")
        self.assertNotEqual(run("--config", path).returncode, 0)  # the state is taken

        process.kill()
        process.wait()
        (self.state / "hearthd.ports").unlink()
        process, ports = self.start(path)
        with socket.create_connection(("127.0.0.1", ports["grpc"])):
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=15), 0)

    def test_it_says_when_it_is_ready(self):
        name = str(Path(self.directory.name) / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(name)
            supervisor.settimeout(30)
            process = subprocess.Popen([HEARTHD, "--config", self.config()],
                                       env={"NOTIFY_SOCKET": name}, stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.assertEqual(supervisor.recv(100), b"READY=1")

    def test_it_feeds_a_watchdog(self):
        name = str(Path(self.directory.name) / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(name)
            supervisor.settimeout(30)
            process = subprocess.Popen([HEARTHD, "--config", self.config()],
                                       env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "600000"},
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            said = [supervisor.recv(100) for _ in range(4)]
            self.assertEqual(said, [b"READY=1"] + 3 * [b"WATCHDOG=1"])
            process.send_signal(signal.SIGSTOP)  # then it is silent, but for what was under way
            supervisor.settimeout(1)
            with self.assertRaises(TimeoutError):
                for _ in range(50):
                    supervisor.recv(100)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
