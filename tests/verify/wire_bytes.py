"""Responses for the checkers of the wire, and recordings of the service as reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

from studio.verify.wire import Read

MS = 1_000_000
SECOND = 1_000_000_000
START = 1_000 * SECOND

PLAIN_HEAD = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\r\n"
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)

_OWN = Path(__file__).parent.parent / "recordings"
_CAPTURES = os.environ.get("STUDIO_CAPTURES")


def chunk(*blocks: bytes) -> bytes:
    """Blocks as one chunk."""
    data = b"".join(blocks)
    return b"%X\r\n%b\r\n" % (len(data), data)


def event(number: int, at_ns: int = START, *, event_id: str = "", event_type: str = "task.created") -> bytes:
    """An event of the global stream, dated ``at_ns``; its fields may differ from its envelope."""
    seconds, rest = divmod(at_ns, SECOND)
    stamp = f"1970-01-01T00:{seconds // 60:02d}:{seconds % 60:02d}.{rest:09d}Z"
    envelope = {"id": f"e{number}", "timestamp": stamp, "event": {"type": "task.created", "title": "déjà vu"}}
    data = json.dumps(envelope, ensure_ascii=False)
    return f"id: {event_id or f'e{number}'}\nevent: {event_type}\ndata: {data}\n\n".encode()


def read(after_ms: float, data: bytes, *, empty_ms: float | None = None) -> Read:
    """A read so long after the start; the socket was empty 10 ms before unless another time is named."""
    at_ns = START + int(after_ms * MS)
    return Read(at_ns, data, at_ns - 10 * MS if empty_ms is None else START + int(empty_ms * MS))


def recordings() -> list[Path]:
    """The project's own recordings, and the service's where the environment names their folder."""
    folders = [_OWN, *([Path(_CAPTURES)] if _CAPTURES else [])]
    return [path for folder in folders for path in sorted(folder.glob("*.jsonl"))]


def recorded(path: Path) -> list[Read]:
    """A recording as reads. Nobody noted when its socket was empty: the time of the read before is taken."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    before = [0, *(line["t_ns"] for line in lines)]
    return [Read(line["t_ns"], line["b"].encode("latin-1"), since) for line, since in zip(lines, before, strict=False)]
