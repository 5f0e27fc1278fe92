"""The switches that break a stream's bytes, each seen by the checker that is to see it, and by no other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from studio.verify.hygiene import Kind
from studio.verify.liveness import Inspection
from studio.verify.wire import Read as WireRead
from tests.support.studio_process import RawStream, StudioProcess


def failing(stream: RawStream, *, silent_s: float = 0) -> set[str]:
    """The checks that fail on what came so far; nothing is known to have come for ``silent_s`` after it."""
    inspection = Inspection("/api/events", Kind.GLOBAL, keep_alive_s=1)
    before = [0, *(read.t_ns for read in stream.reads)]
    # A reading thread waits in recv: where the next byte came half a second later, the socket was empty all the time.
    reads = [
        WireRead(read.t_ns, read.data, read.t_ns - 5_000_000) for read, _ in zip(stream.reads, before, strict=False)
    ]
    empty_ns = reads[-1].at_ns + int(silent_s * 1e9) if silent_s else 0
    return {finding.check for finding in inspection.look(reads, empty_ns) if finding.verdict == "fail"}


@contextmanager
def studio(*options: str) -> Iterator[tuple[StudioProcess, RawStream]]:
    with StudioProcess(*options, "--seed", "1") as process:
        yield process, process.stream()


def create(process: StudioProcess, stream: RawStream, count: int = 3, title: str = "déjà vu") -> None:
    """Create tasks and wait until the last one's event has come whole."""
    for number in range(count):
        process.create(f"{title} {number}")
    stream.wait_for(lambda one: f"{count - 1}".encode() in one.raw and one.raw.endswith(b"\n\n\r\n"), "the events")


def test_without_a_switch_nothing_is_found() -> None:
    with studio() as (process, stream):
        create(process, stream)
        assert failing(stream) == set()


def test_the_content_type_is_wrong_on_both_streams_and_the_rest_is_right() -> None:
    with studio("--fault", "wrong-content-type") as (process, stream):
        activity = process.stream(f"/api/sessions/{process.execute(process.create())}/activity")
        assert b"content-type: text/plain\r\n" in activity.head
        stream.wait_for_events(1)
        assert failing(stream) == {"stream.content_type"}


def test_each_event_is_split_over_two_chunks() -> None:
    with studio("--fault", "split-chunks") as (process, stream):
        create(process, stream)
        assert failing(stream) == {"stream.chunks"}
        old = process.stream(version="1.0")
        process.create()
        assert len(old.wait_for_events(1)) == 1


def test_half_an_event_waits_for_its_rest_and_those_behind_it_wait_too() -> None:
    with studio("--fault", "half-write:600ms") as (process, stream):
        made = [process.create(f"task {number}") for number in range(3)]
        assert [event.event["task_id"] for event in stream.wait_for_events(3)] == made
        gaps = [after.t_ns - before.t_ns for before, after in zip(stream.reads[1:], stream.reads[2:], strict=False)]
        assert gaps[0] >= 599_000_000
        assert failing(stream) == {"stream.prompt"}


def test_a_stream_that_ends_while_it_is_half_written_is_written_to_its_end() -> None:
    with studio("--fault", "half-write:100s") as (process, stream):
        process.create()
        stream.wait_for(lambda one: one.body != b"", "half an event")
        process.process.terminate()
        stream.wait_for(lambda one: one.closed, "the end")
        assert stream.ended_in_order
        assert len(stream.events) == 1


def test_no_keep_alive_comes() -> None:
    with studio("--fault", "no-keep-alive", "--keep-alive-s", "0.05") as (process, stream):
        process.create()
        stream.wait_for_events(1)
        time.sleep(0.3)
        assert b": keep-alive" not in stream.raw
        assert failing(stream, silent_s=3) == {"stream.keep_alive"}


def test_each_stream_ends_in_order_some_time_after_it_opened() -> None:
    with studio("--fault", "close-every:300ms") as (process, stream):
        stream.wait_for(lambda one: one.closed, "the end")
        assert stream.ended_in_order
        assert process.status(process.create()) == "todo"


def test_events_are_held_back_and_handed_out_together() -> None:
    with studio("--fault", "buffering:700ms") as (process, stream):
        made = [process.create(f"task {number}") for number in range(5)]
        assert [event.event["task_id"] for event in stream.wait_for_events(5)] == made
        assert len(stream.reads) <= 3


def test_a_stream_that_ends_while_events_are_held_back_hands_them_out() -> None:
    with studio("--fault", "buffering:100s") as (process, stream):
        process.create()
        process.process.terminate()
        stream.wait_for(lambda one: one.closed, "the end")
        assert stream.ended_in_order
        assert len(stream.events) == 1


def test_a_title_begins_with_a_byte_that_is_no_utf8() -> None:
    with studio("--fault", "corrupt-utf8:100%") as (process, stream):
        task_id = process.create("étude")
        process.call("POST", f"/api/tasks/{task_id}/transition", {"status": "planning"})
        stream.wait_for(lambda one: b"status_changed" in one.raw and one.raw.endswith(b"\r\n"), "the events")
        assert failing(stream) == {"stream.encoding"}
        assert b'"title":"\xff' in stream.raw


def test_json_breaks_off() -> None:
    with studio("--fault", "truncated-json:50%") as (process, stream):
        for number in range(20):
            process.create(f"task {number}")
        process.process.terminate()
        stream.wait_for(lambda one: one.closed, "the end")
        assert failing(stream) == {"stream.envelope"}
        assert 0 < stream.raw.count(b'"}}\n\n') < 20


@pytest.mark.parametrize("title", ["x" * 5_000, "é" * 5_000, '"' * 5_000])
def test_a_long_title_is_cut_and_its_event_still_well_formed(title: str) -> None:
    with studio("--fault", "cut-titles:1001") as (process, stream):
        process.create(title)
        process.create("short")
        long, short = stream.wait_for_events(2)
        came = str(long.event["title"])
        assert title.startswith(came)
        assert 900 < len(json.dumps(came, ensure_ascii=False).encode()) - 2 <= 1001
        assert short.event["title"] == "short"
        assert failing(stream) == set()
