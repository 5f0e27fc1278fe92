"""Whether all streams saw the same: events that are not the run's, and filters."""

from __future__ import annotations

from studio.contract import EventType
from studio.verify.bitmaps import Masks, total, without
from studio.verify.records import EventRecord, Outcome
from studio.verify.weighing import Workers

_TOLD_TO_ALL = frozenset({EventType.PROJECT_OPENED, EventType.PROJECT_CLOSED})
"""Events about no task that go to every stream; others, such as replay.unavailable, are for one alone."""


def weigh_foreign(workers: Workers, record: EventRecord, settle_ns: int) -> Outcome:
    """Count an event that is not the run's.

    Nobody knows what caused it, so only those streams must have it that were open from one settle time before its
    first live arrival until one settle time after. A silent worker's streams are left out.
    """
    foreign = total(record.got) if record.task_id else 0
    if not record.live_ns or not (record.task_id or record.type in _TOLD_TO_ALL):
        return Outcome(own=False, foreign=foreign)
    low_ns, high_ns = record.live_ns - settle_ns, record.live_ns + settle_ns
    must: Masks = {
        worker: timeline.open_through(record.task_id, low_ns, high_ns)
        for worker, timeline in workers.items()
        if timeline.heard_ns >= high_ns
    }
    return Outcome(own=False, foreign=foreign, foreign_expected=total(must), missed=without(must, record.got))


def misdirected(workers: Workers, record: EventRecord) -> Masks:
    """The streams that have the event live although their filter keeps its task out."""
    if not record.task_id:
        return {}
    live = without(record.got, record.replayed)
    masks = {worker: mask & workers[worker].excluded(record.task_id) for worker, mask in live.items()}
    return {worker: mask for worker, mask in masks.items() if mask}
