"""A headless run on a terminal: the table moves while it goes on, and leaves log lines and final tables whole."""

from __future__ import annotations

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

from tests.support.locust_process import ROOT, UNTIMED
from tests.support.screen import screen

LOAD = (*UNTIMED, "--headless", "--only-summary", "-u", "4", "-r", "4", "-t", "4s", "--turn-ms", "150")
_OF_TERMINALS = ("CI", "COLUMNS", "LINES")
LINES, COLUMNS = 50, 90


def on_a_terminal(arguments: list[str], **environment: str) -> str:
    """What ``locust`` writes to a terminal until it ends."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in _OF_TERMINALS and name[:7] != "LOCUST_"}
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=known | {"TERM": "xterm-256color"} | environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        written = _read_all(ours)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)
    return written


def _read_all(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            # The other end is closed: that is how a terminal says so.
            break
        parts.append(part)
    return b"".join(parts).decode()


def test_the_table_moves_and_leaves_log_lines_and_the_final_tables_whole(tmp_path: Path) -> None:
    written = on_a_terminal([*LOAD, "--results-dir", str(tmp_path)])
    assert re.search(r"so far.*streams open \| .*[1-9]\d* deliveries \(\d+/s\).*delivery:p\(99\)<", written, re.DOTALL)
    left = screen(written)
    assert not any("so far" in line for line in left)
    stamped = [line for line in left if re.match(r"\[[\d-]+ [\d:,]+\] \S+/[A-Z]+/[\w.]+: \S", line)]
    draining = "Draining: triggers stop, and every event gets its time to arrive"
    assert any(line.endswith(draining) for line in stamped), "\n".join(left)
    (verdict,) = (at for at, line in enumerate(left) if line.startswith("VERDICT       TARGET"))
    assert left[verdict + 1] == "-" * 100
    assert [line for line in left if line][-1].startswith("Results: ")
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") > 0, "the cursor is shown again"


def test_in_ci_lines_are_logged_on_a_terminal_too(tmp_path: Path) -> None:
    written = on_a_terminal([*LOAD, "-t", "6s", "--results-dir", str(tmp_path)], CI="true")
    assert re.search(r"\d+ streams open \| [1-9]\d* deliveries \| delivery p50", written)
    assert "\x1b[?25l" not in written
