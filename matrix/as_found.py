"""The public server's defects all at once: the run must find exactly the known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matrix.comparison import Failure, failures
from matrix.load import COMMON, UNTIMED, run_load
from matrix.rows.row import Row
from matrix.show import say
from matrix.undisturbed import EVERYTHING
from reports.markdown import code, table, text
from studio.reference.switches import SWITCHES

_WITHIN_S = 1800.0


class Findings(NamedTuple):
    """What runs with all known defects found."""

    found: Mapping[int, tuple[str, ...]]
    """Defect -> the checks of its rows that failed; no check where it was not found."""
    strange: tuple[Failure, ...]
    """Failures that no row of a known defect states."""
    failed: Mapping[str, Failure]
    """All failures by name."""

    @property
    def exact(self) -> bool:
        """Each known defect was found, and nothing else."""
        return not self.strange and all(self.found.values())


def find_known_defects(rows: Sequence[Row], runs: int, arguments: Sequence[str], *, apart: bool) -> Findings:
    """Run with all known defects. Raise ``matrix.load.LoadFailed`` when a run brings no result.

    ``apart``: also under the load of each known defect's row in turn, since in one run some defects hide others.
    """
    loads = [
        [*EVERYTHING, *UNTIMED, *arguments, "--as-found", "--studio-seed", str(number)] for number in range(1, runs + 1)
    ]
    if apart:
        loads += [under_load_of(row) for row in rows if row.defect is not None]
    failed: dict[str, Failure] = {}
    for number, load in enumerate(loads, 1):
        outcome = run_load(load, within_s=_WITHIN_S)
        found = failures(outcome.result)
        say(f"run {number} of {len(loads)}: {len(found)} checks and targets failed, {outcome.took_s:.1f} s")
        failed = {**found, **failed}
    return sort_out(rows, failed)


def under_load_of(row: Row) -> list[str]:
    """The row's arguments with all known defects in the place of its own; other conditions, as a dead backend, stay."""
    kept, words = list(COMMON), iter(row.arguments)
    for word in words:
        value = next(words) if word == "--fault" else ""
        switch = SWITCHES.get(value.partition(":")[0])
        if switch is not None and switch.as_found is not None:
            continue
        kept += [word, value] if value else [word]
    return [*kept, "--as-found"]


def sort_out(rows: Sequence[Row], failed: Mapping[str, Failure]) -> Findings:
    """Which known defects the failures stand for, and which stand for none."""
    known = [row for row in rows if row.defect is not None]
    found: dict[int, tuple[str, ...]] = {}
    for row in known:
        assert row.defect is not None
        checks = found.get(row.defect, ())
        found[row.defect] = (*checks, row.check) if row.check in failed and row.check not in checks else checks
    stated = {name for row in known for name in (row.check, *row.also)}
    strange = tuple(failure for name, failure in failed.items() if name not in stated)
    return Findings(found, strange, failed)


def as_found_lines(findings: Findings) -> list[str]:
    """What was found, in lines for the terminal."""
    known = [
        f"{'✓' if checks else '✗'} defect {defect:2}  {', '.join(checks) or 'not found'}"
        for defect, checks in findings.found.items()
    ]
    strange = [f"{failure.name} failed, which no known defect states: {failure.text}" for failure in findings.strange]
    return known + [f"✗ {words}" for words in strange]


def as_found_section(findings: Findings, rows: Sequence[Row]) -> str:
    """What was found, for the page."""
    means = {defect: "; ".join(row.means for row in rows if row.defect == defect) for defect in findings.found}
    lines = [
        [str(defect), text(means[defect]), ", ".join(map(code, checks)) or "**not found**", _message(findings, checks)]
        for defect, checks in findings.found.items()
    ]
    heads = ("defect", "what is wrong", "found by", "what it said first")
    strange = [f"- **Not stated**: {code(failure.name)}: {text(failure.text)}" for failure in findings.strange]
    command = " ".join(["locust", *EVERYTHING, "--as-found"])
    return "\n\n".join([f"`{command}`", table(heads, lines), *(["\n".join(strange)] if strange else [])])


def _message(findings: Findings, checks: Sequence[str]) -> str:
    return text(findings.failed[checks[0]].message) if checks else ""
