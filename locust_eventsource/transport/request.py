"""A request as users of ``requests`` describe it, and as the bytes that go on the wire."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from locust_eventsource import __version__
from locust_eventsource.errors import Misuse
from locust_eventsource.transport.target import PLAIN_URL, Target, parse_target

if TYPE_CHECKING:
    import requests

Headers = tuple[tuple[str, str], ...]

_LAST_EVENT_ID = "last-event-id"
_OWN_HEADERS = (
    ("Accept", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", f"locust-eventsource/{__version__}"),
)
# The body is sent whole, so its length is known; the id of the last event is the stream's own business.
_DECIDED_HERE = frozenset({"content-length", "transfer-encoding", _LAST_EVENT_ID})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\0\r\n]")


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


def describe(request: requests.Request | requests.PreparedRequest | HttpRequest | str) -> Described:
    """Prepare ``request`` through requests: auth, params, cookies, json, data, files and headers are honoured.

    A string is the URL of a GET; an `HttpRequest` is taken as it is. Headers that a `requests.Session` adds by itself
    (its Accept, Accept-Encoding, Connection and User-Agent) are left out. A body that is a file or an iterable is read
    whole, since a reconnect sends it again. Auth that answers a challenge (digest) needs a second request and is not
    supported.

    Raises `Misuse` with the reason.
    """
    if isinstance(request, str) and PLAIN_URL.fullmatch(request) and "/." not in request:
        # requests would leave it as it is.
        parse_target(request)
        return Described(HttpRequest("GET", request, (), b""), "")
    raw = request if isinstance(request, HttpRequest) else _prepare(request)
    parse_target(raw.url)
    _check(raw)
    raw = _without_user_info(raw)
    last_event_id = next((value for name, value in raw.headers if name.lower() == _LAST_EVENT_ID), "")
    kept = tuple(pair for pair in raw.headers if pair[0].lower() not in _DECIDED_HERE)
    return Described(raw._replace(headers=kept), last_event_id)


def wire_bytes(request: HttpRequest, target: Target, last_event_id: str) -> bytes:
    """``request`` in HTTP/1.1 (RFC 9112 section 3), with the fields that an event source sends (HTML 9.2.2, 9.2.3)."""
    names = {name.lower() for name, _ in request.headers}
    lines = [f"{request.method} {target.path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {target.authority}")
    lines += [f"{name}: {value}" for name, value in _OWN_HEADERS if name.lower() not in names]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if last_event_id:
        lines.append(f"Last-Event-ID: {last_event_id}")
    if request.body or request.method not in ("GET", "HEAD", "OPTIONS", "DELETE"):
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + request.body


def _check(request: HttpRequest) -> None:
    if not _TOKEN.fullmatch(request.method):
        raise Misuse(f"{request.method!r} is no method (RFC 9110 section 9.1): give one like GET or POST")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name):
            raise Misuse(f"{name!r} is no header name (RFC 9110 section 5.1)")
        if _CONTROLS.search(value):
            raise Misuse(f"the value of header {name} cannot hold NUL, CR or LF (RFC 9110 section 5.5)")


def _without_user_info(request: HttpRequest) -> HttpRequest:
    """``http://name:password@host`` means Basic credentials (RFC 7617); the URL itself is shown in reports."""
    parts = urlsplit(request.url)
    user_info, at, netloc = parts.netloc.rpartition("@")
    if not at:
        return request
    headers = request.headers
    if not any(name.lower() == "authorization" for name, _ in headers):
        headers = (*headers, ("Authorization", f"Basic {b64encode(unquote_to_bytes(user_info)).decode()}"))
    return request._replace(url=urlunsplit(parts._replace(netloc=netloc)), headers=headers)


def _prepare(request: requests.Request | requests.PreparedRequest | str) -> HttpRequest:
    # The command line does without requests, which takes a third of its time to start.
    import requests

    try:
        if isinstance(request, str):
            request = requests.Request("GET", request)
        prepared = request.prepare() if isinstance(request, requests.Request) else request
        body = _body_bytes(prepared.body)
    except (requests.RequestException, UnicodeError, OSError, ValueError) as error:
        raise Misuse(f"the request cannot be prepared: {error}") from error
    defaults = requests.utils.default_headers()
    headers = ((_text(name), _text(value)) for name, value in prepared.headers.items())
    users = tuple((name, value) for name, value in headers if defaults.get(name) != value)
    return HttpRequest(prepared.method or "GET", prepared.url or "", users, body)


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


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
