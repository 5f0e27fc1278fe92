"""Dialling: DNS, each address in turn, TCP, TLS and the request sent, each timed apart.

A dial lives in a short greenlet of its own; the connection that comes of it needs none.
"""

from __future__ import annotations

import _socket
import errno
import os
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

import gevent
from gevent import Greenlet, Timeout

from locust_eventsource.errors import ConnectionLost, DialError, NetworkError
from locust_eventsource.transport import stamps
from locust_eventsource.transport.target import Target
from locust_eventsource.transport.tls import TlsChannel

_READ, _WRITE = 1, 2
_RECORD_BYTES = 16384 + 2048
_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)

T = TypeVar("T")
Address = tuple[int, int, int, tuple[object, ...]]


class DialTiming(NamedTuple):
    """When a dial did what: durations in ns; the stamps ``started_ns`` and ``sent_ns`` on ``CLOCK_REALTIME``.

    ``started_ns`` is the moment before the first TCP connect, after DNS; ``tcp_ns`` includes addresses that failed.
    ``sent_ns`` is the moment before the request is handed to the kernel.
    """

    dns_ns: int
    started_ns: int
    tcp_ns: int
    tls_ns: int
    sent_ns: int
    address: str


class Dialled(NamedTuple):
    """A connected socket on which the request has been sent. Whoever gets it closes it."""

    socket: _socket.socket
    tls: TlsChannel | None
    timing: DialTiming


class Dial:
    """One dial. ``done`` is called once from the gevent hub with the outcome, unless `cancel` came first.

    ``timeout_s`` bounds DNS, TCP, TLS and the sending of ``request`` together; where a name has several addresses,
    each gets an equal part of what is left.
    """

    def __init__(
        self,
        target: Target,
        request: bytes,
        *,
        context: ssl.SSLContext | None,
        timeout_s: float,
        done: Callable[[Dialled | NetworkError], None],
    ) -> None:
        self._target = target
        self._request = request
        self._context = context
        self._timeout_s = timeout_s
        self._done: Callable[[Dialled | NetworkError], None] | None = done
        self._socket: _socket.socket | None = None
        self._hub = gevent.get_hub()
        self._greenlet = Greenlet(self._run)
        self._greenlet.start()

    def cancel(self) -> None:
        """Give up at once: the socket is closed when this returns, and ``done`` is not called any more."""
        self._done = None
        self._close()
        self._greenlet.kill(block=False)

    def _run(self) -> None:
        outcome: Dialled | NetworkError
        try:
            outcome = self._dial()
        except NetworkError as error:
            self._close()
            outcome = error
        if self._done is not None:
            self._hub.loop.run_callback(self._hand_over, outcome)

    def _hand_over(self, outcome: Dialled | NetworkError) -> None:
        done, self._done = self._done, None
        if done is not None:
            self._socket = None
            done(outcome)

    def _dial(self) -> Dialled:
        deadline = time.monotonic() + self._timeout_s
        began_ns = time.time_ns()
        addresses = self._in_time(deadline, lambda: _resolve(self._target), DialError(self._late("DNS"), "dns"))
        started_ns = time.time_ns()
        sock, address = self._connect_any(addresses, deadline)
        connected_ns = time.time_ns()
        tls = self._in_time(deadline, self._handshake, DialError(self._late("the TLS handshake"), "tls"))
        tls_ns = time.time_ns() - connected_ns if tls else 0
        self._in_time(deadline, lambda: self._send_request(tls), ConnectionLost(self._late("sending the request")))
        timing = DialTiming(
            dns_ns=started_ns - began_ns,
            started_ns=started_ns,
            tcp_ns=connected_ns - started_ns,
            tls_ns=tls_ns,
            sent_ns=connected_ns + tls_ns,
            address=address,
        )
        return Dialled(sock, tls, timing)

    def _late(self, phase: str) -> str:
        return f"{phase} for {self._target.authority} took longer than the connect timeout of {self._timeout_s:g} s"

    @staticmethod
    def _in_time(deadline: float, step: Callable[[], T], late: NetworkError) -> T:
        timeout = Timeout(max(deadline - time.monotonic(), 0.001))
        timeout.start()
        try:
            return step()
        except Timeout as fired:
            if fired is not timeout:
                raise
            raise late from None
        finally:
            timeout.close()

    def _connect_any(self, addresses: list[Address], deadline: float) -> tuple[_socket.socket, str]:
        failures: list[str] = []
        for index, candidate in enumerate(addresses):
            now = time.monotonic()
            share = now + (deadline - now) / (len(addresses) - index)
            shown = _shown(candidate[-1])
            try:
                sock = self._socket = _new_socket(candidate)
                self._in_time(share, partial(self._connect, sock, candidate), DialError("timed out", "tcp"))
            except (OSError, DialError) as error:
                self._close()
                failures.append(f"{shown}: {_reason(error)}")
                continue
            return sock, shown
        raise DialError(f"cannot connect to {self._target.authority} ({'; '.join(failures)})", "tcp")

    def _connect(self, sock: _socket.socket, address: Address) -> None:
        code = sock.connect_ex(address[-1])
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR):
            self._wait(sock, _WRITE)
            code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _handshake(self) -> TlsChannel | None:
        sock = self._socket
        if self._context is None or sock is None:
            return None
        try:
            tls = TlsChannel(self._context, self._target.host)
            received = b""
            while not tls.handshake(received):
                self._send_all(sock, tls.to_send())
                received = self._receive(sock)
            self._send_all(sock, tls.to_send())
        except (OSError, ValueError) as error:
            raise DialError(f"TLS with {self._target.authority} failed: {_reason(error)}", "tls") from error
        return tls

    def _send_request(self, tls: TlsChannel | None) -> None:
        sock = self._socket
        if sock is None:
            return
        data = self._request
        try:
            if tls is not None:
                tls.encrypt(data)
                data = tls.to_send()
            self._send_all(sock, data)
        except OSError as error:
            raise ConnectionLost(f"the connection broke while the request was sent: {_reason(error)}") from error

    def _send_all(self, sock: _socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[sock.send(rest) :]
            except (BlockingIOError, InterruptedError):
                self._wait(sock, _WRITE)

    def _receive(self, sock: _socket.socket) -> bytes:
        while True:
            try:
                data = sock.recv(_RECORD_BYTES)
            except (BlockingIOError, InterruptedError):
                self._wait(sock, _READ)
                continue
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "the server closed during the handshake")
            return data

    def _wait(self, sock: _socket.socket, events: int) -> None:
        watcher = self._hub.loop.io(sock.fileno(), events)
        try:
            self._hub.wait(watcher)
        finally:
            watcher.close()

    def _close(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()


def _resolve(target: Target) -> list[Address]:
    try:
        return _lookup(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise DialError(f"cannot resolve {target.host!r}: {_reason(error)}", "dns") from error


def _lookup(host: str, port: int) -> list[Address]:
    try:
        numeric = _socket.getaddrinfo(host, port, 0, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
        return [(family, kind, proto, address) for family, kind, proto, _, address in numeric]
    except OSError:
        found = gevent.get_hub().resolver.getaddrinfo(host, port, 0, _socket.SOCK_STREAM)
        return [(family, kind, proto, address) for family, kind, proto, _, address in found]


def _new_socket(address: Address) -> _socket.socket:
    sock = _socket.socket(*address[:3])
    sock.setblocking(False)
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    stamps.enable(sock)
    return sock


def _shown(address: tuple[object, ...]) -> str:
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message} (give its authority with ca, or verify=False)"
    if isinstance(error, OSError) and error.errno in _NO_MORE_FILES:
        return "too many open files: raise the limit (ulimit -n)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
