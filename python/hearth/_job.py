"""A job that was submitted, and its results."""
from __future__ import annotations

import hashlib
import os
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator, Sequence

from ._connection import Connection
from ._errors import InternalError, InvalidArgument, NotFound, TaskFailed
from ._logs import LogItem, logs, request_of
from .artifact.v1 import artifact_pb2
from .job.v1 import job_pb2

END_RECHECK_S = 0.2


def time_of(message: Any, field: str) -> datetime | None:
    if not message.HasField(field):
        return None
    at: datetime = getattr(message, field).ToDatetime(tzinfo=timezone.utc)
    return at


def _word(enum: Any, prefix: str, value: int) -> str:
    """"SUCCEEDED" of TASK_STATE_SUCCEEDED; "" where unspecified."""
    try:
        word: str = enum.Name(value).removeprefix(prefix)
    except ValueError:
        return str(value)  # a newer scheduler's
    return "" if word == "UNSPECIFIED" else word


@dataclass(frozen=True)
class JobStatus:
    """`state` is ACTIVE, SUCCEEDED, FAILED or CANCELLED; the counts are of tasks."""

    job_id: str
    name: str
    state: str
    tasks: int
    pending: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    attempts_ended: int
    cpu_s: float
    energy_j: float
    submitted_at: datetime | None
    ended_at: datetime | None
    held: bool = False  # nothing of it starts until it is released
    waits_for: tuple[str, ...] = ()  # jobs that have to end first
    reason: str = ""  # why it was held, changed or cancelled
    deadline_missed: bool = False
    # When it will have ended, as forecast, while it is active; only of status().
    end_p50: datetime | None = None
    end_p90: datetime | None = None  # later only in one case of ten

    @property
    def ended(self) -> bool:
        return self.state != "ACTIVE"


def status_of(job: job_pb2.Job) -> JobStatus:
    counts = job.counts
    return JobStatus(
        job.job_id, job.spec.name, _word(job_pb2.JobState, "JOB_STATE_", job.state),
        job.spec.task_count, counts.pending, counts.running, counts.succeeded, counts.failed,
        counts.cancelled, job.attempts_ended, job.cpu_s, job.energy_j,
        time_of(job, "submitted_at"), time_of(job, "ended_at"), job.held, tuple(job.waits_for),
        job.reason, job.deadline_missed, time_of(job, "end_p50"), time_of(job, "end_p90"))


class Output:
    """A file that a task left, kept by the scheduler under its digest."""

    def __init__(self, connection: Connection, path: str, digest: str, size_bytes: int) -> None:
        self._connection = connection
        self.path = path
        self.digest = digest
        self.size_bytes = size_bytes

    def __repr__(self) -> str:
        return f"Output({self.path!r}, {self.size_bytes} bytes)"

    def read(self) -> bytes:
        return b"".join(download(self._connection, self.digest))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the file, under a temporary name until it is whole, and returns its path."""
        return save(self._connection, self.digest, path)


def download(connection: Connection, digest: str) -> Iterator[bytes]:
    """The chunks of an artifact; goes on where a broken connection ended; checks the digest."""
    request = artifact_pb2.DownloadRequest(digest=digest)
    sha256 = hashlib.sha256()
    total: int | None = None
    chunks: list[bytes] = []

    def receive() -> bool:
        """Takes one message at least; true when all came."""
        nonlocal total
        if total is not None and request.offset >= total > 0:
            return True
        stream = connection.artifacts.Download(request)
        for response in stream:
            total = response.size_bytes or total
            chunks.append(response.data)
            sha256.update(response.data)
            request.offset += len(response.data)
            if len(chunks) >= 32:  # hand on what came, then go on from there
                stream.cancel()
                return False
        return True

    done = False
    while not done:
        done = connection.retry(receive)
        yield from chunks
        chunks.clear()
    if (found := sha256.hexdigest()) != digest:
        raise InternalError(f"artifact {digest}: came with digest {found}")


def save(connection: Connection, digest: str, path: str | os.PathLike[str]) -> Path:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with open(part, "wb") as file:
            for chunk in download(connection, digest):
                file.write(chunk)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


@dataclass(frozen=True)
class Result:
    """How one task ended. `value` is what it wrote to the file that HEARTH_RESULT names; what it
    printed is for Job.logs(). `stands_for` is the index that the task calls its own, where its job
    has `indices`; else `index`."""

    job_id: str
    index: int
    state: str  # SUCCEEDED, FAILED or CANCELLED
    value: bytes
    outputs: tuple[Output, ...]
    exit_code: int | None  # None: it did not exit by itself
    failure: str  # USER_ERROR, OUT_OF_MEMORY, ...; "" on success
    message: str
    attempt_id: str
    node: str
    started_at: datetime | None
    ended_at: datetime | None
    cpu_s: float
    peak_memory_bytes: int
    energy_j: float
    nominal_run_time_s: float
    cursor: str  # results() from here gives what comes after this one
    stands_for: int = 0

    @property
    def succeeded(self) -> bool:
        return self.state == "SUCCEEDED"

    @property
    def text(self) -> str:
        return self.value.decode()

    def output(self, path: str) -> Output:
        for output in self.outputs:
            if output.path == path:
                return output
        kept = ", ".join(output.path for output in self.outputs) or "none"
        raise NotFound(f"{self.job_id}/{self.index}: no output {path!r}; there are: {kept}")

    def check(self) -> Result:
        """Itself; raises TaskFailed where the task did not succeed."""
        if self.succeeded:
            return self
        raise TaskFailed(f"{self.job_id}/{self.index}: {self.failure or self.state}"
                         + (f": {self.message}" if self.message else ""), self)


def _result_of(connection: Connection, job_id: str, found: job_pb2.TaskResult,
               cursor: str) -> Result:
    attempt = found.attempt
    return Result(
        job_id, found.index, _word(job_pb2.TaskState, "TASK_STATE_", found.state), found.result,
        tuple(Output(connection, o.path, o.digest, o.size_bytes) for o in found.outputs),
        attempt.exit_code if attempt.HasField("exit_code") else None,
        _word(job_pb2.FailureClass, "FAILURE_CLASS_", attempt.failure), attempt.message,
        attempt.attempt_id, attempt.node_id, time_of(attempt, "started_at"),
        time_of(attempt, "ended_at"), attempt.cpu_s, attempt.peak_memory_bytes, attempt.energy_j,
        attempt.nominal_run_time.ToMicroseconds() / 1e6, cursor,
        found.stands_for if found.HasField("stands_for") else found.index)


class Results(Iterator[Result]):
    """Results in the order they were committed, each once, until the job has ended.

    `cursor` is after the last one that was taken; give it to results() of another process to go on
    there. The scheduler's cursors stand between batches of results: ours is one of them and the
    number of results taken after it, "CURSOR+3".
    """

    def __init__(self, connection: Connection, job_id: str, cursor: str | None,
                 timeout: float | None) -> None:
        self.cursor = cursor or ""
        self._base, plus, skip = self.cursor.partition("+")
        if plus and not skip.isdecimal():
            raise InvalidArgument(f"cursor: not one of ours: {cursor}")
        self._skip = int(skip or 0)
        self._connection = connection
        self._job_id = job_id
        end = None if timeout is None else time.monotonic() + timeout
        self._batches = connection.follow(
            connection.jobs.StreamResults,
            job_pb2.StreamResultsRequest(job_id=job_id, cursor=self._base), end)
        self._results = self._iterate()

    def _iterate(self) -> Iterator[Result]:
        skip = self._skip
        base, taken = self._base, 0
        for batch in self._batches:
            for i, found in enumerate(batch.results):
                taken += 1
                if skip > 0:
                    skip -= 1
                    continue
                last = i + 1 == len(batch.results)
                cursor = batch.cursor if last else f"{base}+{taken}"
                self.cursor = cursor
                yield _result_of(self._connection, self._job_id, found, cursor)
            # While results are skipped the count stays relative to where it began; an empty
            # base means from the first result, and counts like any other.
            if skip == 0 and batch.cursor:
                base, taken = batch.cursor, 0

    def __iter__(self) -> Results:
        return self

    def __next__(self) -> Result:
        return next(self._results)

    def close(self) -> None:
        """Ends the stream; taking on from `cursor` is possible."""
        self._results.close()  # type: ignore[attr-defined]
        self._batches.close()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Condition:
    name: str  # stable: "node_online", "enough_cores", ...
    text: str
    nodes_failing: int
    nodes_total: int


@dataclass(frozen=True)
class Explanation:
    state: str
    summary: str
    conditions: tuple[Condition, ...]  # of a pending task, hardest first
    nodes_feasible: int


class Job:
    """A handle; cheap, and nothing is asked of the scheduler until a method is called."""

    def __init__(self, connection: Connection, job_id: str, *, cursor: str = "",
                 already_submitted: bool = False) -> None:
        self._connection = connection
        self._watch_from = cursor
        self.id = job_id
        self.already_submitted = already_submitted

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def status(self) -> JobStatus:
        request = job_pb2.GetJobRequest(job_id=self.id)
        return status_of(self._connection.call(self._connection.jobs.GetJob, request).job)

    def wait(self, timeout: float | None = None) -> JobStatus:
        """Until every task has ended, however often the scheduler restarts. Raises WaitTimeout
        after `timeout` seconds; the job goes on. A failed job is no exception: see `state`."""
        end = None if timeout is None else time.monotonic() + timeout
        request = job_pb2.WatchJobsRequest(job_id=self.id, cursor=self._watch_from)
        while not (status := self.status()).ended:
            for event in self._connection.follow(self._connection.jobs.WatchJobs, request, end):
                if event.kind == job_pb2.JOB_EVENT_KIND_ENDED:
                    return status_of(event.job)
            # It ended without telling the end: the cursor was after it.
            time.sleep(END_RECHECK_S)
        return status

    def results(self, cursor: str | None = None, timeout: float | None = None) -> Results:
        """Results as they come; see Results. Raises WaitTimeout `timeout` seconds from now."""
        return Results(self._connection, self.id, cursor, timeout)

    def cancel(self, reason: str = "") -> JobStatus:
        """Cancels what has not ended. FailedPrecondition: the job has ended otherwise."""
        request = job_pb2.CancelJobRequest(job_id=self.id, reason=reason)
        return status_of(self._connection.call(self._connection.jobs.CancelJob, request).job)

    def hold(self, reason: str = "") -> JobStatus:
        """Nothing more of it starts until release(). FailedPrecondition: it has ended."""
        request = job_pb2.HoldJobRequest(job_id=self.id, reason=reason)
        return status_of(self._connection.call(self._connection.jobs.HoldJob, request).job)

    def release(self, reason: str = "") -> JobStatus:
        """Takes a hold back. FailedPrecondition: it has ended."""
        request = job_pb2.ReleaseJobRequest(job_id=self.id, reason=reason)
        return status_of(self._connection.call(self._connection.jobs.ReleaseJob, request).job)

    def update(self, *, priority: int | None = None,
               deadline: datetime | timedelta | None = None, clear_deadline: bool = False,
               reason: str = "") -> JobStatus:
        """Changes a live job; what is not given stays. Raises InvalidArgument, also where nothing
        is to be changed, and FailedPrecondition where it has ended."""
        request = job_pb2.UpdateJobRequest(job_id=self.id, clear_deadline=clear_deadline,
                                           reason=reason)
        if priority is not None:
            if isinstance(priority, bool) or not isinstance(priority, int) or \
                    not 0 <= priority <= 100:
                raise InvalidArgument(f"priority: not in 0..100: {priority!r}")
            request.priority = priority
        if deadline is not None:
            if isinstance(deadline, timedelta):
                deadline = datetime.now(timezone.utc) + deadline
            if not isinstance(deadline, datetime) or deadline.tzinfo is None:
                raise InvalidArgument("deadline: neither a timedelta from now nor a datetime with "
                                      f"a time zone: {deadline!r}")
            request.deadline.FromMilliseconds(round(deadline.timestamp() * 1000))
        return status_of(self._connection.call(self._connection.jobs.UpdateJob, request).job)

    def retry(self, states: Sequence[str] = ("FAILED", "CANCELLED"), *,
              request_id: str | None = None) -> Job:
        """Submits the tasks that ended so ("FAILED", "CANCELLED", "SUCCEEDED") once more, as a new
        job with their inputs, payloads and indices. FailedPrecondition: there are none."""
        known = ("SUCCEEDED", "FAILED", "CANCELLED")
        if isinstance(states, str) or not states or any(state not in known for state in states):
            raise InvalidArgument(f"states: not a list of {', '.join(known)}: {states!r}")
        request = job_pb2.RetryTasksRequest(
            job_id=self.id, request_id=request_id or uuid.uuid4().hex,
            states=[job_pb2.TaskState.Value("TASK_STATE_" + state) for state in states])
        made = self._connection.call(self._connection.jobs.RetryTasks, request)
        return Job(self._connection, made.job_id, cursor=made.cursor,
                   already_submitted=made.already_submitted)

    def logs(self, index: int = 0, *, follow: bool = False, stream: str | None = None,
             tail_bytes: int | None = None, attempt: str = "",
             timeout: float | None = None) -> Iterator[LogItem]:
        """What a task printed, as LogPiece and LogNotice: live from its node, or what its result
        brought along. With `follow` it waits for the task to start, goes on over retries and
        restarts, and ends with the task; WaitTimeout after `timeout` seconds. Without it raises
        FailedPrecondition where the task has not started or its node cannot be asked. `stream` is
        "stdout" or "stderr", else both; `tail_bytes`: of what is there now, only the last of each.
        """
        request = request_of(self.id, index, follow, stream, tail_bytes, attempt)
        return logs(self._connection, request, timeout)

    def explanation(self, index: int = 0) -> Explanation:
        """Why a task is where it is: each condition, and how many nodes fail it."""
        request = job_pb2.ExplainTaskRequest(job_id=self.id, index=index)
        found = self._connection.call(self._connection.jobs.ExplainTask, request)
        return Explanation(
            _word(job_pb2.TaskState, "TASK_STATE_", found.state), found.summary,
            tuple(Condition(c.name, c.text, c.nodes_failing, c.nodes_total)
                  for c in found.conditions), found.nodes_feasible)

    def explain(self, index: int = 0) -> str:
        """Why a task is where it is, in one sentence."""
        request = job_pb2.ExplainTaskRequest(job_id=self.id, index=index)
        summary: str = self._connection.call(self._connection.jobs.ExplainTask, request).summary
        return summary


