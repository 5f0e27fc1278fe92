"""The first offenders of each kind, with what a maintainer of the service needs to find the fault."""

from __future__ import annotations

from studio.verify.actions import Action
from studio.verify.bitmaps import Masks, slots_of, total
from studio.verify.ordering import Verdict
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord, Outcome
from studio.verify.weighing import Workers

Offender = dict[str, object]
NAMED_STREAMS = 10
"""How many streams an offender names; the count says how many there are."""


class Offenders:
    """The first ``limit`` offenders of each kind; one that turns out well is taken off."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kinds: dict[str, dict[object, Offender]] = {}

    def put(self, kind: str, key: object, offender: Offender) -> None:
        """Note an offender, or what is newly known of it."""
        found = self._kinds.setdefault(kind, {})
        if key in found or len(found) < self._limit:
            found[key] = offender

    def drop(self, kind: str, key: object) -> None:
        """It was none."""
        self._kinds.get(kind, {}).pop(key, None)

    def of(self, kind: str) -> list[Offender]:
        """The offenders of a kind, first found first."""
        return [dict(offender) for offender in self._kinds.get(kind, {}).values()]


def name_streams(workers: Workers, masks: Masks) -> list[str]:
    """The first few streams as ``worker/number``."""
    names: list[str] = []
    for worker in sorted(masks):
        for slot in slots_of(masks[worker]):
            if len(names) == NAMED_STREAMS:
                return names
            names.append(f"{worker}/{workers[worker].streams.get(slot, '?')}")
    return names


def of_lost(workers: Workers, log: TaskLog, record: EventRecord, outcome: Outcome) -> Offender:
    """An event that some streams did not get."""
    missing = total(outcome.lost)
    what = (
        f"{_title(record)} reached {outcome.delivered} of the {outcome.expected} streams that were open for it; "
        f"{missing} did not get it"
    )
    return _of_event(workers, record, outcome.lost, log.matches.get(record.id), what)


def of_unseen(workers: Workers, action: Action, outcome: Outcome) -> Offender:
    """An owed event that no stream got; its id is not known, its key is."""
    event_type, detail = (action.key.type, action.key.detail) if action.key is not None else ("", "")
    what = (
        f"the service acknowledged the {action.kind} of task {action.task_id}, but its {event_type} "
        f"{detail} reached none of the {outcome.expected} streams that were open for it".replace("  ", " ")
    )
    streams = {"streams": name_streams(workers, outcome.lost), "stream_count": total(outcome.lost)}
    facts = {"event_id": "", "type": event_type, "task_id": action.task_id, "detail": detail}
    times = {"sent_ns": action.sent_ns, "answered_ns": action.answered_ns}
    return {**facts, **streams, **times, "first_arrival_ns": None, "last_arrival_ns": None, "what": what}


def of_unexpected(workers: Workers, log: TaskLog, record: EventRecord, outcome: Outcome) -> Offender:
    """An event that should not have been."""
    streams = outcome.wrong_streams or record.got
    return _of_event(
        workers, record, streams, log.matches.get(record.id), f"{_title(record)} was not expected: {outcome.reason}"
    )


def of_duplicated(workers: Workers, record: EventRecord, action: Action | None) -> Offender:
    """An event that came more than once on a stream."""
    what = f"{_title(record)} came more than once on {total(record.repeated)} of the streams"
    return _of_event(workers, record, record.repeated, action, what)


def of_reordered(workers: Workers, verdict: Verdict, action: Action | None) -> Offender:
    """An event that came out of turn."""
    record, after = verdict.event, verdict.after
    what = f"{_title(record)} came after {_title(after)} ({after.id}), which comes later everywhere else"
    if after.task_id == record.task_id and total(record.got) == 1:
        what = f"{_title(record)} came after {_title(after)} ({after.id}), which the server dates later"
    return {**_of_event(workers, record, record.disordered, action, what), "after_event_id": after.id}


def _title(record: EventRecord) -> str:
    return f"{record.type} {record.detail}" if record.detail else record.type


def _of_event(workers: Workers, record: EventRecord, streams: Masks, action: Action | None, what: str) -> Offender:
    return {
        "event_id": record.id,
        "type": record.type,
        "task_id": record.task_id,
        "detail": record.detail,
        "streams": name_streams(workers, streams),
        "stream_count": total(streams),
        "sent_ns": action.sent_ns if action is not None else None,
        "answered_ns": action.answered_ns if action is not None else None,
        "first_arrival_ns": record.first_ns,
        "last_arrival_ns": record.last_ns,
        "what": what,
    }
