"""A request as users of ``requests`` describe it, and as the bytes that go on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import requests

from locust_eventsource.errors import Misuse
from locust_eventsource.transport.target import Target, parse_target

Headers = tuple[tuple[str, str], ...]

_LAST_EVENT_ID = "last-event-id"
_OWN_HEADERS = (
    ("Accept", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "locust-eventsource"),
)
# The body is sent whole, so its length is known; the id of the last event is the stream's own business.
_DECIDED_HERE = frozenset({"content-length", "transfer-encoding", _LAST_EVENT_ID})


class HttpRequest(NamedTuple):
    """What is asked of the server. ``headers`` are the user's own; ``body`` is empty when there is none."""

    method: str
    url: str
    headers: Headers
    body: bytes


class Described(NamedTuple):
    """A request and the ``Last-Event-ID`` that its description carried (empty when none)."""

    request: HttpRequest
    last_event_id: str


def describe(request: requests.Request | requests.PreparedRequest | str) -> Described:
    """Prepare ``request`` through requests: auth, params, cookies, json, data, files and headers are honoured.

    A string is the URL of a GET. Headers that a `requests.Session` adds by itself (its Accept, Accept-Encoding,
    Connection and User-Agent) are left out. A body that is a file or an iterable is read whole, since a reconnect
    sends it again. Auth that answers a challenge (digest) needs a second request and is not supported.

    Raises `Misuse` with requests' own reason.
    """
    try:
        prepared = _prepared(request)
        body = _body_bytes(prepared.body)
    except (requests.RequestException, UnicodeError, OSError, ValueError) as error:
        raise Misuse(f"the request cannot be prepared: {error}") from error
    headers = _users_headers(prepared)
    last_event_id = next((value for name, value in headers if name.lower() == _LAST_EVENT_ID), "")
    kept = tuple(pair for pair in headers if pair[0].lower() not in _DECIDED_HERE)
    described = HttpRequest(prepared.method or "GET", prepared.url or "", kept, body)
    parse_target(described.url)
    return Described(described, last_event_id)


def wire_bytes(request: HttpRequest, target: Target, last_event_id: str) -> bytes:
    """``request`` in HTTP/1.1 (RFC 9112 section 3), with the fields that an event source sends (HTML 9.2.2, 9.2.3)."""
    names = {name.lower() for name, _ in request.headers}
    lines = [f"{request.method} {target.path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {_idna(target.authority)}")
    lines += [f"{name}: {value}" for name, value in _OWN_HEADERS if name.lower() not in names]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if last_event_id:
        lines.append(f"Last-Event-ID: {last_event_id}")
    if request.body or request.method not in ("GET", "HEAD", "OPTIONS", "DELETE"):
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + request.body


def _prepared(request: requests.Request | requests.PreparedRequest | str) -> requests.PreparedRequest:
    if isinstance(request, requests.PreparedRequest):
        return request
    if isinstance(request, str):
        request = requests.Request("GET", request)
    return request.prepare()


def _body_bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    read = getattr(body, "read", None)
    if callable(read):
        return _body_bytes(read())
    if isinstance(body, Iterable):
        return b"".join(_body_bytes(piece) for piece in body)
    raise Misuse(f"a body of {type(body).__name__} cannot be sent: give text, bytes or a file")


def _users_headers(prepared: requests.PreparedRequest) -> list[tuple[str, str]]:
    defaults = requests.utils.default_headers()
    return [
        (_text(name), _text(value)) for name, value in prepared.headers.items() if defaults.get(_text(name)) != value
    ]


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _idna(authority: str) -> str:
    return authority if authority.isascii() else authority.encode("idna").decode()
