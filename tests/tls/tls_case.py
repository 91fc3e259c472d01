"""A cluster over mutual TLS, for tests: an authority, people with certificates, one agent.

Certificates are made by `hearth admin ca` as docs/SECURITY.md says. HEARTH_BIN names the binaries.
"""
import os
import re
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, LocalCluster  # noqa: E402

ROOM = {"sensor_period_s": 0.2, "cores": 2, "reconnect": {"min_s": 0.1, "max_s": 0.3}}
OPERATOR = {"eve": ("--tenant", "grid", "--role", "operate")}


class TlsCase(unittest.TestCase):
    PEOPLE = OPERATOR  # {name: what `hearth admin ca issue` is told}; eve comes first
    NODES = ("n1",)

    def setUp(self):
        self.cluster = LocalCluster({"report_period_s": 0.2, "plan_period_s": 1})
        self.addCleanup(self.cluster.stop)
        self.addCleanup(os.environ.update, {**os.environ})
        self.ca = self.cluster.directory / "ca"
        self.admin_ca("init", "--dir", self.ca)
        for name, words in self.PEOPLE.items():
            self.issue(*words, "--name", name)
        for node in self.NODES:
            self.issue("--node", node)
        self.cluster.scheduler_config["tls"] = {
            "certificate": str(self.ca / "server.pem"), "key": str(self.ca / "server.key"),
            "client_ca": str(self.ca / "ca.pem")}
        self.become("eve")

    def tearDown(self):
        for name in ("HEARTH_CA", "HEARTH_CERT", "HEARTH_KEY"):
            os.environ.pop(name, None)

    def admin_ca(self, *words, check=True):
        done = subprocess.run([BIN / "hearth", "admin", "ca", *map(str, words)],
                              capture_output=True, text=True, timeout=30)
        if check:
            self.assertEqual(0, done.returncode, done.stderr)
        return done

    def issue(self, *words, directory=None):
        return self.admin_ca("issue", "--dir", directory or self.ca,
                             "--out", self.cluster.directory, *words)

    def file(self, name):
        return str(self.cluster.directory / name)

    def become(self, name):
        os.environ.update(HEARTH_CA=str(self.ca / "ca.pem"), HEARTH_CERT=self.file(f"{name}.pem"),
                          HEARTH_KEY=self.file(f"{name}.key"))

    def start_agent(self, node, certificate=None):
        own = certificate or node
        self.cluster.start_agent(node, **ROOM, tls={
            "certificate": self.file(f"{own}.pem"), "key": self.file(f"{own}.key"),
            "ca": str(self.ca / "ca.pem")})

    def metric(self, name):
        text = urllib.request.urlopen(f"http://{self.cluster.http_address}/metrics",
                                      timeout=10).read().decode()
        return float(re.search(rf"(?m)^{re.escape(name)} (\S+)$", text)[1])
