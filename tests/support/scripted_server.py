"""An HTTP server that does what a test's script says, byte for byte, in real threads.

Real threads and plain sockets also where gevent has patched the standard library: a script goes on writing while the
test holds up the gevent loop on purpose.
"""

from __future__ import annotations

import _socket
import _thread
import ssl
import struct
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import NamedTuple

from gevent import monkey

_start_thread = monkey.get_original("_thread", "start_new_thread")
_new_lock: Callable[[], _thread.LockType] = monkey.get_original("_thread", "allocate_lock")

EVENT_STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED_HEAD = f"{EVENT_STREAM}Transfer-Encoding: chunked\r\n\r\n".encode()
CLOSE_DELIMITED_HEAD = f"{EVENT_STREAM}Connection: close\r\n\r\n".encode()
LAST_CHUNK = b"0\r\n\r\n"
_DEADLINE_S = 20.0


class Received(NamedTuple):
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    head: bytes


class Gate:
    """Holds script threads until the test opens it."""

    def __init__(self) -> None:
        self._lock = _new_lock()
        self._lock.acquire()

    def open(self) -> None:
        """Let everyone through from now on."""
        if self._lock.locked():
            self._lock.release()

    def wait(self) -> None:
        """Wait for the test; fails when it takes too long."""
        if not self._lock.acquire(timeout=_DEADLINE_S):
            raise TimeoutError("the test did not open the gate")
        self._lock.release()


class Peer:
    """The server's end of one connection. ``number`` counts the server's connections from 1."""

    def __init__(self, sock: _socket.socket, number: int, context: ssl.SSLContext | None) -> None:
        self.number = number
        self._socket = sock
        self._pending = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        if context is not None:
            tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._run_tls(tls.do_handshake)
            self._tls = tls

    def read_request(self) -> Received:
        """The next request, whole."""
        while b"\r\n\r\n" not in self._pending:
            self._read_more()
        head, _, rest = self._pending.partition(b"\r\n\r\n")
        first, *fields = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        length = int(headers.get("content-length", 0))
        self._pending = rest
        while len(self._pending) < length:
            self._read_more()
        body, self._pending = self._pending[:length], self._pending[length:]
        method, target, _ = first.split(" ")
        return Received(method, target, headers, body, head)

    def send(self, data: bytes | str) -> None:
        """Send as it is."""
        data = data.encode() if isinstance(data, str) else data
        if self._tls is None:
            self._socket.sendall(data)
        else:
            self._tls.write(data)
            self._flush()

    def send_raw(self, data: bytes) -> None:
        """Send past TLS."""
        self._socket.sendall(data)

    def open_stream(self) -> None:
        """Answer with a chunked event stream."""
        self.send(CHUNKED_HEAD)

    def chunk(self, data: bytes | str) -> None:
        """Send ``data`` as one chunk."""
        data = data.encode() if isinstance(data, str) else data
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self, status: str, body: str = "", **headers: str) -> None:
        """Send a whole answer; an underscore in a header's name stands for a hyphen."""
        fields = {"Content-Length": str(len(body.encode())), **{k.replace("_", "-"): v for k, v in headers.items()}}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
        self.send("\r\n".join([*lines, "", body]))

    def wait_for_close(self) -> None:
        """Return once the client has gone (or the server stops)."""
        try:
            while self._socket.recv(65536):
                pass
        except OSError:
            return

    def farewell(self) -> str:
        """Wait until the client has gone; how it went: ``FIN`` or ``RST``."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionResetError:
            return "RST"
        return "FIN"

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def end_tls(self) -> None:
        """Send TLS's closing alert."""
        if self._tls is not None:
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                self._flush()

    def stop(self) -> None:
        """Wake a script that waits for the client, then close."""
        try:
            self._socket.shutdown(_socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            self._socket.close()

    def _read_more(self) -> None:
        if self._tls is not None:
            # The client's first request may have come with the end of its handshake.
            self._run_tls(partial(self._read_record, self._tls))
            return
        data = self._socket.recv(65536)
        if not data:
            raise EOFError("the client closed")
        self._pending += data

    def _read_record(self, tls: ssl.SSLObject) -> None:
        self._pending += tls.read(65536)

    def _run_tls(self, step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._socket.recv(65536)
                if not data:
                    raise EOFError("the client closed") from None
                self._incoming.write(data)
            else:
                self._flush()
                return

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._socket.sendall(data)


Script = Callable[[Peer], None]


class ScriptedServer:
    """Runs ``script`` in a thread for each connection, after its request was read into ``requests``.

    With ``read_requests=False`` the script begins as soon as the connection stands. When the script returns, the
    connection is closed. ``failures`` holds what scripts raised apart from broken connections.
    """

    def __init__(
        self,
        script: Script,
        *,
        context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        read_requests: bool = True,
    ) -> None:
        self._script = script
        self._context = context
        self._read_requests = read_requests
        self._host = host
        family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        self._listener = _socket.socket(family, _socket.SOCK_STREAM)
        self._listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        self._listener.bind((host, 0))
        self._listener.listen(1024)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[Received] = []
        self.failures: list[Exception] = []
        self.connections = 0
        self.open_peers: list[Peer] = []
        self._running = 0
        self._stopping = False

    def url(self, path: str = "/events", host: str | None = None) -> str:
        """The URL of ``path`` on this server."""
        scheme = "http" if self._context is None else "https"
        host = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{scheme}://{host}:{self.port}{path}"

    def __enter__(self) -> ScriptedServer:
        self._running += 1
        _start_thread(self._accept, ())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopping = True
        self.stop_listening()
        for peer in list(self.open_peers):
            peer.stop()
        deadline = time.monotonic() + _DEADLINE_S
        pause = monkey.get_original("time", "sleep")
        while self._running and time.monotonic() < deadline:
            pause(0.002)
        if error is None:
            assert not self.failures, self.failures
            assert not self._running, "a script did not end"

    def stop_listening(self) -> None:
        """Refuse connections from now on; those that stand go on."""
        try:
            self._listener.shutdown(_socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            self._listener.close()

    def _accept(self) -> None:
        try:
            while not self._stopping:
                fd, _ = self._listener._accept()  # type: ignore[attr-defined]
                sock = _socket.socket(fileno=fd)
                sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                self.connections += 1
                self._running += 1
                _start_thread(self._serve, (sock, self.connections))
        except OSError:
            return
        finally:
            self._running -= 1

    def _serve(self, sock: _socket.socket, number: int) -> None:
        try:
            self._run_script(sock, number)
        except (OSError, EOFError):
            return
        except Exception as error:
            self.failures.append(error)
        finally:
            sock.close()
            self._running -= 1

    def _run_script(self, sock: _socket.socket, number: int) -> None:
        peer = Peer(sock, number, self._context)
        self.open_peers.append(peer)
        try:
            if self._read_requests:
                self.requests.append(peer.read_request())
            self._script(peer)
        finally:
            self.open_peers.remove(peer)
