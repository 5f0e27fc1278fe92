"""What becomes of a reader that falls behind, judged by a witness that kept up on the same stream.

A service may queue, or disconnect the reader, or say in an event that it left something out. What it may not do is to
leave events out of a stream that goes on as if nothing had happened: no reader could ever notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from locust_eventsource.measure.verdict_text import size_text
from studio.contract import EventType
from studio.verify.findings import Check, Finding, failed, passed, unknown
from studio.verify.wire import OVER, End

SIGNALLED: Final = "backpressure.signalled"

CHECKS: Final = (
    Check(
        name=SIGNALLED,
        holds="a reader that fell behind got everything, or was told",
        promise="a stream whose reader stopped reading for a while had every event that a witness had in that time; or "
        "it was disconnected after an unbroken beginning, or an event of its own said that something is missing",
        blind="a queue longer than `--slow-events`; readers that fall behind for longer; what the witness lacks too",
        unknown="no event came while the reader was stalled, the witness broke, or catching up took too long",
    ),
)

_ORDINARY: Final = frozenset(EventType) - {EventType.REPLAY_UNAVAILABLE}
_NAMED: Final = 5
"""How many ids an offender names of a hole; the count says how many there are."""


class Event(NamedTuple):
    """An event as a stream had it."""

    id: str
    type: str
    size: int
    """Bytes of its data."""


class Stall(NamedTuple):
    """A reader that stopped reading, and read on."""

    stream: str
    """What names it, such as its local port."""
    stalled_s: float
    """How long it did not read."""
    came: Sequence[Event]
    """All that it got, in the order of arrival."""
    owed: Sequence[Event]
    """What the witness got while both streams were open, in its order."""
    unread: Sequence[Event]
    """What of it had come to the witness when the reader read on, and not to the reader when it stopped."""
    end: End
    waited_s: float
    """For how long nothing had come when the reader gave up on an open stream."""
    doubt: str = ""
    """Why nothing can be said."""


def signalled(stall: Stall) -> Finding:
    """Whether the service left out events without a word."""
    if stall.doubt:
        return unknown(SIGNALLED, stall.doubt)
    if not stall.unread:
        return unknown(SIGNALLED, "no event came while the reader was stalled")
    holes = _holes(stall)
    if not holes or notice_of(stall.came, stall.owed):
        return passed(SIGNALLED)
    if stall.end in OVER and holes[0][-1].id == stall.owed[-1].id:
        return passed(SIGNALLED)
    return failed(SIGNALLED, _what(stall, holes), **_evidence(stall, holes))


def notice_of(came: Sequence[Event], owed: Sequence[Event]) -> str:
    """The type of the event by which the service tells this stream that something is missing; empty without one."""
    known = {event.id for event in owed}
    return next((event.type for event in came if event.id not in known and event.type not in _ORDINARY), "")


def _holes(stall: Stall) -> list[list[Event]]:
    got = {event.id for event in stall.came}
    runs = groupby(stall.owed, key=lambda event: event.id in got)
    return [list(events) for had, events in runs if not had]


def _what(stall: Stall, holes: list[list[Event]]) -> str:
    missing, first = sum(map(len, holes)), holes[0]
    size = size_text(sum(event.size for event in stall.unread))
    before, after = _neighbours(stall, first)
    if after:
        between = f"between {before} and {after}"
    else:
        between = f"after {before}, the last that came; nothing more came within {stall.waited_s:.1f} s"
    more = f", and {len(holes) - 1} holes more" if len(holes) > 1 else ""
    stands = "stayed open" if stall.end in ("open", "left") else f"ended ({stall.end}) only after that"
    return (
        f"a reader that did not read for {stall.stalled_s:.1f} s left {len(stall.unread):,} events ({size}) unread; "
        f"{missing:,} of the {len(stall.owed):,} events that a second reader got never came to it: {len(first):,} "
        f"{between}, from {first[0].id} on{more}. The stream {stands}, and nothing in it says so"
    )


def _neighbours(stall: Stall, hole: list[Event]) -> tuple[str, str]:
    """Ids of the received events around a hole; empty where there is none."""
    ids = [event.id for event in stall.owed]
    first = ids.index(hole[0].id)
    last = first + len(hole)
    return (ids[first - 1] if first else "the opening"), (ids[last] if last < len(ids) else "")


def _evidence(stall: Stall, holes: list[list[Event]]) -> dict[str, object]:
    before, after = _neighbours(stall, holes[0])
    return {
        "stream": stall.stream,
        "end": stall.end,
        "stalled_s": round(stall.stalled_s, 3),
        "unread_events": len(stall.unread),
        "unread_bytes": sum(event.size for event in stall.unread),
        "missing_count": sum(map(len, holes)),
        "missing": [event.id for event in holes[0][:_NAMED]],
        "holes": [len(hole) for hole in holes[:_NAMED]],
        "after_event_id": before,
        "before_event_id": after,
        "came_count": len(stall.came),
        "owed_count": len(stall.owed),
        "again": 'locust --headless --scenario slow-readers -t 10s --host "$HOST"',
    }
