"""The tester in its own run: whether it kept up, what it knows of the clock and the network, what is uncertain."""

from __future__ import annotations

from statistics import median
from typing import Any

from locust_eventsource.measure import confidence
from locust_eventsource.measure.health import TesterFacts, judge_health
from locust_eventsource.measure.series import Series
from locust_eventsource.measure.verdict_text import latency_text, rate_text
from locust_eventsource.measure.verdict_types import Row
from reports.tester import UNKNOWN, Clock, Health, Network, Uncertainty
from run.clocks import as_record, mode_of
from run.ledger import Ledger

_OF_TWO_CLOCKS = ("delivery", "delivery_large", "activity")
_OF_ARRIVALS = (*_OF_TWO_CLOCKS, "trigger", "trigger_sent")
_COARSE_NS = 1_000_000
"""A timestamp whose last digit weighs as much widens the latency by more than the kernel's stamps do."""


def facts(ledger: Ledger) -> TesterFacts:
    """What was measured of the tester so far, the worst of its processes."""
    return facts_of(ledger.series, max(ledger.cpu_percent.values(), default=None))._replace(
        unread_peak_bytes=ledger.unread_peak, processes=max(1, len(ledger.cpu_percent))
    )


def facts_of(series: Series, cpu_percent: float | None) -> TesterFacts:
    """What the samples of a run, or of a part of it, say of the tester."""
    missing = series.counter("stamps_user")
    return TesterFacts(
        lag_p99_us=_p99(series, "lag"),
        loop_lag_p99_us=_p99(series, "loop_lag"),
        cpu_percent=cpu_percent,
        stamps=series.counter("stamps_kernel") + missing,
        stamps_missing=missing,
    )


def _p99(series: Series, metric: str) -> float | None:
    """The 99th percentile; of few samples what it is at least, so that one hiccup of a short run is no overload."""
    histogram = series.histogram(metric)
    if histogram is None:
        return None
    if confidence.enough_samples(histogram.count, 99):
        return histogram.percentile_us(99)
    lowest_rank, _ = confidence.rank_interval(histogram.count, 99)
    return histogram.value_at_rank_us(lowest_rank) if lowest_rank else None


def fit(ledger: Ledger) -> Row:
    """The row ``tester:fit``."""
    return judge_health(facts(ledger))


def health(ledger: Ledger, file_limit: int) -> Health:
    """The tester's state as it stands in the result; ``file_limit`` is that of the judging process."""
    measured = facts(ledger)
    row = judge_health(measured)
    return Health(
        cpu_percent_max=measured.cpu_percent,
        file_limit=file_limit,
        lag_p99_us=measured.lag_p99_us,
        loop_lag_p99_us=measured.loop_lag_p99_us,
        unread_peak_bytes=measured.unread_peak_bytes,
        stamps=measured.stamps,
        stamps_missing=measured.stamps_missing,
        verdict=row.verdict,
        reason=row.reason,
    )


def network(ledger: Ledger) -> Network:
    """What the kernel says of the streams' connections, as it stands in the result."""
    if ledger.unread_peak is None:
        return Network()
    return Network(ledger.series.counter("retransmits"), ledger.series.counter("out_of_order"))


def clock(ledger: Ledger) -> Clock:
    """The offset of the service's clock as it stands in the result."""
    names = sorted(ledger.clocks)
    return Clock([as_record(name, ledger.clocks[name], ledger.started_ns) for name in names])


def clock_steps(ledger: Ledger) -> int | None:
    """How often a clock was set, as the process that saw most of it knows; None when no clock was looked at."""
    found = [known["steps_found"] for known in ledger.clocks.values() if mode_of(known) != UNKNOWN]
    return max(found, default=None)


def clock_problem(ledger: Ledger) -> str:
    """Why the service's clock is not known, where it is not."""
    problems = dict.fromkeys(known["problem"] for known in ledger.clocks.values() if known["problem"])
    return "; ".join(problems)


def _estimated(ledger: Ledger) -> list[dict[str, Any]]:
    return [known for known in ledger.clocks.values() if not known["same"] and known["probes"]]


def _clock_text(ledger: Ledger) -> str:
    estimated = _estimated(ledger)
    if not estimated:
        return ""
    widths = [high - low for known in estimated for _, low, high, _ in known["windows"]]
    usual_us, worst_us = median(widths) / 2_000, max(known["widest_ns"] for known in estimated) / 2_000
    text = f"clock: offset known to ±{latency_text(usual_us)}"
    return text + (f", at worst to ±{latency_text(worst_us)}" if worst_us > 2 * usual_us else "")


def _batch_text(ledger: Ledger) -> str:
    spread = ledger.spread
    if not spread.inexact:
        return ""
    return f"batching: {rate_text(spread.inexact, spread.deliveries)} of the events shared a read"


def _digit_text(ledger: Ledger) -> str:
    resolution_ns = ledger.spread.resolution_ns or 0
    if resolution_ns < _COARSE_NS:
        return ""
    return f"timestamps: their last digit is worth {latency_text(resolution_ns / 1_000)}"


def uncertainty_text(ledger: Ledger, metric: str) -> str:
    """Why the samples of a latency are intervals, in words; empty when nothing widens them."""
    if metric == "connect":
        return "the tester itself may have caused a part of it, by noticing late that it could go on"
    parts = [_batch_text(ledger)] if metric in _OF_ARRIVALS else []
    if metric in _OF_TWO_CLOCKS:
        parts = [_clock_text(ledger), *parts, _digit_text(ledger)]
    return "; ".join(part for part in parts if part)


def uncertainty(ledger: Ledger) -> Uncertainty:
    """What widens the intervals of delivery, as it stands in the result."""
    spread, estimated = ledger.spread, _estimated(ledger)
    judged_by = [known for known in ledger.clocks.values() if mode_of(known) != UNKNOWN]
    clock_us = max(known["widest_ns"] for known in estimated) / 1_000 if estimated else 0.0 if judged_by else None
    resolution_ns = spread.resolution_ns
    return Uncertainty(
        text=uncertainty_text(ledger, "delivery"),
        clock_us=clock_us,
        resolution_us=None if resolution_ns is None else resolution_ns / 1_000,
        batch_p50_us=spread.width_us(50),
        batch_p99_us=spread.width_us(99),
    )
