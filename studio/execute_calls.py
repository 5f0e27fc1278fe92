"""Executes as the checks want them: what became of each, and the sessions that REST lists afterwards.

An execute is sent once. Whether one that got no answer has started a session is for the checks to find out, never for
a second attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import gevent

from studio.api import StudioApi
from studio.contract import UNFINISHED
from studio.trigger_clock import Trigger
from studio.verify.execution import Execute, single
from studio.verify.findings import Finding

_TICK_S: Final = 0.01


class OwnDelay:
    """For how long the tester's own event loop kept everybody waiting, all together."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._due = time.monotonic() + _TICK_S

    def look(self) -> None:
        """Add what the loop is late by now."""
        now = time.monotonic()
        self.seconds += max(0.0, now - self._due)
        self._due = now + _TICK_S

    def tick(self) -> None:
        """Look at every tick, for ever; run it in a greenlet."""
        while True:
            gevent.sleep(max(0.0, self._due - time.monotonic()))
            self.look()


@contextmanager
def own_delay() -> Iterator[OwnDelay]:
    """Measure the event loop's delays in this block; they are all in when it ends."""
    delay = OwnDelay()
    ticker = gevent.spawn(delay.tick)
    try:
        yield delay
    finally:
        delay.look()
        ticker.kill(block=False)


def execute(
    api: StudioApi,
    task_id: str,
    trigger: Trigger | None = None,
    *,
    refusals: Collection[int] = (),
    patience_s: float | None = None,
) -> Execute:
    """Execute a task once; the arguments are those of ``StudioApi.execute``."""
    with own_delay() as delay:
        answer = api.execute(task_id, trigger, refusals=refusals, patience_s=patience_s)
    session_id = str(answer.body.get("session_id", "")) if answer.ok else ""
    return Execute(
        task_id=task_id,
        status=answer.status,
        session_id=session_id,
        problem=answer.problem,
        sent_ns=answer.out_ns,
        answered_ns=answer.head_ns,
        own_delay_s=delay.seconds,
    )


def running(api: StudioApi, task_id: str) -> set[str]:
    """The task's sessions that REST says are not over; none where it does not answer."""
    answer = api.sessions(task_id)
    listed = answer.body if answer.ok else []
    return {str(session.get("id", "")) for session in listed if session.get("status") in UNFINISHED}


def sessions_listed(
    api: StudioApi, executes: Sequence[Execute], *, continued: Callable[[], int] = int, settle_s: float = 0.0
) -> list[Finding]:
    """Read the sessions of the task that was executed, and compare them with what the executes were answered.

    ``continued`` says how many sessions of further phases the stream has told by now; those that the list has and the
    stream has not may still come within ``settle_s``.
    """
    if not executes:
        return []
    answer = api.sessions(executes[0].task_id)
    if not answer.ok:
        return single(executes, None, problem=answer.problem)
    listed = [str(session.get("id", "")) for session in answer.body]
    accepted = sum(execute.accepted for execute in executes)
    deadline = time.monotonic() + settle_s
    while len(listed) > accepted + continued() and time.monotonic() < deadline:
        gevent.sleep(_TICK_S)
    return single(executes, listed, continuing=continued())
