"""The service is killed and does not come back: the run ends in time, reports, and names what it left there."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

from run.__main__ import main
from tests.end_to_end.test_studio_restart import studio
from tests.support.locust_process import UNTIMED, LocustProcess
from tests.support.studio_process import StudioClient

LOAD = (*UNTIMED, "--headless", "--only-summary", "-u", "10", "-r", "10", "--task-rate", "4", "--executions", "1")


def test_a_killed_service_is_reported_and_what_it_keeps_can_be_deleted(tmp_path: Path) -> None:
    db, results = tmp_path / "studio.db", tmp_path / "results"
    with ExitStack() as stack:
        first, port = stack.enter_context(studio(db))
        host = f"http://127.0.0.1:{port}"
        arguments = [*LOAD, "-t", "14s", "--settle", "2", "--drain-timeout", "3", "--host", host]
        process = stack.enter_context(LocustProcess(results, arguments))
        process.wait_for(r"\d+ streams open \| [1-9]\d* deliveries")
        first.send_signal(signal.SIGKILL)
        first.wait()
        code = process.wait()
        assert "Traceback" not in process.output, process.output
        result = process.result()
        checks = {check.name: check for check in result.checks}
        assert code == result.verdict.exit_code == 3, process.output
        assert result.connections.gaps and result.connections.open_at_end == 0
        assert any("IncompleteRead" in error.reason for error in result.connections.errors)
        assert result.errors and result.deliveries.unexpected == 0
        assert checks["cleanup"].verdict != "pass"
        assert "run.drained" not in checks
        command = f"python -m run cleanup --host {host} --run {result.run.id}"
        assert any(note.endswith(command) for note in result.notes), result.notes
        stack.enter_context(studio(db, port))
        client = StudioClient(host)
        assert all(f"[{result.run.id} " in task["title"] for task in client.tasks())
        assert main(["cleanup", "--host", host, "--run", result.run.id]) == 0
        assert client.tasks() == []
        client.close()
