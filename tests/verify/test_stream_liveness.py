"""Alive and prompt: silence, half-written events and lumps, and a reader that was late itself."""

from __future__ import annotations

import pytest

from studio.verify.findings import Finding
from studio.verify.hygiene import Kind
from studio.verify.liveness import HELD_NS, STALL_NS, Inspection, tolerated_s
from studio.verify.wire import Read
from tests.verify.wire_bytes import HEAD, MS, SECOND, START, chunk, event, read

KEEP_ALIVE = chunk(b": keep-alive\n\n")


def inspection(kind: Kind = Kind.GLOBAL, keep_alive_s: float = 1) -> Inspection:
    one = Inspection("/api/events", kind, keep_alive_s=keep_alive_s)
    one.look([read(0, HEAD)], 0)
    return one


def of(check: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check == f"stream.{check}"]


def failures(check: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in of(check, findings) if finding.verdict == "fail"]


def test_the_tolerance_is_a_second_and_a_tenth() -> None:
    assert tolerated_s(15) == 17.5


def test_a_keep_alive_passes() -> None:
    one = inspection()
    findings = one.look([read(1_000, KEEP_ALIVE), read(2_000, KEEP_ALIVE)], 0)
    assert [finding.verdict for finding in of("keep_alive", findings)] == ["pass", "pass"]
    assert one.keep_alives == 2


def test_a_silence_is_told_once_when_the_socket_is_known_to_have_been_empty() -> None:
    one = inspection()
    limit_ns = int(tolerated_s(1) * SECOND)
    assert of("keep_alive", one.look([], START + limit_ns)) == []
    (finding,) = of("keep_alive", one.look([], START + limit_ns + 1))
    assert finding.verdict == "fail"
    assert "not a byte came for 2.1 s, where a keep-alive is promised every 1 s" in finding.what
    assert (finding.evidence["silent_since_ns"], finding.evidence["silent_until_ns"]) == (START, START + limit_ns + 1)
    assert of("keep_alive", one.look([], START + 9 * SECOND)) == []
    later = one.look([read(20_000, chunk(event(1)), empty_ms=19_000)], START + 30 * SECOND)
    assert [finding.verdict for finding in of("keep_alive", later)] == ["fail"]


def test_a_silence_before_a_read_is_told_too() -> None:
    findings = inspection().look([read(9_000, KEEP_ALIVE, empty_ms=8_000)], 0)
    assert [finding.verdict for finding in of("keep_alive", findings)] == ["fail", "pass"]


def test_a_reader_that_was_late_blames_nobody() -> None:
    late = [read(30_000, chunk(event(1))[:40], empty_ms=0), read(60_000, chunk(event(1))[40:], empty_ms=1)]
    findings = inspection().look(late, 0)
    assert {finding.verdict for finding in findings} == {"pass"}


def test_no_keep_alive_is_missed_where_none_is_promised_before_the_head_or_after_the_end() -> None:
    silent = inspection(keep_alive_s=0)
    assert of("keep_alive", silent.look([read(1, KEEP_ALIVE)], START + 99 * SECOND)) == []
    assert Inspection("x", Kind.GLOBAL, keep_alive_s=1).look([], START) == []
    ended = inspection()
    ended.look([read(1, b"0\r\n\r\n")], 0)
    assert ended.look([], START + 99 * SECOND) == []


def test_an_event_that_stands_half_written_is_told_once_while_it_stands() -> None:
    one, raw = inspection(keep_alive_s=15), chunk(event(1))
    one.look([read(100, raw[:60])], 0)
    assert one.look([], START + 100 * MS + STALL_NS - 1) == []
    (finding,) = one.look([], START + 100 * MS + STALL_NS)
    assert finding.verdict == "fail"
    assert finding.what.startswith("/api/events: an event was half written, then nothing came for 500 ms or longer")
    assert (finding.evidence["offset"], finding.evidence["bytes"]) == (len(HEAD), repr(raw[:60]))
    assert one.look([], START + 100 * MS + 2 * STALL_NS) == []
    assert of("prompt", one.look([read(1_100, raw[60:], empty_ms=1_050)], 0)) == []
    assert [finding.verdict for finding in of("prompt", one.look([read(1_200, chunk(event(2)))], 0))] == ["pass"]


def test_an_event_that_was_half_written_is_told_when_it_is_whole() -> None:
    raw = chunk(event(1))
    halves = [read(100, raw[:60]), read(700, raw[60:], empty_ms=650)]
    (finding,) = failures("prompt", inspection().look(halves, 0))
    assert finding.evidence["stalled_ms"] == 550
    assert failures("prompt", inspection().look([halves[0], read(600, raw[60:], empty_ms=599)], 0)) == []
    assert failures("prompt", inspection().look([halves[0], read(601, raw[60:], empty_ms=600)], 0))


def test_a_large_event_that_keeps_coming_is_not_half_written() -> None:
    raw = chunk(b"id: e1\nevent: task.created\ndata: " + b"x" * 100_000 + b"\n\n")
    parts = [raw[start : start + 10_000] for start in range(0, len(raw), 10_000)]
    reads = [read(400 * number, part, empty_ms=400 * number - 10) for number, part in enumerate(parts, 1)]
    assert failures("prompt", inspection().look(reads, 0)) == []


def test_what_is_no_chunk_is_not_half_written() -> None:
    one = inspection()
    one.look([read(1, b"zz\r\n")], 0)
    assert failures("prompt", one.look([], START + SECOND)) == []


def lumps(count: int, *, apart_ms: float, window_ms: float = 50, size: int = 3) -> list[Read]:
    """Reads of several events each, published ``apart_ms`` one after the other."""
    reads, number = [], 0
    for _ in range(count):
        stamps = [START + int((number + place) * apart_ms * MS) for place in range(size)]
        number += size
        data = b"".join(chunk(event(number + place, stamp)) for place, stamp in enumerate(stamps))
        at_ms = number * apart_ms
        reads.append(read(at_ms, data, empty_ms=at_ms - window_ms))
    return reads


def test_events_that_are_handed_out_in_lumps_are_held_back() -> None:
    found = failures("prompt", inspection(keep_alive_s=15).look(lumps(4, apart_ms=150, size=4), 0))
    assert len(found) == 2
    assert found[0].what == (
        "/api/events: 4 events dated up to 450 ms apart came within 50 ms: they were held back and handed out "
        "together, as by a proxy that buffers (6 of 12 events so far)"
    )


def test_five_events_held_back_are_the_least_to_tell_of() -> None:
    assert failures("prompt", inspection(keep_alive_s=0).look(lumps(2, apart_ms=300), 0)) == []
    assert len(failures("prompt", inspection(keep_alive_s=0).look(lumps(5, apart_ms=300, size=2), 0))) == 1


@pytest.mark.parametrize(("in_time", "told"), [(15, 1), (16, 0)])
def test_events_are_held_back_where_it_is_one_in_five(in_time: int, told: int) -> None:
    one = inspection(keep_alive_s=0)
    one.look([read(number, chunk(event(number, START + number * MS))) for number in range(in_time)], 0)
    assert len(failures("prompt", one.look(lumps(5, apart_ms=300, size=2), 0))) == told


def test_a_lump_now_and_then_is_no_buffering() -> None:
    assert failures("prompt", inspection().look(lumps(2, apart_ms=300), 0)) == []
    single = [read(20_000 + number, chunk(event(number, START + number * MS))) for number in range(1_000)]
    mostly = inspection(keep_alive_s=0)
    mostly.look(single, 0)
    assert failures("prompt", mostly.look(lumps(20, apart_ms=300), 0)) == []


def test_events_are_not_held_back_where_the_reader_may_have_been_late_or_they_are_close() -> None:
    assert failures("prompt", inspection().look(lumps(9, apart_ms=300, window_ms=600), 0)) == []
    assert failures("prompt", inspection().look(lumps(9, apart_ms=50), 0)) == []
    unknown = [one._replace(empty_ns=0) for one in lumps(9, apart_ms=300)]
    assert failures("prompt", inspection().look(unknown, 0)) == []
    edge_ms = (HELD_NS // MS + 50) / 2
    assert failures("prompt", inspection().look(lumps(9, apart_ms=edge_ms), 0)) == []


def test_activity_and_what_carries_no_time_are_not_asked_for_lumps() -> None:
    assert failures("prompt", inspection(Kind.ACTIVITY).look(lumps(9, apart_ms=300), 0)) == []
    garbled = [one._replace(data=one.data.replace(b'"timestamp"', b'"t"')) for one in lumps(9, apart_ms=300)]
    assert failures("prompt", inspection().look([*garbled, read(9_000, KEEP_ALIVE * 2)], 0)) == []
