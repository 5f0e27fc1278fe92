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
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar

import gevent
from gevent import Greenlet, Timeout

from locust_eventsource.errors import ConnectionLost, DialError, NetworkError
from locust_eventsource.transport import stamps
from locust_eventsource.transport.socket_facts import facts_of
from locust_eventsource.transport.target import Target
from locust_eventsource.transport.tls import TlsChannel

_READ, _WRITE = 1, 2
_RECORD_BYTES = 16384 + 2048
# The send buffer of a new connection takes this much without waiting (tcp_wmem's least is a page).
_SENT_AT_ONCE_BYTES = 4096
_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR, errno.EALREADY)
_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)

T = TypeVar("T")
Address = tuple[int, int, int, tuple[object, ...]]


class DialTiming(NamedTuple):
    """When a dial did what: durations in ns; the stamps ``started_ns`` and ``sent_ns`` on ``CLOCK_REALTIME``.

    ``started_ns`` is the moment before the first TCP connect, after DNS; ``tcp_ns`` includes addresses that failed.
    ``sent_ns`` is the moment before the request is handed to the kernel. ``own_ns`` is how much of it all this process
    may have caused itself: how late it noticed that the connection stood, and that bytes of the handshake had come.
    """

    dns_ns: int
    started_ns: int
    tcp_ns: int
    tls_ns: int
    sent_ns: int
    own_ns: int
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
        self._began_ns = self._own_ns = 0
        self._hub = gevent.get_hub()
        self._greenlet: Greenlet[..., None] | None = None
        outcome = self._dial_at_once()
        if outcome is not None:
            self._hub.loop.run_callback(self._hand_over, outcome)
        else:
            self._greenlet = Greenlet(self._run)
            self._greenlet.start()

    def cancel(self) -> None:
        """Give up at once: the socket is closed when this returns, and ``done`` is not called any more."""
        self._done = None
        self._close()
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def _hand_over(self, outcome: Dialled | NetworkError) -> None:
        done, self._done = self._done, None
        if done is not None:
            self._socket = None
            done(outcome)

    def _dial_at_once(self) -> Dialled | NetworkError | None:
        """The outcome where nothing has to be waited for, as on loopback; None where the greenlet goes on."""
        addresses = _numeric(self._target.host, self._target.port)
        if self._context is not None or len(addresses) != 1:
            return None
        shown = _shown(addresses[0][-1])
        try:
            if not self._begin(addresses[0]):
                return None
        except OSError as error:
            self._close()
            return self._unreachable([f"{shown}: {_reason(error)}"])
        try:
            return self._finish(0, self._began_ns, shown)
        except NetworkError as error:
            self._close()
            return error

    def _run(self) -> None:
        outcome: Dialled | NetworkError
        try:
            outcome = self._dial()
        except NetworkError as error:
            self._close()
            outcome = error
        if self._done is not None:
            self._hub.loop.run_callback(self._hand_over, outcome)

    def _dial(self) -> Dialled:
        deadline = time.monotonic() + self._timeout_s
        asked_ns = time.time_ns()
        addresses = self._in_time(deadline, lambda: _resolve(self._target), lambda: DialError(self._late("DNS"), "dns"))
        dns_ns = time.time_ns() - asked_ns
        started_ns = self._began_ns or time.time_ns()
        return self._finish(dns_ns, started_ns, self._connect_any(addresses, deadline), deadline)

    def _finish(self, dns_ns: int, started_ns: int, address: str, deadline: float = 0.0) -> Dialled:
        """TLS and the request, on a connection that stands."""
        connected_ns = time.time_ns()
        sock, tls, tls_ns = self._socket, None, 0
        assert sock is not None, "a cancelled dial goes no further"
        deadline = deadline or time.monotonic() + self._timeout_s
        if self._context is not None:
            late = partial(DialError, self._late("the TLS handshake"), "tls")
            tls = self._in_time(deadline, partial(self._handshake, self._context, sock), late)
            tls_ns = time.time_ns() - connected_ns
        sent_ns = connected_ns + tls_ns
        self._send_request(sock, tls, deadline)
        # From noticing that the request can go to having sent it, nobody else is waited for.
        self._own_ns += time.time_ns() - sent_ns
        tcp_ns = connected_ns - started_ns
        return Dialled(sock, tls, DialTiming(dns_ns, started_ns, tcp_ns, tls_ns, sent_ns, self._own_ns, address))

    def _late(self, phase: str) -> str:
        return f"{phase} for {self._target.authority} took longer than the connect timeout of {self._timeout_s:g} s"

    @staticmethod
    def _in_time(deadline: float, step: Callable[[], T], late: Callable[[], NetworkError]) -> T:
        timeout = Timeout(max(deadline - time.monotonic(), 0.001))
        timeout.start()
        try:
            return step()
        except Timeout as fired:
            if fired is not timeout:
                raise
            raise late() from None
        finally:
            timeout.close()

    def _connect_any(self, addresses: list[Address], deadline: float) -> str:
        failures: list[str] = []
        for index, candidate in enumerate(addresses):
            now = time.monotonic()
            share = now + (deadline - now) / (len(addresses) - index)
            shown = _shown(candidate[-1])
            try:
                # The first may have been begun before the greenlet was needed.
                if self._socket is not None or not self._begin(candidate):
                    self._in_time(share, self._wait_connected, partial(DialError, "timed out", "tcp"))
            except (OSError, DialError) as error:
                self._close()
                failures.append(f"{shown}: {_reason(error)}")
                continue
            return shown
        raise self._unreachable(failures)

    def _unreachable(self, failures: list[str]) -> DialError:
        return DialError(f"cannot connect to {self._target.authority} ({'; '.join(failures)})", "tcp")

    def _begin(self, address: Address) -> bool:
        """Begin to connect; whether the connection stands already. Raises OSError."""
        sock = self._socket = _new_socket(address)
        self._began_ns = time.time_ns()
        code = sock.connect_ex(address[-1])
        if code in _PENDING:
            # On loopback the handshake is over by now.
            code = sock.connect_ex(address[-1])
        if code and code not in _PENDING and code != errno.EISCONN:
            raise OSError(code, os.strerror(code))
        return code not in _PENDING

    def _wait_connected(self) -> None:
        sock = self._socket
        if sock is None:
            return
        self._wait(sock, _WRITE)
        code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self._own_ns = _noticed_late_ns(sock, time.time_ns() - self._began_ns)

    def _handshake(self, context: ssl.SSLContext, sock: _socket.socket) -> TlsChannel:
        try:
            tls = TlsChannel(context, self._target.host)
            received = b""
            while not tls.handshake(received):
                self._send_all(sock, tls.to_send())
                received = self._receive(sock)
            self._send_all(sock, tls.to_send())
        except (OSError, ValueError) as error:
            raise DialError(f"TLS with {self._target.authority} failed: {_reason(error)}", "tls") from error
        return tls

    def _send_request(self, sock: _socket.socket, tls: TlsChannel | None, deadline: float) -> None:
        data = self._request
        try:
            if tls is not None:
                tls.encrypt(data)
                data = tls.to_send()
            if len(data) <= _SENT_AT_ONCE_BYTES:
                self._send_all(sock, data)
                return
            late = partial(ConnectionLost, self._late("sending the request"))
            self._in_time(deadline, partial(self._send_all, sock, data), late)
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
                data, ancillary, _, _ = sock.recvmsg(_RECORD_BYTES, stamps.ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                self._wait(sock, _READ)
                continue
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "the server closed during the handshake")
            at_ns = stamps.kernel_stamp(ancillary)
            self._own_ns += 0 if at_ns is None else max(time.time_ns() - at_ns, 0)
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
    numeric = _numeric(host, port)
    if numeric:
        return list(numeric)
    found = gevent.get_hub().resolver.getaddrinfo(host, port, 0, _socket.SOCK_STREAM)
    return [(family, kind, proto, address) for family, kind, proto, _, address in found]


@lru_cache(maxsize=64)
def _numeric(host: str, port: int) -> tuple[Address, ...]:
    """The address where ``host`` is one already; empty for a name."""
    try:
        found = _socket.getaddrinfo(host, port, 0, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
    return tuple((family, kind, proto, address) for family, kind, proto, _, address in found)


def _new_socket(address: Address) -> _socket.socket:
    sock = _socket.socket(*address[:3])
    sock.setblocking(False)
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    stamps.enable(sock)
    return sock


def _noticed_late_ns(sock: _socket.socket, took_ns: int) -> int:
    # The kernel's first round trip is that of the handshake (RFC 6298 section 2.2); what is beyond it, we slept.
    facts = facts_of(sock)
    if facts is None or facts.retransmits or not facts.rtt_us:
        return 0
    return max(took_ns - facts.rtt_us * 1000, 0)


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
