"""The user whose reader falls behind: it stops reading for a while, and a second stream tells what it missed."""

from __future__ import annotations

from locust import task

import time
from contextlib import ExitStack
from itertools import chain, cycle, islice
from typing import Final, NamedTuple

import gevent
from gevent.pool import Group

from scenarios.user import StudioUser
from studio.contract import EventKey, EventType, Status
from studio.stream_tail import StreamTail
from studio.verify.backpressure import Event, Stall, signalled
from studio.verify.findings import Finding
from studio.wire_reader import WireReader

_SMALL_WINDOW: Final = 4_096
_WIDE_WINDOW: Final = 1 << 20
_KERNELS_HOLD: Final = 4 << 20
"""Bytes that a sending Linux queues at most for a connection whose reader is stalled (``tcp_wmem``, tcp(7)): only when
they are on their way does the service itself have to do something."""
_TITLE_BYTES: Final = 60_000
_AT_A_TIME: Final = 2
_PAUSE_S: Final = 3.0
_MARK_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.01
_CATCH_UP_WITHIN_S: Final = 30.0
_MOVES: Final = (
    (Status.TODO, Status.PLANNING),
    (Status.PLANNING, Status.PLANNING_REVIEW),
    (Status.PLANNING_REVIEW, Status.PLANNING),
)


class SlowReaderUser(StudioUser):
    """Reads the global stream through a small window, stops, lets events pile up, and reads on.

    The events are its own: tasks with big titles until the kernels hold no more, then ``--slow-events`` small ones. A
    second stream, which is read all the time, is the witness.
    """

    scenario = "slow-readers"
    fixed_count = 1
    owes_events = True

    @task
    def fall_behind(self) -> None:
        """One stall."""
        if not self.load.stopping.is_set():
            with self.load.busy(), ExitStack() as cleanup:
                findings = Lag(self, cleanup).run()
            if findings:
                self.load.checks.note(findings)
        self.load.stopping.wait(_PAUSE_S)
        if self.load.stopping.is_set():
            gevent.sleep(3_600)


class Lag:
    """One reader that falls behind, and its witness."""

    def __init__(self, user: StudioUser, cleanup: ExitStack) -> None:
        self._user = user
        self._load = user.load
        self._cleanup = cleanup
        self._witness = self._stream()
        self._slow = self._stream(_SMALL_WINDOW)

    def run(self) -> list[Finding]:
        """What came of it; nothing where the streams did not come about or the run ended first."""
        connect_timeout_s = self._load.options.connect_timeout
        if any(stream.tail.open(connect_timeout_s) for stream in (self._witness, self._slow)):
            return []
        stall = self._stall()
        return [] if stall is None else [signalled(stall)]

    def _stream(self, receive_buffer: int | None = None) -> _Stream:
        reader = self._user.read_by_hand(receive_buffer=receive_buffer)
        stream = _Stream(reader, StreamTail(reader))
        self._cleanup.callback(stream.tail.close)
        return stream

    def _stall(self) -> Stall | None:
        first = self._mark("stops reading here", self._witness, self._slow)
        if first is None:
            return None
        self._slow.tail.hold()
        stopped, had = time.monotonic(), len(self._slow.after(first))
        self._press()
        last = self._mark("reads on here", self._witness)
        stalled_s = time.monotonic() - stopped
        if last is None:
            return None
        owed = self._witness.after(first)
        waited_s, doubt = self._catch_up(last)
        if self._witness.tail.ended:
            doubt = f"the witness stream ended ({self._witness.tail.ended})"
        return Stall(
            stream=f"local port {self._slow.tail.port}",
            stalled_s=stalled_s,
            came=self._slow.after(first),
            owed=owed,
            unread=owed[had:],
            end=self._slow.reader.end,
            waited_s=waited_s,
            doubt=doubt,
        )

    def _mark(self, title: str, *streams: _Stream) -> EventKey | None:
        """Create a task, and wait until streams have been told; None where that does not come about."""
        task_id = self._create(title)
        if task_id is None:
            return None
        mark = EventKey(task_id, EventType.TASK_CREATED, "")
        deadline = time.monotonic() + _MARK_WITHIN_S
        while not all(stream.tail.has(mark) for stream in streams):
            if any(stream.tail.ended for stream in streams) or time.monotonic() >= deadline:
                return None
            gevent.sleep(_LOOK_EVERY_S)
        return mark

    def _create(self, title: str) -> str | None:
        created = self._user.api.create(self._load.title(title), "made by a slow reader")
        if not created.ok:
            return None
        task_id = str(created.body["id"])
        self._cleanup.callback(self._user.api.delete, task_id)
        return task_id

    def _press(self) -> None:
        """Make events until the service must hold more than the kernels do."""
        big: list[str] = []
        while len(big) * _TITLE_BYTES < _KERNELS_HOLD and not self._load.stopping.is_set():
            task_id = self._create("fills the way ".ljust(_TITLE_BYTES, "."))
            if task_id is None:
                return
            big.append(task_id)
        makers = Group()
        for number in range(min(_AT_A_TIME, len(big))):
            makers.spawn(self._move, big[number::_AT_A_TIME], self._load.options.slow_events // _AT_A_TIME)
        makers.join()

    def _move(self, task_ids: list[str], times: int) -> None:
        """Move tasks in turn, so many times in all."""
        paths = {task_id: chain(_MOVES[:1], cycle(_MOVES[1:])) for task_id in task_ids}
        for task_id in islice(cycle(task_ids), times):
            if self._load.stopping.is_set() or not self._user.api.transition(task_id, *next(paths[task_id])).ok:
                return

    def _catch_up(self, last: EventKey) -> tuple[float, str]:
        """Read on until the last mark has come, the stream is over, or nothing comes.

        Returns how long nothing came, and why nothing can be said, if so.
        """
        reader, tail = self._slow
        reader.widen(_WIDE_WINDOW)
        tail.read_on()
        reads, since = -1, time.monotonic()
        deadline = since + _CATCH_UP_WITHIN_S
        while not tail.has(last) and not tail.ended:
            if len(reader.reads) != reads:
                reads, since = len(reader.reads), time.monotonic()
            elif time.monotonic() - since >= self._load.options.settle:
                return time.monotonic() - since, ""
            if time.monotonic() >= deadline:
                return 0.0, f"the stalled reader had not caught up after {_CATCH_UP_WITHIN_S:g} s"
            gevent.sleep(_LOOK_EVERY_S)
        return 0.0, ""


class _Stream(NamedTuple):
    """A stream of the global events that is read by hand."""

    reader: WireReader
    tail: StreamTail

    def after(self, mark: EventKey) -> list[Event]:
        """What came after the event that announces the fact."""
        events = self.reader.events[len(self.tail.until(mark)) :]
        return [Event(event.last_event_id, event.type, len(event.data)) for event, _ in events]
