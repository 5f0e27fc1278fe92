"""The transition table as a map: which status changes there are, and how many lead from one status to another."""

from __future__ import annotations

from studio.contract import REVERTS, TRANSITIONS


def allowed(before: str, after: str) -> bool:
    """Whether the service knows the change, as one asked for or as an execute taken back."""
    return after in _next(before)


def steps(before: str, after: str) -> int | None:
    """The fewest changes that lead from one status to another; None when none do."""
    seen, count = {before}, 0
    edge = {before}
    while edge:
        if after in edge:
            return count
        edge = {found for status in edge for found in _next(status)} - seen
        seen |= edge
        count += 1
    return None


def _next(status: str) -> set[str]:
    table = {str(after) for before, targets in TRANSITIONS.items() if before == status for after in targets}
    return table | {str(after) for before, after in REVERTS if before == status}
