"""A run told by a test: streams over any number of workers, calls, and events that come where the test says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

import msgpack  # type: ignore[import-untyped]

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action, ActionKind
from studio.verify.capture import Capture
from studio.verify.checks import CheckResult
from studio.verify.judge import Judge
from studio.verify.tally import Tally

MS = 1_000_000
SECOND = 1_000 * MS

FAULT_CHECKS = ("delivery.unexpected", "lifecycle.transitions", "lifecycle.after_done")
"""The checks that find a fault with a single event of the run's tasks."""

ALL = range(6)
"""The streams that are open in the `world` of most tests."""


def over_the_wire(delta: dict[str, Any]) -> dict[str, Any]:
    """The delta as the master gets it from a worker."""
    received: dict[str, Any] = msgpack.loads(msgpack.dumps(delta), strict_map_key=False)
    return received


def envelope(event_id: str, event_type: str, task_id: str, at_ms: float, **fields: object) -> Envelope:
    """An event of the global stream; at_ms is the server's time."""
    about = {"task_id": task_id} if task_id else {}
    return Envelope(event_id, event_type, int(at_ms * MS), 1, {"type": event_type, **about, **fields})


def action(
    kind: ActionKind,
    task_id: str,
    sent_ms: float,
    answered_ms: float,
    *,
    acknowledged: bool = True,
    key: EventKey | None = None,
    title: str = "",
    session_id: str = "",
) -> Action:
    """A call of the run; its times in milliseconds."""
    return Action(kind, task_id, title, int(sent_ms * MS), int(answered_ms * MS), acknowledged, key, session_id)


class CallOptions(TypedDict, total=False):
    """What a test may say of a call."""

    answered: float
    ok: bool
    title: str
    worker: int


class ArrivalOptions(TypedDict, total=False):
    """What a test may say of an arrival."""

    came: float
    replayed: bool
    delay: float


class World:
    """Times in milliseconds; stream n belongs to worker n modulo the number of workers."""

    def __init__(
        self, workers: int = 1, capture_events: int = 4096, *, broadcast: bool = True, **settings: int
    ) -> None:
        self.captures = [Capture(max_events=capture_events) for _ in range(workers)]
        self.judge = Judge(broadcast=broadcast, **settings)
        self._events = 0

    def capture(self, stream: int) -> Capture:
        return self.captures[stream % len(self.captures)]

    def open(self, *streams: int, at: float = 0, group: Iterable[str] | None = None) -> None:
        for stream in streams:
            passed = None if group is None else frozenset(group)
            self.capture(stream).stream_opened(stream, int(at * MS), passed)

    def close(self, *streams: int, at: float) -> None:
        for stream in streams:
            self.capture(stream).stream_closed(stream, int(at * MS))

    def act(
        self,
        kind: ActionKind,
        task_id: str,
        at: float,
        *,
        answered: float | None = None,
        ok: bool = True,
        key: EventKey | None = None,
        title: str = "",
        session: str = "",
        worker: int = 0,
    ) -> None:
        answered = at + 2 if answered is None else answered
        call = action(kind, task_id, at, answered, acknowledged=ok, key=key, title=title, session_id=session)
        self.captures[worker].acted(call)

    def create(self, task_id: str, at: float, **options: Unpack[CallOptions]) -> None:
        self.act("create", task_id, at, key=EventKey(task_id, "task.created", ""), **options)

    def move(self, task_id: str, change: str, at: float, **options: Unpack[CallOptions]) -> None:
        self.act("transition", task_id, at, key=EventKey(task_id, "task.status_changed", change), **options)

    def execute(self, task_id: str, session: str, at: float, **options: Unpack[CallOptions]) -> None:
        key = EventKey(task_id, "session.started", session) if session else None
        self.act("execute", task_id, at, key=key, session=session, **options)

    def deliver(
        self, event: Envelope, *streams: int, came: float | None = None, replayed: bool = False, delay: float = 0.5
    ) -> None:
        """The event comes on the streams, half a millisecond after the server's time unless said otherwise."""
        at_ns = event.timestamp_ns + int(delay * MS) if came is None else int(came * MS)
        for stream in streams:
            self.capture(stream).arrived(stream, event, at_ns, replayed=replayed)

    def created(
        self, task_id: str, at: float, *streams: int, title: str = "", **how: Unpack[ArrivalOptions]
    ) -> Envelope:
        return self._send("task.created", task_id, at, streams, how, title=title)

    def status(self, task_id: str, change: str, at: float, *streams: int, **how: Unpack[ArrivalOptions]) -> Envelope:
        before, _, after = change.partition(">")
        return self._send("task.status_changed", task_id, at, streams, how, from_status=before, to_status=after)

    def started(self, task_id: str, session: str, at: float, *streams: int, **how: Unpack[ArrivalOptions]) -> Envelope:
        return self._send("session.started", task_id, at, streams, how, session_id=session)

    def ended(self, task_id: str, session: str, at: float, *streams: int, **how: Unpack[ArrivalOptions]) -> Envelope:
        return self._send("session.ended", task_id, at, streams, how, session_id=session, success=True)

    def told(self, event_type: str, task_id: str, at: float, *streams: int, **fields: object) -> Envelope:
        return self._send(event_type, task_id, at, streams, {}, **fields)

    def report(self, at: float, *workers: int) -> None:
        """Deltas of these workers (all, if none is named), then the judge settles."""
        for number in workers or range(len(self.captures)):
            self.judge.add(f"w{number}", over_the_wire(self.captures[number].take(int(at * MS))))
        self.judge.settle(int(at * MS))

    def end(self, at: float = 60_000) -> Tally:
        """The last deltas and the final tally, which must add up."""
        for number, capture in enumerate(self.captures):
            self.judge.add(f"w{number}", over_the_wire(capture.take(int(at * MS))))
        self.judge.finish()
        tally = self.judge.tally
        assert tally.expected == tally.delivered + tally.lost
        assert tally.arrivals == tally.delivered + tally.optional + tally.foreign + tally.other + tally.duplicated
        return tally

    def check(self, name: str) -> CheckResult:
        """A check by its name, one of deliveries by the end of its name."""
        full = name if "." in name else f"delivery.{name}"
        return next(check for check in self.judge.checks() if check.name == full)

    def verdicts(self) -> dict[str, str]:
        """The verdict of each check that there was."""
        return {check.name: check.verdict for check in self.judge.checks()}

    def reasons(self) -> list[str]:
        """What the unexpected events are blamed for."""
        return [what for check in FAULT_CHECKS for what in self.blamed(check)]

    def blamed(self, check: str) -> list[str]:
        """What the offenders of a check are blamed for."""
        return [str(offender["what"]) for offender in self.check(check).offenders]

    def _send(
        self,
        event_type: str,
        task_id: str,
        at: float,
        streams: tuple[int, ...],
        how: ArrivalOptions,
        **fields: object,
    ) -> Envelope:
        self._events += 1
        event = envelope(f"e{self._events}", event_type, task_id, at, **fields)
        self.deliver(event, *streams, **how)
        return event
