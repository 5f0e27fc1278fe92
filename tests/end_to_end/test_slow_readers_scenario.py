"""Readers that fall behind, against a service that skips them and one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.locust_process import UNTIMED, LocustProcess

LOAD = ("--headless", "--only-summary", "-u", "4", "-r", "50", "-t", "6s", "--task-rate", "2", "--executions", "0")
SCENARIO = ("--scenario", "slow-readers", "--slow-events", "300")
CHECK = "backpressure.signalled"


@pytest.mark.parametrize(
    ("given", "failing"),
    [(["--fault", "skip-slow-readers:64"], [CHECK]), (["--studio-option", "queue-limit=64"], [])],
)
def test_only_a_hole_that_nobody_tells_of_is_held_against_the_service(
    given: list[str], failing: list[str], tmp_path: Path
) -> None:
    with LocustProcess(tmp_path, [*LOAD, *UNTIMED, *SCENARIO, *given]) as process:
        process.wait()
        checks = process.result().checks
    assert [check.name for check in checks if check.verdict != "pass"] == failing
    (check,) = [check for check in checks if check.name == CHECK]
    assert check.counts["failed" if failing else "passed"] == sum(check.counts.values())
    assert all("The stream stayed open" in str(offender["what"]) for offender in check.offenders)
