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
    """

    __slots__ = ("_after_cr", "_at_start", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._at_start = True
        self._after_cr = False

    def feed(self, data: bytes) -> bytes:
        """The same text with LF alone as its line end; up to two bytes are held while they may begin a mark."""
        if self._at_start:
            data = self._without_mark(data)
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
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
        self._partial = bytearray()

    @property
    def at_line_start(self) -> bool:
        """Whether no byte of an unfinished line is held."""
        return not self._partial

    def feed(self, text: bytes) -> list[bytes]:
        """The lines that ``text`` completes, without their ends; the rest is held.

        Sizes are not judged here but by :meth:`check`, line by line, so that the lines before a too large one count.
        """
        head, newline, rest = text.partition(b"\n")
        self._partial += head
        if not newline:
            return []
        lines = rest.split(b"\n")
        lines.insert(0, bytes(self._partial))
        self._partial = bytearray(lines.pop())
        return lines

    def check(self, line: bytes | None = None) -> None:
        """Raises :class:`LimitExceeded` when ``line`` (or the unfinished line held) is larger than the limit."""
        if len(self._partial if line is None else line) > self._max_line_bytes:
            raise LimitExceeded("a line of the event stream", "max_line_bytes", self._max_line_bytes)

    def discard(self) -> None:
        """Forgets the unfinished line."""
        self._partial = bytearray()
