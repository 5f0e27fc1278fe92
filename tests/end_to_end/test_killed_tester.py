"""The tester is killed: its journal gives the report, says what is unknown, and how what it left is deleted."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from reports.model import RESULT_FILE, load
from run.journal import JOURNAL_FILE
from tests.support.locust_process import ROOT, UNTIMED, LocustProcess, over, wait_until
from tests.support.studio_process import StudioProcess

LOAD = (*UNTIMED, "--headless", "--only-summary", "-u", "10", "-r", "10", "--task-rate", "4", "--settle", "2")


def after(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "run", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def by_hand(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as a note of the report has it."""
    assert command[:3] == ["python", "-m", "run"]
    return after(*command[3:])


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_a_killed_run_is_recovered_and_cleaned_up(tmp_path: Path, processes: int) -> None:
    with StudioProcess("--turn-ms", "150") as studio:
        theirs = studio.create("somebody else's")
        with LocustProcess(tmp_path, [*LOAD, "--host", studio.url, *over(processes)]) as process:
            process.wait_for(r"1\d s \| 10 streams open \| [1-9]\d* deliveries")
            (directory,) = tmp_path.iterdir()
            under_way = after("recover", str(directory))
            assert under_way.returncode == 2 and "still under way" in under_way.stderr
            process.send(signal.SIGKILL)
            # Workers would go on for the minute in which Locust waits for their master.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        recovered = after("recover", str(directory))
        assert recovered.returncode == 4, recovered
        assert recovered.stderr == "" and "was killed" in recovered.stdout
        result = load(directory / RESULT_FILE)
        checks = {check.name: check for check in result.checks}
        assert checks["run.drained"].verdict == checks["cleanup"].verdict == "unknown"
        assert ("run.workers" in checks) == (processes > 1)
        assert result.deliveries.expected == result.deliveries.delivered > 0
        assert result.deliveries.lost == result.deliveries.unexpected == 0
        assert result.requests and result.metrics["delivery"].count > 0
        assert result.run.duration_s >= 9
        assert "was killed" in (directory / "report.html").read_text("utf-8")
        (note,) = [note for note in result.notes if "This deletes them: " in note]
        assert by_hand(shlex.split(note.partition("This deletes them: ")[2])).returncode == 0
        assert [task["id"] for task in studio.tasks()] == [theirs]


def test_a_task_whose_creation_was_never_answered_is_found(tmp_path: Path) -> None:
    with StudioProcess() as studio:
        with LocustProcess(tmp_path, [*LOAD, "--host", studio.url]) as process:
            process.wait_for(r"\d+ streams open \| [1-9]\d* deliveries")
            (directory,) = tmp_path.iterdir()
            process.send(signal.SIGKILL)
            process.wait()
        mark = next(task["title"] for task in studio.tasks() if "[lt-" in task["title"])
        studio.create(f"never answered {mark[mark.index('[lt-') :]}")
        assert after("cleanup", "--results", str(directory)).returncode == 0
        assert studio.tasks() == []


def test_a_run_that_ended_in_order_leaves_no_journal(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*LOAD, "--turn-ms", "150", "-t", "3s"]) as process:
        wait_until(lambda: any(tmp_path.glob(f"*/{JOURNAL_FILE}")), "the journal begins")
        process.wait()
        (directory,) = tmp_path.iterdir()
        assert (directory / RESULT_FILE).exists()
        assert not (directory / JOURNAL_FILE).exists()
    refused = after("recover", str(directory))
    assert refused.returncode == 2 and "has its results already" in refused.stderr
