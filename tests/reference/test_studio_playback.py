"""``--replay``: recordings are played byte for byte, or with their timestamps moved to the time of sending."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest

from studio.reference.playback import RecordingError, load_recording
from tests.support.studio_process import RawStream, StudioProcess, chunks_of

OWN = Path(__file__).parent.parent / "recordings"
CAPTURES = os.environ.get("STUDIO_CAPTURES")
HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STAMP = re.compile(rb'(?<="timestamp":")[^"]+(?=")')


def recorded(path: Path) -> bytes:
    """The bytes of a recording."""
    return b"".join(json.loads(line)["b"].encode("latin-1") for line in path.read_text("utf-8").splitlines())


def write(path: Path, *reads: tuple[int, str]) -> Path:
    """Write a recording of reads at milliseconds."""
    lines = [json.dumps({"t_ns": at_ms * 1_000_000, "b": text}) for at_ms, text in reads]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def wait_raw(stream: RawStream, length: int) -> bytes:
    """Wait for so many bytes."""
    stream.wait_for(lambda stream: len(stream.raw) >= length, f"{length} bytes")
    return stream.raw


@pytest.mark.parametrize(
    "name",
    ["lifecycle-direct-events", "lifecycle-human-activity-review", "phases-terminated-events", "phases-killed-events"],
)
def test_a_recording_is_played_byte_for_byte_to_every_connection(name: str) -> None:
    path = OWN / f"{name}.jsonl"
    expected = recorded(path)
    ended = expected.endswith(b"\r\n0\r\n\r\n")
    with StudioProcess("--replay", str(path), "--speed", "50", "--keep-alive-s", "60") as studio:
        for _ in range(2):
            stream = studio.stream()
            assert wait_raw(stream, len(expected)) == expected
            if ended:
                stream.wait_for(lambda stream: stream.closed, "the end")
            assert stream.closed is ended
        assert studio.call("POST", "/api/tasks", {"title": "REST still works", "description": ""}).status == 201
        assert studio.stop(signal.SIGTERM) == 0


@pytest.mark.skipif(not CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings")
def test_every_recording_of_the_service_can_be_played() -> None:
    paths = sorted(Path(CAPTURES or ".").glob("*.jsonl"))
    assert paths
    for path in paths:
        recording = load_recording(path)
        pieces = b"".join(piece.data for piece in recording.pieces)
        assert pieces == recorded(path).partition(b"\r\n\r\n")[2].removesuffix(b"0\r\n\r\n" if recording.ended else b"")
        assert recording.pieces[-1].ends_chunk
        rebased = b"".join(piece.rebased(1_000_000_007) for piece in recording.pieces)
        assert len(rebased) == len(pieces)
        assert len(chunks_of(rebased)[0]) == len(chunks_of(pieces)[0])
        assert all(b"1970-01-01T00:00:01.000000007".startswith(stamp[:-1]) for stamp in STAMP.findall(rebased))


def test_reads_come_in_their_own_time_or_faster(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", (0, HEAD), (600, "3\r\none\r\n"), (1200, "3\r\ntwo\r\n"))
    for options, shortest_s in (([], 1.2), (["--speed", "4"], 0.3)):
        with StudioProcess("--replay", str(path), *options) as studio:
            stream = studio.stream()
            wait_raw(stream, len(recorded(path)))
            assert (stream.reads[-1].t_ns - stream.reads[0].t_ns) / 1e9 >= shortest_s - 0.1


def test_rebased_timestamps_are_the_time_of_sending_at_the_same_length() -> None:
    path = OWN / "lifecycle-human-events.jsonl"
    expected = recorded(path)
    with StudioProcess("--replay", str(path), "--rebase", "--speed", "10") as studio:
        stream = studio.stream()
        before = time.time_ns()
        raw = wait_raw(stream, len(expected))
        assert STAMP.sub(b"", raw) == STAMP.sub(b"", expected)
        assert [len(stamp) for stamp in STAMP.findall(raw)] == [len(stamp) for stamp in STAMP.findall(expected)]
        for read in stream.reads[1:]:
            for stamp in STAMP.findall(read.data):
                sent = datetime.fromisoformat(stamp[:26].decode() + "+00:00").timestamp()
                assert before / 1e9 - 5 < sent <= read.t_ns / 1e9
        assert len(stream.events) == 14


def test_a_timestamp_cut_by_a_read_is_moved_whole(tmp_path: Path) -> None:
    data = 'data: {"id":"1","timestamp":"2026-11-23T11:33:41.842Z","event":{"title":"\\"timestamp\\":\\"x\\""}}\n\n'
    chunk = f"{len(data):X}\r\n{data}\r\n"
    cut = chunk.index("11:33")
    path = write(tmp_path / "r.jsonl", (0, HEAD[:30]), (1, HEAD[30:] + chunk[:cut]), (2, chunk[cut:]))
    recording = load_recording(path)
    first, second = recording.pieces
    assert first.data.endswith(b'"id":"1",')
    assert (first.ends_chunk, second.ends_chunk) == (False, True)
    assert second.rebased(1_234_567_890).startswith(b'"timestamp":"1970-01-01T00:00:01.234Z","event"')
    assert first.data + second.data == chunk.encode()


def test_timestamps_of_whole_seconds_stay_whole_seconds(tmp_path: Path) -> None:
    data = '{"timestamp":"2026-11-23T11:33:41Z"}'
    path = write(tmp_path / "r.jsonl", (0, HEAD), (1, f"{len(data):X}\r\n{data}\r\n"))
    assert b'"1970-01-01T00:00:01Z"' in load_recording(path).pieces[0].rebased(1_999_999_999)


def test_after_the_recording_only_keep_alives_follow(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", (0, HEAD), (600, "3\r\none\r\n"))
    with StudioProcess("--replay", str(path), "--keep-alive-s", "0.3") as studio:
        stream = studio.stream()
        studio.create("not on a played stream")
        stream.wait_for(lambda stream: stream.body.count(b": keep-alive") == 2, "two keep-alives")
        assert stream.body == b"3\r\none\r\n" + b"E\r\n: keep-alive\n\n\r\n" * 2
        studio.stop(signal.SIGTERM)
        stream.wait_for(lambda stream: stream.closed, "the end")
        assert stream.ended_in_order


def test_a_recording_that_stops_inside_a_chunk_breaks_off_there(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", (0, HEAD), (1, "5\r\non"))
    with StudioProcess("--replay", str(path)) as studio:
        stream = studio.stream()
        stream.wait_for(lambda stream: stream.closed, "the end")
        assert stream.body == b"5\r\non"


def test_a_stop_inside_a_chunk_sends_no_last_chunk_into_it(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", (0, HEAD), (1, "5\r\non"), (3_600_000, "eXX\r\n"))
    with StudioProcess("--replay", str(path)) as studio:
        stream = studio.stream()
        wait_raw(stream, len(HEAD) + 5)
        studio.stop(signal.SIGTERM)
        stream.wait_for(lambda stream: stream.closed, "the end")
        assert stream.body == b"5\r\non"


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        ([(0, "")], "does not begin with an HTTP/1.1 200 response head"),
        ([(0, "HTTP/1.1 404 Not Found\r\n\r\n")], "does not begin with an HTTP/1.1 200 response head"),
        ([(0, "HTTP/1.1 200 OK\r\n\r\ndata: x\n\n")], "is not a chunked response"),
        ([(0, HEAD + "nonsense\r\n")], "holds no chunk at byte 0 of its body"),
    ],
)
def test_what_cannot_be_played_is_refused(tmp_path: Path, reads: list[tuple[int, str]], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        load_recording(write(tmp_path / "r.jsonl", *reads))


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"t_ns": 1, "b": HEAD}) + "\n{}\n", "utf-8")
    with pytest.raises(RecordingError, match="line 2"):
        load_recording(path)
