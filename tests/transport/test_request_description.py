"""A request described with requests becomes the bytes that an event source sends."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests

from locust_eventsource.errors import Misuse
from locust_eventsource.transport.request import HttpRequest, describe, wire_bytes
from locust_eventsource.transport.target import parse_target


@pytest.fixture(autouse=True)
def reader() -> None:
    """Nothing is read here, so once is enough."""


def fields_of(request: Any, last_event_id: str = "") -> tuple[str, dict[str, str], bytes]:  # noqa: ANN401
    described = describe(request).request
    head, _, body = wire_bytes(described, parse_target(described.url), last_event_id).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [line.partition(": ")[::2] for line in lines]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), "a field is sent twice"
    return first, {name.lower(): value for name, value in pairs}, body


def test_a_plain_url_sends_what_an_event_source_sends() -> None:
    first, fields, body = fields_of("http://host.test:8080/events")
    assert first == "GET /events HTTP/1.1"
    assert fields.pop("user-agent").startswith("locust-eventsource/")
    assert fields == {
        "host": "host.test:8080",
        "accept": "text/event-stream",
        "cache-control": "no-cache",
        "accept-encoding": "identity",
    }
    assert body == b""


def test_what_a_session_adds_by_itself_does_not_leak_in() -> None:
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", "http://host.test/", headers={"X-Mine": "1"}))
    _, fields, _ = fields_of(prepared)
    assert fields["accept"] == "text/event-stream"
    assert fields["accept-encoding"] == "identity"
    assert fields["x-mine"] == "1"
    assert "connection" not in fields


def test_the_users_own_headers_win() -> None:
    headers = {"accept-encoding": "gzip", "ACCEPT": "application/json", "cache-control": "max-age=0", "host": "other"}
    _, fields, _ = fields_of(requests.Request("GET", "http://host.test/", headers=headers))
    assert {name: fields[name] for name in ("accept-encoding", "accept", "cache-control", "host")} == {
        "accept-encoding": "gzip",
        "accept": "application/json",
        "cache-control": "max-age=0",
        "host": "other",
    }


def test_auth_parameters_and_cookies_are_honoured() -> None:
    request = requests.Request(
        "GET", "http://host.test/e?a=1", params={"b": "2 3"}, auth=("u", "p"), cookies={"c": "d"}
    )
    first, fields, _ = fields_of(request)
    assert first == "GET /e?a=1&b=2+3 HTTP/1.1"
    assert fields["authorization"] == "Basic dTpw"
    assert fields["cookie"] == "c=d"


def test_credentials_in_the_url_become_basic_auth_and_stay_out_of_the_host_field() -> None:
    _, fields, _ = fields_of("http://u:p@host.test/")
    assert fields["authorization"] == "Basic dTpw"
    assert fields["host"] == "host.test"
    described = describe("http://u:p@host.test/a?b").request
    assert described.url == "http://host.test/a?b"


def test_an_authorization_of_the_users_own_wins_over_the_urls() -> None:
    request = HttpRequest("GET", "http://u:p@host.test/", (("AUTHORIZATION", "Bearer x"),), b"")
    assert describe(request).request.headers == (("AUTHORIZATION", "Bearer x"),)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"json": {"a": 1}}, b'{"a": 1}'),
        ({"data": {"a": "b"}}, b"a=b"),
        ({"data": "text \u00e9"}, "text \u00e9".encode()),
        ({"data": io.BytesIO(b"file")}, b"file"),
        ({"data": iter([b"one", b"two"])}, b"onetwo"),
    ],
)
def test_a_body_is_sent_whole_with_its_length(body: dict[str, Any], sent: bytes) -> None:
    first, fields, got = fields_of(requests.Request("POST", "http://host.test/", **body))
    assert first.startswith("POST ")
    assert got == sent
    assert fields["content-length"] == str(len(sent))
    assert "transfer-encoding" not in fields


def test_a_described_last_event_id_becomes_the_first_one_of_the_stream() -> None:
    described = describe(requests.Request("GET", "http://host.test/", headers={"Last-Event-ID": "7"}))
    assert described.last_event_id == "7"
    assert described.request.headers == ()


def test_the_last_event_id_goes_out_as_utf_8() -> None:
    described = describe("http://host.test/").request
    assert "Last-Event-ID: \u00e9\u4e2d".encode() in wire_bytes(described, parse_target(described.url), "\u00e9\u4e2d")


def test_header_values_given_as_bytes_go_out_unchanged() -> None:
    described = describe(requests.Request("GET", "http://host.test/", headers={"X": b"\xff\xe9"})).request
    assert b"\r\nX: \xff\xe9\r\n" in wire_bytes(described, parse_target(described.url), "")


@pytest.mark.parametrize(
    "request_",
    [
        "no-scheme",
        "ftp://host.test/",
        "http://",
        "http://host.test:99999/",
        HttpRequest("GET", "http://[::1", (), b""),
        HttpRequest("G T", "http://host.test/", (), b""),
        HttpRequest("GET", "http://host.test/", (("a b", "c"),), b""),
        HttpRequest("GET", "http://host.test/", (("a", "b\r\nc: d"),), b""),
        requests.Request("GET", "http://host.test/", headers={"a": "b\r\nc: d"}),
        requests.Request("POST", "http://host.test/", data=iter([object()])),
    ],
)
def test_a_request_that_cannot_be_sent_is_misuse(request_: Any) -> None:  # noqa: ANN401
    with pytest.raises(Misuse):
        describe(request_)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://h:80/", "h", "/"),
        ("https://h:443", "h", "/"),
        ("https://h:80/a", "h:80", "/a"),
        ("http://[::1]:9/a?b=c#d", "[::1]:9", "/a?b=c"),
        ("http://h/a b?c=d e&f=%20", "h", "/a%20b?c=d%20e&f=%20"),
        ("http://h/?q=\u00e9", "h", "/?q=%C3%A9"),
        ("http://b\u00fccher.test/", "xn--bcher-kva.test", "/"),
    ],
)
def test_a_target_is_what_goes_on_the_request_line(url: str, authority: str, path: str) -> None:
    target = parse_target(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/events?c=1",
        "https://a.b-c/",
        "http://host.test/api/events?task_ids=a-b_c~.",
        "http://host.test/a/../b",
        "http://host.test/a/./b",
        "http://host.test/a//b",
        "http://host.test/.a?x=/..",
        "http://host.test/%41",
        "http://host.test",
        "http://HOST.test/a",
    ],
)
def test_a_plain_url_is_taken_as_requests_would_prepare_it(url: str) -> None:
    assert describe(url) == describe(requests.Request("GET", url))
