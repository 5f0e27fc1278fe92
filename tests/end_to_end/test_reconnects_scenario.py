"""The scenario that loses its connections on purpose: nothing found in a right service, each defect found by name."""

from __future__ import annotations

from pathlib import Path

from reports.model import Result
from tests.support.locust_process import PATIENT_CONNECT, LocustProcess, passed

SIZE = ("--headless", "--only-summary", "-t", "7s", "--clock-probe", "0", "--settle", "10")
UNTIMED = (*PATIENT_CONNECT, "--threshold", "delivery:p(99)<600s")
ALONE = (*UNTIMED, *SIZE, "--studio-option", "buffer=40", "ReconnectsUser")
REPLAY = {"replay.complete", "replay.exact", "replay.ordered", "replay.filtered", "replay.told"}


def run(results: Path, *arguments: str) -> tuple[int, str, Result]:
    with LocustProcess(results, [*ALONE, *arguments]) as process:
        code = process.wait()
        assert "Traceback" not in process.output, process.output
        return code, process.output, process.result()


def test_a_right_service_passes_and_no_lost_connection_counts_against_it(tmp_path: Path) -> None:
    code, output, result = run(tmp_path)
    assert passed(code, result), output
    assert {check.name: check.verdict for check in result.checks if check.name in REPLAY} == dict.fromkeys(
        REPLAY, "pass"
    )
    connections = result.connections
    assert (connections.failed, connections.reconnects, connections.errors) == (0, 0, [])
    assert result.cleanup.left == []


def test_each_known_defect_of_the_replay_is_found_under_its_own_name(tmp_path: Path) -> None:
    faults = ("replay-duplicates", "replay-unfiltered", "replay-silent")
    code, output, result = run(tmp_path, *(word for fault in faults for word in ("--fault", fault)))
    assert code == 3, output
    checks = {check.name: check for check in result.checks}
    assert {name for name, check in checks.items() if check.verdict == "fail"} == {
        "replay.exact",
        "replay.filtered",
        "replay.told",
    }
    (double, *_), (stranger, *_), (silence, *_) = (
        checks[name].offenders for name in ("replay.exact", "replay.filtered", "replay.told")
    )
    assert "the acknowledged event itself came again" in str(double["what"])
    assert "held 2 events of other tasks" in str(stranger["what"])
    assert "no first event replay.unavailable" in str(silence["what"])
    assert all("$HOST/api/events" in str(offender["again"]) for offender in (double, stranger, silence))
