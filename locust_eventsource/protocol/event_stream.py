"""The event stream interpreted: bytes to events, after WHATWG HTML 9.2.6."""

from __future__ import annotations

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.fields import (
    MAX_CACHED_BLOCK_BYTES,
    Block,
    BlockBuilder,
    decode_large_block,
    decode_small_block,
)
from locust_eventsource.protocol.lines import LineEnds, LineSplitter

DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024
DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024


class EventStreamDecoder:
    """Decodes the body of one connection, fed in pieces cut anywhere.

    ``last_event_id`` is the event source's last event ID string. Give the next connection's decoder the value of the
    last one's: the id then outlives the connection, as in browsers, and an event without id carries it.
    ``retry_ms`` is the last valid reconnection time in milliseconds, None until the server names one.
    ``comments`` counts comment lines (keep-alives). ``ended_with_event``: the last block that ended was an event.
    ``salvaged`` holds, after :meth:`feed` has raised, the events that were complete before the fault.

    Another reader may cut the body into blocks and give them to :meth:`feed_block`, from where ``at_boundary`` is true
    on. Blocks of up to ``small_block_bytes`` may then also be decoded by
    :func:`~locust_eventsource.protocol.fields.decode_small_block`, if their effects are seen to.
    """

    __slots__ = (
        "_block",
        "_inside_block",
        "_large_block_bytes",
        "_line_ends",
        "_lines",
        "_max_event_bytes",
        "_salvaged",
        "comments",
        "ended_with_event",
        "last_event_id",
        "retry_ms",
        "small_block_bytes",
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
        self._large_block_bytes = min(max_line_bytes, max_event_bytes - 1)
        self.small_block_bytes = min(self._large_block_bytes, MAX_CACHED_BLOCK_BYTES)
        self._block: BlockBuilder | None = None
        self._inside_block = False
        self._salvaged: list[Event] | None = None
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self.comments = 0
        self.ended_with_event = False

    @property
    def salvaged(self) -> list[Event]:
        """The events before the fault that :meth:`feed` has raised."""
        return self._salvaged or []

    @property
    def at_boundary(self) -> bool:
        """Whether the next byte begins a block: nothing is held, neither an LF nor a byte order mark is due."""
        return self._line_ends.settled and not self._inside_block

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes. Raises :class:`LimitExceeded`; the decoder is then of no more use."""
        ends = self._line_ends
        text = data if ends.settled and b"\r" not in data else ends.feed(data)
        events: list[Event] = []
        try:
            if self._inside_block or not text.endswith(b"\n\n"):
                self._feed_cut(text, events)
            else:
                self._feed_blocks(text, events)
        except Exception:
            self._salvaged = events
            raise
        return events

    def feed_block(self, block: bytes) -> Event | None:
        """Takes one whole block, ``at_boundary``: what it dispatches, after all its other effects.

        ``block`` is what stands between two blank lines, with LF as the line end and without the last one; blank lines
        at its edges change nothing. Raises :class:`LimitExceeded`; the decoder is then of no more use.
        """
        if len(block) <= self.small_block_bytes:
            return self._apply(decode_small_block(block))
        plain = decode_large_block(block) if len(block) <= self._large_block_bytes else None
        if plain is not None:
            return self._apply(plain)
        events: list[Event] = []
        self._feed_lines(block + b"\n\n", events)
        return events[0] if events else None

    def end(self) -> None:
        """The body ended: an event that no blank line has completed is dropped with its id. A next body may follow."""
        self._line_ends = LineEnds()
        self._lines.discard()
        self._block = None
        self._inside_block = False

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
        blocks = text.split(b"\n\n")
        rest = blocks.pop()
        for block in blocks:
            event = self.feed_block(block)
            if event is not None:
                events.append(event)
        if rest:
            self.ended_with_event = False

    def _feed_lines(self, text: bytes, events: list[Event]) -> None:
        """Takes any text, line by line, so that limits hold and ``retry`` acts before the block is complete."""
        for line in self._lines.feed(text):
            if line:
                self._lines.check(line)
                if self._block is None:
                    self._block = BlockBuilder(self._max_event_bytes)
                self._block.add(line)
            elif self._block is not None:
                self._end_block(self._block, events)
            else:
                self.ended_with_event = False
        self._lines.check()
        if self._block is not None:
            self._take_settings(self._block)
        self._inside_block = self._block is not None or not self._lines.at_line_start

    def _end_block(self, block: BlockBuilder, events: list[Event]) -> None:
        self._block = None
        event = self._apply(block.finish())
        if event is not None:
            events.append(event)

    def _take_settings(self, block: BlockBuilder) -> None:
        self.comments += block.comments
        block.comments = 0
        if block.retry_ms is not None:
            self.retry_ms, block.retry_ms = block.retry_ms, None

    def _apply(self, block: Block) -> Event | None:
        event, event_id, retry_ms, comments = block
        if event_id is not None:
            self.last_event_id = event_id
        if retry_ms is not None:
            self.retry_ms = retry_ms
        if comments:
            self.comments += comments
        self.ended_with_event = event is not None
        if event is not None and event_id is None and self.last_event_id:
            return tuple.__new__(Event, (event[0], event[1], self.last_event_id))
        return event
