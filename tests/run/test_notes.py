"""What the result says in sentences."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from locust_eventsource.measure.clock_offset import Probe
from run.clocks import ProcessClock
from run.ledger import Ledger
from run.outcome.notes import notes
from run.outcome.tester import clock, health, network, uncertainty

SECOND = 1_000_000_000
MS = 1_000_000


def options(**changes: object) -> Namespace:
    defaults = {
        "measure_only": False,
        "run_id": "lt-1",
        "settle": 5.0,
        "stuck_after": 60.0,
        "run_time": None,
        "clock_probe": 5.0,
        "replay": None,
    }
    return Namespace(**(defaults | changes))


def ledger(facts: dict[str, Any] | None = None) -> Ledger:
    made = Ledger(options(), owes_events=True)
    made.started_ns = 10 * SECOND
    if facts is not None:
        made.clocks["local"] = facts
    made.ended_ns = 40 * SECOND
    return made


def seen(*skews_ms: int, host: str = "https://studio.example", problem: str = "") -> dict[str, Any]:
    """A service's clock as probes of 2 ms saw it, one every five seconds."""
    known = ProcessClock(host, 5)
    for number, skew_ms in enumerate(skews_ms):
        at_ns = (10 + 5 * number) * SECOND
        known.add(Probe(at_ns, at_ns + 2 * MS, at_ns + MS + skew_ms * MS, 1))
    return known.facts(3 * MS, problem)


def test_a_skewed_clock_is_told_with_its_bound() -> None:
    (offset, probes) = notes(ledger(seen(3_000, 3_001)), options(), embedded=False)
    assert "3 s (±1" in offset and "ahead of the tester's at the start" in offset
    assert "every 5 s; --clock-probe 0 turns that off" in probes


def test_a_step_is_told_with_its_direction_and_its_time() -> None:
    said = notes(ledger(seen(0, 500, host="http://127.0.0.1:1")), options(), embedded=True)
    assert len(said) == 2
    assert "by 500 ms forward" in said[1] and "between 0.0 s and 5.0 s" in said[1]
    said = notes(ledger(seen(0, -500, host="http://127.0.0.1:1")), options(), embedded=True)
    assert "behind the tester's" in said[0] and "by 500 ms back" in said[1]


def test_the_embedded_studio_on_the_same_clock_needs_no_words() -> None:
    assert notes(ledger(seen(0, 0, host="http://127.0.0.1:1")), options(), embedded=True) == []


def test_a_refused_probe_is_told_instead_of_the_probing() -> None:
    (said,) = notes(ledger(seen(problem="a probe could not create its task: 403")), options(), embedded=False)
    assert said == "The service's clock was not probed as it should be: a probe could not create its task: 403."


def test_without_probes_nothing_is_said_of_them() -> None:
    assert notes(ledger(seen()), options(clock_probe=0.0), embedded=False) == []


def test_a_run_that_was_cut_short_and_a_recording_are_told() -> None:
    said = notes(ledger(), options(run_time=60, replay="x.jsonl"), embedded=True)
    assert said[0].startswith("The run was ended after 30 s of the 60 s")
    assert "recording" in said[1]


def test_the_result_has_the_clock_of_each_process() -> None:
    (process,) = clock(ledger(seen(3_000, 3_000))).processes
    assert (process.name, process.mode, process.probes) == ("local", "estimated", 2)
    assert process.worst_bound_us == 1_500
    assert [at for at, _, _ in process.windows] == pytest.approx([0.5, 5.5])
    assert all(low <= 3_000_000 <= high for _, low, high in process.windows)


def test_the_parts_of_the_uncertainty_are_told_apart() -> None:
    known = ledger(seen(3_000, 3_000))
    known.spread.add([(0, 0), (0, 2 * MS)], 1_000)
    known.spread.settled([(MS, MS, MS), (MS, 3 * MS, 3 * MS)])
    parts = uncertainty(known)
    assert (parts.clock_us, parts.resolution_us, parts.batch_p50_us) == (3_000, 1, 0)
    assert parts.batch_p99_us == pytest.approx(2_000, rel=1e-3)
    assert uncertainty(ledger(seen(0, host="http://127.0.0.1:1"))).clock_us == 0
    assert uncertainty(ledger(seen())).clock_us is None


def test_what_was_not_measured_of_the_tester_is_not_zero() -> None:
    state = health(ledger(), 1024)
    assert (state.cpu_percent_max, state.lag_p99_us, state.unread_peak_bytes) == (None, None, None)
    assert state.verdict == "not asked"
    assert network(ledger()).retransmits is None
    known = ledger()
    known.unread_peak = 0
    assert network(known).retransmits == 0


def test_what_a_scenario_has_to_say_comes_last() -> None:
    known = ledger()
    known.remarks.append("limit-probe: 60 streams were held.")
    assert notes(known, options(clock_probe=0.0), embedded=True)[-1] == "limit-probe: 60 streams were held."
