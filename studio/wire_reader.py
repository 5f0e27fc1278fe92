"""One event stream read by hand, for what the streams of a load test hide: every read as it came, a receive window
of one's own, a reader that stops reading, and each way in which a connection can end.

It stamps in user space and measures no latency. It belongs to the greenlet that uses it.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Final, Self

import gevent
from gevent import socket, ssl

from locust_eventsource.errors import EventSourceError
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseHead, ResponseReader
from locust_eventsource.transport.request import HttpRequest, wire_bytes
from locust_eventsource.transport.target import parse_target
from locust_eventsource.transport.tls import client_context
from studio.verify.wire import End, Read

_OK: Final = 200
_READ_BYTES: Final = 65_536
_FEW_BYTES: Final = 16
"""Less than the smallest chunk with an event, so that a read which began at its start ends inside it."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class WireReader:
    """A stream of which every byte is kept until it is taken.

    ``reads`` holds what came, with the time after each read; ``head`` is the answer's head once it is whole; ``events``
    are the events so far, each with the time of the read that completed it; ``end`` says how the stream stands and
    ``problem`` why it is malformed.
    """

    streams: ClassVar[int] = 0
    """How many streams this process holds by hand."""

    def __init__(
        self,
        url: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        receive_buffer: int | None = None,
        ca: str | None = None,
        verify: bool = True,
    ) -> None:
        """``headers`` are sent as they are, an empty Last-Event-ID included. ``receive_buffer`` is ``SO_RCVBUF`` in
        bytes (socket(7): the kernel doubles it); ``ca`` and ``verify`` are as in ``StreamSettings``."""
        self._url = url
        self._headers = tuple(headers)
        self._receive_buffer = receive_buffer
        self._context = client_context(ca, verify) if parse_target(url).tls else None
        self._socket: socket.socket | None = None
        self._response = ResponseReader()
        self._decoder = EventStreamDecoder()
        self._body_began = False
        self.empty_ns = 0
        """The last moment at which the socket is known to have held nothing; 0 before the first."""
        self.reads: list[Read] = []
        self.events: list[tuple[Event, int]] = []
        self.opened_ns = 0
        """When the head was whole; 0 before."""
        self.ended_ns = 0
        """When the end was noticed; 0 before."""
        self.end: End = "open"
        self.problem = ""
        self._refusal = b""
        self._counted = False

    @property
    def head(self) -> ResponseHead | None:
        """The answer's head; None until it is whole."""
        return self._response.head

    @property
    def refusal(self) -> str:
        """The body of an answer that is no 200, as far as it has come; no more than 64 KiB of it."""
        return self._refusal.decode("utf-8", "replace")

    @property
    def comments(self) -> int:
        """Comment lines so far: keep-alives."""
        return self._decoder.comments

    @property
    def port(self) -> int:
        """The local port, which names the connection in the service's own logs; 0 while there is none."""
        return 0 if self._socket is None else int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, timeout_s: float) -> bool:
        """Connect, ask, and read until the head is whole; False when it was not whole in time, or the stream ended.

        Raises ``OSError`` when no connection comes about.
        """
        target = parse_target(self._url)
        with gevent.Timeout(timeout_s, TimeoutError(f"no connection to {target.authority} within {timeout_s:g} s")):
            self._connect(target.host, target.port)
            assert self._socket is not None
            self._socket.sendall(wire_bytes(HttpRequest("GET", self._url, self._headers, b""), target, ""))
        return self.read_until(lambda: self.head is not None, timeout_s)

    def read_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Read until ``holds()``; False when the time or the stream is over first."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            left_s = deadline - time.monotonic()
            if self.end != "open" or left_s <= 0:
                return False
            self._read(left_s)
        return True

    def take(self) -> list[Read]:
        """The reads since the last call; they are kept no longer, and neither are the events in them."""
        reads, self.reads = self.reads, []
        self.events.clear()
        return reads

    def read_for(self, seconds: float) -> None:
        """Read for so long, or until the stream is over."""
        self.read_until(lambda: False, seconds)

    def stop_inside_event(self, timeout_s: float) -> bool:
        """Read a few bytes at a time until a part of a block is read, and no further; False when none began in time."""
        deadline = time.monotonic() + timeout_s
        while self._decoder.at_boundary or not self._body_began:
            left_s = deadline - time.monotonic()
            if self.end != "open" or left_s <= 0:
                return False
            self._read(left_s, _FEW_BYTES)
        return True

    def widen(self, receive_buffer: int) -> None:
        """Let more be on its way from now on, as for a reader that stalled behind a small window and reads on."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    def close(self) -> None:
        """Close in order (FIN)."""
        self._let_go()

    def reset(self) -> None:
        """Close with a reset (RST): ``SO_LINGER`` of no time, socket(7)."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._let_go()

    def _connect(self, host: str, port: int) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        plain = socket.socket(family, kind, protocol)
        if self._receive_buffer is not None:
            # Before connecting: the window scale is agreed upon in the handshake (tcp(7)).
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        try:
            plain.connect(address)
            self._socket = plain if self._context is None else self._secured(plain, host)
        except BaseException:
            plain.close()
            raise

    def _secured(self, plain: socket.socket, host: str) -> socket.socket:
        context = self._context
        assert context is not None
        return ssl.SSLSocket(sock=plain, server_hostname=host, _context=context)

    def _read(self, timeout_s: float, at_most: int = _READ_BYTES) -> None:
        assert self._socket is not None
        self._socket.settimeout(timeout_s)
        began_ns = time.time_ns()
        try:
            data = self._socket.recv(at_most)
        except TimeoutError:
            # It was empty when the wait began; by the end of it something may have come that nobody has looked for.
            self.empty_ns = began_ns
            return
        except ConnectionError:
            self._over("reset")
            return
        now_ns = time.time_ns()
        if not data:
            self._ended()
            return
        self.reads.append(Read(now_ns, data, self.empty_ns))
        try:
            self._take(data, now_ns)
        except EventSourceError as error:
            self.problem = str(error)
            self._over("malformed")

    def _take(self, data: bytes, now_ns: int) -> None:
        body = self._response.feed(data)
        if self.head is not None and not self.opened_ns:
            self.opened_ns = now_ns
            self._count(held=self.head.status == _OK)
        self._body_began = self._body_began or bool(body)
        if self.head is not None and self.head.status != _OK:
            self._refusal = (self._refusal + body)[:_READ_BYTES]
        self.events += [(event, now_ns) for event in self._decoder.feed(body)]
        if self._response.complete:
            self._over("complete")

    def _ended(self) -> None:
        try:
            self._response.end()
        except EventSourceError as error:
            self.problem = str(error)
            self._over("cut")
        else:
            self._over("complete")

    def _count(self, *, held: bool) -> None:
        WireReader.streams += held - self._counted
        self._counted = held

    def _over(self, end: End) -> None:
        self._count(held=False)
        self.end = end
        self.ended_ns = time.time_ns()

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self.end == "open":
            self._over("left")
