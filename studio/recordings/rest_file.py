"""Recorded REST calls, and what they ask of the streams."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from studio.contract import EventKey, EventType, Status
from studio.recordings.stream_file import RecordingError
from studio.verify.actions import Action

TASKS: Final = ("api", "tasks")
_MS: Final = 1_000_000
_COMPLETED: Final = f"{Status.REVIEW}>{Status.DONE}"


class Call(NamedTuple):
    """One REST call."""

    method: str
    parts: tuple[str, ...]
    """The path, cut at its slashes: ``("api", "tasks", ID, "execute")``."""
    request: Any
    status: int
    """0 when there was no answer."""
    body: Any
    problem: str
    """What kept the answer away, or what it said where it is no success; empty for a success."""
    sent_ns: int
    answered_ns: int

    @property
    def task_id(self) -> str:
        """The task that the path names; empty if it names none."""
        return self.parts[2] if self.parts[:2] == TASKS and len(self.parts) > 2 else ""

    @property
    def of_task(self) -> str:
        """What is asked of the task: ``"POST execute"``, ``"GET"``; empty where the path names none."""
        return " ".join([self.method, *self.parts[3:]]) if self.task_id else ""

    @property
    def ok(self) -> bool:
        """The service did what was asked."""
        return 200 <= self.status < 300

    def told(self, name: str) -> str:
        """A text in the answer's object; empty if there is none."""
        return str(self.body.get(name) or "") if isinstance(self.body, Mapping) else ""


def load_calls(path: Path) -> list[Call]:
    """Read the REST calls of a recording, in the order in which they were sent. Raise `RecordingError`."""
    try:
        document = json.loads(path.read_text("utf-8"))
        calls = [_call(entry) for entry in document]
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        form = "a JSON array of calls with t_ns, method, path, request, status, body and duration_ms"
        raise RecordingError(f"{path}: no recorded REST calls; write {form}") from error
    return sorted(calls, key=lambda call: call.sent_ns)


def _call(entry: Mapping[str, Any]) -> Call:
    status, body = int(entry.get("status") or 0), entry.get("body")
    sent_ns = int(entry["t_ns"])
    problem = "" if 200 <= status < 300 else _problem(status, body, str(entry.get("error", "no answer")))
    return Call(
        method=str(entry["method"]),
        parts=tuple(filter(None, str(entry["path"]).partition("?")[0].split("/"))),
        request=entry.get("request"),
        status=status,
        body=body,
        problem=problem,
        sent_ns=sent_ns,
        answered_ns=sent_ns + round(float(entry["duration_ms"]) * _MS),
    )


def _problem(status: int, body: Any, error: str) -> str:  # noqa: ANN401 - whatever the service answered
    if not status:
        return error
    message = body.get("message", body) if isinstance(body, Mapping) else body
    return f"{status} {message}"


def actions(calls: Sequence[Call]) -> list[Action]:
    """The calls that cause events, or may have; one that was refused (4xx) did nothing."""
    statuses: dict[str, str] = {}
    found = []
    for call in calls:
        task_id = call.task_id or call.told("id")
        if call.method == "POST" and call.parts == TASKS:
            found.append(_action(call, "create", task_id, EventKey(task_id, EventType.TASK_CREATED, "")))
        elif call.of_task and not 400 <= call.status < 500:
            found += _of_task(call, statuses.get(task_id, ""))
        if status := status_told(call):
            statuses[task_id] = status
    return found


def status_told(call: Call) -> str:
    """The status of the task that the answer tells; empty if it tells none."""
    if not call.ok or not isinstance(call.body, Mapping):
        return ""
    task = call.body.get("task", call.body if call.of_task in ("", "GET", "PATCH") else None)
    return str(task.get("status") or "") if isinstance(task, Mapping) else ""


def _of_task(call: Call, before: str) -> list[Action]:
    task_id, asked = call.task_id, call.request if isinstance(call.request, Mapping) else {}
    match call.of_task:
        case "POST execute":
            session_id = call.told("session_id")
            key = EventKey(task_id, EventType.SESSION_STARTED, session_id) if session_id else None
            return [_action(call, "execute", task_id, key)._replace(session_id=session_id)]
        case "POST transition":
            change = f"{call.told('previous_status') or before}>{asked.get('status', '')}"
            return [_action(call, "transition", task_id, EventKey(task_id, EventType.STATUS_CHANGED, change))]
        case "PATCH" if asked.get("status", before) != before:
            change = f"{before}>{asked['status']}"
            return [_action(call, "patch", task_id, EventKey(task_id, EventType.STATUS_CHANGED, change))]
        case "POST complete":
            return [_action(call, "complete", task_id, EventKey(task_id, EventType.STATUS_CHANGED, _COMPLETED))]
        case "DELETE":
            return [_action(call, "delete", task_id, None)]
    return []


def _action(call: Call, kind: Any, task_id: str, key: EventKey | None) -> Action:  # noqa: ANN401 - one of ActionKind
    asked = call.request if isinstance(call.request, Mapping) else {}
    title = str(asked.get("title", "")) if kind == "create" else ""
    return Action(kind, task_id, title, call.sent_ns, call.answered_ns, call.ok, key, "")
