"""What a task prints: pieces of its streams, and what happens to it between them."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Iterator, Union

import grpc

from ._connection import Connection, Outage
from ._errors import InvalidArgument, WaitTimeout
from .job.v1 import job_pb2

STREAMS = {"stdout": job_pb2.OUTPUT_STREAM_STDOUT, "stderr": job_pb2.OUTPUT_STREAM_STDERR}


@dataclass(frozen=True)
class LogPiece:
    """Bytes of "stdout" or "stderr". Where `offset` is not where the last piece of that stream and
    attempt ended, what is between them was not kept."""

    attempt_id: str
    stream: str
    data: bytes
    offset: int

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")


@dataclass(frozen=True)
class LogNotice:
    """`kind` is WAITING (it has not started), STARTED (what follows is of this attempt), SILENT
    (nothing is heard of its node) or ENDED (the attempt; `message` says how it failed)."""

    kind: str
    attempt_id: str
    node: str
    message: str


LogItem = Union[LogPiece, LogNotice]


def request_of(job_id: str, index: int, follow: bool, stream: str | None, tail_bytes: int | None,
               attempt: str) -> Any:
    if stream is not None and stream not in STREAMS:
        raise InvalidArgument(f"stream: neither stdout nor stderr: {stream!r}")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise InvalidArgument(f"index: not a whole number from 0: {index!r}")
    request = job_pb2.GetLogsRequest(job_id=job_id, index=index, follow=follow, attempt_id=attempt)
    if stream is not None:
        request.stream = STREAMS[stream]
    if tail_bytes is not None:
        if isinstance(tail_bytes, bool) or not isinstance(tail_bytes, int) or tail_bytes < 0:
            raise InvalidArgument(f"tail_bytes: not a whole number from 0: {tail_bytes!r}")
        request.tail_bytes = tail_bytes
    return request


def logs(connection: Connection, request: Any, timeout: float | None) -> Iterator[LogItem]:
    """Goes on over restarts of the scheduler without showing anything twice."""
    end = None if timeout is None else time.monotonic() + timeout
    seen: dict[tuple[str, int], int] = {}
    shown = ""
    outage = Outage()
    while True:
        left = None if end is None else max(0.0, end - time.monotonic())
        if left == 0.0:
            raise WaitTimeout(f"{request.job_id}/{request.index}: not ended in the time given")
        stream = connection.jobs.GetLogs(request, timeout=left)
        try:
            for response in stream:
                outage = Outage()
                if response.HasField("notice"):
                    notice = response.notice
                    kind = job_pb2.LogNoticeKind.Name(notice.kind).removeprefix("LOG_NOTICE_KIND_")
                    if kind == "STARTED" and notice.attempt_id == shown:
                        continue
                    if kind == "STARTED":
                        shown = notice.attempt_id
                    yield LogNotice(kind, notice.attempt_id, notice.node_id, notice.message)
                elif piece := _unseen(response.chunk, seen):
                    yield piece
            return
        except grpc.RpcError as error:
            if end is None or time.monotonic() < end:
                connection.endure(outage, error, streaming=True, end=end)
            request.ClearField("tail_bytes")  # what comes now is what was missed
        finally:
            stream.cancel()


def _unseen(chunk: Any, seen: dict[tuple[str, int], int]) -> LogPiece | None:
    key = (chunk.attempt_id, chunk.stream)
    done = seen.get(key, 0)
    data: bytes = chunk.data[max(0, done - chunk.offset):]
    end = chunk.offset + len(chunk.data)
    if not data:
        return None
    seen[key] = end
    word = "stderr" if chunk.stream == job_pb2.OUTPUT_STREAM_STDERR else "stdout"
    return LogPiece(chunk.attempt_id, word, data, end - len(data))
