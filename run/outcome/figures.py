"""The run's figures as the thresholds ask for them, and which of them the run could produce at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from locust_eventsource.measure.health import overload
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.series import Series
from locust_eventsource.measure.verdict_types import Row
from run.ledger import Ledger
from run.outcome import climbing, tester

if TYPE_CHECKING:
    from locust.stats import RequestStats

_TALLIED: Final = ("lost", "duplicated", "reordered", "unexpected", "late", "foreign")
_OF_ARRIVALS: Final = ("duplicated", "reordered")
_OF_CONNECTIONS: Final = ("reconnects", "failures")
_OF_EXECUTIONS: Final = ("execute", "activity")
_OF_TRIGGERS: Final = ("trigger", "trigger_sent")
_OF_TWO_CLOCKS: Final = ("delivery", "delivery_large", "activity")
_OF_SOCKETS: Final = ("retransmits", "out_of_order")


def clock_doubt(series: Series, metric: str, why: str) -> str | None:
    """What is wrong with latencies between two clocks, if anything is; ``why`` says why the clock may not be known."""
    unplaced = series.counter("unplaced", metric)
    if unplaced:
        return f"clock: no probe of the service's clock brackets {unplaced} events, which have no latency ({why})"
    latest = series.high(metric)
    if latest is not None and latest.negatives:
        return (
            f"clock: {latest.negatives} of {latest.count} events arrived before the server's own timestamp, "
            "whatever its clock's offset within the bounds that are known"
        )
    return None


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

    def bounds(self, metric: str, type: str | None = None) -> tuple[LatencyHistogram, LatencyHistogram] | None:
        """The same latencies, each as the least and as the most that it can be in truth."""
        low, high = self._ledger.series.low(metric, type), self._ledger.series.high(metric, type)
        return None if low is None or high is None else (low, high)

    def count(self, metric: str, type: str | None = None) -> int | None:
        """A plain count; None when nothing could be counted."""
        if type is not None:
            return self._count_of_type(metric, type)
        if metric in _TALLIED:
            tally = self._ledger.judge.tally
            return int(getattr(tally, metric)) if tally.expected or tally.foreign else None
        if metric in _OF_CONNECTIONS:
            return self._count_of_connections(metric)
        if metric == "clock_steps":
            return tester.clock_steps(self._ledger)
        if metric in _OF_SOCKETS and self._ledger.unread_peak is None:
            return None
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
        """The most streams that were open, or bytes that were unread, at once; None when none was tried."""
        if metric == climbing.NAME:
            held = (self._ledger.climb or {}).get("held")
            return None if self._ledger.climb is None else float(held["deliveries_per_s"]) if held else 0.0
        if metric == "unread":
            return None if self._ledger.unread_peak is None else float(self._ledger.unread_peak)
        return float(self._ledger.connections.peak) if self._tried_to_connect() else None

    def lost(self, metric: str, type: str | None = None) -> int:
        """Deliveries that never came, which rank as infinitely late."""
        if metric != "delivery":
            return 0
        judge = self._ledger.judge
        return judge.tally.lost if type is None else judge.lost_by_type[type]

    def doubt(self, metric: str) -> str | None:
        """Why a metric's figures cannot carry a verdict, if they cannot."""
        if metric not in _OF_TWO_CLOCKS:
            return None
        return clock_doubt(self._ledger.series, metric, tester.clock_problem(self._ledger) or "see --clock-probe")

    def uncertainty(self, metric: str) -> str | None:
        """Why the samples of a latency are intervals."""
        return tester.uncertainty_text(self._ledger, metric) or None

    def overloaded(self) -> str | None:
        """What of the tester was overloaded."""
        return overload(tester.facts(self._ledger))

    @property
    def fit(self) -> Row:
        """The row that says whether the tester kept up."""
        return tester.fit(self._ledger)

    def asked(self, metric: str) -> bool:
        """True when the chosen users could produce the metric."""
        if metric in _OF_EXECUTIONS:
            return self._executes
        if metric == "delivery":
            return self._delivery_asked and (self._triggers or self._ledger.series.histogram("delivery") is not None)
        if metric in _OF_ARRIVALS and self._ledger.judge.tally.arrivals:
            return True
        if metric in _TALLIED:
            # Where users only listen, the probes of the clock make events.
            return self._ledger.verifies and (self._triggers or bool(self._ledger.judge.tally.expected))
        if metric in _OF_TRIGGERS:
            return self._triggers
        return True
