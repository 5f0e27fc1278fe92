"""Which streams saw two events in another order than the rest.

Captures report a pair when a stream got the event of earlier date after the one of later date; every stream that has
both and is not reported saw them by date. All streams then vote. A tie goes by the server's clock, and so does a
single stream, if both events are of one task: the service deals with a task's events one after the other.
"""

from __future__ import annotations

from typing import NamedTuple

from studio.verify.bitmaps import Masks, overlap, total, without
from studio.verify.records import EventRecord


class Verdict(NamedTuple):
    """The streams that got ``event`` out of turn, after ``after``."""

    event: EventRecord
    after: EventRecord
    streams: Masks


class _Pair:
    __slots__ = ("due_ns", "inverted")

    def __init__(self, due_ns: int) -> None:
        self.due_ns = due_ns
        self.inverted: Masks = {}


def vote(early: EventRecord, late: EventRecord, inverted: Masks) -> Verdict | None:
    """Who is out of turn, of the streams that have both: ``early`` has the earlier date, ``inverted`` got it second."""
    both = overlap(early.got, late.got)
    by_date = without(both, inverted)
    inverted = overlap(inverted, both)
    against, voters = total(inverted), total(both)
    if against == voters:
        alone = voters == 1 and bool(early.task_id) and early.task_id == late.task_id
        return Verdict(early, late, inverted) if alone and early.timestamp_ns < late.timestamp_ns else None
    if 2 * against > voters:
        return Verdict(late, early, by_date)
    return Verdict(early, late, inverted)


class Votes:
    """The reported pairs until everybody's word on them is in."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], _Pair] = {}

    def note(self, worker: str, early_id: str, late_id: str, mask: int, due_ns: int) -> None:
        """A worker's streams got the pair against its dates."""
        pair = self._pairs.setdefault((early_id, late_id), _Pair(due_ns))
        pair.inverted[worker] = pair.inverted.get(worker, 0) | mask

    def count(self, horizon_ns: int, records: dict[str, EventRecord]) -> list[Verdict]:
        """Decide what is due; a pair of which one event is forgotten is dropped."""
        due = [(ids, pair) for ids, pair in self._pairs.items() if pair.due_ns <= horizon_ns]
        verdicts: list[Verdict] = []
        for ids, pair in due:
            del self._pairs[ids]
            early, late = records.get(ids[0]), records.get(ids[1])
            if early is not None and late is not None:
                verdict = vote(early, late, pair.inverted)
                verdicts += [verdict] if verdict is not None else []
        return verdicts

    def __len__(self) -> int:
        return len(self._pairs)
