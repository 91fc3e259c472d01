"""The real binaries on loopback: crashes in the middle of a batch, OFF, explanations, nonsense.

Waits for events, never for time; leaves no process and no file. HEARTH_BIN names the binaries.
"""
import json
import os
import signal
import sys
import unittest
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from local_cluster import LocalCluster, is_alive, wait_for  # noqa: E402

FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 5,
        "lost_after_s": 60, "log_level": "info", "telemetry": {"write_period_s": 1}}
# Tests and tasks meet in files of this computer, so nothing walls the tasks off here: how they are
# is tested in tests/node_agent/isolation_test.cpp.
ROOM = {"isolation": {"level": "none"},
        "sensor_period_s": 0.2, "cores": 2, "reconnect": {"min_s": 0.1, "max_s": 0.5},
        "control": {"period_s": 0.5}, "default_setpoint_c": 20.0,
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}


def leads_session(pid):
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.addCleanup(self._stop)
        self.cluster.start_scheduler()

    def _stop(self):
        killed = self.cluster.stop()
        self.assertEqual({}, killed, "something did not end by itself")
        self.assertFalse(self.cluster.directory.exists())

    def start_agents(self, count=2, **settings):
        for number in range(count):
            self.cluster.start_agent(f"n{number + 1}", **{**ROOM, **settings})
        self.cluster.wait_online(count)

    def submit(self, *words):
        return self.cluster.json("submit", *words)["job_id"]

    def counts(self, job):
        counts = self.cluster.json("job", "show", job)["counts"]
        return {state: int(number) for state, number in counts.items()}

    def running(self, job, at_least):
        wait_for(lambda: self.counts(job)["running"] >= at_least, 30, f"{at_least} running tasks")

    def results(self, job):
        lines = self.cluster.hearth("-o", "json", "job", "results", job).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def marked_pids(self, mark):
        """Shells whose command line carries `mark`. A shell that runs a program is two of them for
        an instant: between fork and exec the child has its parent's command line."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            if mark.encode() in words and words.startswith(b"/bin/sh") and \
                    is_alive(int(entry.name)):
                found.append(int(entry.name))
        return sorted(found)

    def task_pids(self, mark):
        """Those of them that lead a session, as each task does from its exec on; what a shell forks
        stays in its session."""
        return [pid for pid in self.marked_pids(mark) if leads_session(pid)]

    # A task that waits for a file, so that the test decides when it ends.
    def gated(self, name):
        gate = self.cluster.directory / name
        script = (f'while [ ! -e {gate} ]; do sleep 0.05; done; '
                  f'echo "task $HEARTH_TASK_INDEX" > "$HEARTH_RESULT"')
        return gate, ["/bin/sh", "-c", script]

    def test_scheduler_killed_in_mid_batch(self):
        self.start_agents()
        gate, command = self.gated("go")
        job = self.submit("--tasks", 12, "--", *command)
        self.running(job, 4)
        pids = wait_for(lambda: len(self.task_pids(str(gate))) == 4 and self.task_pids(str(gate)),
                        30, "four task processes")
        self.cluster.kill_scheduler()
        self.assertEqual(pids, self.task_pids(str(gate)), "the crash stopped a task")
        self.cluster.start_scheduler()
        self.cluster.wait_online()
        self.running(job, 4)
        self.assertEqual(pids, self.task_pids(str(gate)), "the restart stopped a task")
        gate.touch()
        self.cluster.hearth("job", "wait", job)
        results = self.results(job)
        self.assertEqual(list(range(12)), sorted(int(r["index"]) for r in results))
        self.assertTrue(all(r["result"] == f"task {r['index']}\n" for r in results), results)
        self.assertEqual(12, int(self.cluster.json("job", "show", job)["attempts_ended"]),
                         "a task ran twice")

    def test_results_made_while_the_scheduler_was_down(self):
        self.start_agents()
        gate, command = self.gated("go")
        job = self.submit("--tasks", 4, "--", *command)
        self.running(job, 4)
        self.cluster.kill_scheduler()
        gate.touch()
        wait_for(lambda: not self.marked_pids(str(gate)), 30, "the tasks to end")
        self.cluster.start_scheduler()
        self.cluster.hearth("job", "wait", job)
        self.assertEqual(4, len(self.results(job)))
        self.assertEqual(4, int(self.cluster.json("job", "show", job)["attempts_ended"]))

    def test_agent_killed_its_tasks_are_found_again(self):
        self.start_agents(1)
        gate, command = self.gated("go")
        job = self.submit("--tasks", 2, "--", *command)
        self.running(job, 2)
        pids = wait_for(lambda: len(self.task_pids(str(gate))) == 2 and self.task_pids(str(gate)),
                        30, "two task processes")
        self.cluster.kill_agent("n1")
        self.assertEqual(pids, self.task_pids(str(gate)), "the agent took its tasks with it")
        self.cluster.start_agent("n1")
        wait_for(lambda: self.counts(job)["running"] == 2, 30, "the tasks to be found again")
        self.assertEqual(pids, self.task_pids(str(gate)))
        gate.touch()
        self.cluster.hearth("job", "wait", job)
        self.assertEqual(2, int(self.cluster.json("job", "show", job)["attempts_ended"]))

    def test_submit_waits_through_a_restart(self):
        self.start_agents(1)
        gate, command = self.gated("go")
        import subprocess
        from local_cluster import BIN
        waiting = subprocess.Popen(
            [BIN / "hearth", "--server", self.cluster.address, "submit", "--tasks", "2", "--wait",
             "--", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: self.cluster.json("job", "list"), 30, "the job")
        job = self.cluster.json("job", "list")[0]["job_id"]
        self.running(job, 2)
        self.cluster.kill_scheduler()
        self.cluster.start_scheduler()
        gate.touch()
        _, errors = waiting.communicate(timeout=60)
        self.assertEqual(0, waiting.returncode, errors)

    def power(self, zone):
        return self.cluster.zones()[zone]["power_w"]

    def test_off_over_the_api_and_locally_without_a_scheduler(self):
        self.start_agents(1)
        gate, command = self.gated("go")
        job = self.submit("--tasks", 2, "--", *command)
        pids = wait_for(lambda: len(p := self.task_pids(str(gate))) == 2 and p, 30, "the tasks")
        self.cluster.hearth("zone", "set", "n1", "off")
        zone = wait_for(lambda: (z := self.cluster.zones()["n1"])["setpoint"]["mode"] ==
                        "SETPOINT_MODE_OFF" and z["power_w"] <= 31 and z, 30, "standby")
        self.assertNotIn("setpoint_now_c", zone)
        self.assertIn("OFF", self.cluster.json("zone", "explain", "n1")["summary"])
        # Frozen for the first minute, not lost: they go on if it was a finger on the wrong button.
        self.assertEqual(pids, self.task_pids(str(gate)))
        self.cluster.hearth("zone", "set", "n1", "20")
        self.running(job, 2)

        self.cluster.stop_scheduler()
        self.assertEqual(2, len(self.task_pids(str(gate))))
        done = self.cluster.agent_command("n1", "set", "off")
        self.assertEqual(0, done.returncode, done.stderr)
        # Given up after that minute, to run where somebody wants heat.
        wait_for(lambda: not self.marked_pids(str(gate)), 90, "the tasks to stop")
        status = json.loads(self.cluster.agent_command("n1", "status", "-o", "json").stdout)
        self.assertEqual("OFF", status["setpoint"]["mode"], status)

        # A local OFF is lifted only locally.
        self.cluster.start_scheduler()
        self.cluster.wait_online()
        self.cluster.hearth("zone", "set", "n1", "21")
        self.assertEqual("SETPOINT_MODE_OFF", self.cluster.zones()["n1"]["setpoint"]["mode"])
        self.cluster.agent_command("n1", "set", "20.5")
        gate.touch()
        self.cluster.hearth("job", "wait", job)

    def test_explain_says_which_condition_fails_on_how_many_nodes(self):
        self.start_agents(2)
        job = self.submit("--cores", 16, "--", "/bin/true")
        told = self.cluster.json("task", "explain", f"{job}/0")
        self.assertEqual("TASK_STATE_PENDING", told["state"])
        worst = told["conditions"][0]
        self.assertEqual(("cores_total", 2, 2),
                         (worst["name"], worst["nodes_failing"], worst["nodes_total"]))
        self.assertIn("cores_total fails on 2 of 2", told["summary"])
        self.assertEqual(0, told["nodes_feasible"])

    def test_capacity_quote_and_a_building_s_cap(self):
        self.cluster.stop_scheduler()
        self.cluster.scheduler_config["heat"] = {"capacity_period_s": 1}
        self.cluster.start_scheduler()
        self.start_agents(2, site_id="maple")

        def forecast():
            done = self.cluster.hearth("capacity", "--hours", 6, "-o", "json", check=False)
            found = json.loads(done.stdout) if done.returncode == 0 else {"zones": 0}
            return int(found["zones"]) == 2 and found

        capacity = wait_for(forecast, 30, "a capacity forecast of two zones")
        self.assertEqual(6, len(capacity["hours"]))
        for hour in capacity["hours"]:
            self.assertLessEqual(hour["power_w"]["p5"], hour["power_w"]["p95"])
            self.assertLessEqual(hour["cores"]["p95"], 4.001)
        self.assertEqual(8, len(self.cluster.hearth("capacity", "--hours", 6).stdout.splitlines()))

        job = self.cluster.directory / "job.json"
        wanted = {"command": ["/bin/true"], "task_count": 4, "expected_run_time": "20m",
                  "deadline": "+1m"}
        job.write_text(json.dumps(wanted))
        quote = self.cluster.json("quote", job)
        self.assertFalse(quote["meets_deadline"])
        self.assertIn("cannot meet the deadline, because", quote["reason"])
        self.assertEqual([], self.cluster.json("job", "list"))

        zone = self.cluster.json("zone", "show", "n1")
        self.assertTrue(zone["heat"]["forecast"])
        self.assertGreater(len(zone["heat"]["plan"]), 24)
        self.assertIn("runway", self.cluster.hearth("zone", "explain", "n1").stdout)

        capped = self.cluster.json("site", "cap", "maple", 300, "--reason", "test")
        self.assertEqual(300, capped["cap_w"])
        wait_for(lambda: sum(n["power_max_w"] for n in self.cluster.nodes()) <= 300.5, 30,
                 "limits that keep to the cap")
        self.assertNotIn("cap_w", self.cluster.json("site", "cap", "maple", "none"))
        for words, code in ((("site", "cap", "maple", "-1"), 2), (("site", "cap", "elm", "1"), 5)):
            self.assertEqual(code, self.cluster.hearth(*words, check=False).returncode)

    def test_inputs_payloads_outputs_and_failures(self):
        self.start_agents(1)
        source = self.cluster.directory / "words.txt"
        source.write_text("from the bank\n")
        job = self.submit("--tasks", 2, "--input", f"{source}:in/words.txt", "--output", "out/*",
                          "--", "/bin/sh", "-c",
                          'mkdir out; cp in/words.txt out/{index}.txt; echo done > $HEARTH_RESULT')
        self.cluster.hearth("job", "wait", job)
        fetched = self.cluster.directory / "fetched"
        self.cluster.hearth("job", "results", job, "--directory", fetched, "--outputs")
        self.assertEqual("done\n", (fetched / "1").read_text())
        self.assertEqual("from the bank\n", (fetched / "1.d" / "out" / "1.txt").read_text())

        failing = self.submit("--retries", 1, "--", "/bin/sh", "-c", "echo broken >&2; exit 3")
        self.assertEqual(1, self.cluster.hearth("job", "wait", failing, check=False).returncode)
        task = self.cluster.json("task", "show", f"{failing}/0")
        self.assertEqual("TASK_STATE_FAILED", task["state"])
        self.assertEqual([3, 3], [a["exit_code"] for a in task["attempts"]])
        self.assertIn("broken", task["attempts"][0]["message"])

    def test_cancel_stops_the_whole_tree(self):
        self.start_agents(1)
        mark = f"{self.cluster.directory}/mark"
        job = self.submit("--", "/bin/sh", "-c",
                          f"setsid /bin/sh -c ': {mark}; while :; do sleep 1; done' & wait")
        wait_for(lambda: len(self.task_pids(mark)) == 2, 30, "parent and child")
        self.cluster.hearth("job", "cancel", job)
        self.assertEqual(4, self.cluster.hearth("job", "wait", job, check=False).returncode)
        wait_for(lambda: not self.marked_pids(mark), 30, "the tree to end")

    def test_drain_moves_work(self):
        self.start_agents(1)
        gate, command = self.gated("go")
        job = self.submit("--", *command)
        self.running(job, 1)
        self.cluster.hearth("node", "drain", "n1", "--stop")
        wait_for(lambda: self.counts(job)["pending"] == 1, 30, "the task to wait again")
        self.cluster.start_agent("n2", **ROOM)
        self.running(job, 1)
        attempts = self.cluster.json("task", "show", f"{job}/0")["attempts"]
        self.assertEqual(["n1", "n2"], [a["node_id"] for a in attempts])
        self.assertEqual("FAILURE_CLASS_DRAINED", attempts[0]["failure"])
        gate.touch()
        self.cluster.hearth("job", "wait", job)

    def test_nonsense_gets_an_answer_and_changes_nothing(self):
        self.start_agents(1)
        refused = [
            (2, ["submit", "--tasks", "0", "--", "/bin/true"], "task"),
            (2, ["submit", "--tasks", "10000001", "--", "/bin/true"], "10000001"),
            (2, ["submit"], ""),
            (2, ["submit", "/nonexistent.json"], "/nonexistent.json"),
            (2, ["submit", "--deadline", "2020-01-01T00:00:00Z", "--", "/bin/true"], "past"),
            (2, ["submit", "--output", "../x", "--", "/bin/true"], "../x"),
            (2, ["zone", "set", "n1", "35"], "35"),
            (2, ["zone", "set", "n1", "nan"], "nan"),
            (5, ["zone", "set", "nowhere", "20"], "nowhere"),
            (5, ["job", "show", "j999"], "j999"),
            (2, ["job", "show", "banana"], "banana"),
            (5, ["task", "explain", "j999/0"], "j999"),
            (5, ["node", "drain", "nobody"], "nobody"),
            (2, ["job", "results", "j999", "--cursor", "rubbish"], ""),
        ]
        for code, words, named in refused:
            with self.subTest(" ".join(words)):
                done = self.cluster.hearth(*words, check=False)
                self.assertIn(done.returncode, {code} if "--cursor" not in words else {2, 5},
                              done.stdout + done.stderr)
                self.assertIn(named, done.stderr)
        self.assertEqual([], self.cluster.json("job", "list"))
        self.assertEqual(20.0, self.cluster.zones()["n1"]["setpoint"]["setpoint_c"])

    def test_sigterm_ends_the_scheduler_in_time(self):
        self.start_agents(1)
        self.assertEqual(0, self.cluster.stop_scheduler())
        done = self.cluster.hearth("--timeout", "1s", "job", "list", check=False)
        self.assertEqual(3, done.returncode, done.stderr)

    def fine_history(self, zone):
        return self.cluster.json("zone", "history", zone, "--fine", "--hours", 1)["points"]

    def quoted_s(self, job):
        """Until the job would be done at P90; None where nothing is forecast yet."""
        done = self.cluster.hearth("quote", job, "-o", "json", check=False)
        quote = json.loads(done.stdout) if done.returncode == 0 else {}
        if not quote.get("p90", {}).get("finish"):
            return None
        quoted, finish = (datetime.fromisoformat(text[:19]) for text in
                          (quote["quoted_at"], quote["p90"]["finish"]))
        return (finish - quoted).total_seconds()

    def test_telemetry_outlives_a_killed_scheduler(self):
        self.cluster.stop_scheduler()
        self.cluster.scheduler_config["heat"] = {"capacity_period_s": 1}
        self.cluster.start_scheduler()
        self.start_agents(1)
        self.cluster.hearth("submit", "--name", "nap", "--tasks", 6, "--wait", "--", "/bin/sleep",
                            "0.3")
        job = self.cluster.directory / "nap.json"
        job.write_text(json.dumps({"name": "nap", "command": ["/bin/sleep", "0.3"]}))
        wait_for(lambda: len(self.fine_history("n1")) >= 2, 60, "samples on disk")
        before = self.fine_history("n1")
        self.assertIn("temperature_c", before[0])
        learned_s = wait_for(lambda: self.quoted_s(job), 30, "a quote")
        self.assertLess(learned_s, 600)  # of a name never seen P90 is 4600 s

        self.cluster.kill_scheduler()  # SIGKILL: what was learned is not said good-bye to
        self.cluster.start_scheduler()
        self.cluster.wait_online()
        self.assertEqual(before, self.fine_history("n1")[:len(before)])
        self.assertLess(wait_for(lambda: self.quoted_s(job), 30, "a quote"), 600)
        csv = self.cluster.hearth("zone", "history", "n1", "--fine", "-o", "csv").stdout
        self.assertGreater(len(csv.splitlines()), len(before))

        # A file that is no database is set aside; everything else goes on.
        self.cluster.kill_scheduler()
        file = next(self.cluster.directory.rglob("telemetry.db"))
        for companion in file.parent.glob("telemetry.db-*"):
            companion.unlink()
        file.write_bytes(b"no database" * 1000)
        self.cluster.start_scheduler()
        self.cluster.wait_online()
        self.assertEqual(1, len(list(file.parent.glob("telemetry.db.set-aside-*"))))
        wait_for(lambda: self.fine_history("n1"), 60, "samples in a new file")

    def test_second_agent_under_one_name_is_refused(self):
        self.start_agents(1)
        self.cluster.configure_agent("impostor", **{**ROOM, "node_id": "n1", "zone_id": "n1"})
        self.cluster.start_agent("impostor")
        wait_for(lambda: "another installation is online" in self.cluster.log("impostor"), 30,
                 "the refusal")
        self.assertEqual("NODE_STATE_ONLINE", self.cluster.nodes()[0]["state"])


if __name__ == "__main__":
    os.setpgrp()  # so that a test runner's signals reach our children
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
