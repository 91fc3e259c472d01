"""Mutual TLS with the real binaries on loopback: who gets in, what the others are told, renewal.

Certificates are made by `hearth admin ca` as docs/SECURITY.md says. Waits for events, never for time.
HEARTH_BIN names the binaries.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import BIN, wait_for  # noqa: E402
from tls_case import TlsCase  # noqa: E402


class Tls(TlsCase):
    def start(self):
        self.cluster.start_scheduler()
        self.start_agent("n1")
        self.cluster.wait_online(1)

    def refused(self, *words):
        done = self.cluster.hearth(*words, "node", "list", check=False)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertEqual("", done.stdout)
        return done.stderr

    def test_work_is_done_over_tls(self):
        self.start()
        self.cluster.hearth("submit", "--tasks", 3, "--wait", "--", "/bin/true")
        self.assertIn("tls=mutual", self.cluster.log("hearthd"))
        self.assertEqual(0o600, (self.ca / "ca.key").stat().st_mode & 0o777)
        self.assertEqual(0o600, Path(self.file("n1.key")).stat().st_mode & 0o777)

    def test_strangers_are_told_why(self):
        self.start()
        foreign = self.cluster.directory / "foreign"
        self.admin_ca("init", "--dir", foreign, "--name", "Foreign")
        self.issue("--tenant", "bank", "--name", "mallory", directory=foreign)
        self.become("mallory")
        self.assertIn("refuses the certificate CN=mallory (by CN=Foreign CA)", self.refused())
        os.environ["HEARTH_CA"] = str(foreign / "ca.pem")
        self.assertIn("its certificate is not to be believed", self.refused())
        self.become("eve")
        self.assertIn("not the key of the certificate",
                      self.refused("--key", self.file("mallory.key")))
        self.assertIn("cannot be read", self.refused("--key", self.file("nothing.key")))
        self.issue("--tenant", "bank", "--name", "old", "--for", "1s")
        self.become("old")
        wait_for(lambda: "CN=old expired at" in
                 self.cluster.hearth("node", "list", check=False).stderr, 10, "it to expire")
        for name in ("HEARTH_CA", "HEARTH_CERT", "HEARTH_KEY"):
            del os.environ[name]
        self.assertIn("it wants TLS with a certificate: give --ca, --cert and --key",
                      self.refused())
        self.assertIn("all three or none", self.refused("--ca", str(self.ca / "ca.pem")))

    def test_a_broken_file_is_never_served_and_a_renewed_one_is(self):
        self.start()
        log = self.cluster.log
        server = self.ca / "server.pem"
        sound = server.read_text()
        server.write_text(sound[:200])
        wait_for(lambda: self.metric("hearth_tls_reload_failures_total") == 1, 10, "the alarm")
        self.assertIn("event=tls_reload_failed", log("hearthd"))
        self.assertEqual(1, len(self.cluster.nodes()), "a new handshake failed")
        streams = self.metric("hearth_sessions")
        # A whole new authority: the server's certificate is renewed under it, clients keep both.
        new = self.cluster.directory / "new"
        self.admin_ca("init", "--dir", new, "--name", "New")
        both = (self.ca / "ca.pem").read_text() + (new / "ca.pem").read_text()
        (self.ca / "ca.pem").write_text(both)
        shutil.copy(new / "server.key", self.ca / "server.key")
        shutil.copy(new / "server.pem", server)
        wait_for(lambda: log("hearthd").count("event=tls_credentials_taken") == 2, 10, "the reload")
        os.environ["HEARTH_CA"] = str(new / "ca.pem")  # believes the new one alone
        wait_for(lambda: self.cluster.hearth("node", "list", check=False).returncode == 0, 60,
                 "the new certificate to be served")
        self.assertEqual(streams, self.metric("hearth_sessions"))
        self.assertEqual(1, log("n1").count("event=agent_started"))
        self.assertNotIn("stream_ended", log("n1"))

    def test_a_scheduler_that_comes_back_is_found(self):
        self.start()
        self.cluster.kill_scheduler()
        asking = subprocess.Popen([BIN / "hearth", "--server", self.cluster.address, "node", "list"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("unreachable, retrying", asking.stderr.readline())
        self.cluster.start_scheduler()
        out, err = asking.communicate(timeout=60)
        self.assertEqual(0, asking.returncode, err)
        self.assertIn("n1", out)
        self.cluster.hearth("submit", "--wait", "--", "/bin/true")  # its agent came back, too

    def test_a_broken_configuration_is_refused_at_the_start(self):
        config = self.cluster.directory / "hearthd.json"
        tls = self.cluster.scheduler_config["tls"]
        for broken, why in (({**tls, "key": self.file("eve.key")}, "not the key"),
                            ({**tls, "key": ""}, "all three or none"),
                            ({**tls, "client_ca": self.file("eve.pem")}, "is no authority")):
            config.write_text(json.dumps({"tls": broken, "state_dir": self.file("none")}))
            done = subprocess.run([BIN / "hearthd", "--config", config], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual(78, done.returncode)
            self.assertIn(why, done.stderr)
            self.assertFalse(Path(self.file("none")).exists())

    def test_nonsense_is_refused_by_the_authority(self):
        for words, why in ((["--node", "n2", "--tenant", "x", "--name", "y"], "exactly one of"),
                           (["--tenant", "bank"], "--name: for whom?"),
                           (["--tenant", "bank", "--name", "a/b"], "not a name"),
                           (["--tenant", "bank", "--name", "a", "--role", "root"], "--role: not"),
                           (["--node", "n1"], "is there already"),
                           (["--node", "n3", "--for", "9999d"], "the authority itself ends"),
                           (["--node", "n3", "--for", "0s"], "not at least a second")):
            done = self.admin_ca("issue", "--dir", self.ca, "--out", self.cluster.directory, *words,
                              check=False)
            self.assertEqual(2, done.returncode, words)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()
