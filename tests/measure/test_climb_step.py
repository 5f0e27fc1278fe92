"""The verdict on one step: held, missed by the service, or spoilt by the tester."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from locust_eventsource.measure.climb import Load, Outcome
from locust_eventsource.measure.climb_step import StepFacts, doomed, judge_step, judged_by_step
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.thresholds import parse_threshold
from locust_eventsource.measure.verdicts import Row
from tests.measure.measured import Measured, delivery, row, times

LIMIT = "delivery:p(99)<50ms"
GOOD = row(LIMIT, delivery((2_000, 10)))
BAD = row(LIMIT, delivery((2_000, 70)))
FEW = row(LIMIT, delivery((100, 10), (1, 70)))
NO_DATA = row("connect:p(99)<100ms", Measured())
BUSY = "the tester was overloaded: a process used 97 % of a core"


def facts(*rows: Row, doomed: Sequence[str] = (), overload: str = "") -> StepFacts:
    return StepFacts(Load(20, 10), rows, 20, 50, 50, 50, doomed, overload)


def test_a_step_is_held_when_every_target_that_was_measured_is_met() -> None:
    assert judge_step(facts(GOOD, NO_DATA)) == (Outcome.HELD, [])


def test_a_busy_tester_does_not_spoil_a_load_that_was_held_all_the_same() -> None:
    assert judge_step(facts(GOOD, overload=BUSY)).outcome is Outcome.HELD


def test_a_missed_target_is_the_services_when_the_tester_kept_up() -> None:
    assert judge_step(facts(GOOD, BAD)) == (Outcome.MISSED, ["delivery:p(99)<50ms: 70 ms (max 70 ms)"])


@pytest.mark.parametrize("rows", [(BAD,), (FEW,)])
def test_what_an_overloaded_tester_finds_missed_or_open_says_nothing_of_the_service(rows: tuple[Row, ...]) -> None:
    outcome, reasons = judge_step(facts(*rows, overload=BUSY))
    assert (outcome, reasons[0], len(reasons)) == (Outcome.TESTER, BUSY, 2)


def test_a_target_that_the_evidence_leaves_open_is_unclear() -> None:
    outcome, reasons = judge_step(facts(FEW))
    assert outcome is Outcome.UNCLEAR
    assert "too few samples" in reasons[0]
    assert judge_step(facts(FEW, BAD)).outcome is Outcome.MISSED


def test_streams_that_are_not_open_are_a_miss() -> None:
    assert judge_step(facts(GOOD)._replace(streams_open=19)) == (Outcome.MISSED, ["19 of 20 streams were open"])


def test_events_that_were_not_acknowledged_in_time_are_a_miss_from_a_twentieth_on() -> None:
    assert judge_step(facts(GOOD)._replace(planned=100, begun=100, in_time=95)).outcome is Outcome.HELD
    missed = judge_step(facts(GOOD)._replace(planned=100, begun=100, in_time=94))
    assert missed == (Outcome.MISSED, ["94 of 100 events were acknowledged in time"])


def test_a_load_that_the_tester_did_not_reach_was_not_held_whatever_was_measured() -> None:
    assert judge_step(facts(GOOD)._replace(planned=100, begun=95, in_time=95)).outcome is Outcome.HELD
    slow = judge_step(facts(GOOD)._replace(planned=100, begun=94, in_time=94))
    assert slow == (Outcome.TESTER, ["the tester itself began 94 of 100 calls in time"])


def test_a_target_that_was_certain_to_be_missed_is_told_once() -> None:
    assert judge_step(facts(BAD, doomed=[LIMIT])).reasons == ["delivery:p(99)<50ms: 70 ms (max 70 ms)"]
    outcome, reasons = judge_step(facts(FEW, doomed=[LIMIT]))
    assert (outcome, reasons[0]) == (Outcome.MISSED, f"{LIMIT}: certain to be missed before the step was over")


@pytest.mark.parametrize(
    ("text", "samples", "planned", "is_doomed"),
    [
        (LIMIT, times((500, 1), (10, 60)), 1_000, False),
        (LIMIT, times((500, 1), (11, 60)), 1_000, True),
        ("delivery:p(99)<=50ms", times((11, 60)), 1_000, True),
        (LIMIT, times(), 1_000, False),
        (LIMIT, times((1, 60)), 0, True),
        ("delivery:max<50ms", times((900, 1), (1, 60)), 1_000, True),
        ("delivery:max<50ms", times((900, 1)), 1_000, False),
        ("delivery:avg<50ms", times((900, 60)), 1_000, False),
        ("delivery:p(99)>50ms", times((900, 60)), 1_000, False),
    ],
)
def test_a_target_is_doomed_when_no_rest_of_the_step_can_save_it(
    text: str, samples: LatencyHistogram, planned: int, is_doomed: bool
) -> None:
    threshold = parse_threshold(text, "default")
    assert doomed([threshold], samples, planned) == ([threshold.text] if is_doomed else [])


def test_latencies_losses_and_errors_are_judged_by_step_and_what_load_does_not_change_by_the_run() -> None:
    by_step = ["delivery:p(99)<50ms", "connect:max<1s", "lost:count==0", "errors:rate<1%"]
    assert all(judged_by_step(parse_threshold(text, "default")) for text in by_step)
    by_run = ["duplicated:count==0", "streams:max>=20", "capacity:max>=1000"]
    assert not any(judged_by_step(parse_threshold(text, "default")) for text in by_run)
