"""What every part is given: what was asked on the command line, the cores, and how to run a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.messages import ReaderReport
from benchmarks.programs import READERS, Program, Unavailable
from benchmarks.section import Section, describe
from benchmarks.session import Cores, Plan, Run, hold, run


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line; None leaves the choice to the part."""

    only: tuple[str, ...] | None = None
    connections: tuple[int, ...] | None = None
    modes: tuple[str, ...] | None = None
    rate: float = 10_000.0
    seconds: float | None = None
    body: str = "chunked"
    pattern: str = "fan-out"
    quick: bool = False


class Bench:
    """Runs what the parts ask for, and says on the terminal what it does."""

    def __init__(self, asked: Asked, on: Cores) -> None:
        self.asked = asked
        self.on = on

    def readers(self, section: Section, names: Sequence[str]) -> list[Program]:
        """Those of ``names`` that were asked for and can run here; the section notes who cannot."""
        usable = []
        for name in names:
            if self.asked.only is not None and name not in self.asked.only:
                continue
            try:
                READERS[name].command()
            except Unavailable as error:
                section.remark(f"not measured: {error}")
                say(f"not measured: {error}")
            else:
                usable.append(READERS[name])
        return usable

    def connections(self, usual: Sequence[int], quick: Sequence[int]) -> Sequence[int]:
        """How many connections to measure with."""
        return self.asked.connections or (quick if self.asked.quick else usual)

    def modes(self, usual: Sequence[str]) -> Sequence[str]:
        """Which modes of the source to measure."""
        return self.asked.modes or usual

    def plan(self, connections: int, seconds: float, **more: object) -> Plan:
        """A plan at the rate, body and pattern that were asked for; ``seconds`` unless the command line says."""
        lasting = self.asked.seconds or (min(seconds, 1.0) if self.asked.quick else seconds)
        plan = Plan(connections, self.asked.rate, lasting, body=self.asked.body, pattern=self.asked.pattern)
        return replace(plan, **more)  # type: ignore[arg-type]

    def run(self, section: Section, plan: Plan, program: Program, *, judged: bool = True) -> Run:
        """One run, judged into the section unless the part does so. Raises `benchmarks.child.ChildFailed`."""
        result = run(plan, program, self.on)
        if judged:
            section.judge(result)
        reader = result.reader
        section.served(program.name, reader)
        say(
            f"{describe(result)}: {reader.cpu_us:.1f} us/event, {reader.lost:,} lost, "
            f"{result.source.blocked:,} blocked, others used {result.foreign:.0%} of the core"
        )
        return result

    def hold(self, section: Section, connections: int, program: Program) -> ReaderReport:
        """Open connections without events. Raises `benchmarks.child.ChildFailed`."""
        said = hold(connections, program, self.on)
        section.served(program.name, said)
        took = f"{said.open_s:.2f} s" if said.open_s is not None else "?"
        say(f"{program.name}, {connections:,} connections: open after {took}, {said.connection_kib:.1f} KiB each")
        return said


def say(words: str) -> None:
    """A line of progress."""
    print(words, flush=True)
