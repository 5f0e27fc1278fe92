"""The verdict table for the terminal at the end of a run: plain text, 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TextIO

from reports import certainty
from reports.model import CheckRecord, Result, RowRecord
from reports.wording import NOTHING, figure, headline, identity, margin, measured, plain, span

WIDTH = 100
INDENT = " " * 14
COLORS = {"pass": "32", "fail": "31", "internal error": "31", "inconclusive": "33", "unknown": "33", "not asked": "2"}
_WORDS = {"inconclusive": "INCONCLUSIVE", "not asked": "not asked"}
_HEADINGS = ["VERDICT", "TARGET", "MEASURED", "MARGIN", "SAMPLES"]
_VERDICT_WIDTH = 12
# A cell wider than this does not widen its column: its row is set on several lines instead.
_WIDEST = 28
_MOST_OF_OFFENDER = 400


def use_color(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Colour only on a terminal, and never when NO_COLOR is set to anything (no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR")


def render_table(result: Result, color: bool) -> str:
    """Targets against measured, checks and the verdict, ending with a line feed."""
    rows = [_cells(row) for row in result.rows]
    widths = _widths(rows)
    lines = [_aligned(_HEADINGS, widths), "-" * WIDTH]
    for row, cells in zip(result.rows, rows, strict=True):
        lines += _row(row, cells, widths, color)
    if not result.rows:
        lines.append("no targets were set")
    if result.checks:
        lines += ["", "VERDICT       CHECK", "-" * WIDTH]
    for check in result.checks:
        lines += _check(check, color)
    lines += ["-" * WIDTH, *_conclusion(result, color)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cells(row: RowRecord) -> list[str]:
    apart = certainty.told_apart(row)
    samples = "" if row.verdict == "not asked" or apart else f"{row.samples:,}"
    shown = "" if apart else _in_column(row)
    return [_word(row.verdict), plain(row.expression), shown, margin(row.margin_text), samples]


def _in_column(row: RowRecord) -> str:
    """What was measured as far as the column has room; the rest stands below."""
    whole = figure(row.measured_text)
    return whole if len(whole) <= _WIDEST and not row.confidence else measured(row.measured_text).figure


def _below(row: RowRecord) -> list[str]:
    """What stands under a row: what its column had no room for, its confidence, and the reason of its verdict."""
    shown = _cells(row)[2]
    found = measured(row.measured_text)
    rest = figure(row.measured_text) if not shown else found.beside if shown == found.figure else ""
    line = "; ".join(part for part in (rest, *certainty.beside(row)) if part)
    told = row.verdict == "pass" or not row.reason
    return [*(_wrapped(line) if line else []), *([] if told else _wrapped(row.reason))]


def _widths(rows: list[list[str]]) -> list[int]:
    """The figures as wide as they need, the target what remains."""
    figures = []
    for at in (2, 3, 4):
        fitting = [len(cells[at]) for cells in rows if len(cells[at]) <= _WIDEST]
        figures.append(max([len(_HEADINGS[at]), *fitting]))
    gaps = 2 * (len(_HEADINGS) - 1)
    return [_VERDICT_WIDTH, WIDTH - gaps - _VERDICT_WIDTH - sum(figures), *figures]


def _row(row: RowRecord, cells: list[str], widths: list[int], color: bool) -> list[str]:
    first, *more = _laid_out(cells, widths)
    return [_painted(first, row.verdict, color), *more, *_below(row)]


def _laid_out(cells: list[str], widths: list[int]) -> list[str]:
    """One line where every cell fits its column, else the target on lines of its own and the figures below it."""
    fits = [len(cell) <= width for cell, width in zip(cells, widths, strict=True)]
    if all(fits):
        return [_aligned(cells, widths)]
    verdict, target, shown, distance, samples = cells
    first, *rest = textwrap.wrap(target, WIDTH - len(INDENT)) or [""]
    above = [f"{verdict:<{_VERDICT_WIDTH}}  {first}", *(INDENT + line for line in rest)]
    if all(fits[2:]):
        return [*above, _aligned(["", "", shown, distance, samples], widths)]
    return above + _wrapped(f"measured {shown or NOTHING}; {distance or NOTHING}; {samples or 'no'} samples")


def _check(check: CheckRecord, color: bool) -> list[str]:
    text = plain(f"{check.name}: {check.summary}")
    first, *rest = textwrap.wrap(text, WIDTH - len(INDENT)) or [""]
    line = f"{_word(check.verdict):<{_VERDICT_WIDTH}}  {first}"
    return [_painted(line, check.verdict, color), *(INDENT + more for more in rest), *_first_offender(check)]


def _first_offender(check: CheckRecord) -> list[str]:
    """What failed first, and the command that shows it again, on a line of its own so that it can be copied."""
    if check.verdict != "fail" or not check.offenders:
        return []
    first = check.offenders[0]
    found = textwrap.shorten(plain(str(first.get("what", ""))), _MOST_OF_OFFENDER, placeholder=" ...")
    again = plain(str(first.get("again", "")))
    return [*_wrapped(f"first: {found}"), *([f"{INDENT}again: {again}"] if again else [])]


def _conclusion(result: Result, color: bool) -> list[str]:
    verdict = result.verdict
    code = "" if verdict.exit_code is None else f" (exit code {verdict.exit_code})"
    head = f"{headline(result).upper()}{code}"
    if color:
        head = f"\x1b[1;{COLORS.get(verdict.result, '33')}m{head}\x1b[0m"
    facts = f"Deliveries: {identity(result)}. {result.connections.peak} streams, {span(result.run.duration_s)}."
    clocks = [certainty.clock_summary(result.clock)] if certainty.clocks_differ(result.clock) else []
    sentences = (verdict.summary, facts, *clocks)
    return [head, *(line for sentence in sentences for line in textwrap.wrap(plain(sentence), WIDTH))]


def _word(verdict: str) -> str:
    return plain(_WORDS.get(verdict, verdict.upper()))


def _painted(line: str, verdict: str, color: bool) -> str:
    """Colour for the verdict's word alone, so that the figures stay readable on any background."""
    if not color:
        return line
    return f"\x1b[{COLORS.get(verdict, '33')}m{line[:_VERDICT_WIDTH]}\x1b[0m{line[_VERDICT_WIDTH:]}"


def _aligned(cells: list[str], widths: list[int]) -> str:
    columns = zip(cells, widths, strict=True)
    return "  ".join(f"{cell:<{width}}" if at < 2 else f"{cell:>{width}}" for at, (cell, width) in enumerate(columns))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(plain(text), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
