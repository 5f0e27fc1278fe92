"""What an answer means to an event source (WHATWG HTML 9.2.2 and 9.2.3) and where a redirect leads (Fetch 4.4)."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from locust_eventsource.errors import RefusedResponse
from locust_eventsource.protocol.http_response import ResponseHead

Headers = tuple[tuple[str, str], ...]

DEFAULT_MAX_HOPS = 20
EVENT_STREAM_TYPE: Final = "text/event-stream"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BODY_HEADERS = frozenset(
    {"content-encoding", "content-language", "content-length", "content-location", "content-type", "transfer-encoding"}
)
# Any other field may carry a secret (X-Api-Key), and nothing in its name says whether it does.
_HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "content-length",
        "content-type",
        "last-event-id",
        "user-agent",
    }
)
_URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"


class Open(NamedTuple):
    """The answer is an event stream: read its body."""


class End(NamedTuple):
    """The server asks not to come back (204): no reconnection."""


class Redirect(NamedTuple):
    """The stream is elsewhere. ``location`` is the field's value as sent."""

    location: str


class Redirected(NamedTuple):
    """The request that follows a redirect. A field that was repeated in ``headers`` still is."""

    method: str
    url: str
    headers: Headers
    body: bytes | None


def judge_response(head: ResponseHead) -> Open | End | Redirect:
    """Whether to read, stop or go elsewhere. Raises :class:`RefusedResponse` for any other answer, saying what came."""
    if head.status == 204:
        return End()
    if head.status in _REDIRECTS:
        return _redirect(head)
    if head.status != 200:
        raise RefusedResponse(f"answered {head.status} {head.reason}".rstrip() + " instead of 200", head.status)
    types = head.values("Content-Type")
    if not types:
        raise RefusedResponse(f"the answer has no Content-Type; {EVENT_STREAM_TYPE} is needed", head.status)
    # Fetch, "extract a MIME type": the last value wins. Parameters are ignored, the charset too: always UTF-8.
    essence = types[-1].partition(";")[0].strip().lower()
    if essence != EVENT_STREAM_TYPE:
        raise RefusedResponse(f"the answer's Content-Type is {types[-1]!r} instead of {EVENT_STREAM_TYPE}", head.status)
    return Open()


def _redirect(head: ResponseHead) -> Redirect:
    locations = head.values("Location")
    if not locations:
        raise RefusedResponse(f"answered {head.status} without a Location to go to", head.status)
    return Redirect(locations[0])


def redirected(
    method: str,
    url: str,
    headers: Headers,
    body: bytes | None,
    status: int,
    location: str,
    *,
    hops: int,
    max_hops: int = DEFAULT_MAX_HOPS,
) -> Redirected:
    """The request after a redirect answer to ``method url``; ``hops`` redirects have been followed before it.

    After Fetch 4.4 "HTTP-redirect fetch": 303 becomes GET (HEAD stays), as does POST at 301 and 302, without the body
    and the fields that describe it. To another origin go only Accept, Accept-Encoding, Accept-Language, Cache-Control,
    Content-Length, Content-Type, Last-Event-ID and User-Agent. That is stricter than Fetch, which holds back
    Authorization alone: a field of one's own may be a key too. As in Fetch, https may lead to http: that is another
    origin, so nothing secret goes along. Refused with :class:`RefusedResponse`: one redirect too many, a scheme other
    than http and https, a location that is no URL, and a user name or password in a location on another origin.
    """
    if hops >= max_hops:
        raise RefusedResponse(f"more than {max_hops} redirects, the last one to {location!r}", status)
    target, same_origin = _target(url, location, status)
    if not same_origin:
        headers = tuple(pair for pair in headers if pair[0].lower() in _HARMLESS_HEADERS)
    if _becomes_get(method, status):
        method, body = "GET", None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _BODY_HEADERS)
    return Redirected(method, target, headers, body)


def _becomes_get(method: str, status: int) -> bool:
    if status == 303:
        return method.upper() not in ("GET", "HEAD")
    return status in (301, 302) and method.upper() == "POST"


def _target(url: str, location: str, status: int) -> tuple[str, bool]:
    """The absolute URL of ``location`` and whether it has the origin of ``url``."""
    # A field's value comes as latin-1; the bytes are UTF-8 where they are not ASCII.
    text = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        target = urljoin(url, quote(text, safe=_URL_CHARACTERS))
        parts = urlsplit(target)
        same_origin = _origin(parts) == _origin(urlsplit(url))
    except ValueError as error:
        raise RefusedResponse(f"the redirect's Location {location!r} is not a URL: {error}", status) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise RefusedResponse(f"the redirect's Location {location!r} is not an http or https URL", status)
    if not same_origin and "@" in parts.netloc:
        raise RefusedResponse("the redirect's Location holds a user name or password for another origin", status)
    return target, same_origin


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port
