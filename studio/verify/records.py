"""What the judge holds of each event, and what it has counted for it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from studio.verify.bitmaps import Masks, without

NOBODY: Final[Masks] = {}


class Outcome(NamedTuple):
    """What one event (or one owed event that nobody saw) adds to the tally; it can be taken back as a whole."""

    expected: int = 0
    delivered: int = 0
    optional: int = 0
    foreign: int = 0
    lost: Masks = NOBODY
    unknown: Masks = NOBODY
    reason: str = ""
    """Why the event is unexpected, empty if it is not."""
    wrong_streams: Masks = NOBODY
    """The streams that should not have had it, where that is the reason."""


class Arrival(NamedTuple):
    """One row of a delta: what one worker newly knows of one event."""

    id: str
    type: str
    task_id: str
    detail: str
    title: str
    timestamp_ns: int
    first_ns: int
    live_ns: int
    live_last_ns: int
    last_ns: int
    fresh: int
    replayed: int
    """Those of ``fresh`` that may have it from a replay."""
    again: int
    again_mask: int
    again_ns: int


_FACTS: Final = 10


def arrival_from_row(row: list[Any], sets: list[int]) -> Arrival:
    """Read a row that ``Capture.take`` wrote, with the table of sets that it refers to."""
    facts, fresh, rest = row[:_FACTS], sets[row[_FACTS]], row[_FACTS + 1 :]
    if not rest:
        return Arrival._make([*facts, fresh, 0, 0, 0, 0])
    replayed, again, again_set, again_ns = rest
    return Arrival._make([*facts, fresh, sets[replayed], again, sets[again_set], again_ns])


class EventRecord:
    """One event over all workers."""

    __slots__ = (
        "detail",
        "disordered",
        "first_ns",
        "got",
        "id",
        "judged",
        "last_ns",
        "live_last_ns",
        "live_ns",
        "outcome",
        "repeated",
        "task_id",
        "timestamp_ns",
        "title",
        "type",
    )

    def __init__(self, arrival: Arrival) -> None:
        self.id = arrival.id
        self.type = arrival.type
        self.task_id = arrival.task_id
        self.detail = arrival.detail
        self.title = arrival.title
        self.timestamp_ns = arrival.timestamp_ns
        self.first_ns = arrival.first_ns
        self.live_ns = arrival.live_ns
        self.live_last_ns = arrival.live_last_ns
        self.last_ns = arrival.last_ns
        self.got: Masks = {}
        self.repeated: Masks = {}
        self.disordered: Masks = {}
        self.outcome: Outcome | None = None
        self.judged = -1

    @property
    def order(self) -> tuple[int, int, str]:
        """Place among the events of one task: the server's time first, for arrivals may share a stamp."""
        return (self.timestamp_ns, self.first_ns, self.id)

    def merge(self, worker: str, arrival: Arrival) -> int:
        """Add what a worker newly knows; returns how many of its arrivals came a second time after all."""
        had = self.got.get(worker, 0)
        self.got[worker] = had | arrival.fresh
        self.first_ns = min(self.first_ns, arrival.first_ns)
        self.last_ns = max(self.last_ns, arrival.last_ns, arrival.again_ns)
        if arrival.live_ns:
            self.live_ns = min(self.live_ns or arrival.live_ns, arrival.live_ns)
            self.live_last_ns = max(self.live_last_ns, arrival.live_last_ns)
        repeated = had & arrival.fresh
        if repeated | arrival.again_mask:
            self.repeated[worker] = self.repeated.get(worker, 0) | repeated | arrival.again_mask
        return repeated.bit_count()

    def release(self, worker: str, mask: int) -> None:
        """Forget streams whose slots are used anew; what was counted for them stays counted."""
        for masks in (self.got, self.repeated):
            if worker in masks:
                masks[worker] &= ~mask
        if self.outcome is not None and (self.outcome.lost or self.outcome.unknown):
            gone = {worker: mask}
            self.outcome = self.outcome._replace(
                lost=without(self.outcome.lost, gone), unknown=without(self.outcome.unknown, gone)
            )
