#!/usr/bin/env python3
"""Alert rules and dashboard against what a running scheduler says, and the rules by promtool.

Usage: alerts_test.py SOURCE_ROOT BIN. promtool is looked for in $PATH and in build/tools, where
./dev puts it; without it the tests that need it are skipped.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT, BIN = Path(sys.argv[1]), Path(sys.argv[2])
RULES = ROOT / "deploy/prometheus/hearth.rules.yml"
CASES = ROOT / "tests/prometheus/alerts.yml"
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=ROOT / "build/tools")
NEEDS_PROMTOOL = unittest.skipIf(PROMTOOL is None, "no promtool: ./dev test fetches it")


def promtool(*words, **options):
    return subprocess.run([PROMTOOL, *words], capture_output=True, text=True, timeout=60,
                          **options)


def dashboard_expressions():
    board = json.loads((ROOT / "deploy/grafana/hearth.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]


def rule_expressions():
    """Alert and expression; the file's own form is simple enough for this."""
    for rule in re.split(r"\n\s+- alert: ", RULES.read_text())[1:]:
        name, rest = rule.split("\n", 1)
        text = re.search(r"expr: (?:>-)?(.*?)\n\s+(?:for|labels):", rest, re.S)[1]
        yield name, " ".join(text.split())


def wait(what, ask):
    deadline = time.monotonic() + 60
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited a minute for {what}")
        time.sleep(0.05)
    return answer


class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The page of a scheduler with TLS and enrolment, and a node in a home with a breaker."""
        cls.directory = tempfile.TemporaryDirectory(prefix="hearth-metrics-")
        cls.addClassCleanup(cls.directory.cleanup)
        home = Path(cls.directory.name)
        scheduler = home / "scheduler"
        ports = scheduler / "hearthd.ports"
        ca = home / "ca"
        for words in (["init"], ["issuer", "--out", ca], ["issue", "--node", "n1", "--out", home]):
            subprocess.run([BIN / "hearth", "admin", "ca", *words, "--dir", ca], check=True,
                           stdout=subprocess.DEVNULL, timeout=30)
        cls.start("hearthd", home, {
            "listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0", "state_dir": str(scheduler),
            "tls": {"certificate": f"{ca}/server.pem", "key": f"{ca}/server.key",
                    "client_ca": f"{ca}/ca.pem"},
            "enrolment": {"listen": "127.0.0.1:0", "certificate": f"{ca}/issuer.pem",
                          "key": f"{ca}/issuer.key"},
            "sites": {"home": {"breaker_w": 3000, "reserve_w": 500, "daily_heat_kwh": 5}}})
        known = json.loads(wait("hearthd", lambda: ports.exists() and ports.read_text()))
        cls.start("hearth-agent", home, {
            "node_id": "n1", "zone_id": "z1", "site_id": "home", "state_dir": str(home / "agent"),
            "scheduler": f"127.0.0.1:{known['grpc']}", "cores": 1,
            "tls": {"certificate": f"{home}/n1.pem", "key": f"{home}/n1.key",
                    "ca": f"{ca}/ca.pem"}})
        address = f"http://127.0.0.1:{known['http']}/metrics"

        def page():
            text = urllib.request.urlopen(address, timeout=10).read().decode()
            return "hearth_zone_temperature_celsius{" in text and text
        cls.page = wait("the node", page)
        cls.types = dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)$", cls.page))

    @classmethod
    def start(cls, program, home, config):
        path = home / f"{program}.json"
        path.write_text(json.dumps(config))
        process = subprocess.Popen([BIN / program, "--config", path], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)

    def check_expression(self, where, text):
        for name in set(re.findall(r"\bhearth_\w+", text)):
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            known = name in self.types or self.types.get(family) == "histogram"
            self.assertTrue(known, f"{where}: nobody says {name}")
        for name, labels in re.findall(r"\b(hearth_\w+)\{([^}]*)\}", text):
            for label, value in re.findall(r'(\w+)="([^"$]+)"', labels):
                wanted = re.compile(rf'^{name}\{{[^}}]*{label}="{value}"', re.M)
                self.assertRegex(self.page, wanted, f"{where}: no {name} with {label}={value}")
            for label, values in re.findall(r'(\w+)=~"([^"$]+)"', labels):
                for value in values.split("|"):
                    self.assertIn(f'{label}="{value}"', self.page, where)

    def test_the_rules_ask_for_what_there_is(self):
        found = list(rule_expressions())
        self.assertEqual(len(found), RULES.read_text().count("- alert:"))
        for name, text in found:
            self.check_expression(name, text)

    def test_the_dashboard_asks_for_what_there_is(self):
        found = list(dashboard_expressions())
        self.assertGreater(len(found), 30)
        for title, text in found:
            self.check_expression(title, text)

    def test_names_follow_the_conventions(self):
        for name, kind in self.types.items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)
            self.assertRegex(name, r"^hearth_[a-z_]+$")

    @NEEDS_PROMTOOL
    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        done = promtool("check", "metrics", input=self.page)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    @NEEDS_PROMTOOL
    def test_every_alert_fires_when_it_should_and_not_before(self):
        tested = set(re.findall(r"- name: (\w+)", CASES.read_text()))
        self.assertEqual(tested, {name for name, _ in rule_expressions()})
        for words in (["check", "rules", RULES], ["test", "rules", CASES]):
            done = promtool(*words)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @NEEDS_PROMTOOL
    def test_the_dashboard_speaks_promql(self):
        """As rules, since that is what promtool reads; Grafana's variables are put in."""
        rules = []
        for number, (title, text) in enumerate(dashboard_expressions()):
            if text.startswith("label_values("):
                continue
            text = text.replace("$__rate_interval", "5m").replace("$instance", ".*")
            rules.append({"record": f"panel_{number}", "expr": text.replace("$zone", "z1")})
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
