"""Statuses by every route and executes in parallel, as a user asks for them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.locust_process import UNTIMED, LocustProcess

LOAD = ("--headless", "--only-summary", "-u", "6", "-r", "50", "-t", "5s", "--turn-ms", "300", "--settle", "4")
SCENARIOS = ("--scenario", "statuses", "--scenario", "parallel-executes", "--executions", "1")
PATIENT = ("--told-within", "60", "--execute-limit", "30")
CHECKS = {
    *("status.agrees", "status.fresh", "status.told_in_time"),
    *("execute.accepted", "execute.in_time", "execute.single", "execute.double_refused", "execute.done_refused"),
}


@pytest.mark.parametrize(
    ("faults", "failing"),
    [
        (["backend-slow:400ms"], set()),
        (["backend-down"], set()),
        (["publish-first:300ms", "double-execute"], {"status.fresh", "execute.double_refused"}),
    ],
    ids=["slow backend", "backend down", "defects"],
)
def test_defects_are_told_from_what_a_service_cannot_help(faults: list[str], failing: set[str], tmp_path: Path) -> None:
    asked = [word for fault in faults for word in ("--fault", fault)]
    with LocustProcess(tmp_path, [*UNTIMED, *LOAD, *SCENARIOS, *PATIENT, *asked]) as process:
        process.wait()
        output, result = process.output, process.result()
    verdicts = {check.name: check.verdict for check in result.checks}
    assert set(verdicts) >= CHECKS, output
    assert {name for name, verdict in verdicts.items() if verdict == "fail"} == failing, output
    assert {row.expression for row in result.rows if row.verdict == "fail"} == set(), output
    assert result.metrics["disagreement"].types.keys() >= {"todo>planning", "review>done"}
    assert "Traceback" not in output
    assert result.cleanup.left == []
