"""After an end or a network error a stream comes back, with the last event ID, until it is told not to."""

from __future__ import annotations

import time

import pytest

from locust_eventsource.errors import DialError
from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.stream import EventStream
from tests.support.scripted_server import CLOSE_DELIMITED_HEAD, EVENT_STREAM, LAST_CHUNK, Peer, ScriptedServer
from tests.support.scripted_server_streams import AT_ONCE, Heard, eventually, settings


def retry_intervals(heard: Heard) -> list[int | None]:
    return [change.retry_ms for change in heard.changes if change.state == "reconnecting"]


def clean_last_chunk(peer: Peer) -> None:
    peer.open_stream()
    peer.send(LAST_CHUNK)


def clean_close(peer: Peer) -> None:
    peer.send(CLOSE_DELIMITED_HEAD)


def clean_http_1_0(peer: Peer) -> None:
    peer.send("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")


def clean_content_length(peer: Peer) -> None:
    peer.send(f"{EVENT_STREAM}Content-Length: 9\r\n\r\ndata: x\n\n")


def end_in_chunk(peer: Peer) -> None:
    peer.open_stream()
    peer.send(b"10\r\ndata: ")


def end_between_chunks(peer: Peer) -> None:
    peer.open_stream()
    peer.chunk("data: x\n\n")


def end_before_content_length(peer: Peer) -> None:
    peer.send(f"{EVENT_STREAM}Content-Length: 90\r\n\r\ndata: x\n\n")


def end_in_head(peer: Peer) -> None:
    peer.send("HTTP/1.1 200 OK\r\nContent-")


def end_before_head(peer: Peer) -> None:
    del peer


def reset(peer: Peer) -> None:
    peer.open_stream()
    peer.reset()


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (clean_last_chunk, None),
        (clean_close, None),
        (clean_http_1_0, None),
        (clean_content_length, None),
        (end_in_chunk, "IncompleteRead"),
        (end_between_chunks, "IncompleteRead"),
        (end_before_content_length, "IncompleteRead"),
        (end_in_head, "IncompleteRead"),
        (end_before_head, "IncompleteRead"),
        (reset, "ConnectionLost"),
    ],
)
def test_each_kind_of_end_is_told_apart_and_reconnects(first: object, error: str | None) -> None:
    assert callable(first)

    def script(peer: Peer) -> None:
        if peer.number == 1:
            first(peer)
        else:
            peer.open_stream()
            peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("reconnecting")
        eventually(lambda: stream.state == "open")
        stream.close()
    assert heard.errors == ([error] if error else [])
    assert change.retry_ms is not None
    assert heard.states[-4:] == ["reconnecting", "connecting", "open", "closed"]


def test_the_last_event_id_goes_with_every_connection_after_it_is_known() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        if peer.number == 1:
            peer.chunk("id: a\u00e9\u4e2d\ndata: x\n\n")
            peer.chunk("id: unfinished\ndata: never")
        if peer.number == 3:
            peer.chunk("id\n\n")
        if peer.number == 5:
            peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open", 5)
        assert stream.replay_requested is False
        stream.close()
    sent = [request.head.rpartition(b"Last-Event-ID: ")[2] for request in server.requests]
    known = "a\u00e9\u4e2d".encode()
    assert [value if value == known else None for value in sent] == [None, known, known, None, None]
    assert heard.data == ["x"]
    assert [change.connection for change in heard.changes if change.state == "open"] == [1, 2, 3, 4, 5]


def test_the_first_connection_sends_the_id_that_the_settings_give() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: x\n\n")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(last_event_id="41"))
        stream.start()
        eventually(lambda: heard.arrivals)
        assert stream.replay_requested
        assert stream.last_event_id == "41"
        stream.close()
    assert server.requests[0].headers["last-event-id"] == "41"
    assert heard.arrivals[0].event.last_event_id == "41"


def test_the_servers_retry_outlives_its_connection() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        if peer.number == 1:
            peer.chunk("retry: 7\n")
        peer.chunk("data: x\n\n")
        if peer.number == 3:
            peer.wait_for_close()

    heard = Heard()
    policy = ReconnectPolicy(default_retry_ms=600_000, jitter=0)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.start()
        heard.wait_for("open", 3)
        stream.close()
    assert retry_intervals(heard) == [7, 7]


def test_consecutive_failures_back_off_and_an_event_forgets_them() -> None:
    def script(peer: Peer) -> None:
        if peer.number in (4, 6):
            peer.open_stream()
            peer.chunk("data: x\n\n")
        if peer.number == 6:
            peer.wait_for_close()

    heard = Heard()
    policy = ReconnectPolicy(default_retry_ms=1, jitter=0, factor=2, max_delay_ms=1000, min_backoff_ms=1)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.start()
        heard.wait_for("open", 2)
        stream.close()
    assert retry_intervals(heard) == [1, 2, 4, 1, 1]


def test_connections_that_bring_no_event_back_off_even_when_the_server_asks_for_no_delay() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("retry: 0\n\n")
        peer.send(LAST_CHUNK)

    heard = Heard()
    policy = ReconnectPolicy(jitter=0, factor=2, min_backoff_ms=3)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy, max_retries=0))
        stream.start()
        heard.wait_for("reconnecting", 4)
        stream.close()
    assert retry_intervals(heard) == [3, 6, 12, 24]
    assert heard.states.count("open") == 4


def test_a_quiet_stream_that_is_cut_now_and_then_comes_back_at_once() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("retry: 0\n\n")
        opened_ns = time.monotonic_ns()
        while time.monotonic_ns() - opened_ns < 5_000_000:
            time.sleep(0.001)
        peer.send(LAST_CHUNK)

    heard = Heard()
    policy = ReconnectPolicy(default_retry_ms=1, jitter=0, factor=2, min_backoff_ms=300)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.start()
        heard.wait_for("reconnecting", 3)
        stream.close()
    assert retry_intervals(heard) == [0, 0, 0]


def test_connections_that_bring_events_come_back_at_once_when_the_server_asks_for_no_delay() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        if peer.number != 2:
            peer.chunk("retry: 0\ndata: x\n\n")
        peer.send(LAST_CHUNK)

    heard = Heard()
    policy = ReconnectPolicy(jitter=0, min_backoff_ms=3)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.start()
        heard.wait_for("reconnecting", 4)
        stream.close()
    assert retry_intervals(heard)[:4] == [0, 3, 0, 0]


def refused_port() -> int:
    with ScriptedServer(lambda peer: None) as server:
        return server.port


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_counted_from_the_first_connect(retries: int) -> None:
    heard = Heard()
    url = f"http://127.0.0.1:{refused_port()}/"
    stream = EventStream(url, listener=heard, settings=settings(max_retries=retries))
    stream.start()
    heard.wait_for("failed")
    assert heard.states == ["connecting", "reconnecting"] * retries + ["connecting", "failed"]
    assert isinstance(stream.error, DialError)


def test_an_opening_gives_all_retries_back_and_an_end_of_a_stream_uses_none() -> None:
    def script(peer: Peer) -> None:
        if peer.number in (2, 4):
            peer.open_stream()

    heard = Heard()
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings(max_retries=1)).start()
        heard.wait_for("failed")
    assert heard.states.count("open") == 2
    assert server.connections == 6


@pytest.mark.parametrize(("script", "state"), [(clean_last_chunk, "closed"), (end_in_chunk, "failed")])
def test_without_reconnect_the_first_end_is_the_last(script: object, state: str) -> None:
    heard = Heard()
    assert callable(script)
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings(reconnect=False)).start()
        heard.wait_for(state)
    assert heard.states == ["connecting", "open", state]


def test_without_reconnect_a_refused_connect_fails() -> None:
    heard = Heard()
    url = f"http://127.0.0.1:{refused_port()}/"
    EventStream(url, listener=heard, settings=settings(reconnect=False)).start()
    heard.wait_for("failed")
    assert heard.states == ["connecting", "failed"]


@pytest.mark.parametrize(("status", "state"), [("503 Busy", "failed"), ("204 No Content", "closed")])
def test_the_answer_to_a_reconnect_is_judged_like_the_first(status: str, state: str) -> None:
    def script(peer: Peer) -> None:
        if peer.number == 1:
            clean_last_chunk(peer)
        else:
            peer.send(f"HTTP/1.1 {status}\r\n\r\n")

    heard = Heard()
    with ScriptedServer(script) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for(state)
    assert change.status == int(status[:3])
    assert server.connections == 2


def test_the_delay_carries_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    policy = ReconnectPolicy(default_retry_ms=4, jitter=0.5)
    heard = Heard()
    with ScriptedServer(clean_content_length) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.start()
        change = heard.wait_for("reconnecting")
        stream.close()
    assert change.retry_ms == 5
    assert AT_ONCE.delay_ms(0, None, lambda: 1.0) == 1
