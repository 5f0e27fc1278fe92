"""Sections in words and tables, for the terminal and for benchmarks/results.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.section import Section, Table, Target, Value


def amount(value: float) -> str:
    """A number to three digits, thousands apart."""
    if math.isinf(value):
        return "lost"
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def ratio(value: float) -> str:
    """How many times one is the other."""
    return f"{value:.3g} x"


def cell(value: Value) -> str:
    """A value in a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else amount(value)


def table(shown: Table) -> str:
    """A Markdown table that reads well as it is: the first column to the left, figures to the right."""
    rows = [[cell(value) for value in row] for row in shown.rows]
    widths = [max(map(len, column)) for column in zip(shown.columns, *rows, strict=True)]
    first, *others = widths
    rule = "|-" + "-" * first + "-|" + "".join(f"-{'-' * n}:|" for n in others)
    return "\n".join([_line(shown.columns, widths), rule, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *(text.rjust(n) for text, n in zip(cells[1:], widths[1:], strict=True))]
    return f"| {' | '.join(padded)} |"


def section(shown: Section) -> str:
    """One part: its question, tables, and what is to be said of them."""
    tables = [f"**{each.caption}**\n\n{table(each)}" for each in shown.tables]
    said = [*shown.remarks, *(f"FAILED: {words}" for words in shown.faults)]
    said += [f"INCONCLUSIVE: {words}" for words in shown.doubts]
    lines = "\n".join(f"- {words}" for words in said)
    return "\n\n".join(part for part in (f"## {shown.title}", shown.question, *tables, lines) if part)


def targets(found: Sequence[Target]) -> str:
    """What must be reached, and what was."""
    verdict = {True: "reached", False: "**not reached**", None: "open"}
    lines = [f"| {each.figure} | {each.wanted} | {each.measured} | {verdict[each.met]} |" for each in found]
    return "\n".join(["| figure | to reach | measured | |", "|---|---|---|---|", *lines])


def document(sections: Sequence[Section], placement: str, machine: str, command: str) -> str:
    """The whole of benchmarks/results.md."""
    found = [target for each in sections for target in each.targets]
    parts = [
        "# Benchmark results",
        f"Machine: {machine}. {placement} One process after another, each reader against a fresh source that notes the "
        "time before and after each write; events of 300 bytes.",
        f"Repeat with `{command}`. Written by `python -m benchmarks`; do not edit.",
        "## What must be reached",
        targets(found),
        *(section(each) for each in sections),
    ]
    return "\n\n".join(parts) + "\n"
