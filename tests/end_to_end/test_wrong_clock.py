"""Runs on a service whose clock is wrong: latencies stay right within the bounds that are stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.model import Result
from tests.support.locust_process import PATIENT_CONNECT, UNTIMED, LocustProcess, over, passed
from tests.support.studio_process import StudioProcess

SIZE = ("--headless", "--only-summary", "-u", "10", "-r", "10", "--task-rate", "4", "--clock-probe", "1")
PATIENT_DELIVERY = ("--threshold", "delivery:p(99)<600s")
SKEW_US, STEP_US = 3_000_000, 500_000
DRIFT_US = 200e-6 * 60e6
"""What 200 ppm come to in a minute, which is longer than the service runs."""
SLOW_US = 100_000
FIGURES = ("min", "p50", "p90", "p95", "p99", "p999", "max")


def run(results: Path, *arguments: str) -> tuple[int, str, Result]:
    with LocustProcess(results, [*SIZE, *arguments]) as process:
        code = process.wait()
        assert "Traceback" not in process.output, process.output
        return code, process.output, process.result()


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run on a clock that is 3 s ahead, gains 200 ppm and jumps by half a second; deliveries take 100 ms and more."""
    clock = ("--clock-skew", "3s", "--clock-drift", "200ppm", "--clock-step", "500ms@6s")
    service = (*clock, "--fault", "slow-delivery:100ms", "--threshold", "delivery:p(50)<50ms")
    code, output, result = run(
        tmp_path_factory.mktemp("wrong"), "-t", "10s", *PATIENT_CONNECT, *service, "TriggerUser", "StreamUser"
    )
    assert code in (3, 4), output
    return result


def test_the_bounds_of_every_percentile_hold_the_truth(wrong: Result) -> None:
    assert wrong.deliveries.unplaced == wrong.deliveries.lost == 0
    # Only TriggerUser moves tasks, so both measures have the same samples of this type. In truth an event takes at
    # least the delay of the fault, and less time than has passed since its request was sent.
    delivery = wrong.metrics["delivery"].types["task.status_changed"]
    sent = wrong.metrics["trigger_sent"].types["task.status_changed"]
    assert delivery.count == sent.count > 0
    for name in FIGURES:
        assert delivery.bounds[name].high >= SLOW_US * 0.999, name
        assert delivery.bounds[name].low <= sent.bounds[name].high, name


def test_a_limit_that_is_missed_in_truth_is_never_met(wrong: Result) -> None:
    (row,) = [row for row in wrong.rows if row.expression == "delivery:p(50)<50ms"]
    assert row.verdict in ("fail", "inconclusive")


def test_the_offset_and_its_step_are_shown(wrong: Result) -> None:
    (process,) = wrong.clock.processes
    assert (process.mode, process.note) == ("estimated", "")
    assert process.probes > 10
    _, low_us, high_us = process.windows[0]
    assert low_us <= SKEW_US + DRIFT_US and high_us >= SKEW_US
    _, low_us, high_us = process.windows[-1]
    assert low_us <= SKEW_US + STEP_US + DRIFT_US and high_us >= SKEW_US + STEP_US
    (step,) = process.steps
    assert step.low_us <= STEP_US <= step.high_us
    assert 0 < step.after_s < step.before_s < wrong.run.duration_s
    assert any("forward" in note for note in wrong.notes)
    assert wrong.uncertainty.text.startswith("clock: offset known to")


def test_each_of_two_processes_finds_a_clock_that_is_behind(tmp_path: Path) -> None:
    code, output, result = run(tmp_path, "-t", "6s", *UNTIMED, "--clock-skew=-2s", *over(2))
    assert passed(code, result), output
    assert [process.name for process in result.clock.processes] == ["worker 1", "worker 2"]
    for process in result.clock.processes:
        assert process.mode == "estimated"
        assert process.probes >= 2
        assert all(low <= -2_000_000 <= high for _, low, high in process.windows)
        assert process.steps == []
    assert result.deliveries.unplaced == result.deliveries.lost == 0
    assert result.deliveries.expected == result.deliveries.delivered > 0
    delivery = result.metrics["delivery"]
    assert delivery.count == result.deliveries.arrivals
    assert 0 <= delivery.bounds["p50"].low <= delivery.p50 <= delivery.bounds["p50"].high
    assert result.cleanup.left == []


def test_the_same_clock_is_taken_as_exact(tmp_path: Path) -> None:
    code, output, result = run(tmp_path, "-t", "3s", *PATIENT_CONNECT, *PATIENT_DELIVERY, "StreamUser")
    assert passed(code, result), output
    (process,) = result.clock.processes
    assert (process.mode, process.worst_bound_us, process.steps) == ("same clock", 0, [])
    assert all(low <= 0 <= high for _, low, high in process.windows)
    assert result.uncertainty.clock_us == 0


def test_listeners_probe_a_service_of_others_and_leave_nothing_there(tmp_path: Path) -> None:
    with StudioProcess() as studio:
        host = ("--host", studio.url)
        code, output, result = run(tmp_path, "-t", "4s", *host, *PATIENT_CONNECT, *PATIENT_DELIVERY, "StreamUser")
        assert passed(code, result), output
        assert studio.call("GET", "/api/tasks").json == []
    assert "--clock-probe 0 turns that off" in output
    assert any("--clock-probe 0 turns that off" in note for note in result.notes)
    (process,) = result.clock.processes
    assert process.probes >= 3
    assert result.deliveries.expected == result.deliveries.delivered > 0
    assert not any("/api/tasks" in record.name for record in result.requests)


def test_a_service_that_is_not_probed_is_left_alone(tmp_path: Path) -> None:
    with StudioProcess() as studio:
        host = ("--host", studio.url, "--clock-probe", "0")
        code, output, result = run(tmp_path, "-t", "3s", *host, *PATIENT_CONNECT, "StreamUser")
        assert passed(code, result), output
    assert "Clock probe" not in output
    assert result.deliveries.arrivals == 0
    assert result.clock.processes[0].probes == 0
