"""Bytes to lines, after WHATWG HTML 9.2.5 and 9.2.6, whatever way the bytes are cut.

Only CRLF, LF and CR end a line. ``bytes.splitlines`` agrees, but it cannot know that a CR at the end of one read and
an LF at the start of the next are a single line end.
"""

from __future__ import annotations

from locust_eventsource.errors import LimitExceeded

_BOM = b"\xef\xbb\xbf"


class LineEnds:
    """Turns every line end into LF and drops one leading byte order mark (the "UTF-8 decode" of the Encoding standard).

    A CR ends its line at once: an event is not held back until the byte after its last CR arrives.

    ``settled``: no byte is held and no LF may belong to a CR before it, so that text without a CR passes as it is.
    """

    __slots__ = ("_at_start", "_held", "settled")

    def __init__(self) -> None:
        self._held = b""
        self._at_start = True
        self.settled = False

    def feed(self, data: bytes) -> bytes:
        """The same text with LF alone as its line end; up to two bytes are held while they may begin a mark."""
        if not self.settled and data:
            data = self._without_mark(data) if self._at_start else data.removeprefix(b"\n")
            self.settled = not self._at_start
        if b"\r" in data:
            self.settled = not data.endswith(b"\r")
            return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _without_mark(self, data: bytes) -> bytes:
        data = self._held + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._held = data
            return b""
        self._held, self._at_start = b"", False
        return data.removeprefix(_BOM)


class LineSplitter:
    """Cuts LF-ended text to lines. Linear in the bytes fed, also for a byte at a time or a line of many reads."""

    __slots__ = ("_max_line_bytes", "_partial")

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._partial: bytearray | None = None

    @property
    def at_line_start(self) -> bool:
        """Whether no byte of an unfinished line is held."""
        return not self._partial

    def feed(self, text: bytes) -> list[bytes]:
        """The lines that ``text`` completes, without their ends; the rest is held.

        Sizes are not judged here but by :meth:`check`, line by line, so that the lines before a too large one count.
        """
        head, newline, rest = text.partition(b"\n")
        if self._partial is not None:
            self._partial += head
        elif head:
            self._partial = bytearray(head)
        if not newline:
            return []
        lines = rest.split(b"\n")
        lines.insert(0, bytes(self._partial or b""))
        last = lines.pop()
        self._partial = bytearray(last) if last else None
        return lines

    def check(self, line: bytes | None = None) -> None:
        """Raises :class:`LimitExceeded` when ``line`` (or the unfinished line held) is larger than the limit."""
        if len((self._partial or b"") if line is None else line) > self._max_line_bytes:
            raise LimitExceeded("a line of the event stream", "max_line_bytes", self._max_line_bytes)

    def discard(self) -> None:
        """Forgets the unfinished line."""
        self._partial = None
