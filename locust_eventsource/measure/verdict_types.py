"""The words of judging: verdicts, the rows that carry them, and what is asked of a run's figures."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, runtime_checkable

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.thresholds import Threshold


class Verdict(StrEnum):
    """What a row says. ``NOT_ASKED``: a default row about something that the run's user classes cannot produce."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_ASKED = "not asked"


class Row(NamedTuple):
    """A threshold, what was measured and what follows.

    ``measured``, ``low``, ``high`` and ``limit`` are in ``unit``: ``us`` for times, ``fraction`` for rates, empty for
    plain numbers. The figure of the true values is in [``low``, ``high``], to the three digits that are kept; the two
    are ``measured`` itself when it is exact. All three are None without data and infinite when the figure falls among
    lost events. ``confidence`` is the 95 % confidence interval of a percentile: 0 and infinity where no sample bounds
    it on that side, None where none bounds it at all and for every other figure. ``too_few``: n(1 - p) is below 10.
    """

    expression: str
    metric: str
    type: str | None
    aggregation: str
    measured_text: str
    margin_text: str
    samples: int
    verdict: Verdict
    reason: str
    origin: str
    measured: float | None
    limit: float
    unit: str
    low: float | None
    high: float | None
    confidence: tuple[float, float] | None
    too_few: bool


class Figures(Protocol):
    """What a run measured. None means that nothing was measured, which is not the same as zero."""

    def histogram(self, metric: str, type: str | None) -> LatencyHistogram | None:
        """The samples of a latency."""

    def bounds(self, metric: str, type: str | None) -> tuple[LatencyHistogram, LatencyHistogram] | None:
        """The same samples, each as the least and as the most that it can be in truth; None when they are exact."""

    def count(self, metric: str, type: str | None) -> int | None:
        """A count; None when nothing could have been counted."""

    def rate(self, metric: str) -> tuple[int, int] | None:
        """A rate as part and total."""

    def gauge(self, metric: str) -> float | None:
        """The highest value of a gauge."""

    def lost(self, metric: str, type: str | None) -> int:
        """Samples of a latency that never came."""

    def doubt(self, metric: str) -> str | None:
        """Why the figures of this metric cannot carry a verdict, if they cannot."""

    def uncertainty(self, metric: str) -> str | None:
        """Why the samples of a latency are known no better than to an interval, if they are not exact."""

    def overloaded(self) -> str | None:
        """What of the tester was overloaded, if anything was (``measure.health.overload``)."""

    def asked(self, metric: str) -> bool:
        """Whether the run's user classes can produce this metric."""


@runtime_checkable
class Exposure(Protocol):
    """What ``Figures`` may know besides: over how many things a count was taken."""

    def out_of(self, metric: str, type: str | None) -> int | None:
        """The deliveries that were owed, for ``lost``; None when there is no such number."""


class Finding(NamedTuple):
    """What a threshold comes to; the fields are those of ``Row``."""

    verdict: Verdict
    measured: float
    low: float
    high: float
    text: str
    samples: int
    reason: str = ""
    confidence: tuple[float, float] | None = None
    too_few: bool = False


_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def meets(threshold: Threshold, measured: float) -> bool:
    """Whether a figure is on the right side of the limit."""
    return _OPERATORS[threshold.operator](measured, threshold.limit)


def plain_finding(threshold: Threshold, measured: float, text: str, samples: int) -> Finding:
    """The finding of a number that is exact."""
    verdict = Verdict.PASS if meets(threshold, measured) else Verdict.FAIL
    return Finding(verdict, measured, measured, measured, text, samples)
