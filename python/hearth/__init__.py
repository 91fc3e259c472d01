"""Client of Hearth, the scheduler whose computers heat homes: see docs/PYTHON.md."""
from ._client import Client, MapResults, Node
from ._errors import (AlreadyExists, FailedPrecondition, HearthError, InternalError,
                      InvalidArgument, JobCancelled, NotFound, OutOfRange, PermissionDenied,
                      ResourceExhausted, TaskFailed, Unavailable, WaitTimeout)
from ._executor import Executor
from ._job import Job, JobStatus, Output, Result, Results
from ._submission import Input

__version__ = "0.1.0"

__all__ = [
    "AlreadyExists", "Client", "Executor", "FailedPrecondition", "HearthError", "Input",
    "InternalError", "InvalidArgument", "Job", "JobCancelled", "JobStatus", "MapResults", "Node",
    "NotFound", "Output", "OutOfRange", "PermissionDenied", "ResourceExhausted", "Result",
    "Results", "TaskFailed", "Unavailable", "WaitTimeout",
]
