"""The headers that the service puts on every answer, in its order."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.reference.clock import ServiceClock
from studio.reference.streams import EXTENSION, RECORDED
from studio.reference.wire import http_date

_CORS: Final = [
    (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
    (b"access-control-allow-origin", b"*"),
]
_EXPOSE: Final = [(b"access-control-expose-headers", b"*")]
_PREFLIGHT: Final = [(b"access-control-allow-methods", b"*"), (b"access-control-allow-headers", b"*")]
_FRAMING: Final = (b"content-length", b"transfer-encoding")


class ServiceHeaders:
    """ASGI middleware: CORS for every origin, the framing after it, the date last; answers OPTIONS itself."""

    def __init__(self, app: ASGIApp, clock: ServiceClock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await self._preflight(send)
            return

        async def ordered(message: Message) -> None:
            if message["type"] == "http.response.start" and RECORDED not in scope["extensions"][EXTENSION]:
                message["headers"] = self._ordered(message.get("headers", []))
            await send(message)

        await self._app(scope, receive, ordered)

    async def _preflight(self, send: Send) -> None:
        headers = [*_CORS, *_PREFLIGHT, (b"content-length", b"0"), self._date()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _ordered(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        own = [header for header in headers if header[0] not in _FRAMING]
        framing = [header for header in headers if header[0] in _FRAMING]
        return [*own, *_CORS, *_EXPOSE, *framing, self._date()]

    def _date(self) -> tuple[bytes, bytes]:
        """The service's own time, right or wrong: RFC 9110 means the clock of the origin server."""
        return b"date", http_date(self._clock.now_ns())
