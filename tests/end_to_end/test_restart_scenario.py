"""The service is stopped and started again by the run itself, in the middle of a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.locust_process import UNTIMED, LocustProcess

LOAD = ("--headless", "--only-summary", "-u", "5", "-r", "50", "-t", "8s", "--task-rate", "4", "--executions", "1")
CHECKS = {"restart.streams_end", "restart.recovered", "replay.told"}


@pytest.mark.parametrize(("fault", "failing"), [([], set()), (["restart-leaves-orphans"], {"restart.recovered"})])
def test_what_a_restart_costs_is_told_and_only_what_it_leaves_behind_is_held_against_the_service(
    fault: list[str], failing: set[str], tmp_path: Path
) -> None:
    given = [part for name in fault for part in ("--fault", name)]
    load = [*LOAD, *UNTIMED, "--scenario", "restart", "--turn-ms", "3000", "--settle", "3", *given]
    with LocustProcess(tmp_path, load) as process:
        process.wait()
        result = process.result()
        assert "Traceback" not in process.output, process.output
    verdicts = {check.name: check.verdict for check in result.checks}
    assert {name for name, verdict in verdicts.items() if verdict == "fail"} == failing
    assert {name: verdicts[name] for name in CHECKS - failing} == dict.fromkeys(CHECKS - failing, "pass")
    assert not [row.expression for row in result.rows if row.verdict == "fail"]
    assert any("the run sent SIGTERM to the service" in note for note in result.notes)
    assert result.connections.gaps
    assert [request.failures for request in result.requests if request.failures] == []
