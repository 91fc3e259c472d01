"""The Python client against the real daemon and agent on loopback. PYTHONPATH names the package.

Waits for events, never for time; leaves no process and no file. HEARTH_BIN names the binaries.
"""
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import unittest
import unittest.mock
from concurrent.futures import CancelledError
from datetime import datetime, timedelta, timezone
from pathlib import Path

try:
    import grpc  # noqa: F401
except ImportError:
    print("SKIPPED: /usr/bin/python3 has no grpc: apt-get install python3-grpcio python3-protobuf")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import hearth  # noqa: E402
from local_cluster import BIN, LocalCluster, wait_for  # noqa: E402

FAST = {"report_period_s": 0.2, "plan_period_s": 1, "limits_valid_for_s": 30, "silent_after_s": 5,
        "lost_after_s": 60}
# Tests and tasks meet in files of this computer, so nothing walls the tasks off here.
ROOM = {"isolation": {"level": "none"},
        "sensor_period_s": 0.2, "cores": 4, "reconnect": {"min_s": 0.1, "max_s": 0.5},
        "control": {"period_s": 0.5}, "default_setpoint_c": 20.0,
        "heater": {"driver": "simulated", "initial_temperature_c": 18.0,
                   "outdoor_temperature_c": 5.0}}


def shell(script):
    return ["/bin/sh", "-c", script]


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = LocalCluster(FAST)
        cls.addClassCleanup(cls.stop)
        cls.cluster.start_scheduler()
        cls.cluster.start_agent("n1", **ROOM)
        cls.cluster.wait_online(1)
        cls.client = hearth.Client(cls.cluster.address)
        cls.addClassCleanup(cls.client.close)

    @classmethod
    def stop(cls):
        killed = cls.cluster.stop()
        assert killed == {}, f"something did not end by itself: {killed}"
        assert not cls.cluster.directory.exists()

    def test_submit_wait_results_outputs(self):
        job = self.client.submit(
            shell('cat in/a.txt > out-{index}.txt; echo "$WORD {index}" > $HEARTH_RESULT'),
            tasks=3, name="all of it", service_class="on_demand", priority=60, cores=1,
            memory="64M", expected_run_time="1s", maximum_run_time=timedelta(minutes=5),
            deadline=timedelta(hours=2), inputs={"in/a.txt": b"from python\n"},
            outputs=["out-*"], environment={"WORD": "hello"}, labels={"desk": "rates"}, retries=1)
        status = job.wait(timeout=30)
        self.assertEqual(("SUCCEEDED", 3, "all of it"),
                         (status.state, status.succeeded, status.name))
        results = {result.index: result for result in job.results()}
        self.assertEqual([0, 1, 2], sorted(results))
        one = results[1]
        self.assertEqual(("hello 1\n", 0, "n1", "SUCCEEDED"),
                         (one.text, one.exit_code, one.node, one.state))
        self.assertEqual(b"from python\n", one.output("out-1.txt").read())
        saved = one.output("out-1.txt").save(self.cluster.directory / "saved" / "x.txt")
        self.assertEqual(b"from python\n", saved.read_bytes())
        with self.assertRaises(hearth.NotFound):
            one.output("nothing")
        self.assertIn(job.id, [found.job_id for found in self.client.jobs(state="SUCCEEDED")])
        self.assertEqual(["n1"], [node.node_id for node in self.client.nodes()])

    def test_failure(self):
        job = self.client.submit(shell("echo broken >&2; exit 3"))
        self.assertEqual("FAILED", job.wait(30).state)
        [result] = job.results()
        self.assertEqual((3, "USER_ERROR"), (result.exit_code, result.failure))
        self.assertIn("broken", result.message)
        with self.assertRaisesRegex(hearth.TaskFailed, "broken"):
            list(self.client.map(shell("echo broken >&2; exit 3"), [1]))

    def test_results_go_on_after_a_killed_scheduler(self):
        gate = self.cluster.directory / "gate"
        script = (f'[ {{index}} -lt 3 ] || while [ ! -e {gate} ]; do sleep 0.05; done; '
                  'echo {index} > $HEARTH_RESULT')
        job = self.client.submit(shell(script), tasks=7)
        results = job.results()
        seen = [next(results) for _ in range(3)]
        self.cluster.kill_scheduler()
        self.cluster.start_scheduler()
        gate.touch()
        for result in results:
            seen.append(result)
        self.assertEqual(list(range(7)), sorted(result.index for result in seen))
        self.assertTrue(all(result.text == f"{result.index}\n" for result in seen))
        # From the cursor of any result exactly the later ones follow, in another process too.
        for i, result in enumerate(seen):
            with hearth.Client(self.cluster.address) as other:
                rest = other.job(job.id).results(result.cursor)
                self.assertEqual([r.index for r in seen[i + 1:]], [r.index for r in rest])

    def test_map_keeps_the_order_and_the_words(self):
        items = ["one", "two words", "it's; exit 1", "$HOME", "ä"]
        mapped = self.client.map(shell('printf %s "$1" > $HEARTH_RESULT') + ["sh", "{item}"], items)
        self.assertEqual(items, [result.text for result in mapped])
        data = [b"\0\1", b"\n", b"x" * 65536]
        mapped = self.client.map(shell('cp "$HEARTH_PAYLOAD" "$HEARTH_RESULT"'), data)
        self.assertEqual(data, [result.value for result in mapped])
        self.assertEqual([], list(self.client.map(["/bin/true", "{item}"], [])))

    def test_executor(self):
        echo = shell('printf %s "$1" > $HEARTH_RESULT') + ["sh"]
        with hearth.Executor(self.client) as executor:
            futures = [executor.submit(echo + [str(i)]) for i in range(20)]
            failing = executor.submit(shell("exit 4"))
            self.assertEqual([str(i) for i in range(20)], [f.result(30).text for f in futures])
            self.assertEqual(4, failing.exception(30).result.exit_code)
            self.assertEqual(["a", "b"],
                             [r.text for r in executor.map(echo + ["{item}"], ["a", "b"])])
        with self.assertRaises(RuntimeError):
            executor.submit(["/bin/true"])

    def test_executor_cancels_the_job(self):
        executor = hearth.Executor(self.client, name="forever")
        future = executor.submit(["/bin/sleep", "1000"])

        def job():
            return next((j for j in self.client.jobs(state="ACTIVE") if j.name == "forever"), None)

        found = wait_for(job, 30, "the job")
        executor.shutdown(wait=True, cancel_futures=True)
        self.assertTrue(future.cancelled())
        with self.assertRaises(CancelledError):
            future.result()
        self.assertEqual("CANCELLED", self.client.job(found.job_id).wait(30).state)

    def test_timeout_and_cancel(self):
        job = self.client.submit(["/bin/sleep", "1000"])
        with self.assertRaises(hearth.WaitTimeout):
            job.wait(timeout=0.3)
        with self.assertRaises(TimeoutError):
            next(job.results(timeout=0.3))
        job.cancel("test")
        self.assertEqual("CANCELLED", job.wait(30).state)

    def test_a_job_is_held_changed_released_and_waits_for_another(self):
        first = self.client.submit(shell("echo 1"), held=True, logs="none")
        second = self.client.submit(["/bin/true"], after=first)
        third = self.client.submit(["/bin/true"], after=[first, f"{second.id}:any"])
        status = first.status()
        self.assertEqual((True, "ACTIVE", 1), (status.held, status.state, status.pending))
        self.assertEqual((first.id,), second.status().waits_for)
        self.assertEqual({first.id, second.id}, set(third.status().waits_for))
        status = first.update(priority=90, deadline=timedelta(hours=1), reason="month end")
        self.assertEqual("month end", status.reason)
        self.assertFalse(first.update(clear_deadline=True).deadline_missed)
        self.assertFalse(first.release().held)
        self.assertEqual("SUCCEEDED", third.wait(30).state)
        with self.assertRaises(hearth.FailedPrecondition):
            first.hold("too late")
        with self.assertRaises(hearth.InvalidArgument):
            third.update()
        waiting = self.client.submit(["/bin/true"], cores=99)
        why = waiting.explanation()
        self.assertEqual(("PENDING", "cores_total", 1), (
            why.state, why.conditions[0].name, why.conditions[0].nodes_failing))
        self.assertEqual(why.summary, waiting.explain())
        waiting.cancel()

    def test_retry_and_indices(self):
        job = self.client.submit(shell('[ $HEARTH_TASK_INDEX != 9 ] || exit 3'), indices=[3, 5, 9],
                                 maximum_failed="50%")
        self.assertEqual("FAILED", job.wait(30).state)
        self.assertEqual({0: 3, 1: 5, 2: 9}, {r.index: r.stands_for for r in job.results()})
        again = job.retry(["FAILED"], request_id=f"again {job.id}")
        self.assertTrue(job.retry(["FAILED"], request_id=f"again {job.id}").already_submitted)
        again.wait(30)
        [result] = again.results()
        self.assertEqual((0, 9, "FAILED"), (result.index, result.stands_for, result.state))
        with self.assertRaises(hearth.FailedPrecondition):
            job.retry(["CANCELLED"])
        strict = self.client.submit(["/bin/false"], tasks=3, maximum_failed=0)
        self.assertEqual("FAILED", strict.wait(30).state)

    def test_logs_live_and_afterwards(self):
        gate = self.cluster.directory / "log gate"
        job = self.client.submit(shell(
            f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.05; done; echo trace >&2; exit 3"))
        items = job.logs(follow=True, timeout=60)
        live = []
        for item in items:
            live.append(item)
            if isinstance(item, hearth.LogPiece) and item.data == b"begun\n":
                gate.touch()
        self.assertEqual([b"begun\n", b"trace\n"],
                         [i.data for i in live if isinstance(i, hearth.LogPiece)])
        self.assertEqual("ENDED", live[-1].kind)
        self.assertIn("exit code 3", live[-1].message)
        [piece] = [i for i in job.logs(stream="stderr", tail_bytes=3)
                   if isinstance(i, hearth.LogPiece)]
        self.assertEqual(("stderr", "ce\n", 3), (piece.stream, piece.text, piece.offset))
        self.assertEqual([], list(job.logs(attempt=piece.attempt_id, stream="stdout",
                                           tail_bytes=0))[1:-1])
        with self.assertRaises(hearth.NotFound):
            list(job.logs(7))
        held = self.client.submit(["/bin/true"], held=True)
        with self.assertRaises(hearth.FailedPrecondition):
            list(held.logs())
        with self.assertRaises(TimeoutError):
            list(held.logs(follow=True, timeout=0.5))
        held.cancel()

    def test_capacity_quote_and_holiday(self):
        wait_for(self._capacity, 60, "a forecast of the capacity")
        capacity = self.client.capacity(hours=3)
        self.assertEqual((3, 1), (len(capacity.hours), capacity.zones))
        self.assertLessEqual(capacity.hours[0].cores.p5, capacity.hours[0].cores.p95)
        quote = self.client.quote(["/bin/true"], tasks=4, expected_run_time="1m",
                                  deadline=timedelta(hours=12))
        self.assertIsNotNone(quote.quoted_at)
        if quote.finish_p90 is None:
            self.assertTrue(quote.reason)
        with self.assertRaises(hearth.InvalidArgument):
            self.client.quote(["/bin/true"], tasks=0)
        self.client.set_holiday("n1", timedelta(days=3), away_c=10)
        wait_for(lambda: "holiday" in self.cluster.zones()["n1"]["setpoint"], 30, "the holiday")
        self.client.end_holiday("n1")
        wait_for(lambda: "holiday" not in self.cluster.zones()["n1"]["setpoint"], 30, "its end")
        with self.assertRaises(hearth.NotFound):
            self.client.set_holiday("nowhere", timedelta(days=3))

    def _capacity(self):
        try:
            return self.client.capacity()
        except hearth.FailedPrecondition:
            return None

    def test_one_request_id_is_one_job(self):
        first = self.client.submit(["/bin/true"], request_id="once")
        again = self.client.submit(["/bin/true"], request_id="once")
        self.assertEqual((first.id, False, True),
                         (again.id, first.already_submitted, again.already_submitted))
        with self.assertRaises(hearth.AlreadyExists):
            self.client.submit(["/bin/false"], request_id="once")

    def test_secrets_reach_the_task_and_no_answer(self):
        tell = 'printf %s "$KEY" | sha256sum > $HEARTH_RESULT'
        job = self.client.submit(shell(tell), secrets={"KEY": "correct-horse"}, request_id="secret")
        result = next(iter(job.results()))
        self.assertEqual(hashlib.sha256(b"correct-horse").hexdigest(), result.text.split()[0])
        self.assertEqual({"KEY": ""}, self.cluster.json("job", "show", job.id)["spec"]["secrets"])
        with self.assertRaises(hearth.AlreadyExists):
            self.client.submit(shell(tell), secrets={"KEY": "other"}, request_id="secret")
        self.client.quote(shell(tell), secrets={"KEY": "correct-horse"})
        with hearth.Executor(self.client, secrets={"KEY": "of an executor"}) as executor:
            self.assertTrue(executor.submit(shell('test "$KEY" = "of an executor"')).result().succeeded)
        for secrets in ({"HEARTH_X": "hunter2"}, {"A=B": "hunter2"}, {"KEY": "hunter2\0"},
                        {"KEY": b"hunter2"}, {"KEY": "hunter2" * 10_000}, {"TWICE": "hunter2"},
                        ["hunter2"], {"KEY": "hunter2\udcff"}):
            with self.assertRaises(hearth.InvalidArgument) as caught:
                self.client.submit(["/bin/true"], secrets=secrets, environment={"TWICE": ""})
            self.assertTrue(caught.exception.field.startswith("secrets"), caught.exception)
            self.assertNotIn("hunter2", str(caught.exception))

    def test_no_residential_waits_where_there_are_only_homes(self):
        job = self.client.submit(["/bin/true"], no_residential=True)
        self.assertIn("not_residential fails on", wait_for(
            lambda: "not_residential" in (text := job.explanation(0).summary) and text, 30,
            "the reason"))
        job.cancel()

    def test_nonsense_names_field_and_value(self):
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        before = len(list(self.client.jobs()))
        for field, value, named in [
                ("command", "ls", "ls"), ("command", [], ""), ("tasks", 0, "0"),
                ("tasks", 10_000_001, "10000001"), ("priority", 101, "101"), ("cores", 0, "0"),
                ("memory", "lots", "lots"), ("deadline", past, "2020"),
                ("deadline", datetime(2030, 1, 1), "time zone"), ("service_class", "gold", "gold"),
                ("outputs", ["../x"], "../x"), ("inputs", {"../x": b""}, "../x"),
                ("inputs", ["/nonexistent"], "/nonexistent"), ("retries", -1, "-1"),
                ("environment", {"HEARTH_X": "1"}, "HEARTH_X"), ("expected_run_time", "-1s", "-1s"),
                ("maximum_run_time", float("nan"), "nan"), ("tenant", "a b", "a b"),
                ("after", "banana", "banana"), ("after", ["j1:maybe"], "maybe"),
                ("maximum_failed", "101%", "101%"), ("maximum_failed", -1, "-1"),
                ("deadline_action", "cancel", "no deadline"), ("deadline_action", "x", "x"),
                ("indices", "3,2", "2"), ("indices", [], ""), ("indices", "x", "x"),
                ("logs", "all", "all"), ("request_id", "", "''"), ("payloads", [b"x" * 65537], "65537")]:
            with self.subTest(field=field, value=repr(value)[:40]):
                with self.assertRaises(ValueError) as caught:
                    self.client.submit(**{"command": ["/bin/true"], field: value})
                self.assertTrue(caught.exception.field.startswith(field), caught.exception)
                self.assertIn(named, str(caught.exception))
        missing = {"x": hearth.Input(digest="0" * 64)}
        with self.assertRaisesRegex(hearth.FailedPrecondition, "0" * 64):
            self.client.submit(["/bin/true"], inputs=missing)
        with self.assertRaises(hearth.NotFound):
            self.client.job("j999")
        with self.assertRaises(hearth.InvalidArgument):
            self.client.job("banana")
        job = self.client.submit(["/bin/true"])
        for cursor in ("rubbish", "rubbish+x"):
            with self.assertRaises(hearth.InvalidArgument):
                list(job.results(cursor))
        self.assertEqual(before + 1, len(list(self.client.jobs())))
        with hearth.Client("127.0.0.1:1", timeout=0.3) as nobody:
            with self.assertRaises(hearth.Unavailable):
                nobody.job("j1")

    def test_the_documents_snippets_run(self):
        text = (ROOT / "docs" / "PYTHON.md").read_text()
        os.environ["HEARTH_SERVER"] = self.cluster.address
        self.addCleanup(os.environ.pop, "HEARTH_SERVER")
        names = {}
        for snippet in re.findall(r"```python\n(.*?)```", text, re.S):
            exec(compile(snippet, "docs/PYTHON.md", "exec"), names)

    def test_the_readme_s_risk_batch_runs(self):
        """With two slices and a short book: pricing all of it takes a minute."""
        short = self.cluster.directory / "risk"
        shutil.copytree(ROOT / "examples" / "risk", short)
        book = (short / "portfolio.csv").read_text().splitlines(keepends=True)
        (short / "portfolio.csv").write_text("".join(book[:30]))
        text = (ROOT / "README.md").read_text()
        snippet = re.search(r"```python\n(.*?)```", text, re.S)[1]
        self.assertLessEqual(len(snippet.splitlines()), 20)
        for old, new in (('"examples/risk"), 64', f"{str(short)!r}), 2"),
                         ('"--directory", directory]', '"--directory", directory], check=True')):
            self.assertIn(old, snippet)
            snippet = snippet.replace(old, new)
        os.environ["HEARTH_SERVER"] = self.cluster.address
        self.addCleanup(os.environ.pop, "HEARTH_SERVER")
        exec(compile(snippet, "README.md", "exec"), {})


class OverTls(unittest.TestCase):
    """The same client, where the scheduler wants a certificate (docs/SECURITY.md)."""

    def setUp(self):
        self.cluster = LocalCluster(FAST)
        self.addCleanup(self.cluster.stop)
        self.ca = self.cluster.directory / "ca"
        self.admin("init", "--dir", self.ca)
        for words in (("--tenant", "bank", "--name", "ann"), ("--node", "n1"),
                      ("--tenant", "bank", "--role", "read", "--name", "rob"),
                      ("--tenant", "rival", "--name", "carl"),
                      ("--tenant", "grid", "--role", "operate", "--name", "eve")):
            self.admin("issue", "--dir", self.ca, "--out", self.cluster.directory, *words)
        self.cluster.scheduler_config["tls"] = {
            "certificate": str(self.ca / "server.pem"), "key": str(self.ca / "server.key"),
            "client_ca": str(self.ca / "ca.pem")}
        self.cluster.start_scheduler()
        self.cluster.start_agent("n1", **ROOM, tls={**self.files("n1", "certificate"),
                                                    "ca": str(self.ca / "ca.pem")})

    def admin(self, *words):
        subprocess.run([BIN / "hearth", "admin", "ca", *map(str, words)], check=True,
                       capture_output=True, timeout=30)

    def files(self, name, certificate="cert"):
        return {certificate: str(self.cluster.directory / f"{name}.pem"),
                "key": str(self.cluster.directory / f"{name}.key")}

    def client_of(self, name, **more):
        client = hearth.Client(self.cluster.address, ca=self.ca / "ca.pem", **self.files(name),
                               **more)
        self.addCleanup(client.close)
        return client

    def test_a_job_over_tls_is_its_tenants(self):
        job = self.client_of("ann").submit(shell("echo 42 > $HEARTH_RESULT"))
        self.assertEqual(["42\n"], [result.text for result in job.results()])
        with self.assertRaises(hearth.NotFound):
            self.client_of("carl").job(job.id).status()
        with self.assertRaisesRegex(hearth.PermissionDenied, "rob of tenant bank"):
            self.client_of("rob").submit(["/bin/true"])

    def test_a_scheduler_that_comes_back_is_found(self):
        client = self.client_of("ann")
        job = client.submit(["/bin/true"])
        self.cluster.kill_scheduler()
        restart = threading.Timer(1.5, self.cluster.start_scheduler)
        restart.start()
        self.addCleanup(restart.join)
        self.assertEqual("SUCCEEDED", job.wait(timeout=60).state)

    def test_certificates_come_from_the_environment(self):
        files = self.files("ann")
        with unittest.mock.patch.dict(os.environ, HEARTH_CA=str(self.ca / "ca.pem"),
                                      HEARTH_CERT=files["cert"], HEARTH_KEY=files["key"]):
            with hearth.Client(self.cluster.address) as client:
                client.submit(["/bin/true"])


if __name__ == "__main__":
    os.setpgrp()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
