"""What may still come, and how far apart the streams got what came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from studio.verify.bitmaps import total
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord
from studio.verify.weighing import Workers, weigh, window


class Spread(NamedTuple):
    """The first and the last live arrival of one event, over all streams."""

    type: str
    first_ns: int
    last_ns: int


def spread_of(record: EventRecord) -> list[Spread]:
    """The event's spread; none where fewer than two streams got it, or all of them by a replay."""
    if total(record.got) < 2 or not record.live_ns:
        return []
    return [Spread(record.type, record.live_ns, record.live_last_ns)]


def missing(workers: Workers, logs: Iterable[TaskLog], settle_ns: int) -> int:
    """Deliveries that would be lost if the run ended now, and that still have time to come.

    What has settled is decided: waiting does not bring it back.
    """
    heard_ns = max((timeline.heard_ns for timeline in workers.values()), default=0)
    return sum(_missing_of(workers, log, heard_ns, settle_ns) for log in logs if log.since_ns is not None)


def _missing_of(workers: Workers, log: TaskLog, heard_ns: int, settle_ns: int) -> int:
    count = 0
    matches = log.match()
    for record in filter(log.owns, log.records):
        low_ns, high_ns = window(log, record, settle_ns)
        if high_ns + settle_ns > heard_ns:
            count += _lost(workers, log.task_id, low_ns, high_ns, record.got)
    found = set(matches.values())
    for action in log.unseen:
        if action not in found and action.answered_ns + settle_ns > heard_ns:
            count += _lost(workers, log.task_id, action.sent_ns, action.answered_ns, {})
    return count


def _lost(workers: Workers, task_id: str, low_ns: int, high_ns: int, got: dict[str, int]) -> int:
    return total(weigh(workers, task_id, low_ns, high_ns, high_ns, got).lost)
