"""docs/fault-matrix.md: sections that are written one by one, each by the command that has its facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matrix.comparison import Failure
from matrix.trial import Trial, command
from reports.markdown import cell, code, table, text

PAGE: Final = Path(__file__).parent.parent / "docs" / "fault-matrix.md"
MATRIX: Final = "Every defect and the check that finds it"
CLEAN: Final = "Without a defect"
AS_FOUND: Final = "The public server as it was found"

_TITLE: Final = """\
# Fault matrix

For every defect that a service, or the network before it, can have: the run that brings it about, the check that finds
it, and what that check says. A run finds what its row states and nothing else, or `make matrix` fails.
Written by `make matrix`, `make matrix-as-found` and `make matrix-clean`; do not edit."""
_ORDER: Final = (MATRIX, AS_FOUND, CLEAN)
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_MOST_MESSAGE: Final = 600
_MOST_EVIDENCE: Final = 160


def put(path: Path, heading: str, body: str) -> None:
    """Write one section of the page, leaving the others as they are."""
    sections = _sections(path.read_text("utf-8")) if path.exists() else {}
    sections[heading] = body.strip()
    parts = [_TITLE, *(f"## {name}\n\n{sections[name]}" for name in _ORDER if name in sections)]
    path.write_text("\n\n".join(parts) + "\n", "utf-8")


def matrix_section(trials: Sequence[Trial]) -> str:
    """All rows in a table, then one by one with message and evidence."""
    heads = ("switch", "defect", "what is wrong", "found by", "noticed after")
    overview = table(heads, map(_line, trials), right=1)
    notes = (
        "Defect: its number among the known defects of the public server. Noticed after: when the running test said so "
        "first, from its start; a target is judged at the end of the run."
    )
    return "\n\n".join([f"{count(trials)}.", overview, notes, *map(_details, trials)])


def count(trials: Sequence[Trial]) -> str:
    """How many rows there are, and what came of them."""
    verdicts = [trial.verdict for trial in trials]
    others = [f"{verdicts.count(word)} {word}" for word in ("differing", "skipped") if word in verdicts]
    return ", ".join([f"{verdicts.count('as stated')} of {len(trials)} rows as stated", *others])


def _line(trial: Trial) -> list[str]:
    row, caught = trial.row, trial.caught
    found = cell(row.check) if trial.verdict == "as stated" else f"**{trial.verdict}**"
    return [
        f"[{cell(row.switch)}](#{_anchor(row.switch)})",
        "" if row.defect is None else str(row.defect),
        text(row.means),
        found,
        noticed(caught),
    ]


def _details(trial: Trial) -> str:
    row, caught = trial.row, trial.caught
    lines = [f"### {row.switch}", "", f"{text(row.means[:1].upper() + row.means[1:])}.", ""]
    if trial.skipped:
        lines.append(f"- Skipped: {text(trial.skipped)}")
    lines += [f"- **Differs**: {text(difference)}" for difference in trial.differences]
    if caught is not None:
        lines.append(f"- {code(caught.name)}: {text(_shortened(caught.message, _MOST_MESSAGE))}")
        lines += [f"  - {text(label)}: {text(_shortened(value, _MOST_EVIDENCE))}" for label, value in caught.evidence]
    lines += [f"- Fails too: {code(name)}, since {text(reason)}" for name, reason in row.also.items()]
    return "\n".join([*lines, "", "```sh", command(row), "```"])


def noticed(caught: Failure | None) -> str:
    """When the running test said so, in words."""
    if caught is None:
        return ""
    return "at the end" if caught.noticed_s is None else f"{caught.noticed_s:.0f} s"


def _shortened(value: str, most: int) -> str:
    return value if len(value) <= most else f"{value[:most].rstrip()} …"


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower().replace(" ", "-"))


def _sections(document: str) -> dict[str, str]:
    _, *parts = _SECTION.split(document)
    return {heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}
