"""The highest rate that a reader takes on one core without loss and without falling behind."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.bench import Bench, say
from benchmarks.climb import STEP, Climb, Step, climb
from benchmarks.programs import Program
from benchmarks.section import Section, Table, Target, Value
from benchmarks.session import LATE_MS, Run, faults
from benchmarks.text import amount, ratio

_STARTS = {"c": 60_000.0, "ours": 40_000.0, "ours_python": 12_000.0, "naive": 8_000.0, "go": 30_000.0}
"""Where each reader begins, events a second."""
_SECONDS = 2.0
_BURST = 4
_WANTED = 150_000.0
_TIMES_NAIVE = 2.0
_BEHIND = "the source fell "


class _Highest(NamedTuple):
    """How far a reader came with so many events in one write."""

    program: Program
    burst: int
    found: Climb[Run]

    @property
    def rate(self) -> float:
        return self.found.best.load if self.found.best else 0.0

    @property
    def at_source(self) -> bool:
        """The source was the limit, and the reader's own was not found."""
        return self.found.ended is not None and self.found.ended.problem.startswith(_BEHIND)


def measure(bench: Bench) -> Section:
    """Climb with each reader; where the source is the limit, again with several events in one write."""
    connections = bench.connections((1000,), (200,))[0]
    section = Section(
        "rate",
        "Highest lossless rate",
        f"{connections:,} connections, broadcast, chunked; steps of {STEP:g} until an event is lost, a write does not "
        "fit its socket, the reader needs more than the time of sending on its core, or the source falls behind. A "
        "step that fails is tried a second time. Where the source was the limit, the reader is measured again with "
        f"{_BURST} events of a connection in each write, which a source writes faster.",
    )
    climbs: list[_Highest] = []
    for program in bench.readers(section, list(_STARTS)):
        climbs.append(_measure(bench, section, connections, program, 1, _STARTS[program.name]))
        if climbs[-1].at_source:
            start = max(climbs[-1].rate, _STARTS[program.name])
            climbs.append(_measure(bench, section, connections, program, _BURST, start))
    if climbs:
        columns = ("reader", "events a write", "events/s", "CPU us/event", "source us/event", "the next step ended by")
        section.tables.append(Table("highest lossless rate on one core", columns, [_row(each) for each in climbs]))
    section.targets += _targets(climbs)
    return section


def _measure(bench: Bench, section: Section, connections: int, program: Program, burst: int, start: float) -> _Highest:
    def attempt(rate: float) -> Step[Run]:
        for _ in range(2):
            plan = bench.plan(connections, _SECONDS, rate=rate, burst=burst if burst > 1 else None)
            run = bench.run(section, plan, program, judged=False)
            step = Step(rate, run, _problem(run))
            if not step.problem:
                break
            say(f"  {step.problem}")
        return step

    return _Highest(program, burst, climb(start, attempt))


def _problem(run: Run) -> str:
    source, reader = run.source, run.reader
    needed = reader.cpu_us * reader.delivered / 1e6 / source.seconds
    if found := faults(run):
        return ", ".join(found)
    if source.blocked:
        return f"{source.blocked:,} writes did not fit"
    if needed > 1:
        return f"the reader needed {needed:.0%} of the time of sending"
    if source.behind_max_ms > LATE_MS:
        return f"{_BEHIND}{source.behind_max_ms:.0f} ms behind"
    return ""


def _row(highest: _Highest) -> tuple[Value, ...]:
    best, ended = highest.found
    why = ended.problem if ended else ""
    why += " (the source was the limit)" if highest.at_source else ""
    if best is None:
        return (highest.program.title, highest.burst, None, None, None, why)
    run = best.done
    return (highest.program.title, highest.burst, best.load, run.reader.cpu_us, run.source.cpu_us, why)


def _targets(climbs: list[_Highest]) -> list[Target]:
    found = []
    rates = {each.program.name: each.rate for each in climbs}
    name = "highest lossless rate per core"
    for each in climbs:
        if each.program.name == "ours":
            where = f"{name}, {each.burst} a write" if each.burst > 1 else name
            wanted, reached = f">= {amount(_WANTED)} events/s", each.rate >= _WANTED
            # Where the source was the limit, the figure says nothing against the reader.
            met = None if not reached and each.at_source else reached
            measured = amount(each.rate) + (" (all that the source could)" if met is None else "")
            found.append(Target(where, wanted, measured, met))
    if rates.get("ours") and rates.get("naive"):
        times = rates["ours"] / rates["naive"]
        found.append(Target(name, f">= {_TIMES_NAIVE:g} x naive", ratio(times), times >= _TIMES_NAIVE))
    return found
