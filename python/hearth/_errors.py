"""What can go wrong, as exceptions that carry code, field and message."""
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from ._job import Result


class HearthError(Exception):
    """Base of all. `code` is gRPC's word for it; `field` what the message begins with, or ""."""

    code = "UNKNOWN"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field if field is not None else field_of(message)


class InvalidArgument(HearthError, ValueError):
    """Refused here or by the scheduler; `problems` has all that was found here at once."""

    code = "INVALID_ARGUMENT"

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (message,)


class NotFound(HearthError, LookupError):
    code = "NOT_FOUND"


class AlreadyExists(HearthError):
    """The request_id was used for something else."""

    code = "ALREADY_EXISTS"


class FailedPrecondition(HearthError):
    """Inputs that are not stored, a job that has ended, a cursor of another store."""

    code = "FAILED_PRECONDITION"


class OutOfRange(HearthError):
    """The cursor is older than what is kept."""

    code = "OUT_OF_RANGE"


class ResourceExhausted(HearthError):
    code = "RESOURCE_EXHAUSTED"


class Unavailable(HearthError, ConnectionError):
    """The scheduler stayed out of reach for longer than the client's timeout."""

    code = "UNAVAILABLE"


class WaitTimeout(HearthError, TimeoutError):
    """The time given to wait() or results() is over; the job goes on."""

    code = "DEADLINE_EXCEEDED"


class PermissionDenied(HearthError, PermissionError):
    code = "PERMISSION_DENIED"


class InternalError(HearthError):
    code = "INTERNAL"


class TaskFailed(HearthError):
    """A task of map() or of the executor did not succeed; `result` says how."""

    code = "TASK_FAILED"

    def __init__(self, message: str, result: Result | None = None) -> None:
        super().__init__(message)
        self.result = result


class JobCancelled(HearthError):
    """The job was cancelled before the task ran."""

    code = "CANCELLED"


_BY_CODE: dict[str, type[HearthError]] = {
    kind.code: kind for kind in (InvalidArgument, NotFound, AlreadyExists, FailedPrecondition,
                                 OutOfRange, ResourceExhausted, Unavailable, PermissionDenied)}
_BY_CODE["DEADLINE_EXCEEDED"] = Unavailable
_BY_CODE["CANCELLED"] = Unavailable


def field_of(message: str) -> str:
    """"priority: not in 0..100: 101" is about `priority`."""
    found = re.match(r"([a-z_][a-z0-9_.\[\]]*): ", message)
    return found[1] if found else ""


def make_error(code: str, message: str) -> HearthError:
    error = _BY_CODE.get(code, InternalError)(message)
    error.code = code
    return error
