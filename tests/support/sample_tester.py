"""The tester's own part of the sample result: an estimated clock with a step, its health and the network."""

from __future__ import annotations

from locust_eventsource.measure.health import TesterFacts, judge_health
from reports.tester import (
    ESTIMATED,
    SAME_CLOCK,
    Clock,
    ClockOfProcess,
    ClockStepRecord,
    Health,
    Network,
    Uncertainty,
)

STEP_S = 31
STEP_US = 500_000.0
CLOCK_US = 310.0
"""Half the width of the offset's interval away from the step."""
BATCH_US = 400.0
_SKEW_US = 3_000_000.0
_DRIFT_US_PER_S = 200.0


def estimated_clock(duration_s: int) -> Clock:
    """Two processes that saw a clock 3 s ahead, 200 ppm fast, that jumped by half a second."""
    return Clock([_process(f"worker {at}", duration_s, CLOCK_US * at) for at in (1, 2)])


def same_clock() -> Clock:
    """One machine: every probe allows an offset of 0."""
    windows = [[float(at), -90.0 - at % 7 * 9, 110.0 + at % 5 * 13] for at in range(0, 62, 5)]
    return Clock([ClockOfProcess("tester", SAME_CLOCK, 131, 0.0, windows)])


def sample_uncertainty() -> Uncertainty:
    """The clock widens the intervals most."""
    text = "clock: offset known to ±0.31 ms, around a step to ±250 ms; batching: 5.6 % of the events shared a read"
    return Uncertainty(text, STEP_US, 1.0, 0.0, BATCH_US)


def sample_facts() -> TesterFacts:
    """A tester that kept up."""
    return TesterFacts(86.0, 625.0, 61.5, 12_288, 3760, 0, processes=2)


def sample_health(warnings: list[str]) -> Health:
    """The same facts as they stand in the result."""
    facts = sample_facts()
    row = judge_health(facts)
    return Health(
        cpu_percent_max=facts.cpu_percent,
        file_limit=1_048_576,
        warnings=warnings,
        lag_p99_us=facts.lag_p99_us,
        loop_lag_p99_us=facts.loop_lag_p99_us,
        unread_peak_bytes=facts.unread_peak_bytes,
        stamps=facts.stamps,
        stamps_missing=facts.stamps_missing,
        verdict=str(row.verdict),
        reason=row.reason,
    )


def sample_network() -> Network:
    """A quiet path that lost a segment or two."""
    return Network(2, 5)


def _process(name: str, duration_s: int, half_us: float) -> ClockOfProcess:
    windows = []
    for at in range(duration_s):
        offset = _SKEW_US + _DRIFT_US_PER_S * at + (STEP_US if at > STEP_S else 0.0)
        wobble = half_us * (at % 5) / 10
        # Nothing is known of the moment of the step but that the offset was the one before or the one after.
        high = offset + (STEP_US if at == STEP_S else 0.0)
        windows.append([float(at), round(offset - half_us + wobble, 1), round(high + half_us - wobble, 1)])
    steps = [ClockStepRecord(STEP_S + 0.21, STEP_S + 0.68, STEP_US - 2 * half_us, STEP_US + 2 * half_us)]
    return ClockOfProcess(name, ESTIMATED, 131, STEP_US / 2 + half_us, windows, steps)
