"""WHATWG HTML 9.2.6 written down step by step over a whole body: slow, plain, and the oracle of the decoder's tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder

_LINE_END = re.compile("\r\n|\n|\r")


@dataclass
class Outcome:
    """Everything that can be seen of a decoded body."""

    events: list[Event] = field(default_factory=list)
    last_event_id: str = ""
    retry_ms: int | None = None
    comments: int = 0


class _SpecDecoder:
    def __init__(self, last_event_id: str) -> None:
        self.outcome = Outcome(last_event_id=last_event_id)
        self.data_buffer = ""
        self.event_type_buffer = ""
        self.last_event_id_buffer = last_event_id

    def process_line(self, line: str) -> None:
        if line == "":
            self.dispatch()
        elif line[0] == ":":
            self.outcome.comments += 1
        elif ":" in line:
            name, value = line.split(":", 1)
            self.process_field(name, value[1:] if value[:1] == " " else value)
        else:
            self.process_field(line, "")

    def process_field(self, name: str, value: str) -> None:
        if name == "event":
            self.event_type_buffer = value
        elif name == "data":
            self.data_buffer += value + "\n"
        elif name == "id" and "\0" not in value:
            self.last_event_id_buffer = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.outcome.retry_ms = min(int(value), 10**15)

    def dispatch(self) -> None:
        self.outcome.last_event_id = self.last_event_id_buffer
        data, event_type = self.data_buffer, self.event_type_buffer
        self.data_buffer = self.event_type_buffer = ""
        if data == "":
            return
        self.outcome.events.append(Event(event_type or "message", data[:-1], self.outcome.last_event_id))


def spec_decode(body: bytes, last_event_id: str = "") -> Outcome:
    """What the standard says that ``body`` means, incomplete last line and event discarded."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    decoder = _SpecDecoder(last_event_id)
    for line in _LINE_END.split(text)[:-1]:
        decoder.process_line(line)
    return decoder.outcome


def decode(pieces: list[bytes], last_event_id: str = "") -> Outcome:
    """What the product's decoder makes of a body that comes in ``pieces``."""
    decoder = EventStreamDecoder(last_event_id=last_event_id)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    decoder.end()
    return Outcome(events, decoder.last_event_id, decoder.retry_ms, decoder.comments)


def cuts(body: bytes) -> list[list[bytes]]:
    """The body whole, cut in two at every position, and byte by byte."""
    halves = [[body[:at], body[at:]] for at in range(len(body) + 1)]
    return [[body], *halves, [body[at : at + 1] for at in range(len(body))]]
