"""What the fleet can take, and when a job would be done: answers, not promises."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._job import time_of


@dataclass(frozen=True)
class Quantiles:
    """With 5 % probability it is less than p5, with 95 % less than p95."""

    p5: float
    p50: float
    p95: float


@dataclass(frozen=True)
class CapacityHour:
    start: datetime | None
    power_w: Quantiles  # electric, that holds the planned temperatures
    cores: Quantiles  # busy at full speed, that this power pays for


@dataclass(frozen=True)
class Capacity:
    made_at: datetime | None
    hours: tuple[CapacityHour, ...]
    day_energy_j: Quantiles  # over the first 24 hours
    zones: int


@dataclass(frozen=True)
class Quote:
    """Times are None beyond the 48 hours that are forecast, or where nothing is known; `reason`
    says why. p90: later only in one case of ten."""

    quoted_at: datetime | None
    start_p50: datetime | None
    finish_p50: datetime | None
    start_p90: datetime | None
    finish_p90: datetime | None
    energy_j: float  # of its own tasks; 0: not known
    meets_deadline: bool  # at p90
    reason: str


def _quantiles(message: Any) -> Quantiles:
    return Quantiles(message.p5, message.p50, message.p95)


def capacity_of(response: Any) -> Capacity:
    hours = tuple(CapacityHour(time_of(hour, "from"), _quantiles(hour.power_w),
                               _quantiles(hour.cores)) for hour in response.hours)
    return Capacity(time_of(response, "made_at"), hours, _quantiles(response.day_energy_j),
                    response.zones)


def quote_of(response: Any) -> Quote:
    return Quote(time_of(response, "quoted_at"), time_of(response.p50, "start"),
                 time_of(response.p50, "finish"), time_of(response.p90, "start"),
                 time_of(response.p90, "finish"), response.energy_j, response.meets_deadline,
                 response.reason)
