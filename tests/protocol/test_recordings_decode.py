"""Recordings of whole answers decode to the same events however they are cut."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from locust_eventsource.errors import IncompleteRead
from locust_eventsource.protocol.content_coding import content_decoder
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseReader
from locust_eventsource.protocol.response_policy import Open, judge_response
from tests.protocol.spec_decoder import Outcome, spec_decode

_OWN = Path(__file__).parent.parent / "recordings"
_CAPTURES = os.environ.get("STUDIO_CAPTURES")


def _recordings() -> list[Path]:
    folders = [_OWN, *([Path(_CAPTURES)] if _CAPTURES else [])]
    return [path for folder in folders for path in sorted(folder.glob("*.jsonl"))]


_RECORDINGS = _recordings()


def _reads(path: Path) -> list[bytes]:
    return [json.loads(line)["b"].encode("latin-1") for line in path.read_text("utf-8").splitlines()]


def _decode(pieces: list[bytes]) -> tuple[Outcome, bytes, bool]:
    reader, decoder = ResponseReader(), EventStreamDecoder()
    events, body = [], bytearray()
    for piece in pieces:
        part = reader.feed(piece)
        body += part
        events += decoder.feed(part)
    assert reader.head is not None
    assert judge_response(reader.head) == Open()
    assert b"".join(content_decoder(reader.head.get("Content-Encoding")).decode(b"x")) == b"x"
    try:
        reader.end()
        clean = True
    except IncompleteRead:
        clean = False
    decoder.end()
    return Outcome(events, decoder.last_event_id, decoder.retry_ms, decoder.comments), bytes(body), clean


def _random_cut(raw: bytes, seed: int) -> list[bytes]:
    generator = random.Random(seed)
    places = sorted(generator.randrange(len(raw) + 1) for _ in range(generator.randrange(1, 200)))
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


@pytest.mark.skipif(
    not _CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings in it"
)
def test_the_folder_of_recordings_holds_some() -> None:
    assert [path for path in _RECORDINGS if path.parent != _OWN], f"no *.jsonl in STUDIO_CAPTURES={_CAPTURES}"


@pytest.mark.parametrize("path", _RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_decodes_to_the_same_events_however_it_is_cut(path: Path) -> None:
    reads = _reads(path)
    raw = b"".join(reads)
    expected = _decode(reads)
    outcome, body, _ = expected
    assert outcome == spec_decode(body)
    assert outcome.events or outcome.comments
    assert _decode([raw]) == expected
    assert _decode([bytes([byte]) for byte in raw]) == expected
    for seed in range(20):
        assert _decode(_random_cut(raw, seed)) == expected, seed
    if len(raw) <= 3000:
        for at in range(len(raw)):
            assert _decode([raw[:at], raw[at:]]) == expected, at
