"""The embedded Studio as a child process that never outlives the tester.

It runs in a session of its own, so that the terminal's Ctrl-C reaches the tester first and the run can drain against
a living service; it ends when its standard input closes, which also covers a tester that was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

import gevent

READY_WITHIN_S = 15.0
_STOP_WITHIN_S = 5.0


class EmbeddedStudioError(RuntimeError):
    """The embedded Studio did not start; the message carries what it said."""


class Restart(NamedTuple):
    """What a stop and a new start took; times in nanoseconds since 1970."""

    signalled_ns: int
    ended_ns: int | None
    """When the process had ended; None when it had not ended in time and was killed."""
    ready_ns: int
    """When the new process had said that it serves."""


class EmbeddedStudio:
    """A running ``python -m studio.reference`` on loopback."""

    def __init__(self, command: Sequence[str], database: TemporaryDirectory[str] | None) -> None:
        """``command`` is without the port; ``database`` is the folder of its own database, if it survives a restart."""
        self._command = command
        self._database = database
        self._process, self.url = _started([*command, "--port", "0"])

    @classmethod
    def start(
        cls,
        arguments: Sequence[str],
        *,
        clock_skew: str | None = None,
        clock_drift: str | None = None,
        clock_steps: Sequence[str] = (),
        keeps_database: bool = False,
    ) -> EmbeddedStudio:
        """Start it on a free port and wait until it answers; raises ``EmbeddedStudioError``.

        The clock's three settings are texts as on its command line (``-3s``, ``200ppm``, ``500ms@6s``); without them
        its clock is the machine's. ``keeps_database``: what it holds survives `restart`, until `stop`.
        """
        clock = _clock_arguments(clock_skew, clock_drift, clock_steps)
        database = TemporaryDirectory(prefix="studio-") if keeps_database else None
        kept = [] if database is None else ["--db", str(Path(database.name) / "studio.db")]
        command = [sys.executable, "-m", "studio.reference", "--exit-with-stdin", *kept, *arguments, *clock]
        try:
            return cls(command, database)
        except BaseException:
            if database is not None:
                database.cleanup()
            raise

    def restart(self, number: signal.Signals, patience_s: float) -> Restart:
        """Send it a signal and start it again on the same port; it is killed if it has not ended in time.

        Raises ``EmbeddedStudioError`` when it does not come back.
        """
        signalled_ns, ended_ns = time.time_ns(), None
        self._process.send_signal(number)
        try:
            self._process.wait(patience_s)
            ended_ns = time.time_ns()
        except subprocess.TimeoutExpired:
            self._process.kill()
        _end(self._process)
        port = str(urlsplit(self.url).port)
        self._process, self.url = _started([*self._command, "--port", port])
        return Restart(signalled_ns, ended_ns, time.time_ns())

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def stop(self) -> None:
        """End it: its standard input is closed, and it is killed if that is not enough."""
        _end(self._process)
        if self._database is not None:
            self._database.cleanup()


def _clock_arguments(skew: str | None, drift: str | None, steps: Sequence[str]) -> list[str]:
    """Each in one word with its option: a value that begins with a minus would pass for an option."""
    given = [("skew", skew), ("drift", drift), *(("step", step) for step in steps)]
    return [f"--clock-{name}={text}" for name, text in given if text]


def _started(command: Sequence[str]) -> tuple[subprocess.Popen[str], str]:
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    try:
        return process, _ready_url(process)
    except BaseException:
        _end(process)
        raise


def _ready_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None and process.stderr is not None
    line = gevent.with_timeout(READY_WITHIN_S, process.stdout.readline, timeout_value="")
    if not line:
        process.kill()
        said = process.stderr.read().strip().splitlines()
        raise EmbeddedStudioError(said[-1] if said else f"nothing said within {READY_WITHIN_S:g} s")
    gevent.spawn(_pass_on, process)
    return str(json.loads(line)["url"])


def _pass_on(process: subprocess.Popen[str]) -> None:
    """What the child logs goes to the tester's standard error; a full pipe would stop the child."""
    assert process.stderr is not None
    for line in process.stderr:
        sys.stderr.write(f"embedded Studio: {line}")


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
