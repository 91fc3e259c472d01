"""The client: submits, maps, finds jobs and nodes."""
from __future__ import annotations

import os
import shlex
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping, Sequence

from . import _submission
from ._connection import Connection
from ._errors import InvalidArgument, JobCancelled
from ._forecast import Capacity, Quote, capacity_of, quote_of
from ._job import Job, JobStatus, Result, save, status_of
from ._submission import Blob, Inputs, Seconds, Size, Submission, blob_of
from .artifact.v1 import artifact_pb2
from .fleet.v1 import fleet_pb2
from .job.v1 import job_pb2

DIGESTS_MAX = 10_000
PAGE_PAYLOADS_MAX = 1000
PAGE_BYTES_MAX = 2 * 1024 * 1024

Word = str | os.PathLike[str]
After = Job | str | Iterable[Job | str]

# A task whose payload is a shell's line "exec PROGRAM ARGUMENTS...": how one job carries different
# commands. `exec` leaves no shell behind: exit codes and signals are the program's.
SCRIPT_COMMAND = ("/bin/sh", "-c", '. "$HEARTH_PAYLOAD"', "hearth")


def script_of(words: Sequence[Word], field: str = "command") -> str:
    """The payload that runs these words. Raises InvalidArgument."""
    if isinstance(words, (str, bytes)) or not words:
        raise InvalidArgument(f"{field}: not a list of strings: {words!r}")
    texts = []
    for word in words:
        text = os.fspath(word)
        if not isinstance(text, str) or "\0" in text:
            raise InvalidArgument(f"{field}: not a string without zero bytes: {word!r}")
        texts.append(shlex.quote(text))
    return "exec " + " ".join(texts) + "\n"


@dataclass(frozen=True)
class Node:
    node_id: str
    state: str  # ONLINE, SILENT or LOST
    zone_id: str
    site_id: str
    cores: int
    cores_used: int
    memory_bytes: int
    power_w: float | None  # None: not known
    draining: bool


class MapResults(Iterator[Result]):
    """Results in the order of the items; `job` is the job behind them, None without items."""

    def __init__(self, job: Job | None, count: int, check: bool) -> None:
        self.job = job
        self._results = self._iterate(job, count, check)

    @staticmethod
    def _iterate(job: Job | None, count: int, check: bool) -> Iterator[Result]:
        if job is None:
            return
        early: dict[int, Result] = {}
        next_index = 0
        for result in job.results():
            early[result.index] = result
            while next_index in early:
                result = early.pop(next_index)
                next_index += 1
                yield result.check() if check else result
        if next_index < count:
            raise JobCancelled(f"{job.id}/{next_index}: cancelled before it ran")

    def __iter__(self) -> MapResults:
        return self

    def __next__(self) -> Result:
        return next(self._results)


class Client:
    """A scheduler as its users see it. Thread-safe; use as a context manager, or close().

    `address` defaults to $HEARTH_SERVER, else 127.0.0.1:7400. `timeout`: how many seconds the
    scheduler may stay out of reach before Unavailable is raised; None: 30, but what follows a job
    goes on for ever once the scheduler was reached. `ca`, `cert` and `key` name PEM files: with
    `ca` the channel is TLS, with all three mutual TLS. `channel_options` are gRPC's own.
    """

    def __init__(self, address: str | None = None, *, timeout: float | None = None,
                 keepalive: float = 30.0, ca: Word | None = None, cert: Word | None = None,
                 key: Word | None = None,
                 channel_options: Mapping[str, Any] | None = None) -> None:
        self._connection = Connection(address, timeout=timeout, keepalive=keepalive, ca=ca,
                                      cert=cert, key=key, options=channel_options or {})

    @property
    def address(self) -> str:
        return self._connection.address

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # ---- jobs

    def submit(self, command: Sequence[Word], *, tasks: int | None = None,
               payloads: Iterable[str | bytes] | None = None, name: str = "", tenant: str = "",
               service_class: str | None = None, priority: int | None = None, cores: int = 1,
               memory: Size | None = None, expected_run_time: Seconds | None = None,
               maximum_run_time: Seconds | None = None,
               deadline: datetime | timedelta | None = None, inputs: Inputs | None = None,
               outputs: Sequence[str] = (), environment: Mapping[str, str] | None = None,
               labels: Mapping[str, str] | None = None, retries: int = 0,
               infrastructure_retries: int = 10, needs_isolation: bool = False,
               after: After = (), held: bool = False, maximum_failed: int | str | None = None,
               deadline_action: str | None = None, indices: str | Iterable[int] | None = None,
               logs: str | None = None, no_residential: bool = False, needs_network: bool = False,
               secrets: Mapping[str, str] | None = None, request_id: str | None = None) -> Job:
        """Submits one job and returns when it is durable; inputs are uploaded where missing.

        "{index}" in a word of `command` becomes the task's index, from 0; with `payloads` there is
        a task for each, which finds it in the file that HEARTH_PAYLOAD names. `inputs` maps paths
        in the task's directory to local files, bytes or hearth.Input (or lists files, which keep
        their names). `after` names jobs that have to end first (a Job, "j7", "j7:failure",
        "j7:any"); `maximum_failed` (a number or "5%") ends the job where more fail;
        `deadline_action` is "continue" or "cancel"; `indices` ("3,5,9-20", or numbers) is what
        "{index}" becomes; with `logs` "none" nothing is kept of what tasks print; with
        `no_residential` it runs in nobody's home, with `needs_network` where one is granted; `secrets` are variables like those of
        `environment` whose values no answer, log or disk of a node shows. Submitting twice under
        one `request_id` gives the first job again. Raises
        InvalidArgument, FailedPrecondition (a digest that is not stored), AlreadyExists (the
        request_id was used for something else), ResourceExhausted, Unavailable.
        """
        submission = _submission.build(
            command, tasks=tasks, payloads=payloads, name=name, tenant=tenant,
            service_class=service_class, priority=priority, cores=cores, memory=memory,
            expected_run_time=expected_run_time, maximum_run_time=maximum_run_time,
            deadline=deadline, inputs=inputs, outputs=outputs, environment=environment,
            labels=labels, retries=retries, infrastructure_retries=infrastructure_retries,
            needs_isolation=needs_isolation, after=after, held=held,
            maximum_failed=maximum_failed, deadline_action=deadline_action, indices=indices,
            logs=logs, no_residential=no_residential, needs_network=needs_network, secrets=secrets)
        if request_id is None:
            request_id = uuid.uuid4().hex
        if not 1 <= len(request_id.encode()) <= 128:
            raise InvalidArgument(f"request_id: not 1 to 128 bytes: {request_id!r}")
        self._upload_missing(submission.blobs)
        header = job_pb2.SubmitHeader(request_id=request_id, spec=submission.spec,
                                      has_payloads=bool(submission.payloads))
        response = self._connection.retry(lambda: self._connection.jobs.SubmitJob(
            _requests(header, submission)))
        return Job(self._connection, response.job_id, cursor=response.cursor,
                   already_submitted=response.already_submitted)

    def quote(self, command: Sequence[Word], **options: Any) -> Quote:
        """When such a job, submitted now, would be done: submit()'s options; nothing is kept or
        uploaded. What cannot be met is no error: see Quote.reason."""
        if "request_id" in options:
            raise InvalidArgument("request_id: a quote makes no job")
        submission = _submission.build(command, **options)
        for name in list(submission.spec.secrets):  # the names are enough
            submission.spec.secrets[name] = ""
        request = job_pb2.QuoteJobRequest(spec=submission.spec)
        return quote_of(self._connection.call(self._connection.jobs.QuoteJob, request))

    def capacity(self, hours: int = 48) -> Capacity:
        """How much heat, so work, the homes can take, hour by hour. FailedPrecondition: there is no
        forecast yet, or prediction is off."""
        if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= 48:
            raise InvalidArgument(f"hours: not in 1..48: {hours!r}")
        request = fleet_pb2.GetCapacityRequest(hours=hours)
        return capacity_of(self._connection.call(self._connection.fleet.GetCapacity, request))

    def set_holiday(self, zone_id: str, until: datetime | timedelta, *,
                    start: datetime | None = None, away_c: float = 12.0) -> None:
        """Cooler until then, over what the zone has otherwise, and warm by then. NotFound,
        InvalidArgument (a tank's zone, a time in the past), FailedPrecondition (it is OFF)."""
        if isinstance(until, timedelta):
            until = datetime.now(timezone.utc) + until
        request = fleet_pb2.SetHolidayRequest(zone_id=zone_id)
        request.holiday.away_c = away_c
        for field, at in (("until", until), ("from", start)):
            if at is None:
                continue
            if not isinstance(at, datetime) or at.tzinfo is None:
                raise InvalidArgument(f"{field}: not a datetime with a time zone: {at!r}")
            getattr(request.holiday, field).FromMilliseconds(round(at.timestamp() * 1000))
        self._connection.call(self._connection.fleet.SetHoliday, request)

    def end_holiday(self, zone_id: str) -> None:
        """Back to what the zone has otherwise. NotFound."""
        self._connection.call(self._connection.fleet.SetHoliday,
                              fleet_pb2.SetHolidayRequest(zone_id=zone_id))

    def map(self, command: Sequence[Word], items: Iterable[str | bytes | int | float], *,
            check: bool = True, **options: Any) -> MapResults:
        """One job with a task for each item; its results in the order of the items.

        "{item}" in a word of `command` becomes the item (a word is never split, nor read by a
        shell). Where no word has it, the task finds the item in the file that HEARTH_PAYLOAD names,
        as any bytes (of an empty item nothing: the variable is unset). It is submitted at once,
        with submit()'s options. With `check` the first result that is no success is raised as
        TaskFailed.
        """
        all_items = list(items)
        if not all_items:
            return MapResults(None, 0, check)
        payloads: list[str | bytes] = []
        words: Any = list(command) if not isinstance(command, (str, bytes)) else command
        if isinstance(words, list) and any("{item}" in os.fspath(word) for word in words):
            for index, item in enumerate(all_items):
                if isinstance(item, bytes):
                    raise InvalidArgument(f"items[{index}]: bytes cannot be an argument: {item!r}")
                payloads.append(script_of(
                    [os.fspath(w).replace("{index}", str(index)).replace("{item}", str(item))
                     for w in words], f"items[{index}]"))
            words = list(SCRIPT_COMMAND)
        else:
            payloads += [item if isinstance(item, bytes) else str(item) for item in all_items]
        job = self.submit(words, payloads=payloads, **options)
        return MapResults(job, len(all_items), check)

    def job(self, job_id: str) -> Job:
        """A handle to a job of any process. NotFound."""
        request = job_pb2.GetJobRequest(job_id=job_id)
        found = self._connection.call(self._connection.jobs.GetJob, request).job
        return Job(self._connection, found.job_id)

    def jobs(self, *, state: str | None = None, tenant: str = "") -> Iterator[JobStatus]:
        """All jobs, newest first; `state` like "ACTIVE"."""
        request = job_pb2.ListJobsRequest(tenant=tenant)
        if state is not None:
            known = [name.removeprefix("JOB_STATE_") for name in job_pb2.JobState.keys()]
            if state not in known[1:]:
                raise InvalidArgument(f"state: not one of {', '.join(known[1:])}: {state!r}")
            request.state = job_pb2.JobState.Value("JOB_STATE_" + state)
        for page in self._pages(self._connection.jobs.ListJobs, request):
            yield from map(status_of, page.jobs)

    def nodes(self) -> Iterator[Node]:
        """The fleet's computers, by name."""
        for page in self._pages(self._connection.fleet.ListNodes, fleet_pb2.ListNodesRequest()):
            for node in page.nodes:
                known = node.power_w.quality == fleet_pb2.QUALITY_GOOD
                yield Node(node.node_id,
                           fleet_pb2.NodeState.Name(node.state).removeprefix("NODE_STATE_"),
                           node.zone_id, node.site_id, node.cores, node.cores_used,
                           node.memory_bytes, node.power_w.value if known else None, node.draining)

    # ---- artifacts

    def upload(self, source: Word | bytes) -> str:
        """Stores a local file or bytes where they are missing; returns the digest, for
        hearth.Input(digest=...)."""
        blob = blob_of(source if isinstance(source, bytes) else Path(source))
        self._upload_missing({blob.digest: blob})
        return blob.digest

    def download(self, digest: str, path: Word) -> Path:
        """Writes an artifact to a file. NotFound: not stored."""
        return save(self._connection, digest, path)

    # ----

    def _pages(self, method: Any, request: Any) -> Iterator[Any]:
        while True:
            page = self._connection.call(method, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def _upload_missing(self, blobs: Mapping[str, Blob]) -> None:
        digests = list(blobs)
        for start in range(0, len(digests), DIGESTS_MAX):
            request = artifact_pb2.FindMissingRequest(digests=digests[start:start + DIGESTS_MAX])
            found = self._connection.call(self._connection.artifacts.FindMissing, request)
            for digest in found.missing:
                self._upload(blobs[digest])

    def _upload(self, blob: Blob) -> None:
        self._connection.retry(lambda: self._connection.artifacts.Upload(_parts(blob)),
                               busy_is_final=True)


def _parts(blob: Blob) -> Iterator[Any]:
    request = artifact_pb2.UploadRequest(digest=blob.digest, size_bytes=blob.size_bytes)
    for chunk in blob.chunks():
        request.data = chunk
        yield request
        request = artifact_pb2.UploadRequest()
    if blob.size_bytes == 0:
        yield request  # an empty file is an artifact too


def _requests(header: job_pb2.SubmitHeader, submission: Submission) -> Iterator[Any]:
    yield job_pb2.SubmitJobRequest(header=header)
    page: list[bytes] = []
    size = 0
    for payload in submission.payloads:
        if len(page) == PAGE_PAYLOADS_MAX or size + len(payload) > PAGE_BYTES_MAX:
            yield job_pb2.SubmitJobRequest(page=job_pb2.PayloadPage(payloads=page))
            page, size = [], 0
        page.append(payload)
        size += len(payload)
    if page:
        yield job_pb2.SubmitJobRequest(page=job_pb2.PayloadPage(payloads=page))
