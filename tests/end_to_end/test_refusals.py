"""What cannot start is refused in one line that says what to change, without a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.locust_process import LocustProcess, over

REFUSALS = [
    (["--host", "studio.example:3000"], 2, "write it with its scheme"),
    (["--config", "nope.toml"], 2, "nope.toml"),
    (["--config", "requirements-dev.toml"], 2, "requirements-dev.toml"),
    (["--threshold", "delivery:p(99)<"], 2, "for example: delivery:p(99)<50ms"),
    (["--threshold", "delivry:p(99)<50ms"], 2, "delivry"),
    (["--tasks-file", "nowhere.json"], 2, "cannot read 'nowhere.json'"),
    (["--replay", "nowhere.jsonl"], 2, "cannot read 'nowhere.jsonl'"),
    (["--fault", "dorp:1%"], 2, "unknown fault 'dorp'"),
    (["--fault", "drop:1%", "--host", "http://127.0.0.1:1"], 2, "leave out --fault or --host"),
    (["--clock-skew", "3"], 2, "write it such as 3s or -250ms"),
    (["--clock-skew=-3s", "--host", "http://127.0.0.1:1"], 2, "leave out --clock-skew or --host"),
    (["--clock-step", "99999999s@1s"], 2, "at most a day"),
    (["--scenario", "restart", "--host", "http://127.0.0.1:1"], 2, "embedded Studio only; leave out --host"),
    (["--scenario", "restart", "--processes", "2"], 2, "leave out --processes"),
    (["--turns", "5"], 2, "--turn-ms"),
    (["-u", "40000", "--streams-per-user", "100"], 2, "open files"),
    (["--executions", "0", "ExecutionUser"], 2, "--executions 1"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), REFUSALS, ids=[" ".join(case[0]) for case in REFUSALS])
def test_a_run_that_cannot_start_says_what_to_change(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    with LocustProcess(tmp_path / "results", ["--headless", "-t", "2s", *arguments]) as process:
        assert process.wait() == code, process.output
        assert says in process.output
        assert "Traceback" not in process.output
        errors = [line for line in process.output.splitlines() if "error" in line]
        assert len(errors) == 1, process.output
        assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "two processes"])
def test_no_service_at_the_host_is_no_data(tmp_path: Path, processes: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with LocustProcess(tmp_path, ["--headless", "-t", "2s", "--host", host, *over(processes)]) as process:
            assert process.wait() == 4, process.output
            assert f"no service answers at {host}" in process.output
            assert "Traceback" not in process.output
            assert "Ramping" not in process.output


def test_a_profile_that_locust_would_ignore_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("users = 5\n")
    with LocustProcess(tmp_path / "results", ["--headless", "-t", "2s", "--config", str(profile)]) as process:
        assert process.wait() == 2
        assert "no [tool.locust] table" in process.output
