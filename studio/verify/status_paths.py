"""The transition table as a map: which status changes there are, and how many lead from one status to another."""

from __future__ import annotations

from typing import Final

from studio.contract import REVERTS, TRANSITIONS, Status

_NEXT: Final[dict[str, frozenset[str]]] = {
    str(status): frozenset(map(str, TRANSITIONS[status]))
    | {str(after) for before, after in REVERTS if before == status}
    for status in Status
}


def allowed(before: str, after: str) -> bool:
    """Whether the service knows the change, as one asked for or as an execute taken back."""
    return after in _NEXT.get(before, ())


def steps(before: str, after: str) -> int | None:
    """The fewest changes that lead from one status to another; None when none do."""
    seen, count = {before}, 0
    edge = {before}
    while edge:
        if after in edge:
            return count
        edge = {found for status in edge for found in _NEXT.get(status, ())} - seen
        seen |= edge
        count += 1
    return None
