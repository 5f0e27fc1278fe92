"""The scenarios with many streams that come and go: each stream is owed what happened while it was open."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.model import Result
from tests.support.locust_process import PATIENT_CONNECT, LocustProcess, over, passed

COMMON = (
    *PATIENT_CONNECT,
    *("--threshold", "delivery:p(99)<600s", "--headless", "--only-summary", "-t", "6s"),
    *("--clock-probe", "0", "--settle", "10", "--scenario-streams", "10"),
)


def run(results: Path, *arguments: str) -> tuple[int, str, Result]:
    with LocustProcess(results, [*COMMON, *arguments]) as process:
        code = process.wait()
        assert "Traceback" not in process.output, process.output
        return code, process.output, process.result()


@pytest.mark.parametrize("processes", [1, 2])
def test_streams_that_come_and_go_are_accounted_for_and_no_cut_counts_as_a_failure(
    tmp_path: Path, processes: int
) -> None:
    classes = ("ReconnectStormUser", "FlappingUser", "LateJoinersUser", "SpikeUser")
    code, output, result = run(tmp_path, *classes, "-u", "4", "-r", "4", *over(processes))
    assert passed(code, result), output
    assert {check.name: check.verdict for check in result.checks}["replay.complete"] == "pass"
    deliveries, connections = result.deliveries, result.connections
    assert deliveries.expected == deliveries.delivered > 0
    assert deliveries.lost == deliveries.duplicated == deliveries.reordered == 0
    assert connections.dropped >= connections.reconnects >= 10
    assert (connections.failed, connections.gaps, connections.errors) == (0, [], [])
    assert connections.opened > 4 + 10 * 4
    assert result.cleanup.left == []


def test_a_storm_shows_a_replay_that_brings_nothing(tmp_path: Path) -> None:
    code, output, result = run(
        tmp_path, "ReconnectStormUser", "--fault", "replay-silent", "--studio-option", "buffer=1", "--settle", "2"
    )
    assert code == 3, output
    (check,) = (check for check in result.checks if check.verdict == "fail")
    assert check.name == "replay.complete"
    assert "10 streams were reset at once" in str(check.offenders[0]["what"])
