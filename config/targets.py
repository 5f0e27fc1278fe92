"""The plan's targets: the rows that are judged unless the user says otherwise.

p(99) carries a latency target, because a target that one sample in a million can break says nothing about the
service, and a target on the median hides every hundredth user; the maximum is shown beside it. ``first_event`` has
no target of the plan's and is only measured.
"""

from __future__ import annotations

from typing import Final

from locust_eventsource.measure.thresholds import parse_threshold

TARGETS: Final[tuple[str, ...]] = (
    "connect:p(99)<100ms",
    "delivery:p(99)<50ms",
    "activity:p(99)<50ms",
    "execute:p(99)<1s",
    "lost:count==0",
    "duplicated:count==0",
    "reordered:count==0",
    "unexpected:count==0",
    "errors:rate<1%",
)

STREAMS_TARGET: Final = 20
"""Concurrent streams that the service must hold, or as many as were asked for."""


def default_rows(streams_asked: int) -> list[str]:
    """The default threshold expressions for a run that asks for so many streams."""
    return [*TARGETS, f"streams:max>={min(STREAMS_TARGET, max(1, streams_asked))}"]


def default_limit_us(metric: str) -> float:
    """The limit of a latency's default target, in microseconds. Raise ``KeyError`` for one that has none."""
    parsed = [parse_threshold(expression, "default") for expression in TARGETS]
    return {threshold.metric: threshold.limit for threshold in parsed}[metric]
