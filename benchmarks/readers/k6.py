"""k6 with an SSE extension, a virtual user a connection: starts it, weighs it from outside, passes its figures on.

It runs where a ``k6`` that knows ``k6/x/sse`` is on the PATH. Its latencies are whole milliseconds (a script's clock),
and lost events are not in its percentiles.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from benchmarks.messages import ReaderReport, report, say
from benchmarks.readers.running import Options, read_options

SCRIPT = Path(__file__).parent.parent / "native" / "k6" / "reader.js"
_EXTENSION = "k6/x/sse"
_ASKED_WITHIN_S = 30


class Weight(NamedTuple):
    """What another process has used so far: CPU time of all its threads (us), resident set (KiB)."""

    cpu_us: float
    resident_kib: float


def missing() -> str | None:
    """Why k6 cannot be measured here, or None."""
    program = shutil.which("k6")
    if program is None:
        return "k6 is not on the PATH"
    said = subprocess.run([program, "version"], capture_output=True, text=True, timeout=_ASKED_WITHIN_S, check=False)
    return None if _EXTENSION in said.stdout else f"this k6 has no {_EXTENSION} (build one with xk6-sse)"


def weigh(pid: int) -> Weight:
    """Weigh a process (Linux, proc_pid_stat(5): fields 14 and 15 are user and system time in clock ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Weight(ticks * 1e6 / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGESIZE") / 1024)


def start(options: Options) -> subprocess.Popen[str]:
    """Start k6 with the script; what the script logs comes on its standard error, the figures on its output."""
    values = {"URL": options.url, "CONNECTIONS": options.connections, "EVENTS": options.events}
    given = [part for name, value in values.items() for part in ("--env", f"{name}={value}")]
    quiet = ["--quiet", "--no-usage-report", "--no-color", "--log-format", "raw", "--address", "127.0.0.1:0"]
    return subprocess.Popen(
        ["k6", "run", *quiet, *given, str(SCRIPT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(lines: Iterator[str], line: str, count: int) -> None:
    """Return when the line has come so often. Raises SystemExit when k6 ends before."""
    others: list[str] = []
    for said in lines:
        if said.strip() != line:
            others.append(said)
        elif (count := count - 1) == 0:
            return
    raise SystemExit("k6 ended early: " + "".join(others[-5:]))


def measure(options: Options, k6: subprocess.Popen[str]) -> None:
    """Follow a run to its end and report it."""
    lines, figures = _lines(k6.stderr), _lines(k6.stdout)
    started_ns = time.monotonic_ns()
    wait_for(lines, "bench open", options.connections)
    opened, open_s = weigh(k6.pid), (time.monotonic_ns() - started_ns) / 1e9
    say(open=options.connections)
    wait_for(lines, "bench done", options.connections)
    ended = weigh(k6.pid)
    k6.send_signal(signal.SIGINT)  # makes it print its figures
    said: dict[str, Any] = json.loads(next(line for line in figures if line.startswith("{")))
    delivered = int(said.pop("delivered"))
    report(
        ReaderReport(
            delivered=delivered,
            lost=options.connections * options.events - delivered,
            cpu_us=(ended.cpu_us - opened.cpu_us) / max(delivered, 1),
            memory_mib=ended.resident_kib / 1024,
            connection_kib=opened.resident_kib / options.connections,
            open_s=open_s,
            **said,
        )
    )


def _lines(stream: IO[str] | None) -> Iterator[str]:
    return iter(stream) if stream is not None else iter(())


def main() -> None:
    """Read one run as the command line says."""
    options = read_options("k6")
    reason = missing()
    if reason:
        raise SystemExit(reason)
    with start(options) as k6:
        try:
            measure(options, k6)
        finally:
            k6.kill()


if __name__ == "__main__":
    main()
