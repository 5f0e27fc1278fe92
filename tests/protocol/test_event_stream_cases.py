"""The standard's examples and edge cases, with each line end, cut at every position."""

from __future__ import annotations

import pytest

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from tests.protocol.spec_decoder import Outcome, cuts, decode, spec_decode

BOM = "\ufeff"


def message(data: str, last_event_id: str = "", type: str = "message") -> Event:
    return Event(type, data, last_event_id)


# name: (body with LF as its line end, what it means)
CASES: dict[str, tuple[str, Outcome]] = {
    "stock example": (
        "data: YHOO\ndata: +2\ndata: 10\n\n",
        Outcome([message("YHOO\n+2\n10")]),
    ),
    "four blocks, an id reset, a block never completed": (
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
        Outcome([message("first event", "1"), message("second event")], comments=1),
    ),
    "same, completed": (
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        Outcome([message("first event", "1"), message("second event"), message(" third event")], comments=1),
    ),
    "two events of empty data, the third incomplete": (
        "data\n\ndata\ndata\n\ndata:",
        Outcome([message(""), message("\n")]),
    ),
    "one optional space": ("data:test\n\ndata: test\n\n", Outcome([message("test"), message("test")])),
    "named events": (
        "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
        Outcome([message("73857293", type="add"), message("2153", type="remove")]),
    ),
    "the type falls back": (
        "event: a\nevent:\ndata: x\n\nevent: b\n\ndata: y\n\n",
        Outcome([message("x"), message("y")]),
    ),
    "the last type and id of a block count": (
        "id: 1\nevent: a\nid: 2\nevent: b\ndata: x\n\n",
        Outcome([message("x", "2", "b")], "2"),
    ),
    "the id carries over": (
        "id: 7\ndata: a\n\ndata: b\n\nid: 8\n\ndata: c\n\n",
        Outcome([message("a", "7"), message("b", "7"), message("c", "8")], "8"),
    ),
    "an id without data acts, its type does not": ("id: 5\nevent: e\n\n", Outcome([], "5")),
    "an id with NUL is ignored": (
        "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: 3\nid: \0\ndata: c\n\n",
        Outcome([message("a", "1"), message("b", "1"), message("c", "3")], "3"),
    ),
    "NUL elsewhere passes": ("event: a\0\ndata: b\0c\n\n", Outcome([message("b\0c", type="a\0")])),
    "the id of an incomplete event is dropped": (
        "id: 1\ndata: a\n\nid: 2\ndata: b\n",
        Outcome([message("a", "1")], "1"),
    ),
    "a retry acts at its line": ("retry: 10\ndata: a\n", Outcome(retry_ms=10)),
    "an incomplete retry line does not act": ("retry: 10\n\nretry: 20", Outcome(retry_ms=10)),
    "a retry alone dispatches nothing": ("retry: 1500\n\ndata: x\n\n", Outcome([message("x")], retry_ms=1500)),
    "a retry beside data": ("data: x\nretry:007\n\n", Outcome([message("x")], retry_ms=7)),
    "only digits make a retry": (
        "retry: 5\nretry\nretry:\nretry: \nretry: 1x\nretry: -1\nretry:  2\nretry: 3.0\nretry: +4\nretry: 1_0\n\n",
        Outcome(retry_ms=5),
    ),
    "digits of other scripts make no retry": ("retry: 5\nretry: \u0663\nretry: \u00b2\n\n", Outcome(retry_ms=5)),
    "comments": (":\n\n: a\n:data: b\ndata: c\n:d\n\n:e\n", Outcome([message("c")], comments=5)),
    "a comment inside a block": ("data: a\n: b\nid: 1\n:\n\n", Outcome([message("a", "1")], "1", comments=2)),
    "unknown fields": (
        "Data: a\ndatax: b\ndata : c\n data: d\n\tdata: e\n__class__: f\nunknown\ndata: g\n\n",
        Outcome([message("g")]),
    ),
    "lines of white space are fields of no meaning": (
        "data: a\n \n\t\ndata: b\n\u3000\n\x1c\n\n",
        Outcome([message("a\nb")]),
    ),
    "blank lines dispatch nothing": ("\n\n\ndata: a\n\n\n\n\n\ndata: b\n\n\n", Outcome([message("a"), message("b")])),
    "only CR and LF end lines": (
        "data: a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i\nevent: \x0b\u2028\n\n",
        Outcome([message("a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i", type="\x0b\u2028")]),
    ),
    "values of white space": ("data: \ndata:  \ndata:\t\n\n", Outcome([message("\n \n\t")])),
    "colons in values": ("data: a: b:c\nid:: 1\n\n", Outcome([message("a: b:c", ": 1")], ": 1")),
    "characters of two, three and four bytes": (
        "id: \u00e9\u20ac\U0001f600\nevent: \u00fc\ndata: \u20ac\U0001f600\n\n",
        Outcome([message("\u20ac\U0001f600", "\u00e9\u20ac\U0001f600", "\u00fc")], "\u00e9\u20ac\U0001f600"),
    ),
    "one byte order mark": (BOM + "data: a\n\n", Outcome([message("a")])),
    "a second byte order mark is part of the name": (BOM + BOM + "data: a\ndata: b\n\n", Outcome([message("b")])),
    "a later byte order mark is text": (
        "data: " + BOM + "a\n\n" + BOM + "data: b\ndata: c\n\n",
        Outcome([message(BOM + "a"), message("c")]),
    ),
    "a byte order mark before a blank line": (BOM + "\ndata: a\n\n", Outcome([message("a")])),
    "nothing": ("", Outcome()),
    "a lone byte order mark": (BOM, Outcome()),
    "no line end at all": ("data: a", Outcome()),
    "no blank line at the end": ("data: a\nid: 9\n", Outcome()),
    "a leading blank line and a plain block": ("\ndata: a\n\n", Outcome([message("a")])),
}


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize("name", CASES)
def test_a_body_means_the_same_with_every_line_end_and_however_it_is_cut(name: str, line_end: str) -> None:
    text, expected = CASES[name]
    body = text.replace("\n", line_end).encode()
    assert spec_decode(body) == expected
    for pieces in cuts(body):
        assert decode(pieces) == expected, pieces


ILL_FORMED = {
    "a lone continuation byte": (b"\x80", "\ufffd"),
    "a byte that never occurs": (b"a\xffb\xfec", "a\ufffdb\ufffdc"),
    "an overlong slash": (b"\xc0\xaf", "\ufffd\ufffd"),
    "an encoded surrogate": (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    "a truncated sequence is one replacement": (b"\xe2\x82", "\ufffd"),
    "a truncated sequence before ASCII": (b"\xf0\x9f\x98x", "\ufffdx"),
    "beyond U+10FFFF": (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
}


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize("name", ILL_FORMED)
def test_ill_formed_utf_8_becomes_replacement_characters(name: str, line_end: bytes) -> None:
    raw, text = ILL_FORMED[name]
    lines = [b"id: " + raw, b"event: " + raw, b"data: " + raw, b"d" + raw + b"ta: x", b"", b""]
    body = line_end.join(lines)
    expected = Outcome([Event(text, text, text)], text)
    assert spec_decode(body) == expected
    for pieces in cuts(body):
        assert decode(pieces) == expected, pieces


def test_mixed_line_ends_are_told_apart() -> None:
    body = b"data: a\r\n\ndata: b\n\rdata: c\r\r\ndata: d\r\n\r\n\rdata: e\n\r\n"
    expected = Outcome([message(letter) for letter in "abcde"])
    for pieces in cuts(body):
        assert decode(pieces) == expected, pieces


def test_a_carriage_return_dispatches_without_waiting_for_the_next_byte() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\r\r") == [message("a")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"data: b\r\n\r") == [message("b")]
    assert decoder.feed(b"\ndata: c\r\n\r\n") == [message("c")]


def test_an_empty_read_between_cr_and_lf_changes_nothing() -> None:
    assert decode([b"data: a\r", b"", b"\ndata: b\r\n\r\n"]) == Outcome([message("a\nb")])


def test_the_id_is_kept_over_a_reconnection() -> None:
    first = EventStreamDecoder()
    first.feed(b"id: 41\ndata: a\n\n")
    second = EventStreamDecoder(last_event_id=first.last_event_id)
    assert second.feed(b"data: b\n\n") == [message("b", "41")]
    assert second.feed(b"id\ndata: c\n\n") == [message("c", "")]
    assert second.last_event_id == ""


def test_retry_and_comments_show_before_the_blank_line() -> None:
    decoder = EventStreamDecoder()
    decoder.feed(b"retry: 250\n: keep-alive\n:")
    assert (decoder.retry_ms, decoder.comments) == (250, 1)
    decoder.feed(b"\n")
    assert decoder.comments == 2


@pytest.mark.parametrize("tail", [b"data: z", b"data: z\n", b"data: z\r"])
def test_the_end_discards_what_no_blank_line_has_completed(tail: bytes) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(b"data: a\n\n" + tail)
    decoder.end()
    assert decoder.feed(b"\xef\xbb\xbfdata: b\n") == []
    assert decoder.feed(b"\n") == [message("b")]


def test_an_event_of_more_lines_than_are_parsed_at_once_is_whole() -> None:
    for count in (63, 64, 65, 128, 129):
        lines = [f"line {number}" for number in range(count)]
        body = "id: 1\nevent: e\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
        expected = Outcome([Event("e", "\n".join(lines), "1")], "1")
        assert decode([body.encode()]) == expected
        assert decode([body[:30].encode(), body[30:].encode()]) == expected


def test_a_large_event_does_not_disturb_the_next() -> None:
    large = "x" * 200_000
    assert decode([f"data: {large}\n\ndata: \u00e9\n\n".encode()]) == Outcome([message(large), message("\u00e9")])


def test_a_retry_of_thousands_of_digits_is_bounded() -> None:
    assert decode([b"retry: " + b"9" * 5000 + b"\n\n"]).retry_ms == 10**15
    assert decode([b"retry: 1000000000000001\n\n"]).retry_ms == 10**15
    assert decode([b"retry: 999999999999999\n\n"]).retry_ms == 10**15 - 1
    assert decode([b"retry: " + b"0" * 5000 + b"12\n\n"]).retry_ms == 12
    assert decode([b"retry: 000\n\n"]).retry_ms == 0


def test_the_same_block_on_two_streams_takes_each_streams_own_id() -> None:
    assert decode([b"data: same\n\n"], "a").events == [message("same", "a")]
    assert decode([b"data: same\n\n"], "b").events == [message("same", "b")]
    assert decode([b"data: same\n\n"]).events == [message("same")]


def test_it_is_known_whether_the_last_block_that_ended_was_an_event() -> None:
    decoder = EventStreamDecoder()
    seen = []
    for piece in (b": c\n\n", b"data: a\n\n", b"data: b\n\n: c\n\n", b": c\n\ndata: d", b"\n", b"\n", b"id: 1\n\n"):
        decoder.feed(piece)
        seen.append(decoder.ended_with_event)
    assert seen == [False, True, False, False, False, True, False]
