"""Latency over time, second by second out of a run or its ``.hlog`` files: the whole, and points few enough to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.hlog import read_hlog

MAX_POINTS = 600
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True, slots=True)
class Point:
    """The latencies of ``width_s`` seconds; ``at_s`` is their first moment, in seconds since the start of the run."""

    at_s: float
    width_s: int
    count: int
    p50_us: float
    p99_us: float
    max_us: float


@dataclass(slots=True)
class Course:
    """A metric over the run: all its samples, and its points in order."""

    whole: LatencyHistogram = field(default_factory=LatencyHistogram)
    points: list[Point] = field(default_factory=list)


Courses = Mapping[str, Course]


def read_courses(directory: Path, started_s: float, span_s: float) -> dict[str, Course]:
    """The course in every ``<metric>.hlog`` of a result directory. Raises OSError or ValueError naming the file."""
    courses = {}
    for path in sorted(directory.glob("*.hlog")):
        try:
            courses[path.stem] = course(read_hlog(path), started_s, span_s)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return courses


def course(
    intervals: Iterable[tuple[int, LatencyHistogram]],
    started_s: float,
    span_s: float,
    whole: LatencyHistogram | None = None,
) -> Course:
    """Merge intervals, in order, to steps of whole seconds so that a run of ``span_s`` has at most MAX_POINTS.

    Only one step is held at a time, so that a long run needs no more memory than a short one. ``whole``: all intervals
    together, where that is known.
    """
    found, step = Course(whole or LatencyHistogram()), step_s(span_s)
    for at, group in groupby(intervals, lambda interval: int(interval[0]) // step):
        merged = _together(histogram for _, histogram in group)
        if whole is None:
            found.whole.add(merged)
        p50_us, p99_us = merged.percentiles_us([50, 99])
        found.points.append(Point(at * step - started_s, step, merged.count, p50_us, p99_us, merged.max_us))
    return found


def _together(histograms: Iterable[LatencyHistogram]) -> LatencyHistogram:
    first, *others = histograms
    if not others:
        return first
    merged = LatencyHistogram(first.counts)
    for histogram in others:
        merged.add(histogram)
    return merged


def step_s(span_s: float) -> int:
    """The width of a point in seconds for a run of this length."""
    return next((step for step in _STEPS_S if span_s / step <= MAX_POINTS), _STEPS_S[-1])
