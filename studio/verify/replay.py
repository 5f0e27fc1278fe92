"""Whether a stream that comes back with a Last-Event-ID goes on where it was, judged by a witness that never left.

Both are compared up to a marker: an event that was caused after the return and that both must get. Events are known
by their ids, so it does not matter that the two get them at slightly different moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from studio.contract import EventType
from studio.verify.findings import Check, Finding, failed, passed, unknown
from studio.verify.slots import Group

COMPLETE: Final = "replay.complete"
EXACT: Final = "replay.exact"
ORDERED: Final = "replay.ordered"
FILTERED: Final = "replay.filtered"
TOLD: Final = "replay.told"

CHECKS: Final = (
    Check(
        name=COMPLETE,
        holds="after each reconnect the replay and the live events joined without a hole",
        promise="each event that a stream missed while it was away came after its return, replayed or live, as a "
        "stream that stayed open had it",
        blind="what neither stream got; streams that do not belong to the scenario",
        unknown="the witness broke, the new stream ended early or said that nothing can be replayed, or nothing "
        "happened while the stream was away",
    ),
    Check(
        name=EXACT,
        holds="after each reconnect no event came twice, and none that the stream already had",
        promise="a reconnect brought each event once, and neither the acknowledged event nor one before it",
        blind="doubles after the marker that ends the comparison",
        unknown="the witness broke, or the new stream ended early",
    ),
    Check(
        name=ORDERED,
        holds="after each reconnect the events came in the order of a stream that stayed open",
        promise="replayed and live events came in one order, the witness's",
        blind="an order that is wrong on both streams",
        unknown="the witness broke, or the new stream ended early",
    ),
    Check(
        name=FILTERED,
        holds="the replay of a filtered stream held its tasks only",
        promise="a stream with ?task_ids= got no replayed event of another task",
        blind="the filter of live events, which `fanout.filtered` sees",
        unknown="no other task had an event while the stream was away, the witness broke, or the stream ended early",
    ),
    Check(
        name=TOLD,
        holds="a Last-Event-ID from which nothing can be replayed was answered by `replay.unavailable`",
        promise="an unknown, malformed or empty id, and one longer gone than the buffer unless all of it was still "
        "replayed, was answered by a first event `replay.unavailable` that names the id and a reason",
        blind="whether the reason is the true one",
        unknown="the new stream did not open, or ended early",
    ),
)

_NAMED: Final = 10
"""How many events an offender names; the numbers say how many there are."""

Promise = Literal["replay", "notice", "either"]
"""What the service owes to an id: what followed it, the word that it cannot replay, or one of the two."""


class Seen(NamedTuple):
    """An event as it came on a stream; ``at_ns`` is the time of the read that completed it."""

    id: str
    type: str
    task_id: str
    at_ns: int


class Notice(NamedTuple):
    """What a first event ``replay.unavailable`` says."""

    last_event_id: str
    reason: str


class Return(NamedTuple):
    """A stream that came back, and what the witness had: everything up to the marker and with it."""

    kind: str
    """How the connection before it ended, or what its id is: ``reset``, ``an unknown id``."""
    promise: Promise
    last_event_id: str
    """As it was sent, an empty one included."""
    group: Group
    port: int
    """Local port of the new connection."""
    asked_ns: int
    """Before the new connection was begun: what the witness had earlier can only come as a replay."""
    witness: Sequence[Seen]
    had: Sequence[Seen]
    """What the stream had before its connection ended."""
    came: Sequence[Seen]
    """What the new connection brought, replayed and live."""
    notice: Notice | None = None
    """What the first event said, where it was ``replay.unavailable``."""
    doubt: str = ""
    """Why nothing can be said of it."""


def judge(back: Return) -> list[Finding]:
    """What one return says of each check that it concerns."""
    if back.doubt:
        return [unknown(name, f"{back.kind}: {back.doubt}") for name in _concerned(back)]
    if back.notice is not None:
        findings = [_told_well(back, back.notice)]
        if back.promise == "replay":
            why = f"the service said that it cannot replay: {back.notice.reason}"
            findings.append(unknown(COMPLETE, f"{back.kind}: {why}"))
        return findings
    if back.promise == "notice":
        return [_silence(back, f"but {_shown(back.came[:1])}")]
    missed = _missed(back)
    if missed is None:
        return [unknown(name, f"{back.kind}: the witness lacks the acknowledged event") for name in _concerned(back)]
    found = [_exact(back, missed), *_ordered(back, missed), *_filtered(back, missed)]
    return [_complete(back, missed) if back.promise == "replay" else _told_or_complete(back, missed), *found]


def command(last_event_id: str, group: Group) -> str:
    """The command that shows the answer again, with the service's URL in ``$HOST``."""
    # curl drops a header without a value unless a semicolon stands for the colon.
    header = f"Last-Event-ID: {last_event_id}" if last_event_id else "Last-Event-ID;"
    query = f"?task_ids={','.join(sorted(group))}" if group is not None else ""
    return f"curl -N -H '{header}' \"$HOST/api/events{query}\""


def _concerned(back: Return) -> list[str]:
    if back.promise == "notice":
        return [TOLD]
    first = COMPLETE if back.promise == "replay" else TOLD
    return [first, EXACT, ORDERED, *([FILTERED] if back.group is not None else [])]


def _missed(back: Return) -> list[Seen] | None:
    """What the witness had after the acknowledged event and the stream had not; None when it lacks that event."""
    ids = [seen.id for seen in back.witness]
    if back.last_event_id not in ids:
        return None
    had = {seen.id for seen in back.had}
    after = back.witness[ids.index(back.last_event_id) + 1 :]
    return [seen for seen in after if seen.id not in had and seen.type != EventType.REPLAY_UNAVAILABLE]


def _holes(back: Return, missed: list[Seen]) -> list[Seen]:
    came = {seen.id for seen in back.came}
    return [seen for seen in missed if seen.id not in came and _passes(back.group, seen)]


def _complete(back: Return, missed: list[Seen]) -> Finding:
    owed = [seen for seen in missed if _passes(back.group, seen)]
    holes = _holes(back, missed)
    if holes:
        replayable = sum(seen.at_ns < back.asked_ns for seen in holes)
        what = (
            f"{back.kind}: {len(holes)} of {len(owed)} events after the acknowledged one came neither replayed nor "
            f"live; {replayable} of them were out before the stream asked again"
        )
        return failed(COMPLETE, what, missing=_named(holes), **_evidence(back))
    if not any(seen.at_ns < back.asked_ns for seen in owed):
        return unknown(COMPLETE, f"{back.kind}: nothing happened while the stream was away")
    return passed(COMPLETE)


def _told_or_complete(back: Return, missed: list[Seen]) -> Finding:
    holes = _holes(back, missed)
    if not holes:
        return passed(TOLD)
    return _silence(back, f"and {len(holes)} of {len(missed)} events after it were not replayed")


def _silence(back: Return, came: str) -> Finding:
    what = (
        f"{back.kind}: the stream asked with Last-Event-ID {back.last_event_id!r} and was not told that nothing can "
        f"be replayed from it: it got no first event replay.unavailable, {came}"
    )
    return failed(TOLD, what, **_evidence(back))


def _told_well(back: Return, notice: Notice) -> Finding:
    if notice.last_event_id == back.last_event_id and notice.reason:
        return passed(TOLD)
    what = (
        f"{back.kind}: replay.unavailable names {notice.last_event_id!r} and the reason {notice.reason!r} to a stream "
        f"that asked with {back.last_event_id!r}"
    )
    return failed(TOLD, what, **_evidence(back))


def _exact(back: Return, missed: list[Seen]) -> Finding:
    times = Counter(seen.id for seen in back.came)
    had = {seen.id for seen in back.had}
    doubled = {event_id: count for event_id, count in times.items() if count > 1 or event_id in had}
    acknowledged = times[back.last_event_id]
    if acknowledged:
        doubled[back.last_event_id] = acknowledged
    if not doubled:
        return passed(EXACT)
    fresh = sum(event_id not in had and event_id != back.last_event_id for event_id in times)
    itself = f"; the acknowledged event itself came again, {_times(acknowledged)}" if acknowledged else ""
    replayed = [times[seen.id] for seen in missed if seen.at_ns < back.asked_ns and seen.id in times]
    if acknowledged and replayed and min(replayed) > 1:
        itself += ", as if every connected client had put each event into the replay buffer"
    what = (
        f"{back.kind}: {len(back.came)} events came for {fresh} that the stream had missed, {len(doubled)} of them "
        f"more often than they should{itself}"
    )
    most = dict(sorted(doubled.items(), key=lambda item: -item[1])[:_NAMED])
    return failed(EXACT, what, times=most, acknowledged_again=acknowledged, **_evidence(back))


def _ordered(back: Return, missed: list[Seen]) -> list[Finding]:
    rank = {seen.id: place for place, seen in reversed(list(enumerate(missed)))}
    came = [seen for seen in _first_of_each(back.came) if seen.id in rank]
    for before, seen in pairwise(came):
        if rank[seen.id] < rank[before.id]:
            what = (
                f"{back.kind}: {_shown([seen])} came after {_shown([before])}, "
                "which a stream that stayed open had after it"
            )
            return [failed(ORDERED, what, **_evidence(back))]
    return [passed(ORDERED)] if len(came) > 1 else []


def _filtered(back: Return, missed: list[Seen]) -> list[Finding]:
    if back.group is None:
        return []
    out = {seen.id for seen in missed if seen.at_ns < back.asked_ns and not _passes(back.group, seen)}
    strangers = [seen for seen in _first_of_each(back.came) if seen.id in out]
    if strangers:
        what = (
            f"{back.kind}: the replay of a stream filtered by ?task_ids= held {len(strangers)} events of other tasks, "
            f"such as {_shown(strangers[:1])}"
        )
        return [failed(FILTERED, what, strangers=_named(strangers), **_evidence(back))]
    if not out:
        return [unknown(FILTERED, f"{back.kind}: no other task had an event while the stream was away")]
    return [passed(FILTERED)]


def _passes(group: Group, seen: Seen) -> bool:
    return group is None or not seen.task_id or seen.task_id in group


def _first_of_each(came: Iterable[Seen]) -> list[Seen]:
    first: dict[str, Seen] = {}
    for seen in came:
        first.setdefault(seen.id, seen)
    return list(first.values())


def _evidence(back: Return) -> dict[str, object]:
    return {
        "last_event_id": back.last_event_id,
        "stream": back.port,
        "asked_ns": back.asked_ns,
        "came": _named(back.came),
        "came_count": len(back.came),
        "again": command(back.last_event_id, back.group),
    }


def _named(events: Sequence[Seen]) -> list[dict[str, object]]:
    return [seen._asdict() for seen in events[:_NAMED]]


def _shown(events: Sequence[Seen]) -> str:
    return " ".join(f"{seen.type} {seen.id}" for seen in events) or "nothing"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
