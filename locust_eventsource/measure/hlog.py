"""Histogram logs (``.hlog``): one metric's histograms by the second, in the HdrHistogram log format V1.3.

Public HdrHistogram tools read them. Values are in microseconds; the time stamps are absolute seconds since 1970; the
third column is the interval's maximum in milliseconds. An interval with clamped values has a comment line before it
that says how many, which other readers skip. (The library's own writer stamps V1.2, rounds the maximum down to a
whole number and cannot write a start time, hence this one.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from locust_eventsource.measure import buckets
from locust_eventsource.measure.histogram import LatencyHistogram

INTERVAL_S: Final = 1.0

_LEGEND: Final = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
_CLAMPED: Final = re.compile(r"#\[Clamped: (\d+) negatives, (\d+) overflows\]")
_INTERVAL: Final = re.compile(r"(?:Tag=[^,]*,)?(\d+(?:\.\d+)?),\d+(?:\.\d+)?,\d+(?:\.\d+)?,([A-Za-z0-9+/=]+)")


class Interval(NamedTuple):
    """One second of a metric. ``second`` counts from 1970."""

    second: int
    histogram: LatencyHistogram


def logged(
    path: Path, metric: str, intervals: Iterable[tuple[int, LatencyHistogram]], started_ns: int
) -> Iterator[tuple[int, LatencyHistogram]]:
    """Write a metric's intervals, in order (see ``Series.intervals``); ``started_ns`` is the start of the run.

    Gives the same intervals one by one, each written when it is taken, so that a long run is walked once for all its
    uses. The log is whole once all have been taken. Raises OSError.
    """
    rest = iter(intervals)
    first = list(islice(rest, 1))
    # Readers skip intervals before the start time, so it is a whole second and no later than the first interval.
    start_s = min([started_ns // 1_000_000_000, *(second for second, _ in first)])
    head = [
        f"#[{metric} in microseconds, by the second]",
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {start_s:.3f} (seconds since epoch), {datetime.fromtimestamp(start_s, UTC):%Y-%m-%dT%H:%M:%SZ}]",
        _LEGEND,
    ]
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in head)
        for second, histogram in chain(first, rest):
            file.writelines(f"{line}\n" for line in _lines(second, histogram))
            yield second, histogram


def read_hlog(path: Path) -> Iterator[Interval]:
    """Read a log line by line. Raises OSError, and ValueError that names the line that is malformed."""
    negatives = overflows = 0
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(map(str.strip, file), start=1):
            if line.startswith("#"):
                clamped = _CLAMPED.fullmatch(line)
                negatives, overflows = map(int, clamped.groups()) if clamped else (0, 0)
            elif line and not line.startswith('"'):
                yield _interval(line, number, negatives, overflows)
                negatives = overflows = 0


def _lines(second: int, histogram: LatencyHistogram) -> list[str]:
    interval = f"{second:.3f},{INTERVAL_S:.3f},{histogram.max_us / 1000:.3f},{histogram.encode().decode('ascii')}"
    if not (histogram.negatives or histogram.overflows):
        return [interval]
    return [f"#[Clamped: {histogram.negatives} negatives, {histogram.overflows} overflows]", interval]


def _interval(line: str, number: int, negatives: int, overflows: int) -> Interval:
    match = _INTERVAL.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number} is not an interval of a histogram log")
    try:
        histogram = LatencyHistogram.decode(match[2].encode("ascii"))
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    counts = histogram.counts
    _tell_apart(counts, buckets.NEGATIVE, negatives)
    _tell_apart(counts, buckets.OVERFLOW, overflows)
    return Interval(int(float(match[1])), LatencyHistogram(counts))


def _tell_apart(counts: dict[int, int], clamp: int, n: int) -> None:
    """Move ``n`` counts from the end of the range back to those that were clamped to it."""
    end = buckets.clamped(clamp)
    n = min(n, counts.get(end, 0))
    if n:
        counts[clamp] = n
        counts[end] -= n
        if not counts[end]:
            del counts[end]
