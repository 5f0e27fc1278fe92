"""Latency over time out of the ``.hlog`` files: the whole, and points few enough to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.hlog import Interval, read_hlog

MAX_POINTS = 600
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

Hlogs = Mapping[str, Sequence[Interval]]


@dataclass(frozen=True, slots=True)
class Point:
    """The latencies of ``width_s`` seconds; ``at_s`` is their first moment, in seconds since the start of the run."""

    at_s: float
    width_s: int
    histogram: LatencyHistogram


def read_hlogs(directory: Path) -> dict[str, list[Interval]]:
    """Every ``<metric>.hlog`` of a result directory. Raises OSError or ValueError naming the file."""
    hlogs = {}
    for path in sorted(directory.glob("*.hlog")):
        try:
            hlogs[path.stem] = read_hlog(path)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return hlogs


def whole(intervals: Sequence[Interval]) -> LatencyHistogram:
    """All intervals in one histogram."""
    total = LatencyHistogram()
    for interval in intervals:
        total.add(interval.histogram)
    return total


def points(intervals: Sequence[Interval], started_s: float) -> list[Point]:
    """The intervals in order, merged to steps of whole seconds so that at most MAX_POINTS remain."""
    if not intervals:
        return []
    times = [interval.second for interval in intervals]
    step = step_s(max(times) - min(times) + 1)
    merged: dict[int, LatencyHistogram] = {}
    for interval in intervals:
        merged.setdefault(int(interval.second // step), LatencyHistogram()).add(interval.histogram)
    return [Point(at * step - started_s, step, merged[at]) for at in sorted(merged)]


def step_s(span_s: float) -> int:
    """The width of a point in seconds for a run of this length."""
    return next((step for step in _STEPS_S if span_s / step <= MAX_POINTS), _STEPS_S[-1])
