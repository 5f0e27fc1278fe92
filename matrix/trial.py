"""A row put to the test: the run that brings its defect about, and what came of it."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from matrix.comparison import Failure, differences, failures
from matrix.load import COMMON, SMALL, TURN_MS, LoadFailed, Outcome, run_load
from matrix.network import NoProxy, spoilt_network
from matrix.rows.row import Row


class Trial(NamedTuple):
    """What came of a row."""

    row: Row
    outcome: Outcome | None
    """None where the run brought no result, or there was none."""
    differences: tuple[str, ...]
    """How it differs from what the row states; empty when it is as stated."""
    skipped: str = ""
    """Why there was no run."""

    @property
    def caught(self) -> Failure | None:
        """The failure of the check that the row names."""
        return failures(self.outcome.result).get(self.row.check) if self.outcome is not None else None

    @property
    def verdict(self) -> str:
        """``as stated``, ``differing`` or ``skipped``."""
        if self.skipped:
            return "skipped"
        return "differing" if self.differences else "as stated"


def try_row(row: Row) -> Trial:
    """Run the load test with the row's defect and compare."""
    try:
        outcome = _run(row)
    except NoProxy as reason:
        return Trial(row, None, (), str(reason))
    except LoadFailed as failure:
        return Trial(row, None, (str(failure),))
    return Trial(row, outcome, tuple(differences(row, outcome)))


def command(row: Row) -> str:
    """The command that shows the defect again."""
    if row.toxic is not None:
        return shlex.join(["python", "-m", "matrix", "--only", row.switch])
    return shlex.join(["locust", *COMMON, *_targets(row), *row.arguments])


def _targets(row: Row) -> list[str]:
    """The latency targets that the row names."""
    return [word for name in (row.check, *row.also) if ":p(" in name for word in ("--threshold", name)]


def _run(row: Row) -> Outcome:
    if row.toxic is None:
        return run_load([*COMMON, *_targets(row), *row.arguments])
    with spoilt_network(row.toxic, TURN_MS) as url:
        return run_load([*SMALL, *_targets(row), "--host", url, *row.arguments])
