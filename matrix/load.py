"""One run of the load test as a user starts it: a process, its exit code and its result.json."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from reports.model import RESULT_FILE, Result, load

ROOT: Final = Path(__file__).parent.parent
SMALL: Final = ("--config", "config/matrix.toml")
"""Arguments of every row's run: a small load that leaves room for the defect to show within ten seconds."""
UNTIMED: Final = tuple(
    word
    for metric in ("connect", "delivery", "activity", "execute")
    for word in ("--threshold", f"{metric}:p(99)<600s")
)
"""Latency targets that no machine misses: a slow one is no defect, and a row that is about latency names its own."""
TURN_MS: Final = 300
"""An agent's turn in the embedded Studio, in milliseconds: several fit into the run."""
COMMON: Final = (*SMALL, "--turn-ms", str(TURN_MS))
"""The same with the embedded Studio that Locust starts."""

_END_WITHIN_S = 30.0
_SAID_LINES = 3


class LoadFailed(Exception):
    """The load test brought no result; the message is one line that says what it said last."""


class Outcome(NamedTuple):
    """What a run gave."""

    exit_code: int
    result: Result
    took_s: float
    """From the start of the process to its end."""
    files: Mapping[str, bytes] = {}
    """What it left, by name."""


def run_load(arguments: Sequence[str], *, within_s: float = 90.0) -> Outcome:
    """Run ``locust`` with these arguments and read its result.

    Raise ``LoadFailed`` when it refuses its arguments or is not over ``within_s`` seconds after its start.
    """
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        log, results = Path(folder, "log"), Path(folder, "results")
        command = [sys.executable, "-m", "locust", *arguments, "--results-dir", str(results)]
        began = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(), stdout=output, stderr=output, start_new_session=True
            )
            code = _wait(process, within_s)
        took_s = time.monotonic() - began
        written = sorted(results.glob(f"*/{RESULT_FILE}"))
        if code is None:
            raise LoadFailed(f"locust was not over after {within_s:g} s; it was killed")
        if not written:
            raise LoadFailed(f"locust ended with exit code {code} and no result; it said: {_last_words(log)}")
        return Outcome(code, load(written[-1]), took_s, _everything(written[-1].parent))


def keep(outcome: Outcome, name: str) -> Path:
    """Write the run's result and its report into ``results/NAME``; returns the folder."""
    folder = ROOT / "results" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, data in outcome.files.items():
        (folder / file).write_bytes(data)
    return folder


def _everything(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _environment() -> dict[str, str]:
    """Without Locust's own variables, which would change the run behind the arguments' back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}


def _wait(process: subprocess.Popen[bytes], within_s: float) -> int | None:
    """The exit code; None when the process had to be killed. An interrupt is passed on, so that it cleans up."""
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        _kill(process)
        return None
    except BaseException:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            _kill(process)
        raise


def _kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("locust: error:")]
    return " / ".join((errors or lines)[-_SAID_LINES:]) or "nothing"
