"""The user that opens more and more streams, until the service refuses one or holds them badly."""

from __future__ import annotations

from locust import task
from locust.runners import WorkerRunner

import time
from contextlib import ExitStack
from statistics import median
from typing import Final

import gevent

from config.targets import default_limit_us
from locust_eventsource.locust.pump import pump_of
from locust_eventsource.measure.verdict_text import latency_text
from locust_eventsource.stream import EventStream
from scenarios.spawned import wait_until_spawned
from scenarios.user import StudioUser
from studio.contract import EventKey, EventType
from studio.stream_tail import StreamTail
from studio.verify import limits
from studio.verify.findings import Finding
from studio.verify.limits import Attempt, HeldStream
from studio.wire_reader import WireReader

_BATCH: Final = 20
"""Streams after which it is looked how those that are held fare."""
_DEGRADED_BATCHES: Final = 2
"""A machine has a bad moment now and then; two looks in a row that are over a target are no moment."""
_ANSWER_WITHIN_S: Final = 5.0
_BODY_WITHIN_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.01


class LimitProbeUser(StudioUser):
    """Probes the limit once, when all users are there: at most ``--probe-streams`` streams, read by hand.

    It reports how many were held, what gave first and how, and whether the streams that were open came to harm.
    """

    scenario = "limit-probe"
    fixed_count = 1
    owes_events = True

    @task
    def probe(self) -> None:
        """Probe once; then only hold the global stream."""
        if wait_until_spawned(self):
            with self.load.busy(), ExitStack() as cleanup:
                LimitProbe(self, cleanup).run()
        gevent.sleep(3_600)


class _Held:
    """A stream of the probe."""

    def __init__(self, number: int, reader: WireReader, tail: StreamTail) -> None:
        self.number = number
        self.reader = reader
        self.tail = tail


class _Mark:
    """A task that the probe created, and which streams were open then."""

    def __init__(self, task_id: str, title: str, sent_ns: int, streams: list[_Held]) -> None:
        self.key = EventKey(task_id, EventType.TASK_CREATED, "")
        self.title = title
        self.sent_ns = sent_ns
        self.streams = streams

    def missing(self) -> list[_Held]:
        """Streams that have not been told, and may still be."""
        return [held for held in self.streams if not held.tail.ended and not self._told(held)]

    def _told(self, held: _Held) -> bool:
        # What hundreds of streams got since they were looked at last is looked at in pieces.
        gevent.sleep(0)
        return held.tail.has(self.key)

    def told_us(self) -> list[float]:
        """From sending the call to the arrival of its event, on each stream that has it."""
        events = (seen for held in self.streams for seen in held.tail.until(self.key)[-1:] if held.tail.has(self.key))
        return [(seen.at_ns - self.sent_ns) / 1_000 for seen in events]


class LimitProbe:
    """One probe of one user."""

    def __init__(self, user: LimitProbeUser, cleanup: ExitStack) -> None:
        self._user = user
        self._load = user.load
        self._cleanup = cleanup
        self._held: list[_Held] = []
        self._marks: list[_Mark] = []
        self._connect_us: list[float] = []
        self._others: list[int] = []
        self._others_open: list[EventStream] = []
        self._asked_ns = 0
        self._bad_batches = 0
        self._gave = ""

    def run(self) -> None:
        """Open streams until something gives, and report."""
        limit = self._load.options.stream_limit
        most = max(self._load.options.probe_streams, 0 if limit is None else limit + 1)
        refusal: Attempt | None = None
        while refusal is None and len(self._held) < most and not self._load.stopping.is_set():
            self._others_open = list(self._load.connections.open_streams)
            self._asked_ns = time.time_ns()
            refusal = self._open_one()
            if refusal is None and len(self._held) % _BATCH == 0:
                refusal = self._look()
                if self._gave and limit is None:
                    break
        with ExitStack() as stack:
            if refusal is not None:
                # While every place is taken, whoever else of the run asks for a stream is refused as well.
                stack.enter_context(self._load.interference.taking_every_place())
            self._conclude(limit, refusal)
            for held in self._held:
                held.tail.close()

    def _open_one(self) -> Attempt | None:
        """Open one more stream; what became of it where it is not held."""
        number, others = len(self._held) + 1, self._count_others()
        reader = self._user.read_by_hand()
        self._cleanup.callback(reader.close)
        began = time.monotonic()
        try:
            opened = reader.open(min(_ANSWER_WITHIN_S, self._load.options.connect_timeout))
        except OSError as error:
            return Attempt(number, others, time.monotonic() - began, problem=str(error) or type(error).__name__)
        waited_s = time.monotonic() - began
        if not opened or reader.head is None:
            return Attempt(number, others, waited_s, end=reader.end)
        if reader.head.status != 200:
            reader.read_for(_BODY_WITHIN_S)
            answer = reader.head.status, reader.head.get("retry-after"), reader.refusal
            reader.close()
            return Attempt(number, others, waited_s, "", *answer, end=reader.end)
        tail = StreamTail(reader)
        tail.read_on()
        self._held.append(_Held(number, reader, tail))
        self._connect_us.append(waited_s * 1e6)
        return None

    def _count_others(self) -> int:
        """Streams that this process holds beside the probe's."""
        others = self._load.connections.open_now + WireReader.streams - len(self._held)
        self._others.append(others)
        return others

    def _look(self) -> Attempt | None:
        """See how the streams fare; one that was accepted and stays silent was not held."""
        mark = self._mark()
        if mark is None:
            return None
        silent = [held for held in mark.missing() if not held.tail.seen]
        if silent:
            first = silent[0]
            self._held = [held for held in self._held if held not in silent]
            return Attempt(first.number, self._count_others(), 0.0, status=200, silent_for=1)
        self._note_degradation(mark)
        return None

    def _note_degradation(self, mark: _Mark) -> None:
        connect_us, told_us = median(self._connect_us[-_BATCH:]), median(mark.told_us() or [0.0])
        found = [
            f"{what} took {latency_text(value_us)} (median), over the target of {latency_text(limit_us)}"
            for what, value_us, limit_us in (
                ("connecting", connect_us, default_limit_us("connect")),
                ("an event", told_us, default_limit_us("delivery")),
            )
            if value_us > limit_us
        ]
        self._bad_batches = self._bad_batches + 1 if found else 0
        if self._bad_batches == _DEGRADED_BATCHES and not self._gave:
            self._gave = f"with {len(self._held)} streams, {' and '.join(found)}"

    def _mark(self) -> _Mark | None:
        """Create a task, and give every stream its time to be told; None where no task could be created."""
        title, streams = self._load.title("tells who is served"), list(self._held)
        created = self._user.api.create(title, "made by the probe of the limit")
        if not created.ok:
            return None
        task_id = str(created.body["id"])
        self._cleanup.callback(self._user.api.delete, task_id)
        mark = _Mark(task_id, title, created.sent_ns, streams)
        self._marks.append(mark)
        deadline = time.monotonic() + self._load.options.settle
        while mark.missing() and time.monotonic() < deadline:
            gevent.sleep(_LOOK_EVERY_S)
        return mark

    def _conclude(self, limit: int | None, refusal: Attempt | None) -> None:
        after = f"the opening of {len(self._held)} streams"
        if refusal is not None:
            after = f"the probe had asked for stream {refusal.number}, which was not held"
            self._load.checks.note([limits.refused(refusal, self._gave)])
        self._mark()
        if limit is not None:
            self._load.checks.note([self._enforced(limit, refusal)])
        at_end = [*map(self._at_end, self._held), *self._others_at_end()]
        self._load.checks.note(limits.unharmed(stream, after=after) for stream in at_end)
        self._load.remark(self._sentence(refusal))

    def _enforced(self, limit: int, refusal: Attempt | None) -> Finding:
        return limits.enforced(
            limit,
            len(self._held),
            min(self._others),
            max(self._others),
            refused_next=refusal is not None,
            all_known=not isinstance(self._user.environment.runner, WorkerRunner),
        )

    def _at_end(self, held: _Held) -> HeldStream:
        marks = [mark for mark in self._marks if held in mark.streams]
        missing = [mark.title for mark in marks if not held.tail.has(mark.key)]
        ended_after_s = (held.reader.ended_ns - self._asked_ns) / 1e9 if held.tail.ended else None
        return HeldStream(f"stream {held.number} of the probe", held.reader.end, ended_after_s, len(marks), missing)

    def _others_at_end(self) -> list[HeldStream]:
        """The streams of the other users that were open before the last attempt."""
        pump_of(self._user.environment).flush()
        lost = self._load.connections.lost_since(self._asked_ns)
        return [self._other_at_end(stream, *lost.get(stream, (None, "open"))) for stream in self._others_open]

    def _other_at_end(self, stream: EventStream, ended_ns: int | None, why: str) -> HeldStream:
        ended_after_s = None if ended_ns is None else (ended_ns - self._asked_ns) / 1e9
        return HeldStream(f"a stream {stream.name} of another user", why, ended_after_s)

    def _sentence(self, refusal: Attempt | None) -> str:
        held = f"limit-probe: {len(self._held)} streams were held beside {max(self._others)} others of the run"
        first = f" {self._gave[:1].upper()}{self._gave[1:]}." if self._gave else ""
        if refusal is None:
            return f"{held}, and none was refused.{first}"
        return f"{held}; the next was not: {limits.how(refusal)}.{first}"
