"""Redirects are followed, bounded, and take no credentials to another origin."""

from __future__ import annotations

import pytest
import requests

from locust_eventsource.stream import EventStream
from locust_eventsource.transport.request import HttpRequest
from tests.support.scripted_server import Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, settings


def stay_open(peer: Peer) -> None:
    peer.open_stream()
    peer.wait_for_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_origin_is_followed_with_credentials(status: int) -> None:
    def script(peer: Peer) -> None:
        if peer.number == 1:
            peer.answer(f"{status} Elsewhere", Location="other?x=1")
            peer.wait_for_close()
        else:
            stay_open(peer)

    heard = Heard()
    with ScriptedServer(script) as server:
        request = requests.Request("GET", server.url("/a/b"), auth=("u", "p"))
        stream = EventStream(request, listener=heard, settings=settings())
        stream.start()
        change = heard.wait_for("open")
        stream.close()
    assert [request.target for request in server.requests] == ["/a/b", "/a/other?x=1"]
    assert "authorization" in server.requests[1].headers
    assert change.connection == 1
    timing = change.timing
    assert timing is not None
    assert timing.total_ns > timing.tcp_ns + timing.wait_ns > 0


def test_a_redirect_on_the_same_origin_keeps_headers_that_are_repeated() -> None:
    def script(peer: Peer) -> None:
        if peer.number == 1:
            peer.answer("307 Elsewhere", Location="/there")
        else:
            stay_open(peer)

    heard = Heard()
    with ScriptedServer(script) as server:
        request = HttpRequest("GET", server.url(), (("X-M", "1"), ("X-M", "2")), b"")
        stream = EventStream(request, listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        stream.close()
    for received in server.requests:
        assert [line for line in received.head.split(b"\r\n") if line.startswith(b"X-M")] == [b"X-M: 1", b"X-M: 2"]


def test_a_redirect_to_another_origin_takes_only_headers_that_hold_no_secret() -> None:
    with ScriptedServer(stay_open) as other:

        def script(peer: Peer) -> None:
            peer.answer("307 Elsewhere", Location=other.url("/there"))

        heard = Heard()
        with ScriptedServer(script) as server:
            secrets = {"Authorization": "Bearer secret", "Cookie": "a=b", "X-Api-Key": "secret"}
            headers = {**secrets, "Host": "front.test", "Accept-Language": "pl", "Content-Type": "text/plain"}
            request = requests.Request("POST", server.url(), headers=headers, data=b"body")
            stream = EventStream(request, listener=heard, settings=settings(last_event_id="9"))
            stream.start()
            heard.wait_for("open")
            stream.close()
    (received,) = other.requests
    assert (received.method, received.target, received.body) == ("POST", "/there", b"body")
    assert received.headers["accept-language"] == "pl"
    assert received.headers["content-type"] == "text/plain"
    assert received.headers["last-event-id"] == "9"
    assert received.headers["host"] == f"127.0.0.1:{other.port}"
    assert not {"authorization", "cookie", "x-api-key"} & set(received.headers)


def test_a_303_after_a_post_becomes_a_get_without_body() -> None:
    def script(peer: Peer) -> None:
        if peer.number == 1:
            peer.answer("303 See Other", Location="/result")
        else:
            stay_open(peer)

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(requests.Request("POST", server.url(), json={}), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        stream.close()
    assert [(request.method, request.body) for request in server.requests] == [("POST", b"{}"), ("GET", b"")]
    assert "content-type" not in server.requests[1].headers


def test_a_redirect_loop_is_bounded() -> None:
    heard = Heard()
    with ScriptedServer(lambda peer: peer.answer("302 Round", Location="/again")) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert "20 redirects" in str(change.error)
    assert server.connections == 21


@pytest.mark.parametrize("location", ["ftp://host.test/", "http://host.test:99999/", "http://[::1", "http:///"])
def test_a_location_that_cannot_be_followed_fails(location: str) -> None:
    heard = Heard()
    with ScriptedServer(lambda peer: peer.answer("302 Away", Location=location)) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert change.status == 302


def test_a_reconnect_starts_from_the_original_url() -> None:
    def script(peer: Peer) -> None:
        if peer.number in (1, 3):
            peer.answer("301 Moved", Location="/new")
        elif peer.number == 2:
            peer.open_stream()
        else:
            stay_open(peer)

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url("/old"), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open", 2)
        stream.close()
    assert [request.target for request in server.requests] == ["/old", "/new", "/old", "/new"]
