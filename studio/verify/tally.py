"""The account of a run's events."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from studio.verify.bitmaps import total
from studio.verify.records import Outcome


@dataclass(slots=True)
class Tally:
    """Counts over all workers.

    ``expected = delivered + lost`` and ``arrivals = delivered + optional + foreign + other + duplicated`` hold once
    every event has been judged (after ``Judge.finish``).
    """

    expected: int = 0
    """Pairs of an event of the run and a stream that must have it."""
    delivered: int = 0
    """Expected pairs that came."""
    lost: int = 0
    """Expected pairs that did not come."""
    duplicated: int = 0
    """Arrivals of an event on a stream that had it already, live or replayed."""
    reordered: int = 0
    """Pairs of an event and a stream that got it after one that other streams, or the server's clock, put behind it."""
    unexpected: int = 0
    """Events of the run's own tasks that contradict what was, came after the end, that nothing caused, or that a filter
    keeps out: what ``delivery.unexpected``, ``lifecycle.*`` and ``fanout.filtered`` tell apart."""
    foreign: int = 0
    """Arrivals of events of other people's tasks."""
    late: int = 0
    """Pairs that were counted as lost and came after all."""
    replayed: int = 0
    """Arrivals that were replayed after a reconnect, first or not."""
    optional: int = 0
    """Arrivals of the run's events on streams that may have them: opened or closed while the event was on its way."""
    unknown: int = 0
    """Pairs of a worker that stopped reporting: nobody knows."""
    other: int = 0
    """Arrivals of events that belong to no task: projects, errors, replay.unavailable."""
    foreign_expected: int = 0
    """Pairs of an event that is not the run's and a stream that must have it because others do."""
    foreign_missed: int = 0
    """Such pairs that did not come."""
    misdirected: int = 0
    """Live arrivals on streams whose filter keeps the event's task out."""
    arrivals: int = 0
    """Everything that came."""

    def add(self, outcome: Outcome, sign: int = 1) -> None:
        """Count an event's outcome, or take it back with ``sign`` -1."""
        self.expected += sign * outcome.expected
        self.delivered += sign * outcome.delivered
        self.optional += sign * outcome.optional
        self.foreign += sign * outcome.foreign
        self.lost += sign * total(outcome.lost)
        self.unknown += sign * total(outcome.unknown)
        self.unexpected += sign * outcome.unexpected
        self.foreign_expected += sign * outcome.foreign_expected
        self.foreign_missed += sign * total(outcome.missed)
        self.misdirected += sign * total(outcome.misdirected)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
