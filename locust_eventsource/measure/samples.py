"""All samples of one measure, as verdicts and reports ask for them."""

from __future__ import annotations

from typing import NamedTuple

from locust_eventsource.measure import confidence
from locust_eventsource.measure.histogram import LatencyHistogram


class Samples(NamedTuple):
    """The samples of a measure: their values, the lower and upper ends of their intervals, and how many were lost."""

    values: LatencyHistogram
    lows: LatencyHistogram
    highs: LatencyHistogram
    lost: int

    @property
    def number(self) -> int:
        """All of them, the lost ones included."""
        return self.values.count + self.lost

    @property
    def as_shown(self) -> Samples:
        """As if every value were exact."""
        return self._replace(lows=self.values, highs=self.values)

    def confidence_us(self, percentile: float) -> tuple[float, float] | None:
        """The values at the ranks that enclose the true percentile with 95 % confidence.

        0 and infinity where no sample bounds it on that side, None where none bounds it at all.
        """
        lower, upper = confidence.rank_interval(self.number, percentile)
        if lower < 1 and upper > self.number:
            return None
        return self.values.value_at_rank_us(lower) if lower else 0.0, self.values.value_at_rank_us(upper)
