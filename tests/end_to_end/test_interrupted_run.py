"""Runs that are ended from outside: what was recorded is reported, and the embedded Studio is gone."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.locust_process import UNTIMED, LocustProcess, is_gone, over, passed, wait_until
from tests.support.result_files import assert_complete, assert_said
from tests.support.studio_process import StudioProcess

SIZE = (*UNTIMED, "--headless", "--only-summary", "-u", "10", "-r", "10", "--task-rate", "4")
LOAD = (*SIZE, "--turn-ms", "150")
UNDER_WAY = r"\d+ streams open \| [1-9]\d* deliveries"


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_ctrl_c_drains_the_run_and_reports_it(tmp_path: Path, processes: int) -> None:
    with LocustProcess(tmp_path, [*LOAD, "-t", "10m", *over(processes)]) as process:
        process.wait_for(UNDER_WAY)
        studio = process.studio_pid
        process.interrupt()
        code = process.wait()
        result = assert_complete(process.folder)
        assert_said(process.folder, r"The run was ended after \d+ s of the 600 s that were asked for")
        assert "Traceback" not in process.output, process.output
        assert passed(code, result), process.output
        assert result.deliveries.lost == 0
        assert result.deliveries.expected == result.deliveries.delivered > 0
        assert result.cleanup.left == []
        wait_until(lambda: is_gone(studio), "the embedded Studio ends")


def test_sigterm_drains_the_run_and_reports_it(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*LOAD, "-t", "10m"]) as process:
        process.wait_for(UNDER_WAY)
        studio = process.studio_pid
        process.send(signal.SIGTERM)
        code = process.wait()
        result = assert_complete(process.folder)
        assert passed(code, result), process.output
        assert result.deliveries.lost == 0
        assert_said(process.folder, r"The run was ended after \d+ s of the 600 s that were asked for")
        wait_until(lambda: is_gone(studio), "the embedded Studio ends")


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_a_killed_tester_takes_the_embedded_studio_with_it(tmp_path: Path, processes: int) -> None:
    with LocustProcess(tmp_path, [*LOAD, *over(processes)]) as process:
        process.wait_for(UNDER_WAY)
        studio = process.studio_pid
        process.send(signal.SIGKILL)
        wait_until(lambda: is_gone(studio), "the embedded Studio ends")
        os.killpg(process.pid, signal.SIGKILL)


def test_a_killed_studio_ends_neither_the_run_nor_its_report(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*LOAD, "-t", "8s", "--settle", "2", "--drain-timeout", "3"]) as process:
        process.wait_for(UNDER_WAY)
        os.kill(process.studio_pid, signal.SIGKILL)
        code = process.wait()
        result = process.result()
        assert code == 3, process.output
        assert result.connections.gaps
        assert any("IncompleteRead" in error.reason for error in result.connections.errors)


def test_an_impatient_end_is_inconclusive_and_leaves_nothing_on_the_server(tmp_path: Path) -> None:
    with StudioProcess("--turn-ms", "60000") as studio:
        with LocustProcess(tmp_path, [*SIZE, "--host", studio.url, "--executions", "1"]) as process:
            process.wait_for(UNDER_WAY)
            process.interrupt()
            process.wait_for("Draining")
            process.interrupt()
            code = process.wait()
            result = assert_complete(process.folder)
            assert_said(
                process.folder, "the end of the run was interrupted, so what was under way is not accounted for"
            )
        assert "Traceback" not in process.output, process.output
        assert code == 4, process.output
        assert [check.verdict for check in result.checks if check.name == "run.drained"] == ["unknown"]
        assert result.cleanup.left == []
        assert studio.call("GET", "/api/tasks").json == []
