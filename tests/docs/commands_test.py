"""Runs what the documentation tells people to run, against real daemons: every ```sh block of a page in
order, in one directory. A block with file=NAME is a file for the others. HEARTH_BIN names the binaries.
"""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from local_cluster import BIN, LocalCluster, wait_for  # noqa: E402

ROOM = {"sensor_period_s": 0.2, "cores": 4, "zone_id": "kitchen", "site_id": "home",
        "reconnect": {"min_s": 0.1, "max_s": 0.3}}
BLOCK = re.compile(r"(?ms)^```(\w+)(?: file=(\S+))?\n(.*?)^```$")


def blocks(page):
    """[(language, file or "", text)]"""
    return [match.groups("") for match in BLOCK.finditer((ROOT / "docs" / page).read_text())]


class Commands(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster({"report_period_s": 0.2, "plan_period_s": 1,
                                     "heat": {"capacity_period_s": 1}})
        self.addCleanup(self.cluster.stop)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": directory.name,
                            "LANG": "C.UTF-8"}

    def run_block(self, text):
        done = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", text], cwd=self.directory,
                              env=self.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, f"{text}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def run_page(self, page):
        said = ""
        count = 0
        for language, name, text in blocks(page):
            if name:
                (self.directory / name).write_text(text)
            elif language == "sh":
                said += self.run_block(text)
                count += 1
        self.assertGreater(count, 3)
        return said

    def start(self):
        self.cluster.start_scheduler()
        self.cluster.start_agent("n1", **ROOM)
        self.cluster.wait_online(1)
        self.environment["HEARTH_SERVER"] = self.cluster.address

    def test_for_the_quant(self):
        self.start()
        wait_for(lambda: self.cluster.hearth("capacity", check=False).returncode == 0, 30,
                 "a forecast of capacity")
        said = self.run_page("QUANTS.md")
        self.assertIn("2 20", said)  # slice 2 of the book
        self.assertIn("step 3", said)
        self.assertIn("no curve for 1", said)
        with (self.directory / "prices.csv").open(newline="") as file:
            self.assertEqual(5, len(list(csv.reader(file))))
        self.assertIn("P90", said)
        self.assertTrue((self.directory / "report" / "0.d" / "report.txt").exists())

    def test_for_the_operator(self):
        self.start()
        said = self.run_page("OPERATING.md")
        self.assertIn("n1: in quarantine", said)
        self.assertTrue((self.directory / "monday.db").stat().st_size > 0)
        self.assertEqual("NODE_STATE_ONLINE", self.cluster.nodes()[0]["state"])

    def test_for_the_security_officer(self):
        """Commands and configurations of SECURITY.md, with the places of this machine."""
        places = {"/etc/hearth/": f"{self.directory}/ca/", "hearth.example.org": "127.0.0.1",
                  "0.0.0.0:7400": "127.0.0.1:0", "0.0.0.0:7402": "127.0.0.1:0"}
        operator = {"HEARTH_CA": "ca/ca.pem", "HEARTH_CERT": "certs/eve.pem",
                    "HEARTH_KEY": "certs/eve.key"}
        count = 0
        for language, _, text in blocks("SECURITY.md"):
            for place, here in places.items():
                text = text.replace(place, here)
            if language == "json" and text.startswith('"'):
                self.cluster.scheduler_config.update(json.loads("{" + text + "}"))
            if language != "sh":
                continue
            if "job list" in text or "admin enrol" in text:  # by now it is configured
                self.start_secured(operator)
            if "hearth-agent enrol" in text:
                self.cluster.configure_agent("n1", **ROOM, tls={"enrolled": True})
                text = text.replace("enrol ", f"enrol --config {self.cluster.directory}/n1.json ")
            if "--serial" in text:
                facts = self.run_block("hearth admin ca show certs/risk.pem -o json 2> /dev/null")
                text = text.replace("4a1f0c...", json.loads(facts)["serial"])
            self.run_block(text)
            count += 1
            if "hearth-agent enrol" in text:
                self.cluster.start_agent("n1")
                os.environ.update({key: f"{self.directory}/{value}"
                                   for key, value in operator.items()})
                self.addCleanup(lambda: [os.environ.pop(key) for key in operator])
                self.cluster.wait_online(1)
        self.assertEqual(7, count)
        self.assertEqual(3, len(self.cluster.json("admin", "revocations")))

    def start_secured(self, operator):
        if self.cluster.scheduler:
            self.cluster.stop_scheduler()
        self.cluster.start_scheduler()
        self.environment.update(HEARTH_SERVER=self.cluster.address, **operator)


if __name__ == "__main__":
    unittest.main()
