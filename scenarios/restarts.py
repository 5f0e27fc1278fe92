"""The user that stops the embedded Studio in the middle of a session, and starts it again."""

from __future__ import annotations

from locust import task

import json
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

import gevent

from config.preflight import RESTART
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.spawned import wait_until_spawned
from scenarios.user import StudioUser
from studio.contract import EVENTS_PATH
from studio.embedded import Restart
from studio.stream_tail import StreamTail
from studio.verify import replay, restart
from studio.verify.findings import Finding
from studio.verify.readings import FINISHED
from studio.verify.restart import Aftermath, Ending
from studio.wire_reader import WireReader

_SIGNALS: Final = (signal.SIGTERM, signal.SIGKILL)
_ENDS_WITHIN_S: Final = 5.0
_ECHO_S: Final = 15.0
"""For so long what the restart cut off may still come to nothing elsewhere: streams come back after 3 s."""
_PATIENCE_S: Final = 5.0
_NOTICED_WITHIN_S: Final = 2.0
_PAUSE_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.02


class RestartUser(StudioUser):
    """Sends SIGTERM and SIGKILL in turn while a session runs, and sees what the service makes of it.

    Streams must end in order on SIGTERM; sessions that were cut off must be failed and their tasks go back; a stream
    that comes back must get what it missed or be told that it cannot. What else fails meanwhile is the run's own doing.
    """

    scenario = RESTART
    fixed_count = 1
    owes_events = True
    restarts = True

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._signals = cycle(_SIGNALS)

    def _due_s(self) -> float:
        """Seconds until the first restart is due; 0 when it is."""
        return max(0.0, float(self.load.options.restart_after) - self.load.lasted_s)

    @task
    def restart_it(self) -> None:
        """One stop and one start."""
        if wait_until_spawned(self) and not self.load.stopping.wait(self._due_s()):
            with self.load.busy(), ExitStack() as cleanup:
                findings = Stop(self, cleanup, next(self._signals)).run()
            self.load.checks.note(findings, certain=True)
        if self.load.stopping.wait(_PAUSE_S):
            gevent.sleep(3_600)


@dataclass(slots=True)
class _Before:
    """What was open, and what was under way, when the service was stopped."""

    witness: StreamTail
    witness_reader: WireReader
    activity: WireReader
    executed: MovedTask
    status_before: str
    session_id: str
    missed: MovedTask
    had: list[replay.Seen]
    """What the stream had that left before the last event."""


class Stop:
    """One restart by one signal."""

    def __init__(self, user: StudioUser, cleanup: ExitStack, number: signal.Signals) -> None:
        self._user = user
        self._load = user.load
        self._cleanup = cleanup
        self._signal = number

    def run(self) -> list[Finding]:
        """What came of it; nothing where there was no session to cut off."""
        studio = self._load.studio
        assert studio is not None, "a run without the embedded Studio refuses this scenario"
        before = self._prepare()
        if before is None or self._load.stopping.is_set():
            return []
        with self._load.interference.restarting(f"the run itself had just sent {self._signal.name}", _ECHO_S):
            took = studio.restart(self._signal, _ENDS_WITHIN_S)
            self._wait(lambda: before.witness_reader.end != "open" and before.activity.end != "open", _NOTICED_WITHIN_S)
            findings = [*self._endings(before, took), self._recovered(before), *self._returned(before)]
        self._load.remark(self._sentence(took))
        return findings

    def _prepare(self) -> _Before | None:
        """Bring everything under way; None where a call is refused, or something does not come."""
        try:
            witness_reader, witness = self._stream()
            _, away = self._stream()
            executed = self._task("is cut off")
            if not self._wait(lambda: witness.has(executed.created) and away.has(executed.created), _PATIENCE_S):
                return None
            had = list(away.seen)
            away.close()
            missed = self._task("is missed by a stream")
            status_before = self._status(executed)
            answer = self._user.api.execute(executed.id)
            activity = None if not answer.ok else self._activity(str(answer.body["session_id"]))
        except RefusedCall:
            return None
        came = activity is not None and self._wait(lambda: bool(activity.events), _PATIENCE_S)
        if activity is None or not came or not self._wait(lambda: witness.has(missed.created), _PATIENCE_S):
            return None
        session_id = str(answer.body["session_id"])
        return _Before(witness, witness_reader, activity, executed, status_before, session_id, missed, had)

    def _stream(self, last_event_id: str | None = None) -> tuple[WireReader, StreamTail]:
        reader = self._user.read_by_hand(last_event_id=last_event_id)
        tail = StreamTail(reader)
        self._cleanup.callback(tail.close)
        problem = tail.open(self._load.options.connect_timeout)
        if problem:
            raise RefusedCall(problem)
        return reader, tail

    def _task(self, title: str) -> MovedTask:
        made = MovedTask(self._user, title)
        self._cleanup.callback(made.delete)
        return made

    def _activity(self, session_id: str) -> WireReader | None:
        """The session's activity, read in a greenlet; None when it does not open."""
        reader = self._user.read_by_hand(f"/api/sessions/{session_id}/activity")
        self._cleanup.callback(reader.close)
        try:
            opened = reader.open(self._load.options.connect_timeout)
        except OSError:
            opened = False
        if not opened:
            return None
        reading = gevent.spawn(reader.read_for, 3_600)
        self._cleanup.callback(reading.kill)
        return reader

    def _endings(self, before: _Before, took: Restart) -> list[Finding]:
        if self._signal is not signal.SIGTERM:
            return []
        process_after_s = None if took.ended_ns is None else (took.ended_ns - took.signalled_ns) / 1e9
        streams = [
            _ending(EVENTS_PATH, before.witness_reader, took),
            _ending(f"/api/sessions/{before.session_id}/activity", before.activity, took),
        ]
        return restart.streams_end(self._signal.name, streams, process_after_s, _ENDS_WITHIN_S)

    def _recovered(self, before: _Before) -> Finding:
        """Ask until all is well, or `--settle` is over."""
        began = time.monotonic()
        while True:
            finding = restart.recovered(self._aftermath(before, began))
            if finding.verdict == "pass" or time.monotonic() - began >= self._load.options.settle:
                return finding
            gevent.sleep(_LOOK_EVERY_S)

    def _aftermath(self, before: _Before, began: float) -> Aftermath:
        api, left_s = self._user.api, began + self._load.options.settle - time.monotonic()
        session, listed = api.session(before.session_id), api.sessions(before.executed.id)
        history = self._activity(before.session_id)
        events = [] if history is None else history.events
        self._wait(lambda: any(event.type == FINISHED for event, _ in events), max(0.0, left_s))
        return Aftermath(
            signal=self._signal.name,
            task_id=before.executed.id,
            session_id=before.session_id,
            status_before=before.status_before,
            task_status=self._status(before.executed),
            session_status=str(session.body["status"]) if session.ok else session.problem,
            sessions={str(row["id"]): str(row["status"]) for row in listed.body} if listed.ok else {},
            activity=[event.type for event, _ in events],
            success=_success([event.data for event, _ in events if event.type == FINISHED]),
            waited_s=time.monotonic() - began,
        )

    def _returned(self, before: _Before) -> list[Finding]:
        """A stream that left before the last event comes back with its Last-Event-ID."""
        kind, asked_ns, last_event_id = f"a restart by {self._signal.name}", time.time_ns(), before.had[-1].id
        witness = list(before.witness.seen)
        back = replay.Return(kind, "either", last_event_id, None, 0, asked_ns, witness, before.had, ())
        try:
            _, tail = self._stream(last_event_id)
        except RefusedCall as problem:
            return replay.judge(back._replace(doubt=str(problem)))
        self._wait(lambda: tail.has(before.missed.created) or tail.notice is not None, self._load.options.settle)
        known = {seen.id for seen in witness}
        came = [seen for seen in tail.seen if seen.id in known]
        return replay.judge(back._replace(port=tail.port, came=came, notice=tail.notice))

    def _status(self, task: MovedTask) -> str:
        answer = self._user.api.task(task.id)
        return str(answer.body["status"]) if answer.ok else answer.problem

    def _wait(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() >= deadline:
                return False
            gevent.sleep(_LOOK_EVERY_S)
        return True

    def _sentence(self, took: Restart) -> str:
        away_s = (took.ready_ns - took.signalled_ns) / 1e9
        ended = f"had not ended {_ENDS_WITHIN_S:g} s later and was killed"
        if took.ended_ns is not None:
            ended = f"ended after {(took.ended_ns - took.signalled_ns) / 1e9:.2f} s"
        excused = self._load.interference
        return (
            f"restart: the run sent {self._signal.name} to the service, which {ended} and served again after "
            f"{away_s:.2f} s. What failed meanwhile is no error of the service: so far {excused.requests} requests and "
            f"{excused.connections} connections."
        )


def _ending(name: str, reader: WireReader, took: Restart) -> Ending:
    after_s = (reader.ended_ns - took.signalled_ns) / 1e9
    in_time = reader.end not in ("open", "left") and after_s <= _ENDS_WITHIN_S
    return Ending(name, reader.end if in_time else "open", after_s if in_time else None)


def _success(finished: list[str]) -> bool | None:
    """What the last ``finished`` says; None where there is none, or it says nothing."""
    try:
        return bool(json.loads(finished[-1])["success"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
