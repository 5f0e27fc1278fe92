"""Several readers of one session's activity, which join at different moments and are held against each other."""

from __future__ import annotations

from locust import task

import time
import uuid
from argparse import Namespace
from collections.abc import Callable
from itertools import count
from typing import Any, Final, NamedTuple

import gevent

from locust_eventsource.stream import EventStream
from scenarios.told_success import told_success
from scenarios.user import StudioUser, activity_path, task_definitions
from studio.activity import ActivityWatch, read_again
from studio.session_reads import ask_activity_of_nobody
from studio.verify import activity
from studio.verify.readings import Excerpts, Reading


class _Session(NamedTuple):
    """One kind of session."""

    asked: str
    """What the embedded Studio's agent is asked for; to a real agent it is a comment in the task's description."""
    joins: tuple[int, ...] = (1, 8, 40, 150)
    """After so many messages of the first reader another one joins, as long as the session runs."""


_REFUSED: Final = _Session("model: refuses")
_BURSTS: Final = _Session("messages: 200, turn-ms: 1000")
_LARGE: Final = _Session("messages: 360, message-bytes: 30000, turn-ms: 2000", joins=())
"""More than 10 MiB, read live once. Who joined in its midst would get live messages late, behind the history."""
_SESSIONS: Final = (_REFUSED, _BURSTS, _LARGE, _BURSTS, _BURSTS, _BURSTS)
"""One after the other, over and over."""

_MALFORMED: Final = "no-session"
_LOOK_EVERY_S: Final = 0.1
_PAUSE_S: Final = 0.2


class ActivityReadersUser(StudioUser):
    """Has one task after another planned, each session read by several readers at once and again after its end.

    Every task costs one model run.
    """

    scenario = "activity-readers"
    owes_events = True
    executes = True

    @classmethod
    def wanted(cls, options: Namespace) -> int | None:
        """As many as are asked for; none while the streams play a recording, which tells of no session of ours."""
        return 0 if options.replay else super().wanted(options)

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._numbers = count()

    @task
    def read_together(self) -> None:
        """One task and its planning session, read by all."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        number = next(self._numbers)
        definitions = task_definitions(self.load.options.tasks_file)
        definition = definitions[number % len(definitions)]
        session = _SESSIONS[number % len(_SESSIONS)]
        comment = f"<!-- for the embedded Studio: {session.asked} -->"
        with self.load.busy():
            created = self.api.create(self.load.title(definition.title), f"{definition.description}\n\n{comment}")
            if created.ok:
                task_id = str(created.body["id"])
                SharedSession(self, task_id, session.joins).run()
                self.api.delete(task_id)
            self._ask_for_nobody()
        self.load.stopping.wait(_PAUSE_S)

    def _ask_for_nobody(self) -> None:
        for session_id, malformed in ((str(uuid.uuid4()), False), (_MALFORMED, True)):
            refusal = ask_activity_of_nobody(self.client, session_id)
            self.load.checks.note(activity.refused(session_id, refusal, malformed=malformed))


class _Reader(NamedTuple):
    """One reader of the session."""

    stream: EventStream
    watch: ActivityWatch


class SharedSession:
    """One execute, and the session that it starts, read by several readers."""

    def __init__(self, user: StudioUser, task_id: str, joins: tuple[int, ...]) -> None:
        """``joins``: after so many messages of the first reader another one joins."""
        self._joins = joins
        self._user = user
        self._load = user.load
        self._task_id = task_id
        self._session_id = ""
        self._excerpts = Excerpts()
        self._live: list[_Reader] = []
        self._late: list[Reading] = []

    def run(self) -> None:
        """Execute, read, compare; a run that ends before the session does finds nothing."""
        trigger = self._load.triggers.expect_session(self._task_id, time.time_ns())
        answer = self._user.api.execute(self._task_id, trigger)
        self._load.recorder.record("execute", answer.head_ns - answer.out_ns, answer.head_ns)
        if not answer.ok:
            return
        self._session_id = str(answer.body.get("session_id", ""))
        try:
            if self._read_live():
                self._read_again()
                self._judge()
            elif not self._load.stopping.is_set():
                self._load.checks.note(activity.complete(self._live[0].watch.reading, **self._ids))
        finally:
            for reader in self._live:
                self._user.close_activity(reader.stream)

    @property
    def _ids(self) -> dict[str, object]:
        return {"task_id": self._task_id, "session_id": self._session_id}

    def _join(self) -> ActivityWatch:
        watch = ActivityWatch(f"reader {len(self._live) + 1}", self._excerpts)
        self._live.append(_Reader(self._user.open_activity(self._session_id, watch), watch))
        return watch

    def _read_live(self) -> bool:
        """Let readers join until the session ends; False when that is not in time, or the run stops before."""
        deadline = time.monotonic() + self._load.options.session_timeout
        first = self._join()
        for messages in self._joins:

            def come(timeout_s: float, messages: int = messages) -> bool:
                return first.wait_messages(messages, timeout_s) or bool(first.reading.finished)

            if not self._wait(come, deadline):
                return False
            if first.reading.finished:
                break
            self._join()
        if not self._wait(first.wait_finished, deadline):
            return False
        for reader in self._live:
            self._read_on(reader.watch)
        return True

    def _wait(self, wait: Callable[[float], bool], deadline: float) -> bool:
        """Wait in short pieces, until the deadline or the end of the run."""
        while time.monotonic() < deadline and not self._load.stopping.is_set():
            if wait(_LOOK_EVERY_S):
                return True
        return False

    def _read_again(self) -> None:
        options = self._load.options
        for name in ("the first read after the end", "the second read after the end"):
            wire = self._user.read_by_hand(activity_path(self._session_id))
            reading = read_again(
                wire, name, self._excerpts, connect_timeout_s=options.connect_timeout, patience_s=options.settle
            )
            if reading is not None:
                self._late.append(reading)

    def _read_on(self, watch: ActivityWatch) -> None:
        """Wait for ``finished`` for as long as messages come, and no longer than ``--settle`` without one."""
        came = -1
        while not watch.reading.finished and came != len(watch.reading.digests):
            came = len(watch.reading.digests)
            watch.wait_messages(came + 1, self._load.options.settle)

    def _judge(self) -> None:
        first = self._live[0].watch.reading
        # A reader that the network cut off has not been kept from anything by the service.
        live = [watch.reading for _, watch in self._live if watch.connected or watch.reading.finished]
        self._load.checks.note(activity.complete(first, **self._ids))
        self._load.checks.note(activity.compared(live, self._late, **self._ids))
        outcome = told_success(self._user, self._task_id, self._session_id, [first, *live, *self._late])
        self._load.checks.note(activity.truthful(outcome, **self._ids))
