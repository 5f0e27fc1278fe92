"""Delivery rows in Locust's own statistics, and percentiles there that can show tenths of a millisecond."""

from __future__ import annotations

from locust import stats as locust_stats

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from locust.stats import RequestStats, StatsEntry

METHOD = "SSE event"
"""The method column of delivery rows; connections have ``SSE``."""


def bucket(milliseconds: float) -> float:
    """Round to three significant digits.

    Locust's own buckets are whole milliseconds, which shows 0.4 ms as 0 and 104 ms as 100
    (``locust.stats.bucket_response_time``), so that its table could contradict the verdict.
    """
    if milliseconds <= 0:
        return 0.0
    return float(f"{milliseconds:.3g}")


def install_fine_buckets() -> None:
    """Make Locust keep response times to three significant digits; needed on master and workers alike."""
    locust_stats.bucket_response_time = bucket  # type: ignore[assignment]


def add_deliveries(stats: RequestStats, name: str, latencies_ns: Sequence[int], second: int) -> None:
    """Add deliveries to the row ``name`` without touching "Aggregated".

    ``StatsEntry.log`` costs microseconds a call, so a batch is added at once. ``second`` is the epoch second of the
    batch, for Locust's events per second.
    """
    if not latencies_ns:
        return
    entry = stats.get(name, METHOD)
    values = [max(0.0, latency / 1e6) for latency in latencies_ns]
    entry.num_requests += len(values)
    entry.num_reqs_per_sec[second] = entry.num_reqs_per_sec.get(second, 0) + len(values)
    entry.last_request_timestamp = float(second)
    entry.total_response_time += sum(values)  # type: ignore[assignment]
    entry.max_response_time = max(entry.max_response_time, *values)  # type: ignore[assignment]
    lowest = min(values)
    entry.min_response_time = lowest if entry.min_response_time is None else min(entry.min_response_time, lowest)  # type: ignore[assignment]
    _add_times(entry, values)


def _add_times(entry: StatsEntry, values: Sequence[float]) -> None:
    times = entry.response_times
    for value, count in Counter(map(bucket, values)).items():
        times[value] = times.get(value, 0) + count  # type: ignore[index, call-overload]
