"""``GET /api/openapi.json``: what this service offers, in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any, Final

from studio.contract import Status

VERSION: Final = "0.1.0"
"""The version of the service that this one stands for, as ``/health`` states it."""

_JSON: Final = "application/json"
_Operation = dict[str, Any]


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(summary: str, answers: dict[int, str], schema: str = "", body: str = "") -> _Operation:
    responses: dict[str, Any] = {str(status): {"description": text} for status, text in answers.items()}
    if schema:
        responses[str(min(answers))]["content"] = {_JSON: {"schema": _reference(schema)}}
    operation: _Operation = {"summary": summary, "responses": responses}
    if body:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _reference(body)}}}
    return operation


def _stream(summary: str, answers: dict[int, str]) -> _Operation:
    operation = _operation(summary, {200: "An event stream that does not end", **answers})
    operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    return operation


def _object(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_TEXT: Final = {"type": "string"}
_OPTIONAL_TEXT: Final = {"type": ["string", "null"]}
_UUID: Final = {"type": "string", "format": "uuid"}
_TIME: Final = {"type": "string", "format": "date-time"}
_STATUS: Final = {"type": "string", "enum": list(Status)}
_MISSING: Final = {400: "The id is no UUID", 404: "There is none with this id"}
_UNREADABLE: Final = {
    400: "Bad JSON, or a value that is not allowed",
    413: "The body has 2 MiB or more",
    415: "The body is not declared as JSON",
    422: "A field is missing or of another type",
}
_ID: Final = [{"name": "id", "in": "path", "required": True, "schema": _UUID}]

_SCHEMAS: Final = {
    "Task": _object(
        ["id", "title", "description", "status", "created_at", "updated_at"],
        id=_UUID,
        title=_TEXT,
        description=_TEXT,
        status=_STATUS,
        roadmap_item_id=_OPTIONAL_TEXT,
        workspace_path=_OPTIONAL_TEXT,
        created_at=_TIME,
        updated_at=_TIME,
    ),
    "NewTask": _object(["title", "description"], title=_TEXT, description=_TEXT),
    "Changes": _object([], title=_TEXT, description=_TEXT, status=_STATUS),
    "Transition": _object(["status"], status=_STATUS),
    "Completion": _object(["action"], action={"const": "complete_only"}, cleanup_worktree={"type": "boolean"}),
    "Session": _object(
        ["id", "task_id", "opencode_session_id", "phase", "status", "created_at"],
        id=_UUID,
        task_id=_UUID,
        opencode_session_id=_TEXT,
        phase=_TEXT,
        status=_TEXT,
        started_at=_OPTIONAL_TEXT,
        completed_at=_OPTIONAL_TEXT,
        created_at=_TIME,
    ),
}

_PATHS: Final = {
    "/health": {"get": _operation("Whether the service answers", {200: "It does"})},
    "/api/projects/current": {"get": _operation("The open project", {200: "The project"})},
    "/api/events": {
        "get": {
            **_stream("Events of all tasks", {503: "Too many streams are open"}),
            "parameters": [
                {"name": "task_ids", "in": "query", "schema": _TEXT},
                {"name": "Last-Event-ID", "in": "header", "schema": _TEXT},
            ],
        }
    },
    "/api/tasks": {
        "get": _operation("All tasks", {200: "An array of tasks"}),
        "post": _operation("Create a task", {201: "The task", **_UNREADABLE}, "Task", "NewTask"),
    },
    "/api/tasks/{id}": {
        "parameters": _ID,
        "get": _operation("Read a task", {200: "The task", **_MISSING}, "Task"),
        "patch": _operation("Change a task", {200: "The task", **_UNREADABLE, **_MISSING}, "Task", "Changes"),
        "delete": _operation("Delete a task", {204: "Deleted", **_MISSING}),
    },
    "/api/tasks/{id}/execute": {
        "parameters": _ID,
        "post": _operation(
            "Start the next session of a task",
            {202: "Accepted", **_MISSING, 409: "A session of the task runs", 500: "The task is done"},
        ),
    },
    "/api/tasks/{id}/transition": {
        "parameters": _ID,
        "post": _operation("Move a task", {200: "Moved", **_UNREADABLE, 404: _MISSING[404]}, body="Transition"),
    },
    "/api/tasks/{id}/complete": {
        "parameters": _ID,
        "post": _operation("End a review", {200: "Done", **_UNREADABLE, 404: _MISSING[404]}, body="Completion"),
    },
    "/api/tasks/{id}/sessions": {"parameters": _ID, "get": _operation("A task's sessions", {200: "Array", **_MISSING})},
    "/api/tasks/{id}/plan": {"parameters": _ID, "get": _operation("A task's plan", {200: "Plan", **_MISSING})},
    "/api/tasks/{id}/phases": {"parameters": _ID, "get": _operation("Its phases", {200: "Phases", **_MISSING})},
    "/api/tasks/{id}/findings": {"parameters": _ID, "get": _operation("Findings", {200: "Findings", **_MISSING})},
    "/api/sessions/{id}": {
        "parameters": _ID,
        "get": _operation("Read a session", {200: "The session", **_MISSING}, "Session"),
    },
    "/api/sessions/{id}/activity": {
        "parameters": _ID,
        "get": _stream("A session's messages, from the first one", {**_MISSING, 503: "Too many streams are open"}),
    },
}

DESCRIPTION: Final = {
    "openapi": "3.1.0",
    "info": {"title": "Embedded OpenCode Studio", "version": VERSION},
    "paths": _PATHS,
    "components": {"schemas": _SCHEMAS},
}
