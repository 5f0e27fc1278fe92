"""A whole load test on the embedded Studio, as a user starts it, and what its process used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.child import ChildFailed
from benchmarks.resources import process_cpu_ns

ROOT: Final = Path(__file__).parent.parent
_EVENTS_A_TASK: Final = 3
"""One for its creation and one for each of two moves; its deletion is announced by none."""
_SPAWN_RATE: Final = 250
_SETTLED_S: Final = 4.0
"""After the last user is spawned: connections are open and the probes of the clock go their way."""
_TAIL_S: Final = 120.0
_LOOK_EVERY_S: Final = 1.0


class Load(NamedTuple):
    """What is asked of a run: ``streams`` at ``rate`` deliveries a second in all, measured for ``seconds``."""

    streams: int
    rate: float
    seconds: float
    verify: bool


class Used(NamedTuple):
    """What the tester's process used while it was measured, and what the run said of itself."""

    cpu_us: float
    """Processor time of all its threads, for each delivery that was asked for."""
    resident_mib: list[float]
    """Its resident set, once a second."""
    result: dict[str, Any]


def run(load: Load, cores: tuple[int | None, int | None]) -> Used:
    """One run; service and tester are pinned to the given cores. Raises `ChildFailed`."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        warm_s = load.streams / _SPAWN_RATE + _SETTLED_S
        process = subprocess.Popen(
            _command(load, warm_s, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _pin(process.pid, cores)
            used = _watch(process, load, warm_s)
            process.wait(_TAIL_S)
        finally:
            process.kill()
            process.wait()
        return used._replace(result=result_in(Path(folder)))


def _command(load: Load, warm_s: float, results: str) -> Sequence[str]:
    task_rate = load.rate / load.streams / _EVENTS_A_TASK
    options = {
        "users": load.streams,
        "spawn-rate": _SPAWN_RATE,
        "run-time": f"{warm_s + load.seconds + 2:.0f}s",
        "task-rate": f"{task_rate:.3f}",
        "task-moves": _EVENTS_A_TASK - 1,
        "executions": 0,
        "results-dir": results,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "locust", "--headless", *words, *(() if load.verify else ("--measure-only",))]


def _pin(pid: int, cores: tuple[int | None, int | None]) -> None:
    """The tester to its core, and the Studio, which it starts, to the other."""
    service, tester = cores
    if service is None or tester is None:
        return
    os.sched_setaffinity(pid, {tester})
    deadline = time.monotonic() + _TAIL_S
    while not (children := _children(pid)):
        if time.monotonic() > deadline:
            raise ChildFailed("the load test did not start the embedded Studio")
        time.sleep(0.05)
    for child in children:
        os.sched_setaffinity(child, {service})


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError as error:
        raise ChildFailed("the load test ended at once") from error


def _watch(process: subprocess.Popen[bytes], load: Load, warm_s: float) -> Used:
    time.sleep(warm_s)
    begun_ns, begun_s, resident = process_cpu_ns(process.pid), time.monotonic(), []
    while time.monotonic() < begun_s + load.seconds:
        time.sleep(_LOOK_EVERY_S)
        if process.poll() is not None:
            raise ChildFailed(f"the load test ended before its time (exit code {process.returncode})")
        resident.append(_resident_mib(process.pid))
    cpu_ns, took_s = process_cpu_ns(process.pid) - begun_ns, time.monotonic() - begun_s
    return Used(cpu_ns / 1e3 / (load.rate * took_s), resident, {})


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def result_in(folder: Path) -> dict[str, Any]:
    """The result of the one run whose results are in the folder. Raises `ChildFailed`."""
    files = list(folder.glob("*/result.json"))
    if not files:
        raise ChildFailed("the load test left no result")
    result: dict[str, Any] = json.loads(files[0].read_text())
    return result
