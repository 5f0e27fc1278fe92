"""What an offender tells a maintainer of the service: what is wrong, where and when, and how to look again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from studio.contract import EVENTS_PATH
from studio.verify.actions import Action
from studio.verify.bitmaps import Masks, slots_of, total
from studio.verify.faults import Fault
from studio.verify.ordering import Verdict
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord, Outcome
from studio.verify.sessions import SESSION_TYPES, Fate
from studio.verify.weighing import Workers

Offender = dict[str, object]
NAMED_STREAMS: Final = 10
"""How many streams an offender names; the count says how many there are."""
SECOND_NS: Final = 1_000_000_000


def moment(at_ns: int) -> str:
    """A time for people: of the day, in UTC, to the microsecond."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%H:%M:%S.") + f"{at_ns % SECOND_NS // 1000:06}"


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
    """An event of the run that some streams did not get."""
    missing, action = total(outcome.lost), log.matches.get(record.id)
    what = (
        f"{_title(record)} reached {outcome.delivered} of the {outcome.expected} streams that were open for it; "
        f"{missing} did not get it. {_behind(action)}{_came(record)}"
    )
    return _of_event(workers, record, outcome.lost, action, what, _replay(log, record))


def of_unseen(workers: Workers, action: Action, outcome: Outcome) -> Offender:
    """An owed event that no stream got; its id is not known, its key is."""
    event_type, detail = (action.key.type, action.key.detail) if action.key is not None else ("", "")
    what = (
        f"the service acknowledged the {action.kind} of task {action.task_id} at {moment(action.answered_ns)}, but its "
        f"{event_type} {detail} reached none of the {outcome.expected} streams that were open for it".replace("  ", " ")
    )
    streams = {"streams": name_streams(workers, outcome.lost), "stream_count": total(outcome.lost)}
    facts = {"event_id": "", "type": event_type, "task_id": action.task_id, "detail": detail}
    times = {"sent_ns": action.sent_ns, "answered_ns": action.answered_ns}
    again = _rest(action.task_id, action.session_id)
    arrivals = {"first_arrival_ns": None, "last_arrival_ns": None}
    return {**facts, **streams, **times, **arrivals, "what": what, "again": again}


def of_fault(workers: Workers, log: TaskLog, record: EventRecord, fault: Fault) -> Offender:
    """An event that should not have been."""
    action = log.matches.get(record.id)
    what = f"{_title(record)} was not expected: {fault.why}. {_behind(action)}{_came(record)}"
    session_id = record.detail if record.type in SESSION_TYPES else ""
    return _of_event(workers, record, record.got, action, what, _rest(record.task_id, session_id))


def of_misdirected(workers: Workers, log: TaskLog, record: EventRecord, outcome: Outcome) -> Offender:
    """An event that came where the filter keeps its task out."""
    streams = outcome.misdirected
    worker = min(streams)
    filters = ",".join(sorted(workers[worker].filter_of(next(slots_of(streams[worker])))))
    what = (
        f"{_title(record)} of task {record.task_id} came live on {total(streams)} filtered streams although their "
        f"filter keeps the task out: the first of them asked for task_ids={filters}. {_came(record)}"
    )
    again = f'curl -N "$HOST{EVENTS_PATH}?task_ids={filters}"'
    return _of_event(workers, record, streams, log.matches.get(record.id), what, again)


def of_missed(workers: Workers, log: TaskLog, record: EventRecord, outcome: Outcome) -> Offender:
    """An event that is not the run's and that some streams did not get."""
    missing = total(outcome.missed)
    about = f"of task {record.task_id}, which is not the run's," if record.task_id else "about no task"
    what = (
        f"{_title(record)} {about} reached {outcome.foreign_expected - missing} of the {outcome.foreign_expected} "
        f"streams that were open long before and after; {missing} did not get it. {_came(record)}"
    )
    return _of_event(workers, record, outcome.missed, None, what, _replay(log, record))


def of_duplicated(workers: Workers, log: TaskLog, record: EventRecord) -> Offender:
    """An event that came more than once on a stream."""
    action = log.matches.get(record.id)
    what = (
        f"{_title(record)} came more than once on {total(record.repeated)} of the streams, the last time at "
        f"{moment(record.last_ns)}. {_behind(action)}{_came(record)}"
    )
    return _of_event(workers, record, record.repeated, action, what, _replay(log, record))


def of_reordered(workers: Workers, log: TaskLog, verdict: Verdict) -> Offender:
    """An event that came out of turn."""
    record, after = verdict.event, verdict.after
    alone = after.task_id == record.task_id and total(record.got) == 1
    proof = "which the server dates later" if alone else "which comes later everywhere else"
    action = log.matches.get(record.id)
    what = f"{_title(record)} came after {_title(after)} ({after.id}), {proof}. {_behind(action)}{_came(record)}"
    found = _of_event(workers, record, record.disordered, action, what, _replay(log, record))
    return {**found, "after_event_id": after.id}


def of_session(fate: Fate, log: TaskLog, what: str) -> Offender:
    """A session that did not end, or not in time."""
    session = fate.session
    began = f"it began at {moment(session.begun_ns)}"
    status = log.life().status or "not known"
    return {
        "session_id": session.id,
        "task_id": session.task_id,
        "began_ns": session.begun_ns,
        "seconds": round(fate.lasted_ns / SECOND_NS, 3),
        "what": f"session {session.id} of task {session.task_id} {what}; {began}, the task's last status is {status}",
        "again": _rest(session.task_id, session.id),
    }


def _title(record: EventRecord) -> str:
    return f"{record.type} {record.detail}" if record.detail else record.type


def _behind(action: Action | None) -> str:
    """The call that the event follows from, as a sentence."""
    if action is None:
        return ""
    end = "acknowledged" if action.acknowledged else "given up or refused"
    return (
        f"Behind it is the {action.kind} of task {action.task_id}, sent at {moment(action.sent_ns)} and {end} at "
        f"{moment(action.answered_ns)}. "
    )


def _came(record: EventRecord) -> str:
    return f"It came first at {moment(record.first_ns)}; the server dates it {moment(record.timestamp_ns)}"


def _replay(log: TaskLog, record: EventRecord) -> str:
    """Have the service replay what it keeps from the task's event before this one on, or else from this one on."""
    before = max((r for r in log.records if r.order < record.order), key=lambda r: r.order, default=record)
    query = f"?task_ids={record.task_id}" if record.task_id else ""
    return f'curl -N -H "Last-Event-ID: {before.id}" "$HOST{EVENTS_PATH}{query}"'


def _rest(task_id: str, session_id: str) -> str:
    session = f'; curl "$HOST/api/sessions/{session_id}"' if session_id else ""
    return f'curl "$HOST/api/tasks/{task_id}"{session}'


def _of_event(
    workers: Workers, record: EventRecord, streams: Masks, action: Action | None, what: str, again: str
) -> Offender:
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
        "again": again,
    }
