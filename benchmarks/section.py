"""What a part of the benchmark found, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.messages import ReaderReport
from benchmarks.session import Run, doubts, faults
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, PASS

Value = str | int | float | bool | None
"""A figure or words; None where there is none."""


class Table(NamedTuple):
    """Rows of figures under one caption; the first column names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]


class Target(NamedTuple):
    """A figure that must be reached; ``met`` is None where the measurement does not tell."""

    figure: str
    wanted: str
    measured: str
    met: bool | None


@dataclass
class Section:
    """One part's findings.

    ``question``: what was asked, in a sentence or more. ``faults``: what was lost, duplicated or reordered; ``doubts``:
    why figures do not answer the question; ``remarks``: whatever else the reader of the tables should know.
    """

    name: str
    title: str
    question: str
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def judge(self, run: Run) -> None:
        """Take a run's faults and doubts into the section's."""
        self.faults += [f"{describe(run)}: {fault}" for fault in faults(run)]
        self.doubts += [f"{describe(run)}: {doubt}" for doubt in doubts(run)]
        if run.source.blocked:
            self.remark(
                f"{describe(run)}: {run.source.blocked:,} writes did not fit the socket: the reader was too slow"
            )

    def remark(self, words: str) -> None:
        """Say something once."""
        if words not in self.remarks:
            self.remarks.append(words)

    def served(self, name: str, reader: ReaderReport) -> None:
        """Say which read path served a reader, where it tells."""
        if reader.implementation:
            self.remark(f"{name}: served by the {reader.implementation} reader")


def exit_code(sections: Iterable[Section]) -> int:
    """3 when a reader lost, duplicated or reordered events, 4 when there are doubts, else 0."""
    found = list(sections)
    if any(each.faults for each in found):
        return FAILED
    return INCONCLUSIVE if any(each.doubts for each in found) else PASS


def describe(run: Run) -> str:
    """A run in a few words."""
    plan = run.plan
    words = [run.program.name, f"{plan.connections:,} connections", f"{plan.rate:,.0f} events/s", plan.mode]
    words += ["TLS"] * bool(plan.certificate) + ["busy neighbour"] * plan.busy + ["slow listener"] * bool(plan.block_ms)
    return ", ".join(words)
