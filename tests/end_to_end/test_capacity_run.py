"""A climb on a service with a known capacity: it finds the load, says what gives first, and ends by itself."""

from __future__ import annotations

from pathlib import Path

from tests.support.locust_process import LocustProcess

CAPACITY = 300
"""Deliveries a second: far below what a busy machine takes away from the tester."""
PATIENT = ("--threshold", "delivery:p(99)<400ms", "--threshold", "connect:p(99)<30s")
COMMON = (
    *("--headless", "--only-summary", "-t", "60s", "--scenario", "capacity", "--fault", f"capacity:{CAPACITY}"),
    *("--climb", "rate", "--climb-from", "6x25", "--climb-to", "6x400", "--step-time", "5"),
)


def test_a_climb_finds_the_capacity_and_the_answer_stands_in_place_of_what_load_wears_down(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*COMMON, *PATIENT]) as process:
        code = process.wait()
        result, output = process.result(), process.output
    assert "Traceback" not in output, output
    found = result.capacity
    assert found is not None and found.held is not None, output
    # A machine that is busy with other things may end a climb early, and then the answer says whose limit it was.
    assert found.held.deliveries_per_s <= 1.15 * CAPACITY
    verdicts = {row.expression: row.verdict for row in result.rows}
    assert verdicts["delivery:p(99)<400ms"] == verdicts["lost:count==0"] == verdicts["tester:fit"] == "not asked"
    assert [check.name for check in result.checks if check.verdict == "fail"] == []
    assert result.cleanup.left == []
    if found.complete and found.limit == "missed":
        assert code == 0, output
        assert found.held.deliveries_per_s >= 0.9 * CAPACITY
        assert found.gives_first[0].startswith("delivery:p(99)<400ms")
        assert result.verdict.summary == found.summary
    else:
        assert code == 4, output
        assert verdicts["capacity:found"] == "inconclusive"


def test_a_climb_below_its_floor_fails_and_one_that_holds_its_last_load_passes(tmp_path: Path) -> None:
    one_step = ("--climb-to", "6x25", "--step-time", "2", *PATIENT)
    for floor, expected in ((150, 0), (151, 4)):
        with LocustProcess(tmp_path / str(floor), [*COMMON, *one_step, "--threshold", f"capacity:max>={floor}"]) as run:
            assert run.wait() == expected, run.output
            (row,) = (row for row in run.result().rows if row.metric == "capacity")
            assert (row.measured, row.limit) == (150, floor)
