"""What the process's exit code says, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from locust_eventsource.measure import health
from locust_eventsource.measure.verdict_types import Row, Verdict

PASS: Final = 0
"""Everything that was judged passed."""
LOCUST_FAILURE: Final = 1
"""Locust's own: a request failed. Only when ``--threshold none`` left no row."""
INTERNAL_ERROR: Final = 2
"""The load test itself went wrong; never masked by a verdict."""
FAILED: Final = 3
"""A row or a check failed."""
INCONCLUSIVE: Final = 4
"""Nothing failed, but something could not be decided or had no data."""


_OUTCOMES: Final[Mapping[int | None, str]] = {
    PASS: "pass",
    FAILED: "fail",
    INCONCLUSIVE: "inconclusive",
    INTERNAL_ERROR: "internal error",
    None: "not asked",
}


def outcome(code: int | None) -> str:
    """What ``exit_code`` says, in a word or two."""
    return _OUTCOMES[code]


class Check(Protocol):
    """A check of the deliveries: its verdict is ``pass``, ``fail`` or ``unknown``."""

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``unknown``."""


def exit_code(rows: Iterable[Row], checks: Iterable[Check], internal_error: bool) -> int | None:
    """The exit code, by precedence 2, 3, 4, 0; None when no row was judged against and Locust decides.

    A run in which nothing could be judged, since every row is ``not asked`` and no check passed, is inconclusive. The
    row about the tester itself can make a run inconclusive that is judged by others, and decides nothing else.
    """
    rows = list(rows)
    of_service = [row.verdict for row in rows if row.metric != health.METRIC]
    unfit = any(row.metric == health.METRIC and row.verdict is Verdict.INCONCLUSIVE for row in rows)
    row_verdicts = [*of_service, Verdict.INCONCLUSIVE] if of_service and unfit else of_service
    verdicts = {str(verdict) for verdict in row_verdicts} | {str(check.verdict) for check in checks}
    if internal_error:
        return INTERNAL_ERROR
    if Verdict.FAIL in verdicts:
        return FAILED
    if verdicts & {str(Verdict.INCONCLUSIVE), "unknown"}:
        return INCONCLUSIVE
    if not row_verdicts:
        return None
    return PASS if Verdict.PASS in verdicts else INCONCLUSIVE
