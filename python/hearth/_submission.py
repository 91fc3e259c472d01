"""What a submit says, checked here so that nonsense is refused before anything is sent."""
from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence, Union

from ._errors import InvalidArgument
from .job.v1 import job_pb2

TASKS_MAX = 10_000_000
PAYLOAD_BYTES_MAX = 64 * 1024
TEXT_BYTES_MAX = 128 * 1024
SECRETS_BYTES_MAX = 64 * 1024
CHUNK_BYTES = 512 * 1024
SERVICE_CLASSES = ("RESERVED", "ON_DEMAND", "FLEX", "FILLER")

Seconds = Union[float, timedelta, str]
Size = Union[int, str]


@dataclass(frozen=True)
class Input:
    """A file of a task: exactly one of a local `file`, `data`, or the `digest` of what is stored.
    `executable` is by default the local file's mode, else false."""

    file: str | os.PathLike[str] | None = None
    data: bytes | None = None
    digest: str | None = None
    executable: bool | None = None


InputLike = Union[str, "os.PathLike[str]", bytes, Input]
Inputs = Union[Mapping[str, InputLike], Iterable[Union[str, "os.PathLike[str]"]]]


@dataclass(frozen=True)
class Blob:
    """Bytes to upload where they are missing."""

    digest: str
    size_bytes: int
    source: Path | bytes

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            for start in range(0, len(self.source), CHUNK_BYTES):
                yield self.source[start:start + CHUNK_BYTES]
            return
        with open(self.source, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def blob_of(source: Path | bytes) -> Blob:
    if isinstance(source, bytes):
        return Blob(hashlib.sha256(source).hexdigest(), len(source), source)
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(digest, file.tell(), source)


class _Problems:
    def __init__(self) -> None:
        self.all: list[str] = []

    def require(self, holds: bool, problem: str) -> bool:
        if not holds:
            self.all.append(problem)
        return holds

    def integer(self, field: str, value: Any, low: int, high: int) -> int:
        sound = isinstance(value, int) and not isinstance(value, bool)
        if not self.require(sound, f"{field}: not a whole number: {value!r}"):
            return low
        number = int(value)
        return number if self.require(low <= number <= high,
                                      f"{field}: not in {low}..{high}: {value}") else low

    def text(self, field: str, value: Any) -> str:
        if not self.require(isinstance(value, str), f"{field}: not a string: {value!r}"):
            return ""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.require(False, f"{field}: not UTF-8: {value!r}")
            return ""
        self.require("\0" not in value, f"{field}: contains a zero byte: {value!r}")
        return str(value)


def is_safe_path(path: str) -> bool:
    return bool(path) and all(part not in ("", ".", "..") for part in path.split("/"))


def _seconds(problems: _Problems, field: str, value: Any) -> float:
    """0 where unset or wrong."""
    if value is None:
        return 0.0
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?", value)
        unit = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
        seconds = float(found[1]) * unit[found[2] or "s"] if found else -1.0
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    else:
        seconds = -1.0
    sound = 0 < seconds < 1e10
    problems.require(sound, f"{field}: not a duration over 0 (seconds, '5m', timedelta): "
                            f"{value!r}")
    return seconds if sound else 0.0


def _bytes(problems: _Problems, field: str, value: Any) -> int:
    if value is None:
        return 0
    size = -1.0
    if isinstance(value, str):
        if found := re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?", value):
            size = float(found[1]) * 1024 ** " KMGT".index(found[2] or " ")
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    problems.require(0 <= size < 1e18, f"{field}: not a size (bytes, '512M', '1.5G'): {value!r}")
    return int(max(size, 0))


def _deadline(problems: _Problems, value: Any) -> datetime | None:
    now = datetime.now(timezone.utc)
    if value is None:
        return None
    if isinstance(value, timedelta):
        value = now + value
    if not problems.require(isinstance(value, datetime) and value.tzinfo is not None,
                            "deadline: neither a timedelta from now nor a datetime with a time "
                            f"zone: {value!r}"):
        return None
    at: datetime = value
    problems.require(at > now, f"deadline: in the past: {at.isoformat()}")
    return at


def _pairs(problems: _Problems, field: str, value: Mapping[str, str] | None) -> dict[str, str]:
    out = {}
    for name, text in (value or {}).items():
        name = problems.text(field, name)
        out[name] = problems.text(f"{field}.{name}", text)
        if field == "environment":
            problems.require(bool(name) and "=" not in name and not name.startswith("HEARTH_"),
                             f"environment: not a usable name: {name!r}")
    return out


def _secrets(problems: _Problems, value: Mapping[str, str] | None,
             environment: Mapping[str, str]) -> dict[str, str]:
    """No problem shows a value."""
    out: dict[str, str] = {}
    if not problems.require(value is None or isinstance(value, Mapping),
                            "secrets: not a mapping of names to values"):
        return out
    for name, text in (value or {}).items():
        name = problems.text("secrets", name)
        problems.require(bool(name) and "=" not in name and not name.startswith("HEARTH_"),
                         f"secrets: not a usable name: {name!r}")
        problems.require(name not in environment, f"secrets: {name} is in environment, too")
        if not problems.require(isinstance(text, str), f"secrets: {name} is not a string"):
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            problems.require(False, f"secrets: {name} is not UTF-8")
            continue
        problems.require("\0" not in text, f"secrets: {name} contains a zero byte")
        out[name] = text
    size = sum(len(k.encode()) + len(v.encode()) + 2 for k, v in out.items())
    problems.require(size <= SECRETS_BYTES_MAX, f"secrets: over 64 KiB together: {size} bytes")
    return out


def _inputs(problems: _Problems, inputs: Inputs | None,
            blobs: dict[str, Blob]) -> list[job_pb2.Input]:
    if inputs is None:
        return []
    named: list[tuple[str, InputLike]]
    if isinstance(inputs, Mapping):
        named = list(inputs.items())
    elif problems.require(not isinstance(inputs, (str, bytes)),
                          f"inputs: neither files nor a mapping of them: {inputs!r}"):
        named = [(Path(file).name, file) for file in inputs]
    else:
        return []
    out = []
    seen: set[str] = set()
    for path, value in named:
        path = problems.text("inputs", path)
        problems.require(is_safe_path(path), f"inputs: path leaves the task's directory: {path!r}")
        problems.require(path not in seen, f"inputs: path given twice: {path!r}")
        seen.add(path)
        if found := _input(problems, path, value, blobs):
            out.append(found)
    return out


def _input(problems: _Problems, path: str, value: InputLike,
           blobs: dict[str, Blob]) -> job_pb2.Input | None:
    field = f"inputs[{path}]"
    if isinstance(value, bytes):
        value = Input(data=value)
    elif isinstance(value, (str, os.PathLike)):
        value = Input(file=value)
    if not isinstance(value, Input):
        problems.require(False, f"{field}: neither a file nor bytes nor hearth.Input: {value!r}")
        return None
    given = sum(part is not None for part in (value.file, value.data, value.digest))
    if not problems.require(given == 1, f"{field}: needs one of file, data and digest: {value!r}"):
        return None
    if value.digest is not None:
        problems.require(re.fullmatch("[0-9a-f]{64}", value.digest) is not None,
                         f"{field}: digest is not 64 lower-case hex digits: {value.digest!r}")
        return job_pb2.Input(digest=value.digest, path=path, executable=bool(value.executable))
    executable = bool(value.executable)
    source: Path | bytes
    if value.data is not None:
        source = value.data
    else:
        source = Path(value.file or "")
        if not problems.require(source.is_file(), f"{field}: no such file: {str(source)!r}"):
            return None
        if value.executable is None:
            executable = bool(source.stat().st_mode & 0o100)
    try:
        blob = blob_of(source)
    except OSError as error:
        problems.require(False, f"{field}: {error}")
        return None
    blobs[blob.digest] = blob
    return job_pb2.Input(digest=blob.digest, path=path, executable=executable)


def _words(problems: _Problems, field: str, value: Any) -> list[str]:
    if not problems.require(not isinstance(value, (str, bytes)) and isinstance(value, Sequence),
                            f"{field}: not a list of strings: {value!r}"):
        return []
    return [problems.text(f"{field}[{i}]", os.fspath(word) if isinstance(word, os.PathLike)
                          else word) for i, word in enumerate(value)]


def _payloads(problems: _Problems, payloads: Iterable[str | bytes] | None) -> list[bytes]:
    out = []
    for i, payload in enumerate(payloads or ()):
        data = payload.encode() if isinstance(payload, str) else payload
        if not problems.require(isinstance(data, bytes),
                                f"payloads[{i}]: neither a string nor bytes: {payload!r}"):
            data = b""
        problems.require(len(data) <= PAYLOAD_BYTES_MAX,
                         f"payloads[{i}]: over 64 KiB: {len(data)} bytes")
        out.append(data)
    return out


def _after(problems: _Problems, after: Any) -> list[job_pb2.Dependency]:
    """Of jobs, ids like "j7", or ids with a condition like "j7:failure"."""
    if isinstance(after, str) or hasattr(after, "id"):
        after = [after]
    out = []
    for item in after:
        text = str(getattr(item, "id", item))
        found = re.fullmatch(r"(j[1-9]\d*)(?::(success|failure|any))?", text)
        if problems.require(found is not None,
                            f"after: not a job, or like j7 or j7:failure: {item!r}") and found:
            condition = job_pb2.AfterCondition.Value(
                "AFTER_CONDITION_" + (found[2] or "success").upper())
            out.append(job_pb2.Dependency(job_id=found[1], condition=condition))
    return out


def _maximum_failed(problems: _Problems, value: int | str | None, spec: job_pb2.JobSpec) -> None:
    if value is None:
        return
    found = re.fullmatch(r"(\d{1,3})%", value) if isinstance(value, str) else None
    if found and int(found[1]) <= 100:
        spec.maximum_failed_percent = int(found[1])
    elif problems.require(not isinstance(value, (str, bool)) and isinstance(value, int) and
                          value >= 0,
                          f"maximum_failed: neither a number of tasks nor like '5%': {value!r}"):
        spec.maximum_failed_tasks = int(value)


def _indices(problems: _Problems, value: str | Iterable[int]) -> tuple[str, int]:
    """The list as text, and how many; "" and 0 where it is none."""
    if isinstance(value, str):
        if not problems.require(re.fullmatch(r"\d{1,12}(-\d{1,12})?(,\d{1,12}(-\d{1,12})?)*", value)
                                is not None, f"indices: not a list like 3,5,9-20: {value[:64]!r}"):
            return "", 0
        ranges = [tuple(map(int, part.split("-"))) for part in value.split(",")]
    else:
        numbers = list(value)
        if not problems.require(bool(numbers) and all(
                isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers),
                "indices: not whole numbers from 0, at least one"):
            return "", 0
        ranges = [(n,) for n in numbers]
    before = -1
    for part in ranges:
        if not problems.require(before < part[0] <= part[-1], f"indices: do not rise: {part[0]}"):
            return "", 0
        before = part[-1]
    text = ",".join("-".join(map(str, part)) for part in ranges)
    return text, sum(part[-1] - part[0] + 1 for part in ranges)


@dataclass
class Submission:
    spec: job_pb2.JobSpec
    payloads: list[bytes]
    blobs: dict[str, Blob]


def build(command: Sequence[str | os.PathLike[str]], *, tasks: int | None = None,
          payloads: Iterable[str | bytes] | None = None, name: str = "", tenant: str = "",
          service_class: str | None = None, priority: int | None = None, cores: int = 1,
          memory: Size | None = None, expected_run_time: Seconds | None = None,
          maximum_run_time: Seconds | None = None, deadline: datetime | timedelta | None = None,
          inputs: Inputs | None = None, outputs: Sequence[str] = (),
          environment: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None,
          retries: int = 0, infrastructure_retries: int = 10,
          needs_isolation: bool = False, after: Any = (), held: bool = False,
          maximum_failed: int | str | None = None, deadline_action: str | None = None,
          indices: str | Iterable[int] | None = None, logs: str | None = None,
          no_residential: bool = False, needs_network: bool = False, secrets: Mapping[str, str] | None = None) -> Submission:
    """Raises InvalidArgument with every problem, each naming its field and value."""
    problems = _Problems()
    blobs: dict[str, Blob] = {}
    spec = job_pb2.JobSpec(name=problems.text("name", name),
                           tenant=problems.text("tenant", tenant),
                           needs_isolation=needs_isolation, no_residential=no_residential,
                           needs_network=needs_network)
    problems.require(len(spec.name.encode()) <= 256, f"name: longer than 256 bytes: {name!r}")
    problems.require(not tenant or re.fullmatch(r"[A-Za-z0-9._-]{1,64}", spec.tenant) is not None,
                     f"tenant: not 1-64 of [A-Za-z0-9._-]: {tenant!r}")
    if service_class is not None:
        word = str(service_class).upper().replace("-", "_")
        if problems.require(word in SERVICE_CLASSES,
                            f"service_class: not one of {', '.join(SERVICE_CLASSES)}: "
                            f"{service_class!r}"):
            spec.service_class = job_pb2.ServiceClass.Value("SERVICE_CLASS_" + word)
    if priority is not None:
        spec.priority = problems.integer("priority", priority, 0, 100)
    all_payloads = _payloads(problems, payloads)
    if payloads is not None:
        problems.require(bool(all_payloads), "payloads: empty")
        problems.require(tasks is None or tasks == len(all_payloads),
                         f"tasks: {tasks}, but {len(all_payloads)} payloads")
        tasks = max(len(all_payloads), 1)
    if indices is not None:
        spec.indices, count = _indices(problems, indices)
        problems.require(payloads is None, "indices: not together with payloads")
        problems.require(tasks is None or not count or tasks == count,
                         f"tasks: {tasks}, but {count} indices")
        tasks = count or tasks
    spec.task_count = problems.integer("tasks", 1 if tasks is None else tasks, 1, TASKS_MAX)
    spec.command.extend(_words(problems, "command", command))
    problems.require(bool(spec.command) and bool(spec.command[0]), f"command: empty: {command!r}")
    spec.environment.update(_pairs(problems, "environment", environment))
    spec.secrets.update(_secrets(problems, secrets, spec.environment))
    spec.labels.update(_pairs(problems, "labels", labels))
    text = sum(len(word.encode()) + 1 for word in spec.command) + sum(
        len(k.encode()) + len(v.encode()) + 2 for k, v in spec.environment.items())
    problems.require(text <= TEXT_BYTES_MAX,
                     f"command: over 128 KiB together with environment: {text} bytes")
    spec.inputs.extend(_inputs(problems, inputs, blobs))
    for pattern in _words(problems, "outputs", outputs):
        problems.require(is_safe_path(pattern),
                         f"outputs: pattern leaves the task's directory: {pattern!r}")
        spec.outputs.append(pattern)
    spec.resources.cores = problems.integer("cores", cores, 1, 1024)
    spec.resources.memory_bytes = _bytes(problems, "memory", memory)
    expected = _seconds(problems, "expected_run_time", expected_run_time)
    maximum = _seconds(problems, "maximum_run_time", maximum_run_time)
    problems.require(not maximum or expected <= maximum, "expected_run_time: longer than "
                     f"maximum_run_time: {expected_run_time!r}, {maximum_run_time!r}")
    # Never down to 0, which means none.
    if expected:
        spec.expected_run_time.FromMilliseconds(max(1, round(expected * 1000)))
    if maximum:
        spec.maximum_run_time.FromMilliseconds(max(1, round(maximum * 1000)))
    spec.retries.user = problems.integer("retries", retries, 0, 1000)
    spec.retries.infrastructure = problems.integer(
        "infrastructure_retries", infrastructure_retries, 0, 1000)
    if (at := _deadline(problems, deadline)) is not None:
        spec.deadline.FromMilliseconds(round(at.timestamp() * 1000))
    spec.held = bool(held)
    spec.after.extend(_after(problems, after))
    _maximum_failed(problems, maximum_failed, spec)
    if deadline_action is not None:
        word = str(deadline_action).upper()
        if problems.require(word in ("CONTINUE", "CANCEL"),
                            f"deadline_action: neither continue nor cancel: {deadline_action!r}"):
            spec.deadline_action = job_pb2.DeadlineAction.Value("DEADLINE_ACTION_" + word)
        problems.require(word != "CANCEL" or deadline is not None,
                         "deadline_action: cancel, but there is no deadline")
    if logs is not None and problems.require(str(logs).upper() in ("TAIL", "NONE"),
                                             f"logs: neither tail nor none: {logs!r}"):
        spec.logs = job_pb2.LogsKept.Value("LOGS_KEPT_" + str(logs).upper())
    if problems.all:
        raise InvalidArgument("; ".join(problems.all), problems.all)
    return Submission(spec, all_payloads, blobs)
