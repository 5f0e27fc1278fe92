"""The scenario ``parallel-executes``: several executes at once on few tasks, doubles among them, and one when done."""

from __future__ import annotations

from locust import task

from typing import Final

import gevent

from scenarios.status_watch import StatusCheck
from scenarios.user import StudioUser
from studio import execute_calls
from studio.contract import Status
from studio.verify import execution
from studio.verify.execution import CONFLICT, Execute

_TASKS: Final = 3
_AT_ONCE: Final = 2
_PAUSE_S: Final = 0.3
_MORE_PATIENCE_S: Final = 1.0
_DONE_REFUSALS: Final = frozenset(range(400, 501))
"""How an execute of a task that is done may be refused: the public server answers 500."""


class ParallelExecutesUser(StudioUser):
    """Has three tasks executed at a time, each by two executes at once and a third one while its session runs.

    Each round is three model runs where the service does what it should, and up to nine where it does not: in
    production that costs money, so the scenario runs only when it is asked for by name.
    """

    scenario = "parallel-executes"
    owes_events = True

    @task
    def contend(self) -> None:
        """One round."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        if self.listens():
            with self.load.busy():
                self._round()
        self.load.stopping.wait(_PAUSE_S)

    def _round(self) -> None:
        created = [self.api.create(self.load.title("Parallel executes"), "Say hello.") for _ in range(_TASKS)]
        contests = [_Contest(self, str(answer.body["id"])) for answer in created if answer.ok]
        gevent.joinall([gevent.spawn(contest.run) for contest in contests])


class _Contest:
    """One task and the executes that contend for it."""

    def __init__(self, user: StudioUser, task_id: str) -> None:
        self._user = user
        self._load = user.load
        self._task_id = task_id
        self._executes: list[Execute] = []

    def run(self) -> None:
        """From the first execute to the task's deletion."""
        check = StatusCheck(self._user, self._task_id)
        gevent.joinall([gevent.spawn(self._execute, (CONFLICT,)) for _ in range(_AT_ONCE)])
        self._load.checks.note(execution.one_accepted(self._executes))
        accepted = min(
            (execute for execute in self._executes if execute.accepted), key=lambda e: e.answered_ns, default=None
        )
        if accepted is not None:
            self._execute((CONFLICT,))
            self._follow(accepted)
        over = all(self._wait_ended(execute.session_id) for execute in self._executes if execute.accepted)
        seen = check.run("after the executes")
        self._load.checks.note(execute_calls.sessions_listed(self._user.api, self._executes))
        # A session that still runs could change the status between the look and the PATCH.
        if over and seen.rest:
            self._execute_when_done(seen.rest)
        self._user.api.delete(self._task_id)

    def _execute(self, refusals: tuple[int, ...] | frozenset[int]) -> Execute:
        # An answer that comes late is told from one that never comes, without waiting for long.
        limit_s = self._load.options.execute_limit
        execute = execute_calls.execute(
            self._user.api, self._task_id, refusals=refusals, patience_s=2 * limit_s + _MORE_PATIENCE_S
        )
        if execute.status:
            self._load.recorder.record("execute", execute.answered_ns - execute.sent_ns, execute.answered_ns)
        self._executes.append(execute)
        self._load.checks.note(execution.in_time(execute, limit_s))
        return execute

    def _follow(self, accepted: Execute) -> None:
        """Wait for the end of the session, and say whether the other executes should have been refused."""
        ended_ns = self._wait_ended(accepted.session_id)
        runs = ended_ns is None and accepted.session_id in execute_calls.running(self._user.api, self._task_id)
        for other in self._executes:
            if other is not accepted:
                ran = runs or (ended_ns is not None and ended_ns > other.answered_ns)
                self._load.checks.note(execution.double_refused(accepted, other, ran=ran))
        if ended_ns is not None:
            self._load.checks.passed("session.ends")
        elif not self._load.stopping.is_set():
            ids = {"task_id": self._task_id, "session_id": accepted.session_id}
            self._load.checks.failed("session.ends", "the stream never told that the session ended", **ids)

    def _wait_ended(self, session_id: str) -> int | None:
        """When the stream told the end of the session; None when it did not in time, or before the run stopped."""
        board = self._load.board
        self._load.wait_until(lambda: board.has_ended(self._task_id, session_id), self._load.options.session_timeout)
        return board.ended_ns(self._task_id, session_id)

    def _execute_when_done(self, before: str) -> None:
        if self._user.api.change_status(self._task_id, before, Status.DONE).ok:
            execute = self._execute(_DONE_REFUSALS)
            self._load.checks.note(execution.done_refused(execute))
            if execute.accepted:
                self._wait_ended(execute.session_id)
