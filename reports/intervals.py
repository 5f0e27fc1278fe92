"""Latency over time, second by second out of a run or its ``.hlog`` files: the whole, and points few enough to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy

from locust_eventsource.measure.buckets import highest_us
from locust_eventsource.measure.confidence import rank_of
from locust_eventsource.measure.hdr_payload import Numbers, buckets_at
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.hlog import read_hlog
from locust_eventsource.measure.sealed import Sealed

MAX_POINTS = 600
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


CELLS_A_DECADE = 10
"""Rows of the heat map: each holds latencies within a quarter of each other."""


@dataclass(frozen=True, slots=True)
class Point:
    """The latencies of ``width_s`` seconds; ``at_s`` is their first moment, in seconds since the start of the run."""

    at_s: float
    width_s: int
    count: int
    p50_us: float
    p99_us: float
    max_us: float
    cells: Mapping[int, int] = field(default_factory=dict)
    """How many latencies are in each cell of the heat map: those from 10 ** (cell / CELLS_A_DECADE) us on."""


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
    intervals: Iterable[tuple[int, Sealed]],
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
        seconds = [sealed for _, sealed in group]
        if whole is None:
            for sealed in seconds:
                found.whole.add_counts(sealed.counts())
        found.points.append(_point(at * step - started_s, step, seconds))
    return found


def _point(at_s: float, width_s: int, seconds: Sequence[Sealed]) -> Point:
    each = [sealed.places() for sealed in seconds]
    places, counts = each[0] if len(each) == 1 else _together(each)
    reached = numpy.cumsum(counts)
    count = int(reached[-1])
    ranks = [rank_of(percentile, count) for percentile in (50, 99)]
    lowest = buckets_at(places)
    p50_us, p99_us = (float(highest_us(int(lowest[at]))) for at in numpy.searchsorted(reached, ranks))
    return Point(at_s, width_s, count, p50_us, p99_us, max(s.max_us for s in seconds), _cells(lowest, counts))


def _together(each: Sequence[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
    places, counts = (numpy.concatenate(part) for part in zip(*each, strict=True))
    merged = numpy.bincount(places, weights=counts)
    kept = numpy.flatnonzero(merged)
    return kept, merged[kept].astype(numpy.int64)


def _cells(lowest_us: Numbers, counts: Numbers) -> dict[int, int]:
    rows = numpy.floor(numpy.log10(numpy.maximum(lowest_us, 1)) * CELLS_A_DECADE).astype(numpy.int64)
    filled = numpy.bincount(rows, weights=counts)
    return {int(row): int(filled[row]) for row in numpy.flatnonzero(filled)}


def step_s(span_s: float) -> int:
    """The width of a point in seconds for a run of this length."""
    return next((step for step in _STEPS_S if span_s / step <= MAX_POINTS), _STEPS_S[-1])
