"""The embedded Studio as a process of a test's own, and raw sockets to it: every byte as it came."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

ROOT: Final = Path(__file__).resolve().parents[2]
DEADLINE_S: Final = 15.0
_CHUNK: Final = re.compile(rb"([0-9A-F]+)\r\n")


class Read(NamedTuple):
    """What one ``recv`` gave."""

    t_ns: int
    data: bytes


class Answer(NamedTuple):
    """A REST answer."""

    status_line: str
    headers: list[tuple[str, str]]
    raw: bytes
    t_ns: int
    duration_ms: float

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.status_line.split()[1])

    @property
    def text(self) -> str:
        """The body as text."""
        return self.raw.decode()

    @property
    def json(self) -> Any:  # noqa: ANN401  (JSON)
        """The body as JSON."""
        return json.loads(self.raw)


class StreamEvent(NamedTuple):
    """One event block."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        """The envelope's event."""
        inner: dict[str, Any] = self.data["event"]
        return inner


def chunks_of(body: bytes) -> tuple[list[bytes], bytes]:
    """The chunks of a body and what is left after the last whole one; sizes must be upper-case hexadecimal."""
    chunks, position = [], 0
    while size := _CHUNK.match(body, position):
        end = size.end() + int(size[1], 16)
        if body[end : end + 2] != b"\r\n":
            break
        chunks.append(body[size.end() : end])
        position = end + 2
    return chunks, body[position:]


def parse_block(block: bytes) -> StreamEvent | None:
    """Read a block of exactly id, event and data, or None for a comment; anything else is an error."""
    if block == b": keep-alive\n\n":
        return None
    match = re.fullmatch(r"id: (.*)\nevent: (.*)\ndata: (.*)\n\n", block.decode())
    assert match is not None, block
    return StreamEvent(match[1], match[2], json.loads(match[3]))


class RawStream:
    """A GET whose answer is read by a thread until its end."""

    def __init__(self, address: tuple[str, int], path: str, headers: dict[str, str], *, version: str) -> None:
        self._socket = socket.create_connection(address, DEADLINE_S)
        self._chunked = version == "1.1"
        self._changed = threading.Condition()
        self.reads: list[Read] = []
        self.closed = False
        lines = [f"GET {path} HTTP/{version}", "host: studio", *(f"{name}: {value}" for name, value in headers.items())]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.wait_for(lambda stream: b"\r\n\r\n" in stream.raw, "the response head")

    def _run(self) -> None:
        self._socket.settimeout(None)
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                self.closed = not data
                if data:
                    self.reads.append(Read(time.time_ns(), data))
                self._changed.notify_all()
            if not data:
                return

    def wait_for(self, condition: Callable[[RawStream], bool], what: str) -> None:
        """Wait until a condition holds on this stream."""
        with self._changed:
            reached = self._changed.wait_for(lambda: condition(self), DEADLINE_S)
        assert reached, f"{what} did not come; came: {self.raw[-2000:]!r}"

    def wait_for_events(self, count: int) -> list[StreamEvent]:
        """Wait for at least ``count`` events; returns all."""
        self.wait_for(lambda stream: len(stream.events) >= count, f"event {count}")
        return self.events

    @property
    def raw(self) -> bytes:
        """Every byte so far."""
        return b"".join(read.data for read in list(self.reads))

    @property
    def head(self) -> bytes:
        """The response head."""
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """Every byte after the head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def blocks(self) -> list[bytes]:
        """The blocks so far: chunks, or what blank lines end."""
        if self._chunked:
            return [chunk for chunk in chunks_of(self.body)[0] if chunk]
        return [block + b"\n\n" for block in self.body.split(b"\n\n")[:-1]]

    @property
    def events(self) -> list[StreamEvent]:
        """The events so far, comments left out."""
        return [event for block in self.blocks if (event := parse_block(block)) is not None]

    @property
    def types(self) -> list[str]:
        """The events' types."""
        return [event.type for event in self.events]

    @property
    def ended_in_order(self) -> bool:
        """Closed after the last chunk."""
        return self.closed and self.body.endswith(b"0\r\n\r\n") and chunks_of(self.body) == ([*self.blocks, b""], b"")

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE_S)
        self._socket.close()


class StudioClient:
    """Raw sockets to a Studio."""

    def __init__(self, url: str) -> None:
        self.url = url
        host, _, port = url.removeprefix("http://").rpartition(":")
        self.address = (host, int(port))
        self._streams: list[RawStream] = []
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for stream in self._streams:
            stream.close()
        if self._connection is not None:
            self._connection.close()

    def stream(self, path: str = "/api/events", *, version: str = "1.1", **headers: str) -> RawStream:
        """Open a stream; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        stream = RawStream(self.address, path, named, version=version)
        self._streams.append(stream)
        return stream

    def call(self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """Make a REST call on a kept connection; ``raw`` replaces the JSON ``body``, underscores are hyphens."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {"content_type": "application/json"} if body is not None else {}
        lines = [f"{method} {path} HTTP/1.1", "host: studio", f"content-length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in {**named, **headers}.items()]
        if self._connection is None:
            self._connection = socket.create_connection(self.address, DEADLINE_S)
        t_ns = time.time_ns()
        self._connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return self._answer(t_ns, method)

    def _answer(self, t_ns: int, method: str) -> Answer:
        assert self._connection is not None
        with self._connection.makefile("rb", buffering=0) as reader:
            status_line = reader.readline().decode().strip()
            headers = []
            while line := reader.readline().decode().strip():
                name, _, value = line.partition(": ")
                headers.append((name, value))
            length = 0 if method == "HEAD" else int(dict(headers).get("content-length", "0"))
            body = b""
            while len(body) < length:
                body += reader.read(length - len(body)) or b""
        return Answer(status_line, headers, body, t_ns, (time.time_ns() - t_ns) / 1e6)

    def tasks(self) -> list[dict[str, Any]]:
        """Every task, asked for on a new connection: the kept one ends when nothing was said on it for a while."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        listed: list[dict[str, Any]] = self.call("GET", "/api/tasks").json
        return listed

    def create(self, title: str = "a task", description: str = "") -> str:
        """Create a task; returns its id."""
        answer = self.call("POST", "/api/tasks", {"title": title, "description": description})
        assert answer.status == 201, answer
        return str(answer.json["id"])

    def execute(self, task_id: str) -> str:
        """Execute a task; returns the session's id."""
        answer = self.call("POST", f"/api/tasks/{task_id}/execute")
        assert answer.status == 202, answer
        return str(answer.json["session_id"])

    def status(self, task_id: str) -> str:
        """A task's status."""
        return str(self.call("GET", f"/api/tasks/{task_id}").json["status"])


class StudioProcess(StudioClient):
    """``python -m studio.reference`` with the given options; ended with the test."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        """Where the process makes its temporary files."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studio.reference", "--exit-with-stdin", *options],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            self.ready = self._wait_ready()
        except BaseException:
            self._end()
            raise
        super().__init__(str(self.ready["url"]))

    def _wait_ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(DEADLINE_S), "the Studio did not print its ready line"
        line = self.process.stdout.readline()
        assert line, f"the Studio ended at once: {self.process.stderr and self.process.stderr.read()!r}"
        ready: dict[str, Any] = json.loads(line)
        return ready

    def close(self) -> None:
        """End the process and every connection to it."""
        super().close()
        self._end()

    def _end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and wait for the exit code; nothing may have been logged."""
        self.process.send_signal(number)
        _, logged = self.process.communicate(timeout=DEADLINE_S)
        assert logged == b"", logged.decode()
        return self.process.returncode
