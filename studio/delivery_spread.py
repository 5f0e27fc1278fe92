"""What makes the latency of a delivery uncertain besides the clocks: shared reads, and the timestamps' last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from locust_eventsource.measure.buckets import buckets_of
from locust_eventsource.measure.histogram import LatencyHistogram


class DeliverySpread:
    """Adds up over deliveries, and over processes."""

    def __init__(self) -> None:
        self._finest_ns: int | None = None
        self._clear()

    def _clear(self) -> None:
        self.deliveries = 0
        """How many deliveries came."""
        self.inexact = 0
        """How many of them came at a moment of which is known only between which reads it was."""
        self._resolutions: Counter[int] = Counter()
        self._settled = 0
        self._widths: Counter[int] = Counter()

    def add(self, times: Sequence[tuple[int, int]], resolution_ns: int) -> None:
        """An event came between these moments, a pair a stream; its timestamp has a last digit of so much."""
        self.deliveries += len(times)
        self.inexact += sum(earliest != latest for earliest, latest in times)
        self._resolutions[resolution_ns] += len(times)
        if self._finest_ns is None or resolution_ns < self._finest_ns:
            self._finest_ns = resolution_ns

    def settled(self, bounds: Sequence[tuple[int, int, int]]) -> None:
        """Latencies (low, value, high) are known: note how wide they are besides what the clocks make of it.

        The clocks alone leave the value in the middle of its interval, so what lies beyond that is the shared read. It
        may be less than the time between the reads, because no latency is negative.
        """
        # A microsecond is lost in the histograms, and so is a last digit that is finer.
        least_ns = (self._finest_ns or 0) + 1_000
        widths = [width for low, value, high in bounds if (width := 2 * value - low - high) >= least_ns]
        self._settled += len(bounds)
        self._widths.update(buckets_of(widths))

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        delta = {
            "deliveries": self.deliveries,
            "inexact": self.inexact,
            "resolutions": dict(self._resolutions),
            "settled": self._settled,
            "widths": dict(self._widths),
        }
        self._clear()
        return delta

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Add what another took."""
        self.deliveries += delta["deliveries"]
        self.inexact += delta["inexact"]
        self._resolutions.update(delta["resolutions"])
        self._settled += delta["settled"]
        self._widths.update(delta["widths"])

    @property
    def resolution_ns(self) -> int | None:
        """The last digit of most timestamps; None without deliveries."""
        return self._resolutions.most_common(1)[0][0] if self._resolutions else None

    def width_us(self, percentile: float) -> float | None:
        """How much of a latency's interval shared reads make, at this percentile of all; None without latencies."""
        if not self._settled:
            return None
        rank = -(-self._settled * percentile // 100) - (self._settled - self._widths.total())
        return LatencyHistogram(self._widths).value_at_rank_us(int(rank)) if rank > 0 else 0.0
