#!/usr/bin/env python3
"""The systemd units by systemd's own judgement; skipped where there is no systemd-analyze.

Usage: units_test.py SOURCE_ROOT BIN.
"""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT, BIN = Path(sys.argv[1]), Path(sys.argv[2])
# Exposure, in tenths: what docs/OPERATING.md says, with a little room for other versions' tables.
EXPOSURE_MAX = {"hearthd": 25, "hearth-agent": 55}


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words, "--no-pager"], capture_output=True,
                          text=True, timeout=60)


@unittest.skipIf(shutil.which("systemd-analyze") is None, "no systemd-analyze")
class Units(unittest.TestCase):
    def test_systemd_understands_every_line(self):
        for name in EXPOSURE_MAX:
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                unit = Path(directory) / f"{name}.service"
                text = (ROOT / f"deploy/{name}.service").read_text()
                unit.write_text(text.replace("/usr/bin/", f"{BIN}/"))
                done = analyze("verify", "--man=no", str(unit))
                ours = [line for line in done.stderr.splitlines() if name in line]
                self.assertEqual((done.returncode, ours), (0, []))

    def test_they_are_as_exposed_as_we_say_and_no_more(self):
        for name, most in EXPOSURE_MAX.items():
            with self.subTest(name):
                done = analyze("security", "--offline=yes", f"--threshold={most}",
                               str(ROOT / f"deploy/{name}.service"))
                self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)

    def test_a_scheduler_whose_disk_is_full_comes_back(self):
        lines = (ROOT / "deploy/hearthd.service").read_text().splitlines()
        for line in ["Restart=on-failure", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78"]:
            self.assertIn(line, lines)

    def test_an_agents_restart_leaves_its_tasks_alone(self):
        lines = (ROOT / "deploy/hearth-agent.service").read_text().splitlines()
        for line in ["KillMode=process", "Delegate=yes", "Type=notify", "WatchdogSec=30s"]:
            self.assertIn(line, lines)
        for key in ["PrivateTmp=", "RuntimeDirectory="]:  # a restart would empty them
            self.assertFalse([line for line in lines if line.startswith(key)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
