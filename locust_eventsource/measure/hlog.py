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

from locust_eventsource.measure import hdr_payload
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.sealed import Sealed, seal, sealed_as

INTERVAL_S: Final = 1.0

_LEGEND: Final = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
_CLAMPED: Final = re.compile(r"#\[Clamped: (\d+) negatives, (\d+) overflows\]")
_INTERVAL: Final = re.compile(r"(?:Tag=[^,]*,)?(\d+(?:\.\d+)?),\d+(?:\.\d+)?,\d+(?:\.\d+)?,([A-Za-z0-9+/=]+)")


class Interval(NamedTuple):
    """One second of a metric. ``second`` counts from 1970."""

    second: int
    sealed: Sealed

    @property
    def histogram(self) -> LatencyHistogram:
        """Its samples."""
        return LatencyHistogram.owning(self.sealed.counts())


def logged(
    path: Path, metric: str, intervals: Iterable[tuple[int, Sealed]], started_ns: int
) -> Iterator[tuple[int, Sealed]]:
    """Write a metric's intervals, in order (see ``Series.sealed``); ``started_ns`` is the start of the run.

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
        for second, sealed in chain(first, rest):
            file.writelines(f"{line}\n" for line in _lines(second, sealed))
            yield second, sealed


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


def _lines(second: int, sealed: Sealed) -> list[str]:
    interval = f"{second:.3f},{INTERVAL_S:.3f},{sealed.max_us / 1000:.3f},{sealed.payload.decode('ascii')}"
    if not (sealed.negatives or sealed.overflows):
        return [interval]
    return [f"#[Clamped: {sealed.negatives} negatives, {sealed.overflows} overflows]", interval]


def _interval(line: str, number: int, negatives: int, overflows: int) -> Interval:
    match = _INTERVAL.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number} is not an interval of a histogram log")
    try:
        sealed = _sealed(match[2].encode("ascii"), negatives, overflows)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    return Interval(int(float(match[1])), sealed)


def _sealed(payload: bytes, negatives: int, overflows: int) -> Sealed:
    """A payload as it was written; one of another range or precision is put into ours."""
    try:
        return sealed_as(payload, negatives, overflows)
    except hdr_payload.ForeignPayload:
        return seal(LatencyHistogram.decode(payload).counts)
    except ValueError as error:
        raise ValueError(f"not an HdrHistogram in V2 form: {error}") from error
