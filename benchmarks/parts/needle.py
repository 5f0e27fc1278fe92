"""Whether one single fault among a million deliveries is found and named, in a whole load test."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.bench import Bench, say
from benchmarks.child import ChildFailed
from benchmarks.section import Section, Table, Target, Value
from benchmarks.verified_load import ROOT, result_in

_FAULTS: Final = {
    "drop-one": "delivery.lost",
    "duplicate-one": "delivery.duplicated",
    "swap-one": "delivery.reordered",
}
"""The switch of the embedded Studio, and the check that must find what it does; no other check may fail."""
_PROCESSES: Final = (1, 2)
_SPAWN_RATE: Final = 200
_TASKS_PER_S: Final = 5
_EVENTS_PER_S: Final = 3 * _TASKS_PER_S
_MARGIN: Final = 1.2
_TAIL_S: Final = 240.0


class Needle(NamedTuple):
    """One run: a fault on one delivery, at half of those that are to come."""

    fault: str
    processes: int
    streams: int
    seconds: float

    @property
    def number(self) -> int:
        """Which delivery is hit."""
        return int(self.streams * _EVENTS_PER_S * self.seconds / 2)


def measure(bench: Bench) -> Section:
    """One run for each fault, on one process and on two workers."""
    streams = bench.connections((1000,), (100,))[0]
    deliveries = 100_000 if bench.asked.quick else 1_000_000
    seconds = bench.asked.seconds or deliveries / (streams * _EVENTS_PER_S)
    section = Section(
        "needle",
        "One fault in a million deliveries",
        f"A whole load test (`locust --headless`, embedded Studio) with {streams:,} streams and {_TASKS_PER_S} tasks/s "
        "in which exactly one delivery is lost, written twice, or exchanged with the next one on its connection.",
    )
    rows: list[tuple[Value, ...]] = []
    for processes in _PROCESSES:
        for fault, check in _FAULTS.items():
            needle = Needle(fault, processes, streams, seconds)
            say(f"{fault}:{needle.number}, {processes} processes")
            rows.append(_judge(section, needle, check, _run(needle)))
    columns = ("fault", "processes", "deliveries", "failed checks", "what the check says")
    section.tables.append(Table("one fault each", columns, rows))
    return section


def _judge(section: Section, needle: Needle, check: str, result: dict[str, Any]) -> tuple[Value, ...]:
    failed = [each for each in result["checks"] if each["verdict"] == "fail"]
    named = [offender for each in failed if each["name"] == check for offender in each["offenders"]]
    found = [each["name"] for each in failed] == [check]
    met = found and len(named) == 1 and bool(named[0]["event_id"]) and len(named[0]["streams"]) == 1
    where = f"{needle.fault}:{needle.number}, {needle.processes} processes"
    words = ", ".join(each["name"] for each in failed) or "none"
    section.targets.append(Target(where, f"{check} alone fails and names event and stream", words, met))
    if not met:
        section.faults.append(f"{where}: failed checks: {words}; named: {[each['what'] for each in named]}")
    arrivals = int(result["deliveries"]["arrivals"])
    return needle.fault, needle.processes, arrivals, words, str(named[0]["what"]) if named else None


def _run(needle: Needle) -> dict[str, Any]:
    """The run's result. Raises `ChildFailed`."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        try:
            subprocess.run(
                _command(needle, folder),
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=needle.seconds + _TAIL_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ChildFailed(f"the load test did not end in {error.timeout:.0f} s") from error
        return result_in(Path(folder))


def _command(needle: Needle, results: str) -> list[str]:
    options = {
        "users": needle.streams,
        "spawn-rate": _SPAWN_RATE,
        "run-time": f"{needle.streams / _SPAWN_RATE + needle.seconds * _MARGIN:.0f}s",
        "task-rate": _TASKS_PER_S,
        "task-moves": 2,
        "executions": 0,
        "fault": f"{needle.fault}:{needle.number}",
        "results-dir": results,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    processes = ["--processes", str(needle.processes)] if needle.processes > 1 else []
    return [sys.executable, "-m", "locust", "--headless", *words, *processes]
