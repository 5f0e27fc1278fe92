"""The event stream interpreted: bytes to events, after WHATWG HTML 9.2.6."""

from __future__ import annotations

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.fields import MAX_CACHED_BLOCK_BYTES, Block, BlockBuilder, decode_small_block
from locust_eventsource.protocol.lines import LineEnds, LineSplitter

DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024
DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024


class EventStreamDecoder:
    """Decodes the body of one connection, fed in pieces cut anywhere.

    ``last_event_id`` is the event source's last event ID string. Give the next connection's decoder the value of the
    last one's: the id then outlives the connection, as in browsers, and an event without id carries it.
    ``retry_ms`` is the last valid reconnection time in milliseconds, None until the server names one.
    ``comments`` counts comment lines (keep-alives).
    ``salvaged`` holds, after :meth:`feed` has raised, the events that were complete before the fault.
    """

    __slots__ = (
        "_block",
        "_block_open",
        "_inside_block",
        "_line_ends",
        "_lines",
        "_max_event_bytes",
        "_small",
        "comments",
        "last_event_id",
        "retry_ms",
        "salvaged",
    )

    def __init__(
        self,
        *,
        last_event_id: str = "",
        max_line_bytes: int = DEFAULT_MAX_LINE_BYTES,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        """``max_line_bytes`` bounds a line without its end, ``max_event_bytes`` the data lines of one event."""
        self._line_ends = LineEnds()
        self._lines = LineSplitter(max_line_bytes)
        self._max_event_bytes = max_event_bytes
        # The limit counts a line end for each data line; a cut-out block has one less.
        self._small = min(max_line_bytes, max_event_bytes - 1, MAX_CACHED_BLOCK_BYTES)
        self._block = BlockBuilder(max_event_bytes)
        self._block_open = self._inside_block = False
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self.comments = 0
        self.salvaged: list[Event] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes. Raises :class:`LimitExceeded`; the decoder is then of no more use."""
        text = self._line_ends.feed(data)
        events: list[Event] = []
        try:
            if self._inside_block or not text.endswith(b"\n\n"):
                self._feed_cut(text, events)
            else:
                self._feed_blocks(text, events)
        except Exception:
            self.salvaged = events
            raise
        return events

    def end(self) -> None:
        """The body ended: an event that no blank line has completed is dropped with its id. A next body may follow."""
        self._line_ends = LineEnds()
        self._lines.discard()
        self._block = BlockBuilder(self._max_event_bytes)
        self._block_open = self._inside_block = False

    def _feed_cut(self, text: bytes, events: list[Event]) -> None:
        """Takes text cut anywhere: the end of the open block, whole blocks, the beginning of the next one."""
        start = self._end_of_open_block(text)
        if start:
            self._feed_lines(text[:start], events)
        end = text.rfind(b"\n\n", start) + 2
        if end > start + 1:
            self._feed_blocks(text[start:end], events)
            start = end
        if start < len(text):
            self._feed_lines(text[start:], events)

    def _end_of_open_block(self, text: bytes) -> int:
        """How much of ``text`` belongs to the block that an earlier read has begun."""
        if not self._inside_block:
            return 0
        if self._lines.at_line_start and text.startswith(b"\n"):
            return 1
        blank = text.find(b"\n\n")
        return len(text) if blank < 0 else blank + 2

    def _feed_blocks(self, text: bytes, events: list[Event]) -> None:
        """Takes whole blocks: the common case, one block a read, is one look-up."""
        for block in text[:-2].split(b"\n\n"):
            if len(block) <= self._small:
                self._apply(decode_small_block(block), events)
            else:
                self._feed_lines(block + b"\n\n", events)

    def _feed_lines(self, text: bytes, events: list[Event]) -> None:
        """Takes any text, line by line, so that limits hold and ``retry`` acts before the block is complete."""
        for line in self._lines.feed(text):
            if line:
                self._lines.check(line)
                self._block_open = True
                self._block.add(line)
            elif self._block_open:
                self._end_block(events)
        self._lines.check()
        if self._block_open:
            self._take_settings()
        self._inside_block = self._block_open or not self._lines.at_line_start

    def _end_block(self, events: list[Event]) -> None:
        block, self._block = self._block, BlockBuilder(self._max_event_bytes)
        self._block_open = False
        self._apply(block.finish(), events)

    def _take_settings(self) -> None:
        block = self._block
        self.comments += block.comments
        block.comments = 0
        if block.retry_ms is not None:
            self.retry_ms, block.retry_ms = block.retry_ms, None

    def _apply(self, block: Block, events: list[Event]) -> None:
        event, event_id, retry_ms, comments = block
        if event_id is not None:
            self.last_event_id = event_id
        if retry_ms is not None:
            self.retry_ms = retry_ms
        if comments:
            self.comments += comments
        if event is None:
            return
        if event_id is None and self.last_event_id:
            event = Event(event.type, event.data, self.last_event_id)
        events.append(event)
