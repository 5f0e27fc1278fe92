"""One run: a fresh source and one reader, each on a core of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy

from benchmarks.accounting import DETAIL, STAMP
from benchmarks.accuracy import Stamps, Truth
from benchmarks.child import Child, python
from benchmarks.messages import START, ReaderReport, SourceReport, reader_report, source_report
from benchmarks.programs import Program, compiled
from benchmarks.resources import core_idle_ns, cores, process_cpu_ns

LATE_MS = 100.0
"""A source that fell further behind its schedule than this did not offer the load that was asked for."""
MOST_FOREIGN = 0.1
"""Where other processes used more of the reader's core than this share, the run shows the machine, not the reader."""

_START_WITHIN_S = 30.0
_OPEN_WITHIN_S = 90.0
_BACKLOG_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a reader.

    ``rate``: events a second over all connections, for ``seconds``. ``burst``: events of a connection in one write.
    ``detail``: keep the interval of every event. ``busy``: a process keeps the reader's core busy. ``block_ms``: the
    reader's listener keeps its loop busy this long, five times a second. ``certificate``: serve over TLS with this
    certificate and key.
    """

    connections: int
    rate: float
    seconds: float
    mode: str = "broadcast"
    body: str = "chunked"
    pattern: str = "fan-out"
    burst: int | None = None
    detail: bool = False
    busy: bool = False
    block_ms: float | None = None
    certificate: tuple[Path, Path] | None = None

    @property
    def events(self) -> int:
        """Events for each connection."""
        burst = self.burst or 1
        return max(round(self.rate * self.seconds / self.connections / burst), 1) * burst if self.rate else 0


class Cores(NamedTuple):
    """Which core each process is pinned to; None where they share."""

    source: int | None
    reader: int | None


class Run(NamedTuple):
    """One reader's run and the source that fed it.

    ``truth``: the writes; ``stamps``: what the reader says of them, None where it keeps no stamps. ``foreign``: the
    share of the reader's core that other processes used meanwhile (0 where it has no core of its own).
    """

    plan: Plan
    program: Program
    reader: ReaderReport
    source: SourceReport
    truth: Truth
    stamps: Stamps | None
    foreign: float


def share_cores() -> Cores:
    """One core for the source and another for the reader, where there are two."""
    usable = cores()
    return Cores(usable[0], usable[1]) if len(usable) > 1 else Cores(None, None)


def run(plan: Plan, program: Program, on: Cores) -> Run:
    """One reader against a fresh source. Raises `benchmarks.child.ChildFailed`, `benchmarks.programs.Unavailable`."""
    command = program.command()
    with _scratch() as folder, _source(plan, on, folder) as (source, url), _company(plan, on):
        options = {
            "url": url,
            "connections": plan.connections,
            "events": plan.events,
            "core": on.reader,
            "stamps": folder / "stamps" if program.stamps else None,
            "detail": plan.detail,
            "block_ms": plan.block_ms,
            "ca": plan.certificate and plan.certificate[0],
        }
        with Child(command, options, program.environment) as reader:
            reader.hear("open", _OPEN_WITHIN_S)
            source.hear("open", _OPEN_WITHIN_S)
            begun = _use(on.reader, reader.pid)
            source.tell(START)
            within_s = plan.seconds * 2 + _BACKLOG_WITHIN_S
            source_said = source_report(source.hear("report", within_s))
            reader_said = reader_report(reader.hear("report", within_s))
            foreign = _foreign(begun, _use(on.reader, reader.pid))
        truth = Truth(_load(folder / "truth", plan, 2))
        stamps = Stamps(_load(folder / "stamps", plan, DETAIL if plan.detail else STAMP)) if program.stamps else None
        return Run(plan, program, reader_said, source_said, truth, stamps, foreign)


def hold(connections: int, program: Program, on: Cores) -> ReaderReport:
    """A reader that opens connections at once and holds them, without an event. Raises as `run` does."""
    command = program.command()
    options = {"connections": connections, "events": 0, "core": on.reader}
    with (
        _scratch() as folder,
        _source(Plan(connections, 0, 0), on, folder) as (_, url),
        Child(command, {"url": url, **options}, program.environment) as reader,
    ):
        reader.hear("open", _OPEN_WITHIN_S)
        return reader_report(reader.hear("report", _OPEN_WITHIN_S))


class _Use(NamedTuple):
    """How a core and a process on it have spent their time until now (ns)."""

    at_ns: int
    idle_ns: int
    own_ns: int


def _use(core: int | None, pid: int) -> _Use | None:
    return None if core is None else _Use(time.monotonic_ns(), core_idle_ns(core), process_cpu_ns(pid))


def _foreign(begun: _Use | None, ended: _Use | None) -> float:
    if begun is None or ended is None:
        return 0.0
    took = ended.at_ns - begun.at_ns
    others = took - (ended.idle_ns - begun.idle_ns) - (ended.own_ns - begun.own_ns)
    return min(max(others / took, 0.0), 1.0)


@contextmanager
def _scratch() -> Iterator[Path]:
    # In memory where there is such a place: pages that go to a disk cost the cores time during the run.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def _source(plan: Plan, on: Cores, folder: Path) -> Iterator[tuple[Child, str]]:
    options = {
        "connections": plan.connections,
        "events": plan.events,
        "core": on.source,
        "rate": plan.rate,
        "body": plan.body,
        "pattern": plan.pattern,
        "mode": plan.mode,
        "burst": plan.burst,
        "truth": folder / "truth" if plan.events else None,
        "tls": plan.certificate,
    }
    with Child(compiled("source"), options) as source:
        scheme = "https" if plan.certificate else "http"
        yield source, f"{scheme}://127.0.0.1:{source.hear('port', _START_WITHIN_S)}/events"


@contextmanager
def _company(plan: Plan, on: Cores) -> Iterator[None]:
    if not plan.busy:
        yield
        return
    with Child(python("benchmarks.busy"), {"core": on.reader}) as busy:
        busy.hear("busy", _START_WITHIN_S)
        yield


def _load(path: Path, plan: Plan, width: int) -> numpy.ndarray[tuple[int, int, int], numpy.dtype[numpy.int64]]:
    return numpy.fromfile(path, dtype="<i8").reshape(plan.connections, plan.events, width)


def doubts(result: Run) -> list[str]:
    """Why the run's figures do not answer the question: the load was not as asked, or the machine was busy."""
    source, found = result.source, []
    if source.behind_max_ms > LATE_MS and not source.blocked:
        found.append(f"the source fell {source.behind_max_ms:.0f} ms behind its schedule: use a quieter machine")
    if result.foreign > MOST_FOREIGN and not result.plan.busy:
        found.append(f"other processes used {result.foreign:.0%} of the reader's core")
    if not source.written_min == source.written_max == result.plan.events:
        found.append("the source did not write every event")
    return found


def faults(result: Run) -> list[str]:
    """What the reader did not hand out as it was sent, in words."""
    reader = result.reader
    counts = {"lost": reader.lost, "duplicated": reader.duplicated, "reordered": reader.reordered}
    return [f"{count:,} {word}" for word, count in counts.items() if count]
