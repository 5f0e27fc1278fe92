"""Latencies counted in HdrHistogram's buckets (1 us to 1 h, three significant digits).

The counters are kept sparsely: a latency fills some hundred of the 23,552 buckets, and walking the library's whole
array for each percentile would stop the event loop for milliseconds. The library reads what others have written with
another range or precision.
"""

from __future__ import annotations

import math
import warnings
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

from locust_eventsource.measure import buckets, hdr_payload
from locust_eventsource.measure.confidence import rank_of

with warnings.catch_warnings():
    # From Python 3.14 on ctypes warns about the library's packed structures; their layout is what it should be.
    warnings.filterwarnings("ignore", message="Due to '_pack_'", category=DeprecationWarning)
    from hdrh.codec import HdrCookieException, HdrLengthException
    from hdrh.histogram import HdrHistogram

SUMMARY_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


class LatencyHistogram:
    """Counts of latencies: recorded in nanoseconds, read in microseconds. Adding two of them is lossless."""

    __slots__ = ("_counts", "_sorted", "count")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        """Start from ``counts`` per bucket (see ``buckets``), or empty."""
        self._counts: dict[int, int] = {}
        self._sorted: list[tuple[int, int]] | None = None
        self.count = 0
        """How many values were recorded, the clamped ones included."""
        if counts:
            self.add_counts(counts)

    @classmethod
    def owning(cls, counts: dict[int, int]) -> LatencyHistogram:
        """A histogram that takes ``counts`` per bucket over instead of copying them."""
        made = cls()
        made._counts = counts
        made.count = sum(counts.values())
        return made

    def record(self, value_ns: int, count: int = 1) -> None:
        """Count a latency ``count`` times; below 0 it counts as 1 us and above 1 h as 1 h, and both are told apart."""
        bucket = buckets.bucket_of(value_ns)
        self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += count
        self._sorted = None

    def add(self, other: LatencyHistogram) -> None:
        """Add every count of ``other``."""
        self.add_counts(other._counts)

    def add_counts(self, counts: Mapping[int, int]) -> None:
        """Add counts per bucket, as a ``Recorder`` keeps them."""
        own = self._counts
        for bucket, count in counts.items():
            own[bucket] = own.get(bucket, 0) + count
            self.count += count
        self._sorted = None

    @property
    def counts(self) -> dict[int, int]:
        """A copy of the counts per bucket."""
        return dict(self._counts)

    @property
    def negatives(self) -> int:
        """How many values were below zero, which means that two clocks disagree."""
        return self._counts.get(buckets.NEGATIVE, 0)

    @property
    def overflows(self) -> int:
        """How many values were above one hour."""
        return self._counts.get(buckets.OVERFLOW, 0)

    @property
    def min_us(self) -> float:
        """The lowest value to three digits; 0 when nothing was recorded."""
        return float(self._ascending()[0][0]) if self._counts else 0.0

    @property
    def max_us(self) -> float:
        """The highest value to three digits, rounded up; 0 when nothing was recorded."""
        return float(buckets.highest_us(self._ascending()[-1][0])) if self._counts else 0.0

    @property
    def mean_us(self) -> float:
        """The mean, each value taken as the middle of its bucket; 0 when nothing was recorded."""
        total = sum(count * (bucket + buckets.width_us(bucket) // 2) for bucket, count in self._ascending())
        return total / self.count if self.count else 0.0

    @property
    def mean_bounds_us(self) -> tuple[float, float]:
        """The mean is at least the first and below the second (infinite with values above one hour); 0 when empty."""
        if not self.count:
            return 0.0, 0.0
        least = sum(count * buckets.floor_us(bucket) for bucket, count in self._ascending())
        most = sum(count * buckets.ceiling_us(bucket) for bucket, count in self._ascending())
        return least / self.count, math.inf if self.overflows else most / self.count

    def value_at_rank_us(self, rank: int) -> float:
        """The ``rank``-th smallest value (from 1), rounded up within its bucket; infinite beyond the last one."""
        return next(self._values_at([rank]))

    def bounds_at_rank_us(self, rank: int) -> tuple[float, float]:
        """The ``rank``-th smallest value is at least the first and below the second.

        The second is infinite for a value above one hour, and both are beyond the last value.
        """
        bucket = next(self._buckets_at([rank]))
        if bucket is None:
            return math.inf, math.inf
        beyond = rank > self.count - self.overflows
        return float(buckets.floor_us(bucket)), math.inf if beyond else float(buckets.ceiling_us(bucket))

    def percentile_us(self, percentile: float, lost: int = 0) -> float:
        """The smallest value that ``percentile`` percent of the samples do not exceed (nearest rank), rounded up.

        ``lost`` samples rank behind all others as infinitely late. 0 when there are no samples at all.
        """
        return self.percentiles_us([percentile], lost)[0]

    def percentiles_us(self, ascending: Sequence[float], lost: int = 0) -> list[float]:
        """Several percentiles in one walk; see ``percentile_us``."""
        samples = self.count + lost
        if not samples:
            return [0.0] * len(ascending)
        return list(self._values_at(rank_of(percentile, samples) for percentile in ascending))

    def encode(self) -> bytes:
        """The standard HdrHistogram V2 form, compressed and in base64. It cannot tell clamped values apart."""
        return hdr_payload.encode(self._ascending())

    @classmethod
    def decode(cls, blob: bytes) -> LatencyHistogram:
        """Read the standard form, counting in microseconds. Raises ValueError when it is not that."""
        try:
            return cls(dict(hdr_payload.decode(blob)))
        except hdr_payload.ForeignPayload:
            return cls._decode_foreign(blob)
        except ValueError as error:
            raise ValueError(f"not an HdrHistogram in V2 form: {error}") from error

    @classmethod
    def _decode_foreign(cls, blob: bytes) -> LatencyHistogram:
        try:
            decoded = HdrHistogram.decode(blob)
        except (HdrCookieException, HdrLengthException, zlib.error, IndexError, ValueError) as error:
            raise ValueError(f"not an HdrHistogram in V2 form: {str(error) or type(error).__name__}") from error
        result = cls()
        end = decoded.get_counts_array_index(decoded.max_value) + 1
        for index, count in enumerate(array("Q", bytes(decoded.counts))[:end]):
            if count:
                result.record(decoded.get_value_from_index(index) * 1000, count)
        return result

    def _ascending(self) -> list[tuple[int, int]]:
        if self._sorted is None:
            counts = dict(self._counts)
            for clamp in (buckets.NEGATIVE, buckets.OVERFLOW):
                end, count = buckets.clamped(clamp), counts.pop(clamp, 0)
                if count:
                    counts[end] = counts.get(end, 0) + count
            self._sorted = sorted(counts.items())
        return self._sorted

    def _values_at(self, ascending_ranks: Iterable[int]) -> Iterator[float]:
        for bucket in self._buckets_at(ascending_ranks):
            yield math.inf if bucket is None else float(buckets.highest_us(bucket))

    def _buckets_at(self, ascending_ranks: Iterable[int]) -> Iterator[int | None]:
        """The bucket at each rank, where clamped values have those that HdrHistogram gives them; None beyond."""
        walk = iter(self._ascending())
        reached, bucket = 0, buckets.LOWEST_US
        for rank in ascending_ranks:
            while reached < rank <= self.count:
                bucket, count = next(walk)
                reached += count
            yield bucket if rank <= self.count else None


def summary(histogram: LatencyHistogram, lost: int = 0) -> dict[str, float | int | str]:
    """The figures that a report shows, in microseconds; ``lost`` samples rank as infinitely late."""
    values = histogram.percentiles_us(SUMMARY_PERCENTILES, lost)
    percentiles = dict(zip(("p50", "p90", "p95", "p99", "p999"), values, strict=True))
    return {
        "unit": "us",
        "count": histogram.count,
        "min": histogram.min_us,
        "mean": histogram.mean_us,
        **percentiles,
        "max": math.inf if lost else histogram.max_us,
        "negatives": histogram.negatives,
        "overflows": histogram.overflows,
    }
