"""The highest rate that a reader takes on one core without loss and without falling behind."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.bench import Bench, say
from benchmarks.programs import Program
from benchmarks.section import Section, Table, Target, Value
from benchmarks.session import LATE_MS, Run, faults
from benchmarks.text import amount, ratio

_STARTS = {"c": 60_000.0, "ours": 40_000.0, "ours_python": 12_000.0, "naive": 8_000.0, "go": 30_000.0}
"""Where each reader begins, events a second: a rate that it is known to take on a slow machine."""
_SECONDS = 2.0
_STEP = 1.25
_MOST = 1_000_000.0
_LEAST = 1_000.0
_WANTED = 150_000.0
_TIMES_NAIVE = 2.0


class Highest(NamedTuple):
    """The last step that went well, and why the next did not: ``at_source`` when the source was the limit."""

    run: Run | None
    ended_by: str
    at_source: bool


def measure(bench: Bench) -> Section:
    """Climb with each reader."""
    connections = bench.connections((1000,), (200,))[0]
    section = Section(
        "rate",
        "Highest lossless rate",
        f"{connections:,} connections, broadcast, chunked; steps of {_STEP:g} until an event is lost, a write does not "
        "fit its socket, the reader needs more than the time of sending on its core, or the source falls behind. A "
        "step that fails is tried a second time.",
    )
    found = {p.name: (p, _climb(bench, section, connections, p)) for p in bench.readers(section, list(_STARTS))}
    rows: list[tuple[Value, ...]] = [_row(program, highest) for program, highest in found.values()]
    if rows:
        columns = ("reader", "events/s", "CPU us/event", "source us/event", "the next step ended by")
        section.tables.append(Table("highest lossless rate on one core", columns, rows))
    section.targets += _targets({name: _rate(highest) for name, (_, highest) in found.items()})
    return section


def _climb(bench: Bench, section: Section, connections: int, program: Program) -> Highest:
    rate, best = _STARTS[program.name], Highest(None, "", False)
    # Two steps at a time while it goes well, then the one between, so that a climb is short and ends one step short.
    stride = _STEP * _STEP
    while _LEAST <= rate <= _MOST:
        run, problem, at_source = _attempt(bench, section, connections, program, rate)
        if not problem:
            best = Highest(run, best.ended_by, best.at_source)
            if stride == _STEP:
                break
            rate *= stride
        else:
            best = Highest(best.run, problem, at_source)
            if best.run is None:
                rate /= stride
            elif stride == _STEP:
                break
            else:
                stride, rate = _STEP, rate / _STEP
    return best


def _attempt(bench: Bench, section: Section, connections: int, program: Program, rate: float) -> tuple[Run, str, bool]:
    for _ in range(2):
        plan = bench.plan(connections, _SECONDS, rate=rate)
        run = bench.run(section, plan, program, judged=False)
        problem, at_source = _problem(run)
        if not problem:
            break
        say(f"  {problem}")
    return run, problem, at_source


def _problem(run: Run) -> tuple[str, bool]:
    """Why a step did not go well (empty: it did), and whether that was the source's doing."""
    source, reader = run.source, run.reader
    needed = reader.cpu_us * reader.delivered / 1e6 / source.seconds
    if found := faults(run):
        return ", ".join(found), False
    if source.blocked:
        return f"{source.blocked:,} writes did not fit", False
    if needed > 1:
        return f"the reader needed {needed:.0%} of the time of sending", False
    if source.behind_max_ms > LATE_MS:
        return f"the source fell {source.behind_max_ms:.0f} ms behind", True
    return "", False


def _rate(highest: Highest) -> float | None:
    return highest.run.plan.rate if highest.run else None


def _row(program: Program, highest: Highest) -> tuple[Value, ...]:
    why = highest.ended_by + (" (the source was the limit)" if highest.at_source else "")
    if highest.run is None:
        return (program.title, None, None, None, why)
    run = highest.run
    return (program.title, run.plan.rate, run.reader.cpu_us, run.source.cpu_us, why)


def _targets(rates: dict[str, float | None]) -> list[Target]:
    found = []
    ours, naive = rates.get("ours"), rates.get("naive")
    name = "highest lossless rate per core"
    if ours is not None:
        found.append(Target(name, f">= {amount(_WANTED)} events/s", amount(ours), ours >= _WANTED))
    if ours is not None and naive is not None:
        times = ours / naive
        found.append(Target(name, f">= {_TIMES_NAIVE:g} x naive", ratio(times), times >= _TIMES_NAIVE))
    return found
