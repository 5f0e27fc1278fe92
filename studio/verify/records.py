"""What the judge holds of each event, and what it has counted for it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from studio.verify.bitmaps import Masks, without
from studio.verify.faults import Fault

NOBODY: Final[Masks] = {}


class Outcome(NamedTuple):
    """What one event (or one owed event that nobody saw) adds to the account; it can be taken back as a whole."""

    own: bool = True
    """The event is the run's."""
    expected: int = 0
    delivered: int = 0
    optional: int = 0
    lost: Masks = NOBODY
    unknown: Masks = NOBODY
    fault: Fault | None = None
    """Why the run's event should not have been."""
    foreign: int = 0
    foreign_expected: int = 0
    missed: Masks = NOBODY
    """The streams that lack an event which is not the run's, although others have it."""
    misdirected: Masks = NOBODY
    """The streams that have the event live although their filter keeps its task out."""

    @property
    def unexpected(self) -> bool:
        """Whether the run's event should not have been, or not where it came."""
        return self.own and (bool(self.misdirected) or (self.fault is not None and not self.fault.doubtful))


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
        "replayed",
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
        self.replayed: Masks = {}
        self.repeated: Masks = {}
        self.disordered: Masks = {}
        self.outcome: Outcome | None = None
        self.judged = -1

    @property
    def order(self) -> tuple[int, int, str]:
        """Place among the events of one task: the server's time first, for arrivals may share a stamp."""
        return (self.timestamp_ns, self.first_ns, self.id)

    @property
    def home(self) -> str:
        """The key of the log that the event belongs to: its task, or itself where it is about none."""
        return self.task_id or f"event {self.id}"

    def merge(self, worker: str, arrival: Arrival) -> int:
        """Add what a worker newly knows; returns how many of its arrivals came a second time after all."""
        had = self.got.get(worker, 0)
        self.got[worker] = had | arrival.fresh
        if arrival.replayed:
            self.replayed[worker] = self.replayed.get(worker, 0) | arrival.replayed
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
        for masks in (self.got, self.replayed, self.repeated):
            if masks.get(worker, 0) & mask:
                masks[worker] &= ~mask
        outcome = self.outcome
        if outcome is not None and any(
            m.get(worker, 0) & mask for m in (outcome.lost, outcome.unknown, outcome.missed)
        ):
            gone = {worker: mask}
            self.outcome = outcome._replace(
                lost=without(outcome.lost, gone),
                unknown=without(outcome.unknown, gone),
                missed=without(outcome.missed, gone),
            )
