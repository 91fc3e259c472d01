"""One channel to the scheduler: calls and streams that outlast its restarts. Thread-safe."""
from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import grpc

from . import _errors
from .artifact.v1 import artifact_pb2_grpc
from .fleet.v1 import fleet_pb2_grpc
from .job.v1 import job_pb2_grpc

DEFAULT_ADDRESS = "127.0.0.1:7400"
DEFAULT_TIMEOUT_S = 30.0
CALL_TIMEOUT_S = 30.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
UNREACHABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


def _credentials(ca: Any, cert: Any, key: Any) -> Any:
    ca = ca or os.environ.get("HEARTH_CA") or None
    cert = cert or os.environ.get("HEARTH_CERT") or None
    key = key or os.environ.get("HEARTH_KEY") or None
    if ca is None and cert is None and key is None:
        return None
    if ca is None:
        raise _errors.InvalidArgument("ca: needed with cert and key")
    if (cert is None) != (key is None):
        raise _errors.InvalidArgument("cert: needs key, and key needs cert")

    def read(field: str, path: Any) -> bytes | None:
        try:
            return None if path is None else Path(path).read_bytes()
        except OSError as error:
            raise _errors.InvalidArgument(f"{field}: {error}") from error

    return grpc.ssl_channel_credentials(read("ca", ca), read("key", key), read("cert", cert))


class Outage:
    """How long one outage is borne with."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.pause_s = FIRST_PAUSE_S


class Connection:
    def __init__(self, address: str | None, *, timeout: float | None, keepalive: float,
                 ca: Any, cert: Any, key: Any, options: Mapping[str, Any]) -> None:
        self.address = address or os.environ.get("HEARTH_SERVER") or DEFAULT_ADDRESS
        if timeout is not None and not timeout >= 0:
            raise _errors.InvalidArgument(f"timeout: negative: {timeout}")
        if not keepalive > 0:
            raise _errors.InvalidArgument(f"keepalive: not over 0: {keepalive}")
        self.timeout = timeout
        self._reached = False
        # A restarted scheduler is found within a second, a frozen one within forty.
        arguments = {"grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
                     "grpc.initial_reconnect_backoff_ms": 100,
                     "grpc.min_reconnect_backoff_ms": 500,
                     "grpc.max_reconnect_backoff_ms": 1000,
                     "grpc.keepalive_time_ms": int(keepalive * 1000),
                     "grpc.keepalive_timeout_ms": 10_000,
                     "grpc.enable_http_proxy": 0, **options}
        credentials = _credentials(ca, cert, key)
        pairs = list(arguments.items())
        self._channel = (grpc.insecure_channel(self.address, pairs) if credentials is None else
                         grpc.secure_channel(self.address, credentials, pairs))
        self.jobs: Any = job_pb2_grpc.JobServiceStub(self._channel)
        self.fleet: Any = fleet_pb2_grpc.FleetServiceStub(self._channel)
        self.artifacts: Any = artifact_pb2_grpc.ArtifactServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def call(self, method: Any, request: Any) -> Any:
        """One unary call, repeated while the scheduler is out of reach."""
        return self.retry(lambda: method(request, timeout=CALL_TIMEOUT_S))

    def retry(self, attempt: Callable[[], Any], busy_is_final: bool = False) -> Any:
        """Calls `attempt` until it is neither out of reach nor, usually, told to repeat later."""
        outage = Outage()
        while True:
            try:
                value = attempt()
                self._reached = True
                return value
            except grpc.RpcError as error:
                self.endure(outage, error, streaming=False, busy_is_final=busy_is_final)

    def follow(self, method: Any, request: Any, end: float | None = None) -> Iterator[Any]:
        """A stream's messages, resumed from the last message's cursor however often it breaks.
        `end` is a time.monotonic() after which WaitTimeout is raised."""
        outage = Outage()
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            if left == 0.0:
                raise _errors.WaitTimeout(f"{request.job_id}: not ended in the time given")
            stream = method(request, timeout=left)
            try:
                for response in stream:
                    outage = Outage()
                    self._reached = True
                    if response.cursor:
                        request.cursor = response.cursor
                    yield response
                return
            except grpc.RpcError as error:
                if end is None or time.monotonic() < end:
                    self.endure(outage, error, streaming=True, end=end)
            finally:
                stream.cancel()  # where the caller leaves early

    def endure(self, outage: Outage, error: Any, *, streaming: bool,
               busy_is_final: bool = False, end: float | None = None) -> None:
        """Sleeps before the next try; raises where there is to be none."""
        code, text = error.code().name, error.details() or ""
        busy = (code == "RESOURCE_EXHAUSTED" and not busy_is_final and
                "larger than max" not in text)
        if code not in UNREACHABLE and not busy:
            raise _errors.make_error(code, text) from error
        now = time.monotonic()
        if outage.since is None:
            outage.since = now
        # A batch outlives any restart, unless the caller said how long to wait.
        for_ever = streaming and self._reached and self.timeout is None
        limit = DEFAULT_TIMEOUT_S if self.timeout is None else self.timeout
        elapsed = now - outage.since
        pause = outage.pause_s
        if not for_ever:
            if elapsed >= limit:
                raise _errors.make_error(
                    "RESOURCE_EXHAUSTED" if busy else "UNAVAILABLE",
                    f"scheduler {self.address}: unreachable for {elapsed:.1f} s: {text}"
                    if not busy else text) from error
            pause = min(pause, limit - elapsed)
        if end is not None:
            pause = min(pause, max(0.0, end - now))
        # Connections are only made while somebody watches the channel: a call on one that failed
        # ends at once, and a handshake over TLS would never be finished in between.
        def watch(_state: Any) -> None:
            pass

        self._channel.subscribe(watch, try_to_connect=True)
        # Half of the pause is random, so that many clients do not come back at once.
        time.sleep(pause * random.uniform(0.5, 1.0))
        self._channel.unsubscribe(watch)
        outage.pause_s = min(2 * outage.pause_s, LONGEST_PAUSE_S)
