"""The service's clock as a process knows it and as the result has it."""

from __future__ import annotations

import pytest

from locust_eventsource.measure.clock_offset import OffsetWindow, Probe
from reports.tester import ESTIMATED, SAME_CLOCK, UNKNOWN
from run.clocks import ProcessClock, as_record, is_loopback, thinned

SECOND = 1_000_000_000
MS = 1_000_000
ELSEWHERE = "https://studio.example"


def probe(second: float, skew_ns: int) -> Probe:
    at_ns = int(second * SECOND)
    return Probe(at_ns, at_ns + 2 * MS, at_ns + MS + skew_ns, 1)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:3000", "http://127.9.9.9", "http://[::1]:80/x", "http://localhost", "https://a.localhost"]
)
def test_loopback_is_known_by_its_address(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["http://10.0.0.1", "https://studio.example", "http://localhost.example", ""])
def test_everything_else_is_another_machine(url: str) -> None:
    assert not is_loopback(url)


def test_loopback_is_the_same_clock_until_a_probe_says_otherwise() -> None:
    clock = ProcessClock("http://127.0.0.1:1", 5)
    clock.add(probe(10, 0))
    assert as_record("local", clock.facts(0, ""), 0).mode == SAME_CLOCK
    clock.add(probe(15, 500 * MS))
    record = as_record("local", clock.facts(3 * MS, ""), 10 * SECOND)
    assert (record.mode, record.probes, record.worst_bound_us) == (ESTIMATED, 2, 1_500)
    (step,) = record.steps
    assert step.low_us <= 500_000 <= step.high_us
    assert 0 <= step.after_s <= step.before_s <= 5.1


def test_another_machine_without_probes_is_unknown() -> None:
    record = as_record("worker 1", ProcessClock(ELSEWHERE, 0).facts(0, "a probe could not create its task: 403"), 0)
    assert (record.mode, record.worst_bound_us, record.windows) == (UNKNOWN, None, [])
    assert record.note == "a probe could not create its task: 403"


def test_the_offset_is_told_as_soon_as_there_is_a_probe() -> None:
    clock = ProcessClock(ELSEWHERE, 5)
    assert clock.offset_at(10 * SECOND) is None
    clock.add(probe(10, 3 * SECOND))
    offset = clock.offset_at(10 * SECOND + 5 * MS)
    assert offset is not None and offset.contains(3 * SECOND)


def test_seldom_probes_get_a_window_that_spans_several() -> None:
    assert ProcessClock(ELSEWHERE, 60).estimator.window_ns == 180 * SECOND
    assert ProcessClock(ELSEWHERE, 0).estimator.window_ns == 15 * SECOND


def test_an_answer_before_its_question_is_counted_and_left_out() -> None:
    clock = ProcessClock(ELSEWHERE, 5)
    clock.add(Probe(10, 9, 10, 1))
    facts = clock.facts(0, "")
    assert facts["probes"] == 0
    assert "set back" in as_record("local", facts, 0).note


def test_what_is_drawn_has_a_bound_and_leaves_nothing_out() -> None:
    windows = [OffsetWindow(at, -at, at, 1) for at in range(1, 1_001)]
    few = thinned(windows, 300)
    assert len(few) == 250
    assert few[0] == OffsetWindow(2, -4, 4, 4)
    assert sum(window.probes for window in few) == 1_000
    assert thinned(windows[:3], 300) == windows[:3]
    assert thinned([], 300) == []
