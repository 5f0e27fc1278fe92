"""The service's REST API on Locust's HTTP session, with names of low cardinality.

Each call returns an ``Answer`` and reports an ``Action`` to the verification: what was asked, when it was sent and
answered, and which event the service now owes to every stream. A call that the service refused (4xx) did nothing and is
no action. Each call is sent once: whatever becomes of it, neither this module nor a layer below sends it again. An
answer with a time that the service read while it handled that very call is a ``Probe`` of its clock as well.
"""

from __future__ import annotations

from locust.clients import HttpSession

import time
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from locust_eventsource.measure.clock_offset import Probe
from studio.contract import EventKey, EventType, Status, parse_timestamp
from studio.marks import short_title
from studio.trigger_clock import Trigger
from studio.verify.actions import Action, ActionKind
from studio.wire_times import watching

TIMEOUT_S = (5.0, 30.0)
"""Connect and read time-outs: the service was known to let an execute hang for 30 s."""


class Answer(NamedTuple):
    """What a call brought: a status (0 when there was no answer), the body, and its times.

    ``sent_ns`` and ``answered_ns`` are around the whole call. ``out_ns`` and ``head_ns``, which lie between, are when
    the first byte left and when the head of the answer had come, as close as the session can tell.
    """

    status: int
    body: Any
    sent_ns: int
    answered_ns: int
    ok: bool
    problem: str
    out_ns: int
    head_ns: int

    @property
    def seconds(self) -> float:
        """Seconds from sending to the head of the answer."""
        return (self.head_ns - self.out_ns) / 1e9


class _Expected(NamedTuple):
    """What a good answer is."""

    status: int
    refusals: Collection[int] = ()
    """Statuses of a refusal that the caller provoked: the call then did not do what it says, and is yet no failure."""
    shape: type = dict
    """Of the JSON in the body."""


Sink = Callable[[Action], None]
ProbeSink = Callable[[Probe], None]
ReadSink = Callable[[str, int, str], None]
"""Hears of a task, when a GET of it was answered, and the status that it showed."""

_WHOLE_SECOND_NS = 1_000_000_000
_TIMED_OUT: Final = 408


def refused(status: int) -> bool:
    """Whether an answer says that the call did nothing: a 4xx, but not one that only tells of a lost patience."""
    return 400 <= status < 500 and status != _TIMED_OUT


class StudioApi:
    """One client's calls."""

    def __init__(
        self,
        session: HttpSession,
        sink: Sink,
        probe_sink: ProbeSink,
        *,
        read_sink: ReadSink | None = None,
        timeout_s: tuple[float, float] = TIMEOUT_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """``sink`` hears of every call, ``probe_sink`` of every answer that tells the service's time."""
        self._session = session
        self._sink = sink
        self._probe_sink = probe_sink
        self._read_sink = read_sink
        self._timeout_s = timeout_s
        self._now_ns = now_ns

    def create(self, title: str, description: str, trigger: Trigger | None = None) -> Answer:
        """Create a task; owes ``task.created``. ``created_at`` is always this call's own time."""
        body = {"title": title, "description": description}
        answer = self._call("POST", "/api/tasks", "/api/tasks", _Expected(201), body, trigger=trigger)
        if answer.ok and not answer.body.get("id"):
            answer = answer._replace(ok=False, problem="the answer does not name the task")
        self._note_time(answer, answer.body, "created_at")
        task_id = str(answer.body["id"]) if answer.ok else ""
        self._report("create", task_id, answer, EventKey(task_id, EventType.TASK_CREATED, ""), title=short_title(title))
        return answer

    def transition(self, task_id: str, from_status: str, to_status: str, trigger: Trigger | None = None) -> Answer:
        """Move a task; owes ``task.status_changed``."""
        answer = self._task_call("POST", task_id, "/transition", _Expected(200), {"status": to_status}, trigger)
        if answer.ok:
            self._note_time(answer, answer.body.get("task"), "updated_at", finer_than_ns=_WHOLE_SECOND_NS)
        # The service knows the status that the task really had; the caller only believed it.
        before = answer.body.get("previous_status", from_status) if answer.ok else from_status
        key = EventKey(task_id, EventType.STATUS_CHANGED, f"{before}>{to_status}")
        self._report("transition", task_id, answer, key)
        return answer

    def change_status(self, task_id: str, from_status: str, to_status: str) -> Answer:
        """PATCH a task's status to any other; owes ``task.status_changed``."""
        answer = self._task_call("PATCH", task_id, "", _Expected(200), {"status": to_status})
        self._report("patch", task_id, answer, _changed(task_id, from_status, to_status))
        return answer

    def complete(self, task_id: str) -> Answer:
        """End a task that is in review; owes ``task.status_changed``."""
        body = {"action": "complete_only", "cleanup_worktree": False}
        answer = self._task_call("POST", task_id, "/complete", _Expected(200), body)
        self._report("complete", task_id, answer, _changed(task_id, Status.REVIEW, Status.DONE))
        return answer

    def execute(
        self,
        task_id: str,
        trigger: Trigger | None = None,
        *,
        refusals: Collection[int] = (),
        patience_s: float | None = None,
    ) -> Answer:
        """Start a session; an answer of 202 owes ``session.started`` for the session that it names.

        Its task's ``updated_at`` is no probe: an execute that leaves the status alone answers with an earlier time.
        ``refusals`` are statuses that the caller provokes, and no failures; ``patience_s`` is how long to wait for the
        answer, if not as long as for others.
        """
        expected = _Expected(202, refusals)
        answer = self._task_call("POST", task_id, "/execute", expected, trigger=trigger, patience_s=patience_s)
        session_id = str(answer.body.get("session_id", "")) if answer.ok else ""
        key = EventKey(task_id, EventType.SESSION_STARTED, session_id) if session_id else None
        self._report("execute", task_id, answer, key, session_id=session_id)
        return answer

    def delete(self, task_id: str) -> Answer:
        """Delete a task; the service announces that with no event."""
        answer = self._task_call("DELETE", task_id, "", _Expected(204))
        self._report("delete", task_id, answer, None)
        return answer

    def task(self, task_id: str) -> Answer:
        """Read a task."""
        answer = self._task_call("GET", task_id, "", _Expected(200))
        if answer.ok and self._read_sink is not None and answer.body.get("status"):
            self._read_sink(task_id, answer.head_ns, str(answer.body["status"]))
        return answer

    def deleted_task(self, task_id: str) -> Answer:
        """Read a task that was deleted: 404 is what it should say, and no failure."""
        return self._task_call("GET", task_id, "", _Expected(200, (404,)))

    def sessions(self, task_id: str) -> Answer:
        """Read a task's sessions; the body is a list."""
        return self._task_call("GET", task_id, "/sessions", _Expected(200, shape=list))

    def session(self, session_id: str) -> Answer:
        """Read a session."""
        return self._call("GET", f"/api/sessions/{session_id}", "/api/sessions/[id]", _Expected(200))

    def _task_call(
        self,
        method: str,
        task_id: str,
        rest: str,
        expected: _Expected,
        body: object = None,
        trigger: Trigger | None = None,
        patience_s: float | None = None,
    ) -> Answer:
        path, name = f"/api/tasks/{task_id}{rest}", f"/api/tasks/[id]{rest}"
        return self._call(method, path, name, expected, body, trigger=trigger, patience_s=patience_s)

    def _call(
        self,
        method: str,
        path: str,
        name: str,
        expected: _Expected,
        body: object = None,
        *,
        trigger: Trigger | None = None,
        patience_s: float | None = None,
    ) -> Answer:
        timeout_s = self._timeout_s if patience_s is None else (self._timeout_s[0], patience_s)
        sent_ns = self._now_ns()
        if trigger is not None:
            trigger.sent_ns = sent_ns
        with (
            watching(trigger) as wire,
            self._session.request(
                method, path, name=name, json=body, timeout=timeout_s, catch_response=True, allow_redirects=False
            ) as response,
        ):
            answered_ns = self._now_ns()
            document, problem = _read(response, expected)
            if problem and response.status_code not in expected.refusals:
                response.failure(f"{method} {name}: {problem}")
            else:
                response.success()
        return Answer(
            status=response.status_code or 0,
            body=document,
            sent_ns=sent_ns,
            answered_ns=answered_ns,
            ok=not problem,
            problem=problem,
            out_ns=wire.sent_ns or sent_ns,
            head_ns=wire.answered_ns or answered_ns,
        )

    def _note_time(self, answer: Answer, document: object, name: str, *, finer_than_ns: int | None = None) -> None:
        """Take a time in the answer for a probe.

        The service stores whole seconds and answers with more digits what the call itself has just set; a time that
        is no finer than ``finer_than_ns`` may therefore be an earlier one.
        """
        stamp = document.get(name) if isinstance(document, dict) else None
        try:
            server_ns, resolution_ns = parse_timestamp(str(stamp))
        except ValueError:
            return
        if finer_than_ns is None or resolution_ns < finer_than_ns:
            self._probe_sink(Probe(answer.out_ns, answer.head_ns, server_ns, resolution_ns))

    def _report(
        self,
        kind: ActionKind,
        task_id: str,
        answer: Answer,
        key: EventKey | None,
        *,
        title: str = "",
        session_id: str = "",
    ) -> None:
        if refused(answer.status):
            return
        self._sink(
            Action(
                kind=kind,
                task_id=task_id,
                title=title,
                sent_ns=answer.sent_ns,
                answered_ns=answer.answered_ns,
                acknowledged=answer.ok,
                key=key,
                session_id=session_id,
            )
        )


def _changed(task_id: str, from_status: str, to_status: str) -> EventKey | None:
    if from_status == to_status:
        return None
    return EventKey(task_id, EventType.STATUS_CHANGED, f"{from_status}>{to_status}")


def _read(response: Any, expected: _Expected) -> tuple[Any, str]:  # noqa: ANN401 - Locust's response types differ
    """The JSON in the body, and what is wrong with the answer (empty when nothing is)."""
    if response.status_code != expected.status:
        error = getattr(response, "error", None)
        came = f"{response.status_code} {response.text[:200]}".strip() if response.status_code else str(error)
        return None, f"expected {expected.status}, got {came}"
    if expected.status == 204:
        return None, ""
    try:
        document = response.json()
    except ValueError as error:
        return None, f"the body is not JSON: {error}"
    if isinstance(document, expected.shape):
        return document, ""
    return None, f"the body is not a JSON {'object' if expected.shape is dict else 'array'}"
