"""Well-formed on the wire: what each checker takes for right, and how it names what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.http_response import ResponseHead
from studio.verify.dissection import Dissector
from studio.verify.findings import Finding
from studio.verify.hygiene import Kind, block_findings, head_findings, message_problem, read_envelope
from studio.verify.liveness import Inspection
from studio.verify.wire import Read
from tests.verify.wire_bytes import HEAD, PLAIN_HEAD, START, chunk, event, read, recorded, recordings

RIGHT = (("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("transfer-encoding", "chunked"))


def head(*headers: tuple[str, str], status: int = 200) -> list[Finding]:
    return head_findings(ResponseHead("1.1", status, "OK", headers), "/api/events")


def judged(raw: bytes, kind: Kind = Kind.GLOBAL) -> dict[str, Finding]:
    """The findings on the first block of a body, by the check."""
    (block, *_) = Dissector().feed(Read(START, HEAD + raw if raw[:5] != b"HTTP/" else raw))
    return {finding.check: finding for finding in block_findings(block, kind, "/api/events")}


def test_the_head_of_an_event_stream_passes() -> None:
    assert [finding.verdict for finding in head(*RIGHT)] == ["pass"]
    parameters = ("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "private, No-Store")
    assert [finding.verdict for finding in head(*parameters, ("content-encoding", "identity"))] == ["pass"]


def test_a_refusal_is_no_matter_of_hygiene() -> None:
    assert head(("content-type", "application/json"), status=503) == []


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ((("content-type", "text/plain"), *RIGHT[1:]), "Content-Type is 'text/plain' instead of text/event-stream"),
        (RIGHT[1:], "no Content-Type"),
        ((RIGHT[0], RIGHT[2]), "Cache-Control is None"),
        ((*RIGHT, ("content-length", "1000")), "names a Content-Length of 1000"),
        ((*RIGHT, ("content-encoding", "gzip")), "names a Content-Encoding of gzip"),
    ],
)
def test_a_head_that_no_event_stream_has_is_named(headers: tuple[tuple[str, str], ...], words: str) -> None:
    (finding,) = head(*headers)
    assert finding.verdict == "fail"
    assert words in finding.what
    assert finding.evidence["headers"] == dict(headers)


def test_a_right_event_passes_and_a_comment_is_passed_over() -> None:
    assert {name: finding.verdict for name, finding in judged(chunk(event(1))).items()} == {
        "stream.chunks": "pass",
        "stream.encoding": "pass",
        "stream.envelope": "pass",
    }
    assert judged(chunk(b": keep-alive\n\n")) == {}


def test_an_event_that_is_not_one_chunk_is_named() -> None:
    whole = event(1)
    split = judged(chunk(whole[:40]) + chunk(whole[40:]))["stream.chunks"]
    assert (split.verdict, split.evidence["offset"], split.evidence["event_id"]) == ("fail", len(HEAD) + 4, "e1")
    assert f"an event of {len(whole)} bytes is split over 2 chunks" in split.what
    assert "shares its chunk" in judged(chunk(whole, event(2)))["stream.chunks"].what
    assert "shares its chunk" in judged(chunk(whole, b": keep-alive\n\n"))["stream.chunks"].what
    assert judged(PLAIN_HEAD + whole)["stream.chunks"].verdict == "unknown"


def test_bytes_that_are_no_utf8_are_shown_with_their_place() -> None:
    broken = event(1).replace("déjà".encode(), b"d\xe9j\xe0", 1)
    finding = judged(chunk(broken))["stream.encoding"]
    assert finding.verdict == "fail"
    assert finding.evidence["byte_in_event"] == broken.index(b"\xe9")
    assert "b'\\xe9'" in finding.what and "invalid continuation byte" in finding.what
    assert judged(chunk(broken))["stream.envelope"].verdict == "pass"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (event(1)[:-30] + b"\n\n", "the JSON breaks off after"),
        (b"data: {]}\n\n", "carries no envelope: Expecting property name"),
        (b"id: 1\nevent: x\ndata: []\n\n", "carries no envelope: the data is not an envelope"),
        (b"id: 1\nevent: x\ndata\n\n", "the JSON breaks off after 0 characters"),
        (b"data:\n\n", "the JSON breaks off after 0 characters"),
        (event(1, event_id="e2"), "the field id is 'e2', the envelope's id is 'e1'"),
        (event(1, event_type="x"), "the field event is 'x', the envelope's type is 'task.created'"),
        (event(1).replace(b"id: e1\n", b"", 1), "the field id is ''"),
    ],
)
def test_an_envelope_that_is_wrong_or_differs_from_its_fields_is_named(block: bytes, words: str) -> None:
    finding = judged(chunk(block))["stream.envelope"]
    assert finding.verdict == "fail"
    assert words in finding.what


def test_the_fields_of_an_event_are_compared_with_its_envelope() -> None:
    data = event(1).partition(b"data: ")[2].decode()
    for event_type, event_id, problem in (
        ("task.created", "e1", ""),
        ("x", "e1", "field event"),
        ("x", "e2", "field id"),
    ):
        envelope, told = read_envelope(Event(event_type, data, event_id))
        assert envelope is not None and envelope.id == "e1"
        assert problem in told and bool(problem) is bool(told)


@pytest.mark.parametrize(
    ("data", "words"),
    [('{"type":"finished"}', ""), ('{"type":"x"}', "'x'"), ("[]", "None"), ('{"type"', "breaks off"), ("{]}", "Exp")],
)
def test_a_message_of_an_activity_stream_is_json_of_its_type(data: str, words: str) -> None:
    problem = message_problem(Event("finished", data, "0"))
    assert bool(problem) is bool(words)
    assert words in problem
    finding = judged(chunk(f"id: 0\nevent: finished\ndata: {data}\n\n".encode()), Kind.ACTIVITY)["stream.envelope"]
    assert finding.verdict == ("fail" if words else "pass")


def test_an_inspection_judges_head_and_blocks_once() -> None:
    inspection = Inspection("/api/events", Kind.GLOBAL, keep_alive_s=15)
    findings = inspection.look([read(0, HEAD[:30]), read(1, HEAD[30:] + chunk(event(1)))], 0)
    findings += inspection.look([read(2, chunk(event(2)))], 0)
    names = [finding.check for finding in findings]
    assert names.count("stream.content_type") == 1
    assert names.count("stream.envelope") == names.count("stream.prompt") == 2
    assert {finding.verdict for finding in findings} == {"pass"}


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_what_the_service_really_sends_is_well_formed(path: Path) -> None:
    kind = Kind.ACTIVITY if "activity" in path.stem or "-iii-" in path.stem else Kind.GLOBAL
    inspection = Inspection(path.stem, kind, keep_alive_s=15)
    findings: list[Any] = [finding for one in recorded(path) for finding in inspection.look([one], one.empty_ns)]
    assert [finding for finding in findings if finding.verdict != "pass"] == []
    assert {"stream.content_type", "stream.chunks", "stream.encoding", "stream.envelope", "stream.prompt"} <= {
        finding.check for finding in findings
    }
