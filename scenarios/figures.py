"""The run's figures as the thresholds ask for them, and which of them the run could produce at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from locust_eventsource.measure.histogram import LatencyHistogram
from scenarios.ledger import Ledger

if TYPE_CHECKING:
    from locust.stats import RequestStats

_TALLIED: Final = ("lost", "duplicated", "reordered", "unexpected", "late", "foreign")
_OF_ARRIVALS: Final = ("duplicated", "reordered")
_OF_CONNECTIONS: Final = ("reconnects", "failures")
_OF_EXECUTIONS: Final = ("execute", "activity")


class RunFigures:
    """Implements ``measure.verdicts.Figures`` over a ledger and Locust's request statistics."""

    def __init__(self, ledger: Ledger, stats: RequestStats, *, executes: bool, delivery_asked: bool) -> None:
        self._ledger = ledger
        self._stats = stats
        self._triggers = ledger.owes_events
        self._executes = executes
        self._delivery_asked = delivery_asked

    def histogram(self, metric: str, type: str | None = None) -> LatencyHistogram | None:
        """The latencies of a metric, of one event type if given."""
        return self._ledger.series.histogram(metric, type)

    def count(self, metric: str, type: str | None = None) -> int | None:
        """A plain count; None when nothing could be counted."""
        if type is not None:
            return self._count_of_type(metric, type)
        if metric in _TALLIED:
            tally = self._ledger.judge.tally
            return int(getattr(tally, metric)) if tally.expected or tally.foreign else None
        if metric in _OF_CONNECTIONS:
            return self._count_of_connections(metric)
        return self._ledger.series.counter(metric)

    def _count_of_type(self, metric: str, event_type: str) -> int | None:
        """Lost or delivered events of one type; None when the run has nothing of the type."""
        lost = self._ledger.judge.lost_by_type[event_type]
        came = self._ledger.series.counter("deliveries", event_type)
        if not (lost or came):
            return None
        return lost if metric == "lost" else came

    def _count_of_connections(self, metric: str) -> int | None:
        if not self._tried_to_connect():
            return None
        count = self._ledger.connections.count
        return count("failed") + count("broken") if metric == "failures" else count(metric)

    def _tried_to_connect(self) -> bool:
        return bool(self._ledger.connections.count("opened") or self._ledger.connections.count("failed"))

    def out_of(self, metric: str, type: str | None = None) -> int | None:
        """Over how many deliveries, or events, a count was taken."""
        if type is not None:
            return None
        judge = self._ledger.judge
        arrivals = judge.tally.arrivals
        totals = {"lost": judge.tally.expected, "duplicated": arrivals, "reordered": arrivals}
        return (totals | {"unexpected": judge.own_events}).get(metric)

    def rate(self, metric: str) -> tuple[int, int] | None:
        """Failed requests and all requests."""
        total = self._stats.total
        return (total.num_failures, total.num_requests) if total.num_requests else None

    def gauge(self, metric: str) -> float | None:
        """The most streams that were open at once; None when none was tried."""
        return float(self._ledger.connections.peak) if self._tried_to_connect() else None

    def lost(self, metric: str, type: str | None = None) -> int:
        """Deliveries that never came, which rank as infinitely late."""
        if metric != "delivery":
            return 0
        judge = self._ledger.judge
        return judge.tally.lost if type is None else judge.lost_by_type[type]

    def doubt(self, metric: str) -> str | None:
        """Why a metric's figures cannot carry a verdict, if they cannot."""
        if metric not in ("delivery", "activity"):
            return None
        histogram = self.histogram(metric)
        if histogram is not None and histogram.negatives:
            return (
                f"{histogram.negatives} of {histogram.count} events arrived before the server's own timestamp: "
                "its clock and the tester's disagree"
            )
        return None

    def asked(self, metric: str) -> bool:
        """True when the chosen users could produce the metric."""
        if metric in _OF_EXECUTIONS:
            return self._executes
        if metric == "delivery":
            return self._delivery_asked and (self._triggers or self._ledger.series.histogram("delivery") is not None)
        if metric in _OF_ARRIVALS and self._ledger.judge.tally.arrivals:
            return True
        if metric in (*_TALLIED, "trigger"):
            return self._triggers
        return True
