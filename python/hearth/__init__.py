"""Client of Hearth, the scheduler whose computers heat homes: see docs/PYTHON.md."""
from ._client import Client, MapResults, Node
from ._errors import (AlreadyExists, FailedPrecondition, HearthError, InternalError,
                      InvalidArgument, JobCancelled, NotFound, OutOfRange, PermissionDenied,
                      ResourceExhausted, TaskFailed, Unavailable, WaitTimeout)
from ._executor import Executor
from ._forecast import Capacity, CapacityHour, Quantiles, Quote
from ._job import Condition, Explanation, Job, JobStatus, Output, Result, Results
from ._logs import LogNotice, LogPiece
from ._submission import Input

__version__ = "0.1.0"

__all__ = [
    "AlreadyExists", "Capacity", "CapacityHour", "Client", "Condition", "Executor", "Explanation",
    "FailedPrecondition", "HearthError", "Input", "InternalError", "InvalidArgument", "Job",
    "JobCancelled", "JobStatus", "LogNotice", "LogPiece", "MapResults", "Node", "NotFound",
    "Output", "OutOfRange", "PermissionDenied", "Quantiles", "Quote", "ResourceExhausted",
    "Result", "Results", "TaskFailed", "Unavailable", "WaitTimeout",
]
