"""A listener of somebody's own breaks: the run goes on, its results are there, and the exit code says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.locust_process import UNTIMED, LocustProcess
from tests.support.result_files import assert_complete, assert_said

LOCUSTFILE = """
from locust import events as locust_events
from locust_eventsource import events
from scenarios.streams import StreamUser
from scenarios.triggers import TriggerUser

@{hook}.add_listener
def broken(**kwargs):
    raise RuntimeError("this listener is broken")
"""


@pytest.mark.parametrize(
    "hook", ["events.deliveries", "events.connect", "locust_events.test_start", "locust_events.test_stopping"]
)
def test_results_are_written_and_the_exit_code_is_two(tmp_path: Path, hook: str) -> None:
    locustfile, results = tmp_path / "locustfile.py", tmp_path / "results"
    locustfile.write_text(LOCUSTFILE.format(hook=hook))
    load = [*UNTIMED, "--headless", "--only-summary", "-u", "4", "-r", "4", "-t", "3s"]
    with LocustProcess(results, ["-f", str(locustfile), *load]) as process:
        code = process.wait()
        result = assert_complete(process.folder)
        assert "this listener is broken" in process.output
        assert (code, result.verdict.result) == (2, "internal error"), process.output
        assert result.deliveries.arrivals > 0
        assert_said(process.folder, "The tester itself had an internal error, so nothing here can be relied on")
