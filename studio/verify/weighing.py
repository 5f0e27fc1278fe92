"""Which streams must have an event, and what became of each pair of event and stream."""

from __future__ import annotations

from studio.verify.bitmaps import Masks, overlap, total, without
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord, Outcome
from studio.verify.timeline import Timeline

Workers = dict[str, Timeline]


def window(log: TaskLog, record: EventRecord, settle_ns: int) -> tuple[int, int]:
    """The time in which the event was on its way: a stream open throughout must have it.

    It begins when the call that caused the event was sent. Where that call is long ago, as for the end of a session,
    it begins one settle time before the first live arrival, for what takes longer is lost by definition. It ends with
    the last live arrival within the settle time, for a service that is behind gets to one stream after the other, or
    with the answer to the call that owes the event if that came later.
    """
    action = log.matches.get(record.id)
    first_ns = record.first_ns
    last_ns = max(first_ns, min(record.live_last_ns, first_ns + settle_ns))
    if action is not None:
        return action.sent_ns, max(last_ns, action.answered_ns) if action.acknowledged else last_ns
    since_ns = log.since_ns or 0
    if not record.live_ns:
        return since_ns, first_ns
    floor_ns = min(first_ns, record.live_ns - settle_ns)
    return min(first_ns, max(floor_ns, since_ns, log.cause_ns(record) or 0)), last_ns


def weigh(workers: Workers, task_id: str, low_ns: int, high_ns: int, settled_ns: int, got: Masks) -> Outcome:
    """Count the pairs of one event: ``got`` has it, streams open over [low, high] must have it.

    A stream whose worker's word ends inside counts as closed there. What a silent worker's streams lack is unknown,
    unless its word reaches to ``settled_ns``; what they have is delivered.
    """
    must: Masks = {}
    unknown: Masks = {}
    for worker, timeline in workers.items():
        if timeline.silent and timeline.heard_ns < settled_ns:
            open_ns = min(high_ns, timeline.heard_ns)
            unknown[worker] = timeline.open_through(task_id, low_ns, open_ns)
            must[worker] = unknown[worker] & got.get(worker, 0)
        elif timeline.heard_ns >= high_ns:
            must[worker] = timeline.open_through(task_id, low_ns, high_ns)
    delivered = total(overlap(must, got))
    lost, unknown = without(must, got), without(unknown, got)
    optional = total(got) - delivered
    return Outcome(expected=total(must), delivered=delivered, optional=optional, lost=lost, unknown=unknown)


def watched(workers: Workers, task_id: str, low_ns: int, high_ns: int) -> bool:
    """Whether at least one stream saw everything about the task between the two times."""
    low_ns = min(low_ns, high_ns)
    return any(timeline.open_through(task_id, low_ns, high_ns) for timeline in workers.values())


def covered(workers: Workers, task_id: str, low_ns: int, high_ns: int) -> bool:
    """Whether some stream, not always the same one, could see each event about the task between the two times."""
    return any(timeline.covers(task_id, low_ns, high_ns) for timeline in workers.values())


def put_late(outcome: Outcome, worker: str, fresh: int) -> Outcome:
    """The outcome of an event judged for good, after it came on more streams."""
    if not outcome.own:
        missed = without(outcome.missed, {worker: fresh})
        return outcome._replace(foreign=outcome.foreign + fresh.bit_count(), missed=missed)
    lost, unknown = outcome.lost.get(worker, 0) & fresh, outcome.unknown.get(worker, 0) & fresh
    owed = (lost | unknown).bit_count()
    return outcome._replace(
        expected=outcome.expected + unknown.bit_count(),
        delivered=outcome.delivered + owed,
        optional=outcome.optional + fresh.bit_count() - owed,
        lost=without(outcome.lost, {worker: fresh}),
        unknown=without(outcome.unknown, {worker: fresh}),
    )
