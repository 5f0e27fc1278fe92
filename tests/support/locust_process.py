"""Locust in a process of its own, as a user starts it, and what it left."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from reports.model import Result, load
from tests.support.interruptible import interruptible

ROOT = Path(__file__).parent.parent.parent
DEADLINE_S = 90.0

PATIENT_CONNECT = ("--threshold", "connect:p(99)<600s")
UNTIMED = tuple(
    word
    for metric in ("connect", "delivery", "activity", "execute")
    for word in ("--threshold", f"{metric}:p(99)<600s")
)
"""Latency targets that no machine misses, so that a test's outcome does not hang on the machine's speed."""


def passed(code: int, result: Result) -> bool:
    """Whether a run passed, or would have on a machine with time to spare: nothing but ``tester:fit`` is open.

    Tests share their machine with other tests, and a tester that is held up says so.
    """
    open_rows = {row.expression for row in result.rows if row.verdict == "inconclusive"}
    open_checks = {check.name for check in result.checks if check.verdict == "unknown"}
    return code == 0 or (code == 4 and open_rows == {"tester:fit"} and not open_checks)


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = DEADLINE_S) -> None:
    """Look again and again until ``holds()``; fail when the time is over."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def over(processes: int) -> list[str]:
    """The options for one process or several, whose master does not meet the master of another test."""
    if processes == 1:
        return []
    port = str(free_port())
    return ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]


class LocustProcess:
    """A running ``locust``; use it as a context manager, so that nothing of it is left."""

    def __init__(self, results: Path, arguments: Sequence[str], *, cwd: Path = ROOT) -> None:
        self.results = results
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        with interruptible():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "locust", "--results-dir", str(results), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=cwd,
                env=environment | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """What it has printed so far, standard error included."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> LocustProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(DEADLINE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        code = self._process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return code

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the output matches."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = re.search(pattern, self.output)
            if match:
                found.append(match)
            assert match or self._process.poll() is None, f"ended without {pattern!r}:\n{self.output}"
            return match is not None

        wait_until(look, f"{pattern!r} in the output")
        return found[0]

    def interrupt(self) -> None:
        """Ctrl-C, which the terminal sends to the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process only."""
        self._process.send_signal(number)

    @property
    def studio_pid(self) -> int:
        """The embedded Studio's process."""
        return int(self.wait_for(r"embedded Studio serves \S+ \(process (\d+)\)").group(1))

    @property
    def folder(self) -> Path:
        """The folder of its only run."""
        (directory,) = self.results.iterdir()
        return directory

    def result(self) -> Result:
        """The result of its only run."""
        return load(self.folder / "result.json")


def is_gone(pid: int) -> bool:
    """True when the process has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
