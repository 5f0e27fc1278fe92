"""What a delta costs on its way to the master: who has an event is spelled out only where it differs."""

from __future__ import annotations

import msgpack  # type: ignore[import-untyped]

from studio.verify.capture import Capture
from tests.verify.verify_world import MS, envelope

STREAMS, EVENTS = 1_000, 100


def size(*, lacking: int) -> int:
    """Bytes of the delta with the arrivals of 100 events on 1,000 streams, the first few each lacking on one stream."""
    capture = Capture()
    for stream in range(STREAMS):
        capture.stream_opened(stream, 0)
    capture.take(0)
    for number in range(EVENTS):
        event = envelope(f"e{number:03}", "task.created", "t", 1_000)
        for stream in range(STREAMS):
            if number >= lacking or stream != number:
                capture.arrived(stream, event, 1_001 * MS, replayed=False)
    return len(msgpack.dumps(capture.take(2_000 * MS)))


def test_a_set_of_streams_that_many_events_share_is_sent_once() -> None:
    bitmap, sets = STREAMS // 8, 5
    facts = len(msgpack.dumps(["e000", "task.created", "t", "", "", *[1_000 * MS] * 5]))
    assert size(lacking=0) < EVENTS * (facts + 3) + sets * bitmap


def test_only_differences_are_spelled_out() -> None:
    alike, different = size(lacking=0), size(lacking=10)
    assert different - alike < 10 * (STREAMS // 8 + 8)
