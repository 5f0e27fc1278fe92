"""The service's REST API on Locust's HTTP session, with names of low cardinality.

Each call returns an ``Answer`` and reports an ``Action`` to the verification: what was asked, when it was sent and
answered, and which event the service now owes to every stream.
"""

from __future__ import annotations

from locust.clients import HttpSession

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from studio.contract import EventKey, EventType
from studio.verify.actions import Action, ActionKind

TIMEOUT_S = (5.0, 30.0)
"""Connect and read time-outs: the service was known to let an execute hang for 30 s."""


class Answer(NamedTuple):
    """What a call brought: a status (0 when there was no answer), the body, and the times around the call."""

    status: int
    body: Any
    sent_ns: int
    answered_ns: int
    ok: bool
    problem: str

    @property
    def seconds(self) -> float:
        """Seconds from sending to the answer."""
        return (self.answered_ns - self.sent_ns) / 1e9


Sink = Callable[[Action], None]


class StudioApi:
    """One client's calls."""

    def __init__(self, session: HttpSession, sink: Sink, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._session = session
        self._sink = sink
        self._now_ns = now_ns

    def create(self, title: str, description: str) -> Answer:
        """Create a task; owes ``task.created``."""
        answer = self._call("POST", "/api/tasks", "/api/tasks", 201, {"title": title, "description": description})
        task_id = str(answer.body["id"]) if answer.ok else ""
        self._report("create", task_id, answer, EventKey(task_id, EventType.TASK_CREATED, ""), title=title)
        return answer

    def transition(self, task_id: str, from_status: str, to_status: str) -> Answer:
        """Move a task; owes ``task.status_changed``."""
        answer = self._task_call("POST", task_id, "/transition", 200, {"status": to_status})
        # The service knows the status that the task really had; the caller only believed it.
        before = answer.body.get("previous_status", from_status) if answer.ok else from_status
        key = EventKey(task_id, EventType.STATUS_CHANGED, f"{before}>{to_status}")
        self._report("transition", task_id, answer, key)
        return answer

    def execute(self, task_id: str) -> Answer:
        """Start a session; an answer of 202 owes ``session.started`` for the session that it names."""
        answer = self._task_call("POST", task_id, "/execute", 202)
        session_id = str(answer.body.get("session_id", "")) if answer.ok else ""
        key = EventKey(task_id, EventType.SESSION_STARTED, session_id) if session_id else None
        self._report("execute", task_id, answer, key, session_id=session_id)
        return answer

    def delete(self, task_id: str) -> Answer:
        """Delete a task; the service announces that with no event."""
        answer = self._task_call("DELETE", task_id, "", 204)
        self._report("delete", task_id, answer, None)
        return answer

    def task(self, task_id: str) -> Answer:
        """Read a task."""
        return self._task_call("GET", task_id, "", 200)

    def _task_call(self, method: str, task_id: str, rest: str, expected: int, body: object = None) -> Answer:
        return self._call(method, f"/api/tasks/{task_id}{rest}", f"/api/tasks/[id]{rest}", expected, body)

    def _call(self, method: str, path: str, name: str, expected: int, body: object = None) -> Answer:
        sent_ns = self._now_ns()
        with self._session.request(
            method, path, name=name, json=body, timeout=TIMEOUT_S, catch_response=True, allow_redirects=False
        ) as response:
            answered_ns = self._now_ns()
            document, problem = _read(response, expected)
            if problem:
                response.failure(f"{method} {name}: {problem}")
            else:
                response.success()
        return Answer(response.status_code or 0, document, sent_ns, answered_ns, not problem, problem)

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


def _read(response: Any, expected: int) -> tuple[Any, str]:  # noqa: ANN401 - Locust's response types differ
    """The JSON body, and what is wrong with the answer (empty when nothing is)."""
    if response.status_code != expected:
        error = getattr(response, "error", None)
        came = f"{response.status_code} {response.text[:200]}".strip() if response.status_code else str(error)
        return None, f"expected {expected}, got {came}"
    if expected == 204:
        return None, ""
    try:
        return response.json(), ""
    except ValueError as error:
        return None, f"the body is not JSON: {error}"
