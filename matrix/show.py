"""What the matrix says on the terminal while it runs."""

from __future__ import annotations

from collections.abc import Sequence

from matrix.page import noticed
from matrix.rows.row import Row
from matrix.trial import Trial

_SIGNS = {"as stated": "✓", "differing": "✗", "skipped": "-"}


class Table:
    """One line a row, as it is done, with what differed below."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._switch = max((len(row.switch) for row in rows), default=0)
        self._check = max((len(row.check) for row in rows), default=0)

    def line(self, trial: Trial) -> None:
        """Say what came of a row."""
        row = trial.row
        took = f"{trial.outcome.took_s:.1f} s" if trial.outcome is not None else ""
        defect = "" if row.defect is None else f"#{row.defect}"
        subject = f"{_SIGNS[trial.verdict]} {row.switch:{self._switch}}  {defect:3}"
        say(f"{subject}  {row.check:{self._check}}  {noticed(trial.caught):10}  {took}".rstrip())
        for difference in filter(None, (*trial.differences, trial.skipped)):
            say(f"      {difference}")


def listing(rows: Sequence[Row]) -> str:
    """All rows, one a line."""
    width = max((len(row.switch) for row in rows), default=0)
    return "\n".join(f"{row.switch:{width}}  {row.check}: {row.means}" for row in rows)


def say(line: str) -> None:
    """A line on standard output, at once."""
    print(line, flush=True)
