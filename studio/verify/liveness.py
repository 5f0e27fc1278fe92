"""Whether a stream is alive and prompt: keep-alives in silence, whole events, and none held back.

A reader that was itself late must not blame the service. So nothing is concluded from the time at which it read, only
from moments at which its socket held nothing (``Read.empty_ns``): what it read later came later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from studio.contract import parse_envelope
from studio.verify.dissection import Block, Dissector
from studio.verify.findings import Check, Finding, failed, passed
from studio.verify.hygiene import Kind, block_findings, head_findings
from studio.verify.wire import Read

KEEP_ALIVE: Final = "stream.keep_alive"
PROMPT: Final = "stream.prompt"

STALL_NS: Final = 500_000_000
"""Nothing may come for so long in the middle of an event."""
HELD_NS: Final = 150_000_000
"""An event that comes later by so much than one published after it was held back."""
_HELD_EVENTS: Final = 5
_HELD_SHARE: Final = 0.2
_MS: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_SHOWN_BYTES: Final = 160

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name=KEEP_ALIVE,
        holds="a silent stream sent a keep-alive within the promised period",
        promise="on the streams that were read by hand, no silence was longer than `--keep-alive` and a tolerance of "
        "1 s and a tenth of the period",
        blind="keep-alives between events that come closer together than the period; a promise of none "
        "(`--keep-alive 0`)",
        unknown="when an idle stream was not watched for as long as the period and its tolerance",
    ),
    Check(
        name=PROMPT,
        holds="every event came in one go, and none was held back for later ones",
        promise=f"on the streams that were read by hand, no event stood half written for {STALL_NS // _MS} ms, and "
        "events did not come in lumps as a buffering proxy hands them out: fewer than one in five came later by "
        f"{HELD_NS // _MS} ms or more than one that was published after it",
        blind="a delay that is the same for all events, which is a matter of `delivery`; lumps on activity streams, "
        "whose timestamps are the agent's; the time for which the tester itself did not look",
        unknown="never",
    ),
)


def tolerated_s(period_s: float) -> float:
    """How long a silence may be, in seconds, where a keep-alive is promised every ``period_s`` seconds."""
    return period_s * 1.1 + 1


class Inspection:
    """One stream under inspection: give it what was read, as it comes, and it says what is to be said of it.

    Its memory does not grow with the stream.
    """

    def __init__(self, stream: str, kind: Kind, *, keep_alive_s: float) -> None:
        """``stream`` names it in findings; ``keep_alive_s`` is the promised period, 0 where none is promised."""
        self._stream = stream
        self._kind = kind
        self._keep_alive_s = keep_alive_s
        self._wire = Dissector()
        self._head_judged = False
        self._silence_told_ns = 0
        self._stall_told = False
        self._events = 0
        self._held = 0
        self.keep_alives = 0
        """Comments so far."""

    def look(self, reads: Iterable[Read], empty_ns: int) -> list[Finding]:
        """Judge what came since the last look; the socket held nothing at ``empty_ns`` (0: not known)."""
        findings: list[Finding] = []
        for read in reads:
            findings += self._silence(read.empty_ns)
            blocks = self._wire.feed(read)
            findings += self._head()
            for block in blocks:
                findings += block_findings(block, self._kind, self._stream)
                findings += self._block(block)
            findings += self._lump(blocks)
        return [*findings, *self._silence(empty_ns), *self._half_written(empty_ns)]

    def _head(self) -> list[Finding]:
        if self._head_judged or self._wire.head is None:
            return []
        self._head_judged = True
        return head_findings(self._wire.head, self._stream)

    def _silence(self, empty_ns: int) -> list[Finding]:
        """A silence that is proven to have lasted until ``empty_ns`` is told of once."""
        since_ns = self._wire.last_ns
        told = self._silence_told_ns == since_ns
        if not (self._keep_alive_s and since_ns) or told or self._wire.complete:
            return []
        if empty_ns - since_ns <= tolerated_s(self._keep_alive_s) * _SECOND:
            return []
        self._silence_told_ns = since_ns
        what = (
            f"{self._stream}: not a byte came for {(empty_ns - since_ns) / _SECOND:.1f} s, where a keep-alive is "
            f"promised every {self._keep_alive_s:g} s"
        )
        return [failed(KEEP_ALIVE, what, stream=self._stream, silent_since_ns=since_ns, silent_until_ns=empty_ns)]

    def _block(self, block: Block) -> list[Finding]:
        if not block.is_event:
            self.keep_alives += 1
            return [passed(KEEP_ALIVE)] if self._keep_alive_s else []
        stall_told, self._stall_told = self._stall_told, False
        if block.stalled_ns < STALL_NS:
            return [passed(PROMPT)]
        return [] if stall_told else [self._stalled(block.data, block.offset, block.stalled_ns)]

    def _half_written(self, empty_ns: int) -> list[Finding]:
        """The beginning of an event whose rest does not come."""
        stalled_ns = empty_ns - self._wire.last_ns
        pending = self._wire.pending
        if self._stall_told or not pending or stalled_ns < STALL_NS or self._wire.malformed:
            return []
        self._stall_told = True
        return [self._stalled(pending, self._wire.pending_offset, stalled_ns)]

    def _stalled(self, data: bytes, offset: int, stalled_ns: int) -> Finding:
        what = (
            f"{self._stream}: an event was half written, then nothing came for {stalled_ns / _MS:.0f} ms or longer, at "
            f"byte {offset} of the response"
        )
        shown = repr(data[:_SHOWN_BYTES])
        return failed(PROMPT, what, stream=self._stream, offset=offset, bytes=shown, stalled_ms=stalled_ns // _MS)

    def _lump(self, blocks: list[Block]) -> list[Finding]:
        """Events that came in one read although they were published apart."""
        if self._kind is not Kind.GLOBAL:
            return []
        stamps = [(stamp, block) for block in blocks if (stamp := _timestamp(block)) is not None]
        self._events += len(stamps)
        if not stamps:
            return []
        last_ns, last = max(stamps, key=lambda pair: pair[0])
        # Where no empty moment is known the window has no beginning, and nothing was held back for longer.
        window_ns = last.last.at_ns - last.last.empty_ns
        held = [stamp for stamp, _ in stamps if last_ns - stamp - window_ns > HELD_NS]
        if not held:
            return []
        self._held += len(held)
        if self._held < _HELD_EVENTS or self._held < _HELD_SHARE * self._events:
            return []
        apart_ms, window_ms = (last_ns - min(held)) / _MS, window_ns / _MS
        what = (
            f"{self._stream}: {len(stamps)} events dated up to {apart_ms:.0f} ms apart came within {window_ms:.0f} ms: "
            "they were held back and handed out together, as by a proxy that buffers "
            f"({self._held} of {self._events} events so far)"
        )
        return [failed(PROMPT, what, stream=self._stream, offset=blocks[0].offset, events=len(stamps), held=len(held))]


def _timestamp(block: Block) -> int | None:
    """The server's time in an event of the global stream; None for what is none."""
    if not block.is_event:
        return None
    start, end = block.data.find(b"{"), block.data.rfind(b"}")
    try:
        return parse_envelope(block.data[start : end + 1].decode()).timestamp_ns
    except ValueError:
        return None
