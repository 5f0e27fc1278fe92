"""A climb to the highest load that goes well, in steps of one ratio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

STEP = 1.25
"""From one load to the next; the result is right to within this."""
_MOST_STEPS = 16
"""A climb ends after so many, whatever it has found."""

Done = TypeVar("Done")


class Step(NamedTuple, Generic[Done]):
    """One load that was tried. ``problem``: why it did not go well; empty where it did."""

    load: float
    done: Done
    problem: str


class Climb(NamedTuple, Generic[Done]):
    """The highest step that went well, None where none did, and the lowest that did not, None where all did."""

    best: Step[Done] | None
    ended: Step[Done] | None


def climb(start: float, attempt: Callable[[float], Step[Done]]) -> Climb[Done]:
    """Try loads from ``start`` up, or down from there until one goes well.

    Two steps at a time first; then the one between is tried, so that a climb is short and right to within one step.
    """
    best: Step[Done] | None = None
    ended: Step[Done] | None = None
    load = start
    for _ in range(_MOST_STEPS):
        step = attempt(load)
        if step.problem:
            ended = step
        else:
            best = step
        following = _following(best, ended)
        if following is None:
            break
        load = following
    return Climb(best, ended)


def _following(best: Step[Done] | None, ended: Step[Done] | None) -> float | None:
    if best is None:
        return None if ended is None else ended.load / STEP**2
    if ended is None:
        return best.load * STEP**2
    # Rounding must not make a step between where there is none.
    return best.load * STEP if ended.load / best.load > STEP * 1.01 else None
