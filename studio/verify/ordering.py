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


class Disorder(NamedTuple):
    """All streams that got ``event`` out of turn, with one of the verdicts that say so; None if there is none now."""

    event: EventRecord
    streams: Masks
    verdict: Verdict | None


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
    """The reported pairs: voted on when everybody's word is in, and again when somebody new has one."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._open: dict[tuple[str, str], None] = {}
        self._verdicts: dict[str, dict[tuple[str, str], Verdict]] = {}

    def note(self, worker: str, early_id: str, late_id: str, mask: int, due_ns: int) -> None:
        """A worker's streams got the pair against its dates."""
        pair = self._pairs.setdefault((early_id, late_id), _Pair(due_ns))
        pair.inverted[worker] = pair.inverted.get(worker, 0) | mask
        self._open[(early_id, late_id)] = None

    def reopen(self) -> None:
        """Vote on all pairs again: there are new voters."""
        self._open = dict.fromkeys(self._pairs)

    def count(self, horizon_ns: int, records: dict[str, EventRecord]) -> list[Disorder]:
        """Decide what is due, and return the events for which that may change something."""
        changed: dict[str, EventRecord] = {}
        for ids in [ids for ids in self._open if self._pairs[ids].due_ns <= horizon_ns]:
            del self._open[ids]
            early, late = records.get(ids[0]), records.get(ids[1])
            if early is None or late is None:
                continue
            for event in (early, late):
                if self._verdicts.get(event.id, {}).pop(ids, None) is not None:
                    changed[event.id] = event
            verdict = vote(early, late, self._pairs[ids].inverted)
            if verdict is not None:
                self._verdicts.setdefault(verdict.event.id, {})[ids] = verdict
                changed[verdict.event.id] = verdict.event
        return [self._disorder(event) for event in changed.values()]

    def forget(self, before_ns: int, records: dict[str, EventRecord]) -> None:
        """Drop the pairs that were due before, and the verdicts on events that are forgotten."""
        old = [ids for ids, pair in self._pairs.items() if pair.due_ns < before_ns]
        for ids in old:
            del self._pairs[ids]
            self._open.pop(ids, None)
        if old:
            self._verdicts = {event_id: v for event_id, v in self._verdicts.items() if event_id in records and v}

    def _disorder(self, event: EventRecord) -> Disorder:
        verdicts = list(self._verdicts.get(event.id, {}).values())
        streams: Masks = {}
        for verdict in verdicts:
            for worker, mask in verdict.streams.items():
                streams[worker] = streams.get(worker, 0) | mask
        return Disorder(event, streams, verdicts[0] if verdicts else None)

    def __len__(self) -> int:
        return len(self._pairs) + sum(map(len, self._verdicts.values()))
