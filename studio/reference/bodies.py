"""Request bodies: read within their limit, parsed as JSON, checked; refusals speak as the service's own do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from studio.contract import Status
from studio.reference.failures import TextError, bad_request
from studio.reference.lifecycle import Changes

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
"""A body of this size or more is refused with 413."""

_JSON_TYPE: Final = re.compile(r"application/(?:[^;\s]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_ACTIONS: Final = ("create_pr", "merge_local", "complete_only")
_TARGET: Final = "Failed to deserialize the JSON body into the target type: "
_NAMES: Final = {str: "string", bool: "boolean", list: "sequence", dict: "map", type(None): "null"}


async def _read(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size >= MAX_BODY_BYTES:
                raise TextError(413, "Failed to buffer the request body: length limit exceeded")
            parts.append(part)
    except ClientDisconnect:
        raise TextError(400, "Failed to buffer the request body: the client went away") from None
    return b"".join(parts)


def _column(text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    return f"line {line} column {index - text.rfind(chr(10), 0, index) - 1}"


class Body:
    """A JSON object and its text, which refusals point into."""

    def __init__(self, text: str, fields: dict[str, Any]) -> None:
        self._text = text
        self._fields = fields

    @classmethod
    async def read(cls, request: Request) -> Body:
        """Read the body of a request; raises `TextError` 400, 413, 415 or 422."""
        if not _JSON_TYPE.fullmatch(request.headers.get("content-type", "").strip()):
            raise TextError(415, "Expected request with `Content-Type: application/json`")
        try:
            text = (await _read(request)).decode()
            fields = json.loads(text)
            json.dumps(fields, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            place = _column(text, error.pos + 1)
            raise TextError(400, f"Failed to parse the request body as JSON: {error.msg} at {place}") from None
        except (UnicodeError, RecursionError) as error:
            raise TextError(400, f"Failed to parse the request body as JSON: {error}") from None
        if not isinstance(fields, dict):
            raise TextError(422, f"{_TARGET}invalid type: {_shown(fields)}, expected a map at line 1 column 0")
        return cls(text, fields)

    def text(self, name: str) -> str:
        """A field that must be there."""
        value = self.optional_text(name)
        if value is None:
            raise self._refusal(f"missing field `{name}`", len(self._text.rstrip()))
        return value

    def optional_text(self, name: str) -> str | None:
        """A field of text, or None when it is absent or null."""
        value = self._fields.get(name)
        if value is not None and not isinstance(value, str):
            message = f"{name}: invalid type: {_shown(value)}, expected a string"
            raise self._refusal(message, self._end_of(name))
        return value

    def one_of(self, name: str, variants: Iterable[str]) -> str | None:
        """A field that names one of ``variants``, or None when it is absent."""
        value = self._fields.get(name)
        if value is None or value in (known := list(variants)):
            return value
        shown = next(iter(value), "") if isinstance(value, dict) else value
        expected = ", ".join(f"`{variant}`" for variant in known)
        raise self._refusal(f"{name}: unknown variant `{shown}`, expected one of {expected}", self._end_of(name))

    def flag(self, name: str) -> bool:
        """A field that is true or false; false when it is absent."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            message = f"{name}: invalid type: {_shown(value)}, expected a boolean"
            raise self._refusal(message, self._end_of(name))
        return value

    def _end_of(self, name: str) -> int:
        token = re.search(rf'"{re.escape(name)}"\s*:\s*(?:\{{\s*)?(?:"(?:[^"\\]|\\.)*"|[^\s,}}\]]+)', self._text)
        return token.end() if token else len(self._text)

    def _refusal(self, message: str, index: int) -> TextError:
        return TextError(422, f"{_TARGET}{message} at {_column(self._text, index)}")


def _shown(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        kind = "integer" if isinstance(value, int) else "floating point"
        return f"{kind} `{value}`"
    return _NAMES[type(value)]


async def read_new_task(request: Request) -> tuple[str, str]:
    """Title and description of ``POST /api/tasks``."""
    body = await Body.read(request)
    return body.text("title"), body.text("description")


async def read_changes(request: Request) -> Changes:
    """The body of ``PATCH /api/tasks/{id}``."""
    body = await Body.read(request)
    status = body.one_of("status", Status)
    return Changes(
        body.optional_text("title"), body.optional_text("description"), None if status is None else Status(status)
    )


async def read_transition(request: Request) -> Status:
    """The body of ``POST /api/tasks/{id}/transition``."""
    body = await Body.read(request)
    body.one_of("status", Status)
    return Status(body.text("status"))


async def read_completion(request: Request) -> bool:
    """The body of ``POST /api/tasks/{id}/complete``: whether to clean the worktree up."""
    body = await Body.read(request)
    body.one_of("action", _ACTIONS)
    action = body.text("action")
    if action != "complete_only":
        raise bad_request(f"Action {action} needs a version control host, which this service does not have")
    return body.flag("cleanup_worktree")
