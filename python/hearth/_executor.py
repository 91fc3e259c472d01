"""A concurrent.futures executor whose work are commands."""
from __future__ import annotations

import concurrent.futures
import os
import threading
import time
from typing import Any, Iterable, Iterator, Sequence

from ._client import SCRIPT_COMMAND, Client, Word, script_of
from ._errors import FailedPrecondition, HearthError, InvalidArgument, JobCancelled
from ._job import Job, Result
from ._submission import PAYLOAD_BYTES_MAX, build

ResultFuture = concurrent.futures.Future[Result]

BATCH_MAX = 1000
FIRST_DELAY_S = 0.02
LONGEST_DELAY_S = 1.0


class _Batch:
    """The commands of one job and their futures, by index."""

    def __init__(self, futures: list[ResultFuture]) -> None:
        self.futures = futures
        self.unsettled = set(range(len(futures)))
        self.job: Job | None = None

    def settle(self, index: int) -> ResultFuture | None:
        """The future, to be given its outcome; None where it has one or was cancelled. Waiters
        are told of a cancelled one here, as concurrent.futures asks."""
        if index not in self.unsettled:
            return None
        self.unsettled.remove(index)
        future = self.futures[index]
        return future if future.set_running_or_notify_cancel() else None


class Executor(concurrent.futures.Executor):
    """Runs commands on the fleet: `submit(["./price", "7"])` gives a Future of a Result.

    Commands that are submitted close together travel in one job: they are collected for 20 ms, and
    longer while many jobs are under way, up to 1,000 of them. A task that does not succeed is
    raised by its future as TaskFailed. Futures stay pending until their task has ended, so cancel()
    works at any time: a job is cancelled when all of its futures are cancelled or done, a single
    task among others goes on and its result is dropped. `options` are those of Client.submit() for
    every job (inputs, cores, ...). A program is looked for in PATH; write "./x" for an input.
    """

    def __init__(self, client: Client, **options: Any) -> None:
        for name in ("tasks", "payloads", "request_id"):
            if name in options:
                raise InvalidArgument(f"{name}: not for an executor: {options[name]!r}")
        build(SCRIPT_COMMAND, **options)  # refuses what is wrong here, not in each future
        self._client = client
        self._options = options
        self._condition = threading.Condition()
        self._queue: list[tuple[str, ResultFuture]] = []
        self._batches: set[_Batch] = set()
        self._followers: list[threading.Thread] = []
        self._closed = False
        self._sender = threading.Thread(target=self._send, name="hearth-send", daemon=True)
        self._sender.start()

    def submit(self, command: Sequence[Word]) -> ResultFuture:  # type: ignore[override]
        script = script_of(command)
        if len(script.encode()) > PAYLOAD_BYTES_MAX:
            raise InvalidArgument(f"command: over 64 KiB: {len(script.encode())} bytes")
        future = ResultFuture()
        with self._condition:
            if self._closed:
                raise RuntimeError("cannot schedule new commands after shutdown")
            self._queue.append((script, future))
            self._condition.notify_all()
        return future

    def map(self, command: Sequence[Word], items: Iterable[Any],  # type: ignore[override]
            timeout: float | None = None) -> Iterator[Result]:
        """Results in the order of the items; "{item}" in a word becomes the item."""
        end = None if timeout is None else time.monotonic() + timeout
        futures = [self.submit([os.fspath(word).replace("{item}", str(item)) for word in command])
                   for item in items]

        def results() -> Iterator[Result]:
            try:
                for future in futures:
                    left = None if end is None else max(0.0, end - time.monotonic())
                    yield future.result(left)
            finally:
                for future in futures:
                    future.cancel()

        return results()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more. `cancel_futures` also cancels the jobs under way."""
        with self._condition:
            self._closed = True
            futures = [future for _, future in self._queue]
            futures += [future for batch in self._batches for future in batch.futures]
            self._condition.notify_all()
        if cancel_futures:
            for future in futures:
                future.cancel()
        if wait:
            self._sender.join()
            for follower in self._followers:
                follower.join()

    def _send(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._queue) or self._closed)
                if not self._queue:
                    return
                delay = min(FIRST_DELAY_S * (1 + len(self._batches)), LONGEST_DELAY_S)
                self._condition.wait_for(
                    lambda: len(self._queue) >= BATCH_MAX or self._closed, delay)
                taken, self._queue = self._queue[:BATCH_MAX], self._queue[BATCH_MAX:]
                batch = _Batch([future for _, future in taken])
                self._batches.add(batch)
            if all(future.cancelled() for _, future in taken):
                self._finish(batch, JobCancelled("cancelled before it was submitted"))
            else:
                self._start(batch, [script for script, _ in taken])

    def _start(self, batch: _Batch, scripts: list[str]) -> None:
        try:
            batch.job = self._client.submit(SCRIPT_COMMAND, payloads=scripts, **self._options)
        except Exception as error:  # told by every future; the sender lives on
            self._finish(batch, error)
            return
        follower = threading.Thread(target=self._follow, args=(batch,), name="hearth-follow",
                                    daemon=True)
        self._followers = [thread for thread in self._followers if thread.is_alive()]
        self._followers.append(follower)
        follower.start()
        for future in batch.futures:
            future.add_done_callback(lambda done: self._abandon(batch, done))

    def _abandon(self, batch: _Batch, done: ResultFuture) -> None:
        """Cancels a job whose results nobody wants any more."""
        if batch.job is None or not done.cancelled():
            return
        if not all(future.done() for future in batch.futures):
            return
        try:
            batch.job.cancel("futures cancelled")
        except FailedPrecondition:
            pass  # it has ended by itself

    def _follow(self, batch: _Batch) -> None:
        assert batch.job is not None
        error: Exception = JobCancelled(f"{batch.job.id}: cancelled before it ran")
        try:
            for result in batch.job.results():
                future = batch.settle(result.index)
                if future is None:
                    continue
                try:
                    future.set_result(result.check())
                except HearthError as failure:
                    future.set_exception(failure)
        except Exception as failure:
            error = failure
        self._finish(batch, error)

    def _finish(self, batch: _Batch, error: Exception) -> None:
        """What has no result by now has this error."""
        for index in range(len(batch.futures)):
            future = batch.settle(index)
            if future is not None:
                future.set_exception(error)
        with self._condition:
            self._batches.discard(batch)
            self._condition.notify_all()
