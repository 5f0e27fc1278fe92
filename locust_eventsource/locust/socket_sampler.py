"""What the kernel says of the open streams' connections, sampled in turn: round trip, retransmits, unread bytes."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Final

from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.stream import EventStream
from locust_eventsource.stream_types import SocketFacts

STREAMS_A_ROUND: Final = 200
"""Streams that one round asks: two system calls each, so that 10,000 streams cost no more than 200."""


class SocketSampler:
    """The samples of one process, recorded as ``rtt``, ``retransmits`` and ``out_of_order``.

    Of a connection that closes between two rounds the counts since the last look are not known.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen: dict[EventStream, SocketFacts] = {}
        self._next = 0
        self.unread_peak: int | None = None
        """The most bytes that were seen waiting in one stream's receive queue; None while nothing was asked."""

    def sample(self, streams: Collection[EventStream], at_ns: int) -> None:
        """Look at the next streams in turn. ``streams`` are those open now, in an order that does not change."""
        if len(self._seen) > 2 * len(streams):
            self._seen = {stream: facts for stream, facts in self._seen.items() if stream in streams}
        if self._next >= len(streams):
            self._next = 0
        for stream in islice(streams, self._next, self._next + STREAMS_A_ROUND):
            facts = stream.socket_facts()
            if facts is not None:
                self._record(stream, facts, at_ns)
        self._next += STREAMS_A_ROUND

    def _record(self, stream: EventStream, facts: SocketFacts, at_ns: int) -> None:
        before = self._seen.get(stream)
        self._seen[stream] = facts
        self.unread_peak = max(self.unread_peak or 0, facts.unread_bytes)
        if facts.rtt_us:
            self._recorder.record("rtt", facts.rtt_us * 1_000, at_ns)
        if before is None or facts.retransmits < before.retransmits or facts.out_of_order < before.out_of_order:
            # Another connection of the stream: its counts began at 0.
            before = facts._replace(retransmits=0, out_of_order=0)
        self._recorder.count("retransmits", facts.retransmits - before.retransmits)
        self._recorder.count("out_of_order", facts.out_of_order - before.out_of_order)
