"""Secrets from the command line to the task, and nowhere else; and jobs that run in nobody's home.

The real binaries on loopback, as strongly walled off as this computer lets them. A value is looked
for in every file of scheduler and agents but the database, in every answer and every command line.
"""
import hashlib
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import LocalCluster, wait_for  # noqa: E402

FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 5,
        "lost_after_s": 60, "log_level": "debug", "telemetry": {"write_period_s": 1}}
ROOM = {"sensor_period_s": 0.2, "cores": 1, "reconnect": {"min_s": 0.1, "max_s": 0.5},
        "log_level": "debug", "control": {"period_s": 0.5},
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}
VALUE = "correct-horse-battery-staple"
OTHER = "an\nother \"secret\" with \u00fc"
TELL = 'printf "%s" "$DB_PASSWORD" | sha256sum > "$HEARTH_RESULT"'


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest() + "  -\n"


class Secrets(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.addCleanup(self._stop)
        self.cluster.start_scheduler()
        directory = tempfile.TemporaryDirectory()  # the submitter's own files
        self.addCleanup(directory.cleanup)
        self.own = Path(directory.name)

    def _stop(self):
        self.assertEqual({}, self.cluster.stop())

    def submit_file(self, name="job.json", **keys):
        file = self.own / name
        file.write_text(json.dumps({"command": ["/bin/sh", "-c", TELL],
                                    "secrets": {"DB_PASSWORD": VALUE}, **keys}))
        return file

    def submit(self, *words, **options):
        return json.loads(self.cluster.hearth("-o", "json", "submit", *words, **options)
                          .stdout)["job_id"]

    def results(self, job):
        lines = self.cluster.hearth("-o", "json", "job", "results", job,
                                    check=False).stdout.splitlines()
        return [entry["result"] for entry in map(json.loads, lines) if "result" in entry]

    def assert_nowhere(self, *texts):
        """In no file but the scheduler's database, and in no command line."""
        looked_at = 0
        for file in self.cluster.directory.rglob("*"):
            if file.name.startswith("hearth.db") or not file.is_file():
                continue
            try:
                data = file.read_bytes()
            except OSError:
                continue  # gone meanwhile
            looked_at += 1
            for text in texts:
                self.assertNotIn(text.encode(), data, file)
        self.assertGreater(looked_at, 5)
        for pid, words in self.cluster.processes().items():
            for text in texts:
                self.assertNotIn(text, words, pid)

    def answers(self, job):
        commands = [("-o", "json", "job", "show", job), ("-o", "json", "job", "list"),
                    ("-o", "json", "task", "show", f"{job}/0"), ("job", "show", job),
                    ("-o", "json", "task", "explain", f"{job}/0"), ("task", "explain", f"{job}/0"),
                    ("-o", "json", "queue", "list"), ("-o", "json", "task", "list", job)]
        return "".join(self.cluster.hearth(*words).stdout for words in commands)

    def test_a_task_gets_its_secret_and_nobody_else_does(self):
        file = self.submit_file()
        waiting = self.submit(file)  # no node yet: it is looked at before it runs
        self.assertNotIn(VALUE, self.answers(waiting))
        self.cluster.start_agent("n1", **ROOM)
        self.cluster.wait_online()
        self.cluster.hearth("job", "wait", waiting)
        self.assertEqual([digest(VALUE)], self.results(waiting))
        (self.own / "key").write_text(OTHER + "\n")
        job = self.submit("--secret", "TOKEN", "--secret", f"DB_PASSWORD=@{self.own / 'key'}",
                          "--", "/bin/sh", "-c", TELL + '; [ "$TOKEN" = "' + VALUE[::-1] + '" ]',
                          env={**os.environ, "TOKEN": VALUE[::-1]})
        watched = self.cluster.hearth("-o", "json", "job", "watch", job, check=False).stdout
        self.cluster.hearth("job", "wait", job)
        self.assertEqual([digest(OTHER)], self.results(job))
        answers = self.answers(waiting) + self.answers(job) + watched
        for text in (VALUE, OTHER, json.dumps(OTHER)[1:-1]):
            self.assertNotIn(text, answers)
        shown = self.cluster.json("job", "show", job)
        self.assertEqual({"TOKEN": "", "DB_PASSWORD": ""}, shown["spec"]["secrets"])
        self.assert_nowhere(VALUE, OTHER, json.dumps(OTHER)[1:-1])
        audit = (self.cluster.directory / "scheduler" / "audit.jsonl").read_text()
        self.assertIn("SubmitJob", audit)
        backup = self.own / "backup.db"
        self.cluster.hearth("admin", "backup", backup)
        self.assertIn(VALUE.encode(), backup.read_bytes(), "as docs/SECURITY.md warns")

    def test_the_same_request_with_another_value_is_refused(self):
        job = self.submit(self.submit_file(), "--request-id", "once")
        self.assertEqual(job, self.submit(self.submit_file(), "--request-id", "once"))
        other = self.cluster.hearth("submit", self.submit_file(secrets={"DB_PASSWORD": OTHER}),
                                    "--request-id", "once", check=False)
        self.assertEqual(2, other.returncode)
        self.assertIn("used for other bytes", other.stderr)
        self.assertNotIn(VALUE, other.stderr + other.stdout)
        self.cluster.hearth("quote", self.own / "job.json")
        self.assert_nowhere(VALUE, "another")

    def test_restarts_and_retries_carry_them_along(self):
        # Tests and tasks meet in files here, so nothing walls the tasks off.
        self.cluster.start_agent("n1", **ROOM, isolation={"level": "none"})
        self.cluster.wait_online()
        gate = self.cluster.directory / "go"
        begun = self.cluster.directory / "begun"
        script = (f"touch {begun}$HEARTH_TASK_INDEX; while [ ! -e {gate} ]; do sleep 0.02; done; "
                  f"{TELL}; exit $HEARTH_TASK_INDEX")
        job = self.submit(self.submit_file(command=["/bin/sh", "-c", script], task_count=2))
        wait_for(Path(f"{begun}0").exists, 30, "the first task")
        self.assert_nowhere(VALUE)
        self.cluster.kill_agent("n1")
        self.cluster.kill_scheduler()
        self.cluster.start_scheduler()
        self.cluster.start_agent("n1")
        self.cluster.wait_online()
        gate.touch()
        self.cluster.hearth("job", "wait", job, check=False)
        self.assertEqual({digest(VALUE)}, set(self.results(job)))
        shown = self.cluster.json("job", "show", job)
        self.assertEqual("2", shown["attempts_ended"], "the running task went on untouched")
        retried = json.loads(self.cluster.hearth("-o", "json", "job", "retry", job).stdout)
        self.cluster.hearth("job", "wait", retried["job_id"], check=False)
        self.assertEqual([digest(VALUE)], self.results(retried["job_id"]))
        self.assertNotIn(VALUE, self.answers(retried["job_id"]))
        self.assert_nowhere(VALUE)


class NoResidential(unittest.TestCase):
    def test_it_runs_in_nobodys_home(self):
        with LocalCluster(FAST) as cluster:
            cluster.start_scheduler()
            cluster.start_agent("home", **ROOM)
            cluster.wait_online()
            job = cluster.json("submit", "--no-residential", "--", "/bin/true")["job_id"]
            told = wait_for(
                lambda: (text := cluster.hearth("task", "explain", f"{job}/0").stdout) and
                "not_residential fails on 1 of 1" in text and text, 30, "the reason")
            self.assertIn("the node stands in nobody's home", told)
            cluster.start_agent("office", **ROOM, residential=False)
            cluster.wait_online(2)
            cluster.hearth("job", "wait", job)
            self.assertEqual("office", cluster.json("task", "show", f"{job}/0")
                             ["attempts"][0]["node_id"])
            nodes = {node["node_id"]: node for node in cluster.nodes()}
            self.assertEqual((True, False), (nodes["home"]["residential"],
                                             nodes["office"]["residential"]))
            self.assertFalse(cluster.json("node", "show", "office")["residential"])
            self.assertIn("nobody's home", cluster.hearth("node", "show", "office").stdout)


if __name__ == "__main__":
    unittest.main()
