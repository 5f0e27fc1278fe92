"""Whole runs, as a user starts them: verdict, exit code, results, and nothing left behind."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reports.model import Result
from tests.support.locust_process import PATIENT_CONNECT, UNTIMED, LocustProcess, is_gone, over, passed, wait_until

SIZE = ("--headless", "--only-summary", "-u", "24", "-r", "24", "--turn-ms", "150", "--task-rate", "6")


LOAD = (*UNTIMED, *SIZE)
LISTEN = (*PATIENT_CONNECT, *SIZE, "-t", "3s", "--clock-probe", "0", "StreamUser")
"""Nothing makes an event: the probes of the clock would."""


def run(results: Path, *arguments: str, load: tuple[str, ...] = LOAD) -> tuple[int, str, Result]:
    with LocustProcess(results, [*load, *arguments]) as process:
        code = process.wait()
        output = process.output
        assert "Traceback" not in output, output
        assert process.results.is_dir(), output
        pid = process.studio_pid
        wait_until(lambda: is_gone(pid), "the embedded Studio ends with the run")
        return code, output, process.result()


def assert_every_delivery_is_accounted_for(result: Result) -> None:
    deliveries = result.deliveries
    assert deliveries.expected == deliveries.delivered + deliveries.lost
    assert deliveries.unknown == 0
    came = deliveries.delivered + deliveries.optional + deliveries.foreign + deliveries.other + deliveries.duplicated
    assert came == deliveries.arrivals
    assert deliveries.arrivals - deliveries.duplicated == result.metrics["delivery"].count


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_a_healthy_service_passes_and_every_delivery_is_accounted_for(tmp_path: Path, processes: int) -> None:
    code, output, result = run(tmp_path, "-t", "6s", *over(processes))
    assert passed(code, result), output
    assert result.run.processes == processes
    assert_every_delivery_is_accounted_for(result)
    assert result.deliveries.lost == result.deliveries.duplicated == result.deliveries.reordered == 0
    # A task in the middle of the run has task.created and two moves on all 24 streams.
    assert result.deliveries.expected > 24 * 3 * 10
    assert result.connections.peak >= 24
    assert {row.verdict for row in result.rows if row.expression != "tester:fit"} == {"pass"}
    assert result.rows[-1].expression == "tester:fit"
    assert {"trigger_sent", "rtt"} <= set(result.metrics)
    assert result.health.stamps == result.deliveries.kernel_stamps > 0
    assert result.health.stamps_missing == result.deliveries.unplaced == 0
    assert {"execute.accepted", "activity.complete", "session.ends", "status.agrees"} <= {c.name for c in result.checks}
    assert result.cleanup.left == []
    assert ("PASSED" in output) == (code == 0)


def test_the_results_are_all_there(tmp_path: Path) -> None:
    results = tmp_path / "results"
    _, output, result = run(results, "-t", "3s", "--csv", str(tmp_path / "locust"))
    (directory,) = results.iterdir()
    assert str(directory) in output
    names = {file.name for file in directory.iterdir()}
    assert {"report.html", "report.md", "result.json"} <= names
    assert {f"{metric}.hlog" for metric in result.metrics} <= names
    assert {"connect", "delivery", "trigger", "execute", "activity", "lag", "loop_lag", "skew"} <= set(result.metrics)
    assert result.metrics["delivery"].types.keys() >= {"task.created", "task.status_changed"}
    requests = {(record.method, record.name): record.count for record in result.requests}
    assert requests["SSE", "/api/events"] == 24
    assert not any("delivery" in name for _, name in requests)
    table = list(csv.DictReader((tmp_path / "locust_stats.csv").read_text("utf-8").splitlines()))
    rows = {row["Name"]: int(row["Request Count"]) for row in table if row["Type"] == "SSE event"}
    assert rows["delivery task.created"] == result.metrics["delivery"].types["task.created"].count
    (aggregated,) = [row for row in table if row["Name"] == "Aggregated"]
    assert int(aggregated["Request Count"]) == sum(record.count for record in result.requests)


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_dropped_deliveries_are_lost_and_named(tmp_path: Path, processes: int) -> None:
    code, output, result = run(tmp_path, "-t", "6s", "--fault", "drop:2%", *over(processes))
    assert code == 3, output
    assert_every_delivery_is_accounted_for(result)
    assert result.deliveries.lost > 0
    (check,) = [check for check in result.checks if check.name == "delivery.lost"]
    assert check.verdict == "fail"
    offender = check.offenders[0]
    assert offender["event_id"] and offender["type"] and offender["streams"]
    assert "lost:count==0" in result.verdict.summary
    (directory,) = tmp_path.iterdir()
    for name in ("report.html", "report.md"):
        assert "lost:count==0" in (directory / name).read_text("utf-8")


def test_duplicated_deliveries_are_noticed(tmp_path: Path) -> None:
    code, _, result = run(tmp_path, "-t", "5s", "--fault", "duplicate:2%")
    assert code == 3
    assert result.deliveries.duplicated > 0
    assert result.deliveries.lost == 0
    assert_every_delivery_is_accounted_for(result)


def test_slow_delivery_misses_its_target(tmp_path: Path) -> None:
    code, output, result = run(
        tmp_path, "-t", "5s", "--fault", "slow-delivery:80ms", "--threshold", "delivery:p(99)<50ms"
    )
    assert code == 3
    (row,) = [row for row in result.rows if row.expression == "delivery:p(99)<50ms"]
    assert row.verdict == "fail"
    assert result.metrics["delivery"].min >= 80_000
    assert result.deliveries.lost == 0
    assert "delivery:p(99)<50ms" in output


def test_a_slow_execute_misses_its_target(tmp_path: Path) -> None:
    code, _, result = run(
        tmp_path, "-t", "6s", "--fault", "slow-execute:1500ms", "--threshold", "execute:p(99)<1s", "ExecutionUser"
    )
    assert code == 3
    (row,) = [row for row in result.rows if row.expression == "execute:p(99)<1s"]
    assert row.verdict == "fail"


def test_users_that_only_listen_leave_no_verdict_on_what_they_cannot_produce(tmp_path: Path) -> None:
    code, _, result = run(tmp_path, load=LISTEN)
    verdicts = {row.metric: row.verdict for row in result.rows}
    assert verdicts["connect"] == verdicts["streams"] == "pass"
    assert {verdicts[name] for name in ("delivery", "execute", "activity", "lost")} == {"not asked"}
    assert passed(code, result)


def test_a_row_of_the_user_without_data_is_inconclusive(tmp_path: Path) -> None:
    code, _, result = run(tmp_path, "--threshold", "execute:p(50)<1s", load=LISTEN)
    assert code == 4
    (row,) = [row for row in result.rows if row.expression == "execute:p(50)<1s"]
    assert (row.verdict, row.origin) == ("inconclusive", "command line")


def test_without_thresholds_locust_decides(tmp_path: Path) -> None:
    code, _, result = run(tmp_path, "--threshold", "none", load=LISTEN)
    assert code == 0
    assert result.rows == []


def test_the_command_line_replaces_a_row_of_the_profile(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('[tool.locust]\nthreshold = ["lost:count<=5", "connect:p(99)<9s"]\n')
    results = tmp_path / "results"
    _, _, result = run(results, "-t", "3s", "--config", str(profile), "--threshold", "lost:count<=7", load=SIZE)
    rows = {row.expression: row.origin for row in result.rows}
    assert rows["lost:count<=7"] == "command line"
    assert rows["connect:p(99)<9s"] == "profile"
    assert "lost:count<=5" not in rows
    assert "lost:count==0" not in rows
