"""The user that has tasks executed and follows each session to its end."""

from __future__ import annotations

from locust import task

import time
from argparse import Namespace
from itertools import count
from typing import Any, Final

import gevent

from scenarios.status_watch import StatusCheck
from scenarios.told_success import told_success
from scenarios.user import StudioUser, task_definitions
from studio import execute_calls
from studio.activity import ActivityWatch
from studio.contract import EventKey, EventType, Status
from studio.verify import activity, execution
from studio.verify.execution import Execute

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
        executes: list[Execute] = []
        self._execute_all(task_id, executes)
        found = execute_calls.sessions_listed(
            self.api, executes, continued=lambda: board.continued(task_id), settle_s=self.load.options.settle
        )
        self.load.checks.note(found)

    def _execute_all(self, task_id: str, executes: list[Execute]) -> None:
        board = self.load.board
        while board.status(task_id) != Status.DONE and not self.load.stopping.is_set():
            before = board.status(task_id)
            transition = NEXT_TRANSITION.get(before)
            if transition is not None and not self._transition(task_id, before, transition):
                return
            if transition == Status.DONE:
                break
            if not Session(self, task_id, executes).run() or board.status(task_id) == before:
                return
        StatusCheck(self, task_id).run("at the end")

    def _transition(self, task_id: str, before: str, after: Status) -> bool:
        key = EventKey(task_id, EventType.STATUS_CHANGED, f"{before}>{after}")
        trigger = self.load.triggers.expect(key, time.time_ns())
        if not self.api.transition(task_id, before, after, trigger).ok:
            return False
        board = self.load.board
        return board.wait_until(lambda: board.status(task_id) == after, self.load.options.settle)


class Session:
    """One execute, and the session that it starts, until both streams have told of its end."""

    def __init__(self, user: ExecutionUser, task_id: str, executes: list[Execute]) -> None:
        """``executes`` gathers what became of the task's executes."""
        self._user = user
        self._executes = executes
        self._load = user.load
        self._task_id = task_id

    def run(self) -> bool:
        """Execute and follow; False when the task cannot go on."""
        trigger = self._load.triggers.expect_session(self._task_id, time.time_ns())
        check = StatusCheck(self._user, self._task_id)
        execute = execute_calls.execute(self._user.api, self._task_id, trigger)
        self._load.recorder.record("execute", execute.answered_ns - execute.sent_ns, execute.answered_ns)
        self._executes.append(execute)
        self._load.checks.note(execution.in_time(execute, self._load.options.execute_limit))
        self._load.checks.note(execution.accepted(execute))
        if not execute.accepted:
            check.run("after an execute that failed")
            return False
        session_id = execute.session_id
        watch = ActivityWatch()
        stream = self._user.open_activity(session_id, watch)
        finished = watch.wait_finished(self._load.options.session_timeout)
        ended = finished and self._has_ended(session_id)
        self._user.close_activity(stream)
        if finished or not self._load.stopping.is_set():
            self._judge(session_id, watch, ended=ended)
        if ended:
            check.run(f"after session {session_id}")
            outcome = told_success(self._user, self._task_id, session_id, [watch.reading])
            self._load.checks.note(activity.truthful(outcome, task_id=self._task_id, session_id=session_id))
        return ended

    def _has_ended(self, session_id: str) -> bool:
        board = self._load.board
        return board.wait_until(lambda: board.has_ended(self._task_id, session_id), self._load.options.settle)

    def _judge(self, session_id: str, watch: ActivityWatch, *, ended: bool) -> None:
        ids = {"task_id": self._task_id, "session_id": session_id}
        checks = self._load.checks
        checks.note(activity.complete(watch.reading, **ids))
        if ended:
            checks.passed("session.ends")
        else:
            checks.failed("session.ends", "the stream never told that the session ended", **ids)
