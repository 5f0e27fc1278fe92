"""One stream lost on purpose and its return, from the opening of the witness to the checker's findings."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import StudioUser
from studio.contract import EVENTS_PATH, EventKey
from studio.stream_tail import StreamTail
from studio.verify.findings import Finding
from studio.verify.replay import Promise, Return, Seen, judge
from studio.verify.slots import Group

_PATIENCE_S: Final = 5.0
"""What is not there by then, or after `--settle` where that is longer, does not come."""

_MOST_MADE: Final = 120
"""Events that a round makes at most to outlast the buffer: about a second's work."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A way to lose a stream, or an id to come back with that the service never gave out."""

    kind: str
    lose: Callable[[StreamTail], None] = StreamTail.close
    inside_event: bool = False
    """Read a part of an event first."""
    filtered: bool = False
    """The stream asks for one task only."""
    outlasts_buffer: bool = False
    """The id is older than what the service keeps."""
    other_id: Callable[[], str] | None = None
    """The id to come back with, instead of the last one that came."""

    @property
    def promise(self) -> Promise:
        """What the service owes to the id."""
        if self.outlasts_buffer:
            return "either"
        return "replay" if self.other_id is None else "notice"


class _Stopped(Exception):
    """The run ends: what was begun says nothing."""


class _Doubt(Exception):
    """Nothing can be said; the message says why."""


class Round:
    """One loss and one return of one user."""

    def __init__(self, user: StudioUser, loss: Loss, buffer: int, past: deque[Seen]) -> None:
        """``past`` holds what earlier witnesses had, and gets what this one has."""
        self._user = user
        self._loss = loss
        self._buffer = buffer
        self._past = past
        self._group: Group = None
        self._open = ExitStack()
        self._patience_s = max(_PATIENCE_S, user.load.options.settle)

    def run(self) -> list[Finding]:
        """What the checker finds; nothing when the run ends meanwhile, or where the buffer could not be outlasted."""
        with self._open:
            try:
                back = self._lose_and_return()
            except _Stopped:
                return []
            except (_Doubt, RefusedCall) as doubt:
                if self._user.load.stopping.is_set():
                    return []
                back = self._doubtful(str(doubt))
        return [] if back is None else judge(back)

    def _lose_and_return(self) -> Return | None:
        with self._witness() as witness:
            own = self._task("lost and back")
            self._group = frozenset({own.id}) if self._loss.filtered else None
            had: list[Seen] = []
            if self._loss.outlasts_buffer:
                last_event_id = self._outlast(witness)
            elif self._loss.other_id is not None:
                last_event_id = self._loss.other_id()
            else:
                had = self._lose(witness, own)
                last_event_id = had[-1].id
            return None if last_event_id is None else self._return(witness, own, had, last_event_id)

    @contextmanager
    def _witness(self) -> Iterator[StreamTail]:
        witness = self._stream()
        yield witness
        if witness.ended:
            raise _Doubt(f"the witness stream did not stay open ({witness.ended})")
        self._past.extend(witness.seen)

    def _lose(self, witness: StreamTail, own: MovedTask) -> list[Seen]:
        """Open a stream, lose it, and let others happen meanwhile; returns what it had."""
        subject = self._stream(group=self._group)
        self._wait(subject, own.move(), "the stream that was to be lost")
        if self._loss.inside_event:
            subject.hold()
            own.move()
            if not subject.stop_inside_event(self._patience_s):
                raise _Doubt("no event came in which to cut the stream")
        self._loss.lose(subject)
        had = list(subject.seen)
        own.move()
        other = self._task("elsewhere")
        other.move()
        self._wait(witness, own.move(), "the witness stream")
        return had

    def _outlast(self, witness: StreamTail) -> str | None:
        """The id of an event that as many others followed as the service keeps; None when that takes too many."""
        lacking = self._buffer + 1 - len(self._past)
        if lacking > _MOST_MADE:
            return None
        task = self._task("of long ago")
        last, made = task.created, 1
        while made < lacking:
            if task.moves_left:
                last = task.move()
            else:
                task = self._task("of a long while")
                last = task.created
            made += 1
        self._wait(witness, last, "the witness stream")
        everything = [*self._past, *witness.seen]
        return everything[max(0, len(everything) - 2 - self._buffer)].id

    def _return(self, witness: StreamTail, own: MovedTask, had: list[Seen], last_event_id: str) -> Return:
        asked_ns = time.time_ns()
        subject = self._stream(group=self._group, last_event_id=last_event_id)
        marker = own.move()
        self._wait(witness, marker, "the witness stream")
        self._until(lambda: subject.has(marker) or bool(subject.ended))
        doubt = f"the new stream ended early ({subject.ended})" if subject.ended else ""
        past = [*self._past] if self._loss.outlasts_buffer else []
        return Return(
            kind=self._loss.kind,
            promise=self._loss.promise,
            last_event_id=last_event_id,
            group=self._group,
            port=subject.port,
            asked_ns=asked_ns,
            witness=[*past, *witness.until(marker)],
            had=had,
            came=subject.until(marker),
            notice=subject.notice,
            doubt=doubt,
        )

    def _doubtful(self, why: str) -> Return:
        return Return(self._loss.kind, self._loss.promise, "", self._group, 0, 0, (), (), (), doubt=why)

    def _task(self, title: str) -> MovedTask:
        if self._user.load.stopping.is_set():
            raise _Stopped
        task = MovedTask(self._user, title)
        self._open.callback(task.delete)
        return task

    def _stream(self, *, group: Group = None, last_event_id: str | None = None) -> StreamTail:
        query = f"?task_ids={','.join(sorted(group))}" if group is not None else ""
        tail = StreamTail(self._user.read_by_hand(EVENTS_PATH + query, last_event_id=last_event_id))
        self._open.callback(tail.close)
        problem = tail.open(self._user.load.options.connect_timeout)
        if problem:
            raise _Doubt(problem)
        return tail

    def _wait(self, stream: StreamTail, key: EventKey, which: str) -> None:
        if not self._until(lambda: stream.has(key) or bool(stream.ended)):
            raise _Doubt(
                f"{which} did not get {key.type} {key.detail} within {self._patience_s:g} s".replace("  ", " ")
            )
        if not stream.has(key):
            raise _Doubt(f"{which} ended ({stream.ended})")

    def _until(self, holds: Callable[[], bool]) -> bool:
        """Wait until it holds; False when it does not in time. Raises `_Stopped` when the run ends."""
        if self._user.load.wait_until(holds, self._patience_s):
            return True
        if self._user.load.stopping.is_set():
            raise _Stopped
        return False
