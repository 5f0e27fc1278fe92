"""How a load climbs to find what a service holds: it grows by a factor until it is not held, then bisects.

The rule knows no clock and no service. It is told the outcome of each step and says which load comes next:

* from the first load on, each held step is followed by one ``growth`` times as large, up to the last load;
* a step that was not held is made again, and only a load that fails ``TRIES`` times is not held: a machine has a bad
  moment now and then, a capacity has none. Steps that the tester spoilt say nothing; they count half;
* between the largest load that was held and the smallest that was not, the next is their geometric mean, until the two
  are within ``precision`` of each other or no other load lies between them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final, Literal, NamedTuple

Kind = Literal["streams", "rate", "both"]
"""What climbs."""
KINDS: Final[tuple[Kind, ...]] = ("streams", "rate", "both")

TRIES: Final = 3
"""How often a load may fail before it counts as not held."""


class Outcome(StrEnum):
    """What a step at one load came to."""

    HELD = "held"
    """The service met every target that was judged."""
    MISSED = "missed"
    """The service missed a target, and the tester kept up."""
    TESTER = "tester"
    """A target was missed or left open while the tester itself was overloaded: nothing is known of the service."""
    UNCLEAR = "unclear"
    """The evidence carries no verdict, though the tester kept up."""


class Load(NamedTuple):
    """So many open streams, and so many events a second on each of them."""

    streams: int
    events_per_s: float

    @property
    def deliveries_per_s(self) -> float:
        """Events a second times the streams that get them."""
        return self.streams * self.events_per_s


class Course(NamedTuple):
    """The loads between a first and a last one, of which ``kind`` says what climbs."""

    kind: Kind
    first: Load
    last: Load

    @property
    def top(self) -> float:
        """The last load as a multiple of the first."""
        streams, rate = self.last.streams / self.first.streams, self.last.events_per_s / self.first.events_per_s
        return {"streams": streams, "rate": rate, "both": streams * rate}[self.kind]

    def after(self, level: float, growth: float) -> float:
        """The level that is ``growth`` times as high, not beyond the last."""
        higher = self.nearest(level * growth)
        return min(self.top, higher if higher > level else level + 1 / self.first.streams)

    def between(self, low: float, high: float) -> float:
        """The level in the middle, which is one of the two where no other lies between them."""
        return self.nearest(math.sqrt(low * high))

    def nearest(self, level: float) -> float:
        """The nearest level that there is: streams alone cannot climb by less than one."""
        return round(self.first.streams * level) / self.first.streams if self.kind == "streams" else level

    def at(self, level: float) -> Load:
        """The load that is ``level`` times the first."""
        first = self.first
        if self.kind == "streams":
            return Load(round(first.streams * level), first.events_per_s)
        if self.kind == "rate":
            return Load(first.streams, first.events_per_s * level)
        way = math.log(level) / math.log(self.top) if self.top > 1 else 0.0
        streams = round(first.streams * (self.last.streams / first.streams) ** way)
        return Load(streams, first.deliveries_per_s * level / streams)


class Answer(NamedTuple):
    """What a climb found, so far or in the end."""

    held: Load | None
    """The largest load that was held; None when not even the first was."""
    gave: Load | None
    """The smallest load that was not held; None when there was none up to the last."""
    limit: Outcome | None
    """What stood against ``gave``: the service (``MISSED``), the tester, or unclear evidence; None without one."""
    complete: bool
    """The climb came to its end."""


class Climb:
    """One climb along a course."""

    def __init__(self, course: Course, *, growth: float = 2.0, precision: float = 0.05) -> None:
        """``growth`` is above 1; ``precision`` is a share: 0.05 ends the bisection at loads 5 % apart."""
        self._course = course
        self._growth = growth
        self._precision = precision
        self._held = 0.0
        self._gave = math.inf
        self._limit: Outcome | None = None
        self._level = 1.0
        self._failures: list[Outcome] = []
        self._over = False

    @property
    def load(self) -> Load | None:
        """The load of the next step; None when the climb is over."""
        return None if self._over else self._course.at(self._level)

    def add(self, outcome: Outcome) -> None:
        """The step at ``load`` was made. Raise ``ValueError`` when none was due."""
        if self._over:
            raise ValueError("the climb is over")
        if outcome is Outcome.HELD:
            self._held = self._level
        else:
            self._failures.append(outcome)
            if sum(0.5 if failure is Outcome.TESTER else 1 for failure in self._failures) < TRIES:
                return
            self._gave, self._limit = self._level, blamed(self._failures)
        self._failures = []
        self._go_on()

    def answer(self) -> Answer:
        """What is known by now."""
        held = self._course.at(self._held) if self._held else None
        gave = self._course.at(self._gave) if self._limit else None
        return Answer(held, gave, self._limit, self._over)

    def _go_on(self) -> None:
        if self._limit is None:
            self._over = self._held >= self._course.top
            self._level = self._course.after(self._held, self._growth)
            return
        self._level = self._course.between(self._held, self._gave)
        near = self._gave <= self._held * (1 + self._precision)
        self._over = not self._held or near or self._level in (self._held, self._gave)


def blamed(failures: Collection[Outcome]) -> Outcome:
    """Whose limit several failures of one load show: the service's if one of them does so, then the tester's."""
    order: Sequence[Outcome] = (Outcome.MISSED, Outcome.TESTER, Outcome.UNCLEAR)
    return next(outcome for outcome in order if outcome in failures)
