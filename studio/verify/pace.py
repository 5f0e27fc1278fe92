"""How much was asked and how much came, by the second."""

from __future__ import annotations

from collections import Counter
from typing import Final

_SECOND_NS: Final = 1_000_000_000


class Pace:
    """Counts by seconds since 1970. A second of a run takes some hundred bytes."""

    def __init__(self) -> None:
        self.intended: Counter[int] = Counter()
        """Triggers that were due."""
        self.sent: Counter[int] = Counter()
        """Calls that owe an event."""
        self.events: Counter[int] = Counter()
        """Distinct events."""
        self.lost: Counter[int] = Counter()
        """Deliveries that never came."""

    @staticmethod
    def count(counter: Counter[int], at_ns: int, n: int = 1) -> None:
        """Add ``n`` (which may be below zero) to the second of ``at_ns``."""
        if n:
            counter[at_ns // _SECOND_NS] += n


def steps(counter: Counter[int], started_s: float, step_s: int) -> list[list[float]]:
    """[seconds since the start, how many] for each ``step_s`` seconds that have any, in order."""
    found: Counter[int] = Counter()
    for second, n in counter.items():
        found[int((second - int(started_s)) // step_s)] += n
    return [[float(at * step_s), float(n)] for at, n in sorted(found.items()) if n > 0]
