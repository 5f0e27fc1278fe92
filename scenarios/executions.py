"""The user that has tasks executed and follows each session to its end."""

from __future__ import annotations

from locust import task

import time
from argparse import Namespace
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import gevent

from scenarios.run import Run
from scenarios.user import StudioUser, task_definitions
from studio.activity import ActivityWatch
from studio.api import Answer
from studio.contract import EventKey, EventType, Status
from studio.verify import activity

_LOOK_EVERY_S: Final = 0.1

NEXT_TRANSITION: Final[dict[str, Status]] = {
    Status.PLANNING_REVIEW: Status.IN_PROGRESS,
    Status.REVIEW: Status.DONE,
}
"""What a person would click: where a task waits for one, and the status that follows."""


class ExecutionUser(StudioUser):
    """Takes one task after another from its creation to done, ``--executions`` users of them.

    create, execute, follow the session's activity until ``finished``, next phase, until done. Every execute is a
    model run: in production that costs money.
    """

    fixed_count = 1
    owes_events = True
    executes = True

    @classmethod
    def wanted(cls, options: Namespace) -> int:
        """``--executions``; none while the streams play a recording."""
        return 0 if options.replay else int(options.executions)

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._numbers = count()

    @task
    def execute_a_task(self) -> None:
        """One task, start to end."""
        if self.load.stopping.is_set() or not self.load.options.executions:
            gevent.sleep(3_600)
        definitions = task_definitions(self.load.options.tasks_file)
        definition = definitions[next(self._numbers) % len(definitions)]
        with self.load.busy():
            created = self.api.create(self.load.title(definition.title), definition.description)
            if not created.ok:
                gevent.sleep(1)
                return
            task_id = str(created.body["id"])
            self._run_to_done(task_id)
            self.api.delete(task_id)

    def _run_to_done(self, task_id: str) -> None:
        board = self.load.board
        while board.status(task_id) != Status.DONE and not self.load.stopping.is_set():
            before = board.status(task_id)
            transition = NEXT_TRANSITION.get(before)
            if transition is not None and not self._transition(task_id, before, transition):
                return
            if transition == Status.DONE:
                break
            if not Session(self, task_id).run() or board.status(task_id) == before:
                return
        StatusCheck(self.load, self.api.task, task_id).run("at the end")

    def _transition(self, task_id: str, before: str, after: Status) -> bool:
        key = EventKey(task_id, EventType.STATUS_CHANGED, f"{before}>{after}")
        trigger = self.load.triggers.expect(key, time.time_ns())
        if not self.api.transition(task_id, before, after, trigger).ok:
            return False
        board = self.load.board
        return board.wait_until(lambda: board.status(task_id) == after, self.load.options.settle)


class Session:
    """One execute, and the session that it starts, until both streams have told of its end."""

    def __init__(self, user: ExecutionUser, task_id: str) -> None:
        self._user = user
        self._load = user.load
        self._task_id = task_id

    def run(self) -> bool:
        """Execute and follow; False when the task cannot go on."""
        trigger = self._load.triggers.expect_session(self._task_id, time.time_ns())
        answer = self._user.api.execute(self._task_id, trigger)
        self._load.recorder.record("execute", answer.head_ns - answer.out_ns, answer.head_ns)
        if not self._accepted(answer):
            return False
        session_id = str(answer.body.get("session_id", ""))
        watch = ActivityWatch()
        stream = self._user.open_activity(session_id, watch)
        finished = watch.wait_finished(self._load.options.session_timeout)
        ended = finished and self._has_ended(session_id)
        self._user.close_activity(stream)
        if finished or not self._load.stopping.is_set():
            self._judge(session_id, watch, ended=ended)
        if ended:
            StatusCheck(self._load, self._user.api.task, self._task_id).run(f"after session {session_id}")
        return ended

    def _has_ended(self, session_id: str) -> bool:
        board = self._load.board
        return board.wait_until(lambda: board.has_ended(self._task_id, session_id), self._load.options.settle)

    def _accepted(self, answer: Answer) -> bool:
        if answer.ok:
            self._load.checks.passed("execute.accepted")
        else:
            self._load.checks.failed(
                "execute.accepted",
                f"an execute was not accepted: {answer.problem}",
                task_id=self._task_id,
                status=answer.status,
                seconds=round(answer.seconds, 3),
            )
        return answer.ok

    def _judge(self, session_id: str, watch: ActivityWatch, *, ended: bool) -> None:
        ids = {"task_id": self._task_id, "session_id": session_id}
        checks = self._load.checks
        checks.note(activity.complete(watch.reading, **ids))
        if ended:
            checks.passed("session.ends")
        else:
            checks.failed("session.ends", "the stream never told that the session ended", **ids)


class StatusCheck:
    """Does the stream's last word on a task's status agree with REST, within the grace?"""

    def __init__(self, load: Run, read: Callable[[str], Answer], task_id: str) -> None:
        self._load = load
        self._read = read
        self._task_id = task_id

    def run(self, when: str) -> None:
        """Ask REST until both agree or the grace is over."""
        deadline = time.monotonic() + self._load.options.status_grace
        while True:
            answer = self._read(self._task_id)
            streamed = self._load.board.status(self._task_id)
            rest = str(answer.body.get("status", "")) if answer.ok else answer.problem
            if rest == streamed:
                self._load.checks.passed("status.agrees")
                return
            if time.monotonic() >= deadline:
                break
            gevent.sleep(_LOOK_EVERY_S)
        self._load.checks.failed(
            "status.agrees",
            f"{when}: the stream's last word is {streamed!r}, REST says {rest!r}",
            task_id=self._task_id,
            stream_status=streamed,
            rest_status=rest,
        )
