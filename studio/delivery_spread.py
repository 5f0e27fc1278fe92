"""What makes the latency of a delivery uncertain besides the clocks: shared reads, and the timestamps' last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from locust_eventsource.measure.buckets import bucket_of
from locust_eventsource.measure.histogram import LatencyHistogram


class DeliverySpread:
    """Adds up over deliveries, and over processes."""

    def __init__(self) -> None:
        self._widths: Counter[int] = Counter()
        self._resolutions: Counter[int] = Counter()
        self._exact = 0

    def add(self, widths_ns: Sequence[int], resolution_ns: int) -> None:
        """Deliveries of an event came, each within a span; its timestamp has a last digit of ``resolution_ns``."""
        spans = list(filter(None, widths_ns))
        self._exact += len(widths_ns) - len(spans)
        self._widths.update(map(bucket_of, spans))
        self._resolutions[resolution_ns] += len(widths_ns)

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        delta = {"exact": self._exact, "widths": dict(self._widths), "resolutions": dict(self._resolutions)}
        self.__init__()  # type: ignore[misc]
        return delta

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Add what another took."""
        self._exact += delta["exact"]
        self._widths.update(delta["widths"])
        self._resolutions.update(delta["resolutions"])

    @property
    def deliveries(self) -> int:
        """How many deliveries there were."""
        return self._exact + self._widths.total()

    @property
    def inexact(self) -> int:
        """How many came at a moment that is known only to lie within a span."""
        return self._widths.total()

    @property
    def resolution_ns(self) -> int | None:
        """The last digit of most timestamps; None without deliveries."""
        return self._resolutions.most_common(1)[0][0] if self._resolutions else None

    def width_us(self, percentile: float) -> float | None:
        """So wide at most are the spans of this share of all deliveries, the exact ones included."""
        if not self.deliveries:
            return None
        widths = LatencyHistogram(self._widths)
        exact_rank = self._exact
        rank = -(-self.deliveries * percentile // 100)
        return 0.0 if rank <= exact_rank else widths.value_at_rank_us(int(rank) - exact_rank)
