"""One worker of two is killed: the run goes on, and the result says who was lost, when, and what is unknown."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import psutil

from run.__main__ import main
from tests.support.locust_process import UNTIMED, LocustProcess, over, wait_until
from tests.support.result_files import assert_complete, assert_said
from tests.support.studio_process import StudioProcess

LOAD = (*UNTIMED, "--headless", "--only-summary", "-u", "10", "-r", "10", "--task-rate", "4", "-t", "14s")


def first_worker(process: LocustProcess) -> int:
    """The process id of a worker; it started before any other child of the master."""
    return min(psutil.Process(process.pid).children(), key=lambda child: child.create_time()).pid


def test_a_killed_worker_is_named_and_its_tasks_are_deleted(tmp_path: Path) -> None:
    with StudioProcess("--turn-ms", "150") as studio:
        theirs = studio.create("somebody else's")
        arguments = [*LOAD, "--settle", "3", *over(2), "--host", studio.url, "--executions", "1"]
        with LocustProcess(tmp_path, arguments) as process:
            process.wait_for(r"\d+ streams open \| [1-9]\d* deliveries")
            os.kill(first_worker(process), signal.SIGKILL)
            code = process.wait()
            assert "Traceback" not in process.output, process.output
            result = assert_complete(process.folder)
            assert_said(process.folder, r"worker [12] was lost: what happened there after the last report is unknown")
        checks = {check.name: check for check in result.checks}
        assert code == 4, process.output
        assert checks["run.workers"].verdict == "unknown"
        (offender,) = checks["run.workers"].offenders
        assert re.match(r"worker [12] was last heard of \d+\.\d s after the start", str(offender["what"]))
        assert checks["delivery.lost"].counts["unknown"] > 0
        assert result.deliveries.lost == result.deliveries.unexpected == 0
        assert result.run.processes == 2
        assert [task["id"] for task in studio.tasks()] == [theirs]
        assert main(["cleanup", "--host", studio.url, "--run", result.run.id, "--dry-run"]) == 0


def test_a_worker_that_is_told_to_end_says_its_last_word(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*LOAD, "--turn-ms", "150", *over(2)]) as process:
        process.wait_for(r"\d+ streams open \| [1-9]\d* deliveries")
        worker = psutil.Process(first_worker(process))
        worker.send_signal(signal.SIGTERM)
        wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the worker ends")
        process.wait()
        result = process.result()
        checks = {check.name: check.verdict for check in result.checks}
        assert checks["run.workers"] == "pass", process.output
        assert result.deliveries.lost == result.deliveries.unknown == 0
        assert result.cleanup.left == []
