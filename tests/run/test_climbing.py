"""A run with a climb: its answer stands in place of what load wears down."""

from __future__ import annotations

from argparse import Namespace

import pytest

from locust_eventsource.measure import health
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, PASS, exit_code
from locust_eventsource.measure.thresholds import parse_threshold
from locust_eventsource.measure.verdicts import Row, Verdict
from reports.capacity import Capacity, ClimbLoad, ClimbStep
from reports.codec import to_json
from run.outcome import climbing
from studio.verify.checks import CheckResult
from tests.measure.measured import Measured, times

HELD, GAVE = ClimbLoad(20, 95.0, 1900.0), ClimbLoad(20, 100.0, 2000.0)
FOUND = Capacity(HELD, GAVE, "missed", ["delivery:p(99)<50ms: 71 ms"], True)
FIT = health.judge_health(health.TesterFacts(cpu_percent=99.0))
TARGETS = ("delivery:p(99)<50ms", "lost:count==0", "failures:count==0", "duplicated:count==0")


def judged(found: Capacity, *texts: str) -> dict[str, Row]:
    measured = Measured(
        histograms={("delivery", None): times((2_000, 900))},
        counts={("lost", None): 7, ("failures", None): 3, ("duplicated", None): 0},
        gauges={"capacity": found.held.deliveries_per_s if found.held else 0.0},
    )
    thresholds = [parse_threshold(text, "command line") for text in texts]
    return {row.expression: row for row in climbing.rows(thresholds, measured, FIT, found)}


def code(found: Capacity, *texts: str) -> int | None:
    return exit_code(judged(found, *texts).values(), [], internal_error=False)


def test_what_load_wears_down_is_not_asked_of_the_whole_run() -> None:
    rows = judged(FOUND, *TARGETS)
    assert {name: row.verdict for name, row in rows.items()} == {
        "capacity:found": Verdict.PASS,
        "delivery:p(99)<50ms": Verdict.NOT_ASKED,
        "lost:count==0": Verdict.NOT_ASKED,
        "failures:count==0": Verdict.NOT_ASKED,
        "duplicated:count==0": Verdict.PASS,
        "tester:fit": Verdict.NOT_ASKED,
    }
    assert (rows["delivery:p(99)<50ms"].measured, rows["delivery:p(99)<50ms"].measured_text) == (None, "")
    assert code(FOUND, *TARGETS) == PASS


@pytest.mark.parametrize(
    ("found", "exits"),
    [
        (FOUND, PASS),
        (Capacity(HELD, None, "", [], True), PASS),
        (Capacity(None, GAVE, "missed", ["late"], True), FAILED),
        (Capacity(HELD, GAVE, "tester", ["busy"], True), INCONCLUSIVE),
        (Capacity(None, GAVE, "unclear", ["few"], True), INCONCLUSIVE),
        (Capacity(HELD, None, "", [], False), INCONCLUSIVE),
        (Capacity(), INCONCLUSIVE),
    ],
)
def test_without_a_floor_the_climb_must_find_the_services_limit(found: Capacity, exits: int) -> None:
    assert code(found) == exits


@pytest.mark.parametrize(
    ("found", "floor", "exits"),
    [
        (FOUND, 1_900, PASS),
        (FOUND, 1_901, FAILED),
        (Capacity(HELD, GAVE, "tester", ["busy"], True), 1_900, PASS),
        (Capacity(HELD, GAVE, "tester", ["busy"], True), 1_901, INCONCLUSIVE),
        (Capacity(HELD, None, "", [], False), 1_901, INCONCLUSIVE),
        (Capacity(None, GAVE, "missed", ["late"], True), 1, FAILED),
    ],
)
def test_a_floor_is_judged_by_what_was_held_and_fails_only_where_the_service_is_the_limit(
    found: Capacity, floor: int, exits: int
) -> None:
    expression = f"capacity:max>={floor}"
    assert "capacity:found" not in judged(found, expression)
    assert code(found, expression) == exits


def test_a_load_beyond_the_capacity_may_cost_deliveries_and_streams_and_no_more() -> None:
    names = ["delivery.lost", "delivery.duplicated", "stream.held", "fanout.same", "lifecycle.transitions"]
    checks = [CheckResult(name, "fail", "", {}, []) for name in names]
    left = [check.name for check in climbing.checks_of_run(checks)]
    assert left == ["delivery.duplicated", "lifecycle.transitions"]


def test_times_are_told_since_the_start_of_the_run() -> None:
    step = ClimbStep(1_700_000_012.34, 5.0, HELD, "held")
    record = to_json(Capacity(HELD, GAVE, "missed", ["late"], True, steps=[step]))
    assert isinstance(record, dict)
    found = climbing.capacity_of(record, 1_700_000_000_000_000_000)
    assert found.steps[0].at_s == 12.3
    assert found.summary.startswith("The service holds 20 streams")
    assert climbing.capacity_of(None, 0).steps == []


def test_a_climb_is_asked_for_by_its_name_or_by_that_of_its_class() -> None:
    assert climbing.asked(Namespace(scenario=["capacity"], user_classes=[]))
    assert climbing.asked(Namespace(scenario=None, user_classes=["CapacityUser"]))
    assert not climbing.asked(Namespace(scenario=["soak"], user_classes=["SoakUser"]))
