"""Whether a stream is well-formed on the wire: its head, its chunks, its text and its envelopes, block by block.

Everything is judged by the bytes alone, so a reader of a recording comes to the same findings.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any, Final

from locust_eventsource.errors import RefusedResponse
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseHead
from locust_eventsource.protocol.response_policy import judge_response
from studio.contract import Envelope, parse_envelope
from studio.verify.dissection import Block
from studio.verify.findings import Check, Finding, failed, passed, unknown

CONTENT_TYPE: Final = "stream.content_type"
CHUNKS: Final = "stream.chunks"
ENCODING: Final = "stream.encoding"
ENVELOPE: Final = "stream.envelope"

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name=CONTENT_TYPE,
        holds="every stream was answered 200 as an uncached text/event-stream",
        promise="each answer that a stream got with status 200 had the type text/event-stream; those that were read by "
        "hand also said no-cache and named neither a length nor a coding of the content",
        blind="the cache headers of streams that were not read by hand; answers of another status, refusals",
        unknown="never",
    ),
    Check(
        name=CHUNKS,
        holds="every event came as one chunk",
        promise="on the streams that were read by hand, each event was one HTTP chunk of its own, history and replays "
        "included",
        blind="what the service sent, where a proxy stands before it: chunks are made anew on every hop",
        unknown="where the body is not chunked, as for HTTP/1.0",
    ),
    Check(
        name=ENCODING,
        holds="every event was valid UTF-8",
        promise="each event on the streams that were read by hand was valid UTF-8, byte for byte",
        blind="text that was broken before it was encoded, such as a replacement character",
        unknown="never",
    ),
    Check(
        name=ENVELOPE,
        holds="every event carried a well-formed envelope that agrees with its fields",
        promise="each event's data was JSON with an id, a timestamp and an event of some type; the fields `id` and "
        "`event` said the same",
        blind="whether what the envelope says is true",
        unknown="never",
    ),
)

_SHOWN_BYTES: Final = 160
_AROUND: Final = 24
_ID_FIELD: Final = re.compile(rb"(?:^|[\r\n])id(?:: ?([^\r\n]*))?(?=[\r\n])")


class Kind(StrEnum):
    """Which of the two streams it is."""

    GLOBAL = "global"
    ACTIVITY = "activity"


def head_findings(head: ResponseHead, stream: str) -> list[Finding]:
    """Judge the head of a stream's answer; a refusal (another status than 200) is no matter of hygiene."""
    if head.status != 200:
        return []
    problems = [problem for problem in (_wrong_type(head), *_surprises(head)) if problem]
    if not problems:
        return [passed(CONTENT_TYPE)]
    headers = {name.lower(): value for name, value in head.headers}
    return [failed(CONTENT_TYPE, f"{stream}: {'; '.join(problems)}", stream=stream, headers=headers)]


def _wrong_type(head: ResponseHead) -> str:
    try:
        judge_response(head)
    except RefusedResponse as error:
        return str(error)
    return ""


def _surprises(head: ResponseHead) -> list[str]:
    caching = [part.strip().lower() for part in (head.get("Cache-Control") or "").split(",")]
    problems = []
    if not {"no-cache", "no-store"} & set(caching):
        problems.append(f"Cache-Control is {head.get('Cache-Control')!r}, so a cache on the way may keep the stream")
    for name in ("Content-Length", "Content-Encoding"):
        value = head.get(name)
        if value is not None and value.lower() != "identity":
            problems.append(f"it names a {name} of {value}, which an endless stream of plain text cannot have")
    return problems


def block_findings(block: Block, kind: Kind, stream: str) -> list[Finding]:
    """Judge one block by itself; what is no event is passed over."""
    if not block.is_event:
        return []
    return [_chunks(block, stream), _encoding(block, stream), _envelope(block, kind, stream)]


def _evidence(block: Block, stream: str) -> dict[str, object]:
    return {
        "stream": stream,
        "offset": block.offset,
        "at_ns": block.last.at_ns,
        "event_id": _id_of(block.data),
        "bytes": repr(block.data[:_SHOWN_BYTES]),
        "size": len(block.data),
    }


def _id_of(data: bytes) -> str:
    found = _ID_FIELD.search(data)
    return (found[1] or b"").decode("utf-8", "replace") if found else ""


def _chunks(block: Block, stream: str) -> Finding:
    if not block.chunks:
        return unknown(CHUNKS, "the body is not chunked")
    if block.chunks > 1:
        what = f"an event of {len(block.data)} bytes is split over {block.chunks} chunks"
    elif not block.is_alone:
        what = "an event shares its chunk with another block"
    else:
        return passed(CHUNKS)
    return failed(CHUNKS, f"{stream}: {what}, at byte {block.offset} of the response", **_evidence(block, stream))


def _encoding(block: Block, stream: str) -> Finding:
    try:
        block.data.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = block.data[error.start : error.end]
        around = block.data[max(0, error.start - _AROUND) : error.end + _AROUND]
        what = (
            f"{stream}: an event holds {wrong!r}, which is no UTF-8 ({error.reason}), at byte {error.start} of the "
            f"event: … {around!r} …"
        )
        return failed(ENCODING, what, **_evidence(block, stream), byte_in_event=error.start, around=repr(around))
    return passed(ENCODING)


def _envelope(block: Block, kind: Kind, stream: str) -> Finding:
    events = EventStreamDecoder().feed(block.data)
    event = events[0] if events else Event("message", "", "")
    problem = read_envelope(event)[1] if kind is Kind.GLOBAL else message_problem(event)
    if not problem:
        return passed(ENVELOPE)
    what = f"{stream}: {problem}, at byte {block.offset} of the response"
    return failed(ENVELOPE, what, **_evidence(block, stream), tail=repr(block.data[-_AROUND:]))


def read_envelope(event: Event) -> tuple[Envelope | None, str]:
    """The envelope in an event of the global stream, and what is wrong with the event; empty when nothing is.

    An envelope that only differs from the fields beside it is returned all the same.
    """
    try:
        envelope = parse_envelope(event.data)
    except ValueError as error:
        return None, f"an event of type {event.type!r} carries no envelope: {_json_problem(event.data, error)}"
    told = envelope.fields["type"]
    if event.last_event_id != envelope.id:
        return envelope, f"the field id is {event.last_event_id!r}, the envelope's id is {envelope.id!r}"
    if event.type != told:
        return envelope, f"the field event is {event.type!r}, the envelope's type is {told!r}"
    return envelope, ""


def message_problem(event: Event) -> str:
    """What is wrong with an event of an activity stream, which has no envelope; empty when nothing is."""
    try:
        message: Any = json.loads(event.data)
    except ValueError as error:
        return f"a message of type {event.type!r} is no JSON: {_json_problem(event.data, error)}"
    told = message.get("type") if isinstance(message, dict) else None
    return "" if told == event.type else f"the field event is {event.type!r}, the message's type is {told!r}"


def _json_problem(data: str, error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError) and not data.rstrip().endswith("}"):
        return f"the JSON breaks off after {len(data)} characters ({error})"
    return str(error)
