"""A response taken apart: chunks and blocks with their places and times, however it was cut into reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.verify.chunks import ChunkScanner
from studio.verify.dissection import Block, Dissector
from studio.verify.wire import Read
from tests.verify.wire_bytes import HEAD, MS, PLAIN_HEAD, START, chunk, event, read, recorded, recordings


def blocks_of(*reads: Read) -> tuple[Dissector, list[Block]]:
    wire = Dissector()
    return wire, [block for one in reads for block in wire.feed(one)]


def test_chunks_are_found_with_their_places() -> None:
    scanner = ChunkScanner(100)
    chunks = scanner.feed(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n")
    assert [(one.offset, one.data_offset, one.data, one.end) for one in chunks] == [
        (100, 103, b"abc", 108),
        (108, 115, b"de", 119),
    ]
    assert (scanner.offset, bytes(scanner.held), scanner.complete) == (119, b"0\r\n", False)
    assert scanner.feed(b"\r\n") == []
    assert scanner.complete
    assert scanner.feed(b"3\r\nabc\r\n") == []


def test_chunks_cut_anywhere_are_the_same() -> None:
    raw = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    scanner = ChunkScanner()
    chunks = [one for byte in raw for one in scanner.feed(bytes([byte]))]
    assert chunks == ChunkScanner().feed(raw)
    assert scanner.complete


@pytest.mark.parametrize("raw", [b"zz\r\n", b"3\r\nabcd\r\n", b"\r\n"])
def test_what_is_no_chunk_is_malformed_where_it_begins(raw: bytes) -> None:
    scanner = ChunkScanner()
    assert scanner.feed(b"1\r\nx\r\n" + raw) == ChunkScanner().feed(b"1\r\nx\r\n")
    assert (scanner.malformed, scanner.offset) == (True, 6)
    wire, _ = blocks_of(read(0, HEAD + b"1\r\nx\r\n" + raw))
    assert wire.malformed == f"there is no chunk at byte {len(HEAD) + 6}"
    assert wire.feed(read(1, chunk(event(1)))) == []


def test_a_block_knows_its_place_and_the_reads_of_its_first_and_last_byte() -> None:
    first, second = chunk(event(1)), chunk(event(2))
    wire, blocks = blocks_of(
        read(0, HEAD), read(5, first + second[:30]), read(205, second[30:60], empty_ms=150), read(300, second[60:])
    )
    assert wire.head is not None and wire.chunked and not wire.malformed
    assert [block.data for block in blocks] == [event(1), event(2)]
    raw = HEAD + first + second
    assert [raw[block.offset : block.end] for block in blocks] == [event(1), event(2)]
    one, two = blocks
    assert (one.first, one.last) == ((START - 5 * MS, START + 5 * MS),) * 2
    assert (two.first.at_ns, two.last.at_ns) == (START + 5 * MS, START + 300 * MS)
    assert (one.stalled_ns, two.stalled_ns) == (0, 145 * MS)
    assert (wire.pending, wire.last_ns) == (b"", START + 300 * MS)


def test_what_is_not_whole_is_pending_from_its_first_byte() -> None:
    wire, _ = blocks_of(read(0, HEAD + chunk(event(1)) + b"20\r\nid: 7"))
    assert (wire.pending, wire.pending_offset) == (b"20\r\nid: 7", len(HEAD + chunk(event(1))))
    wire, _ = blocks_of(read(0, HEAD + chunk(event(1) + b"id: 7") + b"20"))
    assert wire.pending == b"id: 720"
    assert (HEAD + chunk(event(1) + b"id: 7"))[wire.pending_offset :].startswith(b"id: 7")


def test_what_is_pending_begins_in_its_own_chunk_and_not_behind_the_block_before() -> None:
    wire, blocks = blocks_of(read(0, HEAD + chunk(event(1)) + chunk(b"id: 7")))
    assert (len(blocks), wire.pending) == (1, b"id: 7")
    assert (HEAD + chunk(event(1)) + chunk(b"id: 7"))[wire.pending_offset :].startswith(b"id: 7")


def test_a_block_begins_with_the_read_of_its_first_byte_and_not_of_the_size_before() -> None:
    size, text = chunk(event(1)).split(b"\r\n", 1)
    _, (block,) = blocks_of(read(0, HEAD), read(1, size + b"\r\n"), read(2, text))
    assert (block.first.at_ns, block.last.at_ns) == (START + 2 * MS, START + 2 * MS)


def test_nothing_is_kept_of_what_comes_after_a_malformed_chunk() -> None:
    wire, _ = blocks_of(read(0, HEAD + b"zz\r\n"))
    before = wire.pending
    assert wire.feed(read(1, chunk(event(1)))) == []
    assert wire.pending == before


def test_blank_lines_may_stand_before_the_answer() -> None:
    wire, blocks = blocks_of(read(0, b"\r\n\r\n"), read(1, HEAD + chunk(event(1))))
    assert not wire.malformed
    assert [block.data for block in blocks] == [event(1)]


def test_chunks_and_blocks_need_not_agree() -> None:
    whole = event(1)
    split = chunk(whole[:10]) + chunk(whole[10:20]) + chunk(whole[20:])
    _, blocks = blocks_of(read(0, HEAD + split + chunk(event(2), event(3)) + chunk(event(4))))
    assert [(block.chunks, block.is_alone) for block in blocks] == [(3, True), (1, False), (1, False), (1, True)]
    assert [block.data for block in blocks] == [whole, event(2), event(3), event(4)]


def test_a_body_without_chunks_is_cut_into_blocks_too() -> None:
    wire, blocks = blocks_of(read(0, PLAIN_HEAD[:20]), read(1, PLAIN_HEAD[20:] + event(1)), read(2, event(2)))
    assert not wire.chunked
    assert [(block.chunks, block.data) for block in blocks] == [(0, event(1)), (0, event(2))]


def test_every_line_end_of_the_standard_ends_a_block_and_empty_ones_are_nothing() -> None:
    body = b"data: a\r\n\r\ndata: b\r\rdata: c\n\n\n\n: comment\n\nid: x\r\ndatabase\r\n\r\n"
    for cut in range(len(body) + 1):
        _, blocks = blocks_of(read(0, PLAIN_HEAD + body[:cut]), read(1, body[cut:]))
        assert [block.data.split()[0] for block in blocks] == [b"data:", b"data:", b"data:", b":", b"id:"], cut
        assert [block.is_event for block in blocks] == [True, True, True, False, False]


def test_an_interim_answer_goes_before_the_head() -> None:
    wire, blocks = blocks_of(read(0, b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + chunk(event(1))))
    assert wire.head is not None and wire.head.status == 200
    assert blocks[0].offset == len(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD) + len(b"XX\r\n")


def test_what_is_no_http_is_malformed() -> None:
    wire, blocks = blocks_of(read(0, b"SSH-2.0-OpenSSH\r\n\r\n"), read(1, b"more"))
    assert wire.malformed.startswith("the answer is not valid HTTP/1.1")
    assert blocks == []


def test_the_last_chunk_ends_it() -> None:
    wire, _ = blocks_of(read(0, HEAD + chunk(event(1)) + b"0\r\n\r\n"))
    assert wire.complete
    assert wire.pending == b""


def test_memory_does_not_grow_with_the_stream() -> None:
    wire = Dissector()
    wire.feed(read(0, HEAD))
    for number in range(2_000):
        raw = chunk(event(number))
        wire.feed(read(number, raw[:50]))
        assert len(wire.feed(read(number, raw[50:]))) == 1
    assert len(wire._moments) + len(wire._pieces) + len(wire._text) < 5


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_a_recording_comes_apart_the_same_however_it_is_cut(path: Path) -> None:
    reads = recorded(path)
    raw = b"".join(one.data for one in reads)
    wire, blocks = blocks_of(*reads)
    places = [(block.offset, block.end, block.data, block.chunks) for block in blocks]
    assert wire.malformed == ""
    assert all(raw[start:end] == data for start, end, data, _ in places)
    _, again = blocks_of(Read(1, raw))
    assert [(block.offset, block.end, block.data, block.chunks) for block in again] == places
    if len(raw) < 20_000:
        _, again = blocks_of(*(Read(1, bytes([byte])) for byte in raw))
        assert [(block.offset, block.end, block.data, block.chunks) for block in again] == places
