"""What opens a stream, what ends it for good and what fails it."""

from __future__ import annotations

import pytest
import requests

from locust_eventsource.errors import Misuse, RefusedResponse
from locust_eventsource.stream import EventStream
from tests.support.scripted_server import CHUNKED_HEAD, CLOSE_DELIMITED_HEAD, LAST_CHUNK, Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings


def answering(head: str) -> ScriptedServer:
    def script(peer: Peer) -> None:
        peer.send(head.replace("\n", "\r\n"))
        peer.wait_for_close()

    return ScriptedServer(script)


@pytest.mark.parametrize(
    "content_type",
    ["text/event-stream", "TEXT/Event-Stream", "text/event-stream; charset=utf-8", "text/event-stream;charset=latin-1"],
)
def test_200_with_the_right_type_opens(content_type: str) -> None:
    heard = Heard()
    with answering(f"HTTP/1.1 200 OK\nContent-Type: {content_type}\n\n") as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("open")
        assert (change.status, change.error, change.connection) == (200, None, 1)
        assert (stream.state, stream.connections, stream.opened_ns) == ("open", 1, change.at_ns)
        stream.close()
    assert heard.states == ["connecting", "open", "closed"]


def test_the_connects_timing_adds_up_to_the_stamp_of_the_head() -> None:
    heard = Heard()
    with answering("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n") as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("open")
        stream.close()
    timing = change.timing
    assert timing is not None
    assert timing.total_ns == timing.tcp_ns + timing.tls_ns + timing.wait_ns
    assert timing.tcp_ns > 0
    assert timing.dns_ns >= 0
    assert timing.address == f"127.0.0.1:{server.port}"


def test_204_ends_for_good() -> None:
    heard = Heard()
    with answering("HTTP/1.1 204 No Content\n\n") as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("closed")
    assert (change.status, change.error) == (204, None)
    assert heard.states == ["connecting", "closed"]
    assert server.connections == 1


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "404 Not Found", "401 Unauthorized", "206 Partial Content"])
def test_another_status_fails_with_status_and_the_beginning_of_the_body(status: str) -> None:
    def script(peer: Peer) -> None:
        peer.answer(status, "  the\r\nreason " + "x" * 1000, Content_Type="text/plain")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("failed")
    assert change.status == int(status[:3])
    assert isinstance(change.error, RefusedResponse)
    assert isinstance(stream.error, RefusedResponse)
    assert status in str(change.error)
    assert "the body begins: the reason x" in str(change.error)
    assert len(str(change.error)) < 400


@pytest.mark.parametrize(
    ("body", "shown"), [("", False), ("late", True)], ids=["no body at all", "a body that never ends"]
)
def test_the_wait_for_a_refused_answers_body_is_bounded(body: str, shown: bool) -> None:
    def script(peer: Peer) -> None:
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        peer.send(body)
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert "'text/html'" in str(change.error)
    assert ("late" in str(change.error)) is shown


def test_a_refused_answer_that_breaks_off_is_still_a_refusal() -> None:
    def script(peer: Peer) -> None:
        peer.send("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf")

    heard = Heard()
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert change.status == 500
    assert "half" in str(change.error)


def test_a_coded_body_is_not_shown() -> None:
    heard = Heard()
    with answering("HTTP/1.1 500 Oops\nContent-Encoding: gzip\nContent-Length: 4\n\nabcd") as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert "abcd" not in str(change.error)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("SSH-2.0-OpenSSH\n\n", "BadFraming"),
        ("HTTP/1.1 200 OK\nContent-Type: text/event-stream\nContent-Encoding: zstd\n\n", "BadContentCoding"),
        ("HTTP/1.1 200 OK\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n\nxyz\n", "BadFraming"),
        (f"HTTP/1.1 200 OK\nX: {'y' * 70000}\n\n", "LimitExceeded"),
        ("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\ndata: " + "y" * 200, "LimitExceeded"),
    ],
)
def test_a_malformed_or_oversized_answer_fails(answer: str, error: str) -> None:
    heard = Heard()
    with answering(answer) as server:
        EventStream(server.url(), listener=heard, settings=settings(max_line_bytes=100)).start()
        heard.wait_for("failed")
    assert heard.errors == [error]


def test_what_came_before_a_protocol_error_in_the_same_read_is_delivered() -> None:
    def script(peer: Peer) -> None:
        event = "data: one\n\n"
        peer.send(CHUNKED_HEAD + f"{len(event):x}\r\n{event}\r\nnot a chunk\r\n".encode())
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        heard.wait_for("failed")
    assert heard.data == ["one"]

    with answering("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\ndata: one\n\ndata: " + "y" * 200) as server:
        heard = Heard()
        EventStream(server.url(), listener=heard, settings=settings(max_line_bytes=100)).start()
        heard.wait_for("failed")
    assert heard.data == ["one"]


def test_events_in_the_read_of_the_head_come_after_the_opening() -> None:
    def script(peer: Peer) -> None:
        peer.send(CLOSE_DELIMITED_HEAD + b"data: one\n\ndata: two\n\n")
        peer.wait_for_close()

    order: list[str] = []

    class Listener(Heard):
        def on_state(self, stream: EventStream, change: object) -> None:
            order.append(stream.state)

        def on_arrivals(self, arrivals: object) -> None:
            order.append("events")

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=Listener(), settings=settings())
        stream.start()
        eventually(lambda: stream.events == 2)
        stream.close()
    assert order == ["connecting", "open", "events", "closed"]


def test_only_the_event_that_ends_its_read_has_a_stamp_of_its_own() -> None:
    gate = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        gate.wait()
        peer.chunk("data: one\n\ndata: two\n\n")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        gate.open()
        eventually(lambda: heard.arrivals)
        stream.close()
    first, second = heard.batches[0]
    assert (first.last_in_read, second.last_in_read) == (False, True)
    assert first.received_ns == second.received_ns
    assert (first.connection, first.stream) == (1, stream)


def test_a_gzip_body_that_the_request_asks_for_is_decoded() -> None:
    import zlib

    coder = zlib.compressobj(wbits=31)
    coded = coder.compress(b"data: zipped\n\n") + coder.flush(zlib.Z_SYNC_FLUSH)

    def script(peer: Peer) -> None:
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n")
        peer.send(b"Transfer-Encoding: chunked\r\n\r\n")
        peer.chunk(coded)
        peer.send(LAST_CHUNK)

    heard = Heard()
    with ScriptedServer(script) as server:
        request = requests.Request("GET", server.url(), headers={"Accept-Encoding": "gzip"})
        stream = EventStream(request, listener=heard, settings=settings())
        stream.start()
        heard.wait_for("reconnecting")
        stream.close()
    assert heard.data[:1] == ["zipped"]
    assert heard.errors[:1] == ["IncompleteRead"]


def test_a_listener_that_fails_is_logged_and_the_stream_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def on_state(self, stream: EventStream, change: object) -> None:
            raise RuntimeError("state trouble")

        def on_arrivals(self, arrivals: object) -> None:
            raise RuntimeError("arrival trouble")

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: one\n\n")
        peer.chunk("data: two\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=Failing(), settings=settings())
        stream.start()
        eventually(lambda: stream.events == 2)
        stream.close()
    assert "state trouble" in caplog.text
    assert "arrival trouble" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle_timeout_s": 0},
        {"connect_timeout_s": -1},
        {"max_retries": -1},
        {"max_event_bytes": 0},
        {"buffer_events": 0},
        {"last_event_id": "a\nb"},
    ],
)
def test_settings_that_make_no_sense_are_misuse(wrong: dict[str, object]) -> None:
    with pytest.raises(Misuse, match=next(iter(wrong))):
        settings(**wrong)


def test_a_stream_starts_once() -> None:
    with answering("HTTP/1.1 204 No Content\n\n") as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        with pytest.raises(Misuse):
            stream.start()
        stream.close()
    with pytest.raises(Misuse):
        stream.start()
