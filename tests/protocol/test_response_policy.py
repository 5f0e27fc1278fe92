"""Which answers open a stream, end it, lead elsewhere or are refused."""

from __future__ import annotations

import pytest

from locust_eventsource.errors import RefusedResponse
from locust_eventsource.protocol.http_response import ResponseHead
from locust_eventsource.protocol.response_policy import End, Open, Redirect, Redirected, judge_response, redirected


def _head(status: int, *headers: tuple[str, str], reason: str = "") -> ResponseHead:
    return ResponseHead("1.1", status, reason, headers)


@pytest.mark.parametrize(
    "content_type",
    ["text/event-stream", "Text/Event-STREAM", "text/event-stream;charset=utf-8", " text/event-stream ; a=b,c"],
)
def test_200_with_an_event_stream_opens(content_type: str) -> None:
    assert judge_response(_head(200, ("content-type", content_type))) == Open()


def test_the_last_content_type_counts() -> None:
    head = _head(200, ("Content-Type", "text/html"), ("Content-Type", "text/event-stream"))
    assert judge_response(head) == Open()


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/event-stream2", "text", "", "text/plain; a=text/event-stream"]
)
def test_another_type_is_refused_with_what_came(content_type: str) -> None:
    with pytest.raises(RefusedResponse, match="instead of text/event-stream") as caught:
        judge_response(_head(200, ("Content-Type", content_type)))
    assert repr(content_type) in str(caught.value)
    assert caught.value.status == 200


def test_an_answer_without_a_type_is_refused() -> None:
    with pytest.raises(RefusedResponse, match="no Content-Type"):
        judge_response(_head(200))


def test_204_ends_for_good() -> None:
    assert judge_response(_head(204)) == End()


@pytest.mark.parametrize("status", [201, 205, 206, 300, 304, 305, 400, 401, 404, 429, 500, 503, 99, 999])
def test_another_status_is_refused_with_what_came(status: int) -> None:
    with pytest.raises(RefusedResponse, match=f"answered {status} Reason instead of 200") as caught:
        judge_response(_head(status, ("Content-Type", "text/event-stream"), reason="Reason"))
    assert caught.value.status == status


def test_a_status_without_a_reason_reads_well() -> None:
    with pytest.raises(RefusedResponse, match=r"^answered 500 instead of 200$"):
        judge_response(_head(500))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_its_location(status: int) -> None:
    assert judge_response(_head(status, ("LOCATION", "/b"))) == Redirect("/b")


def test_a_redirect_without_a_location_is_refused() -> None:
    with pytest.raises(RefusedResponse, match="302 without a Location"):
        judge_response(_head(302))


HARMLESS = (
    ("Accept", "text/event-stream"),
    ("accept-encoding", "identity"),
    ("Accept-Language", "pl"),
    ("Cache-Control", "no-cache"),
    ("Content-Type", "application/json"),
    ("Content-Length", "2"),
    ("Last-Event-ID", "7"),
    ("User-Agent", "probe"),
)
HEADERS = (
    ("authorization", "Bearer secret"),
    ("Cookie", "a=b"),
    ("Proxy-Authorization", "Basic secret"),
    ("Host", "a.example"),
    ("X-Api-Key", "secret"),
    ("X-Api-Key", "second secret"),
    *HARMLESS,
)


def _follow(location: str, status: int = 307, method: str = "POST", url: str = "http://a.example/x/y?q") -> Redirected:
    return redirected(method, url, HEADERS, b"{}", status, location, hops=0)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "http://a.example/b"),
        ("z", "http://a.example/x/z"),
        ("?r=1", "http://a.example/x/y?r=1"),
        ("//a.example:80/c", "http://a.example:80/c"),
        ("HTTP://a.example/d", "http://a.example/d"),
        ("/a b\u00c3\u00a9%20", "http://a.example/a%20b%C3%A9%20"),
        ("/a\u0142b", "http://a.example/a?b"),
    ],
)
def test_a_location_is_resolved_and_keeps_secrets_within_the_origin(location: str, target: str) -> None:
    assert _follow(location) == Redirected("POST", target, HEADERS, b"{}")


@pytest.mark.parametrize(
    "location", ["http://b.example/", "https://a.example/", "http://a.example:8080/", "//evil.example/x"]
)
def test_secrets_do_not_go_to_another_origin(location: str) -> None:
    assert _follow(location).headers == HARMLESS


def test_a_change_to_get_on_another_origin_takes_neither_secrets_nor_the_bodys_fields() -> None:
    kept = tuple(pair for pair in HARMLESS if not pair[0].startswith("Content-"))
    assert _follow("http://b.example/", 303).headers == kept


def test_https_to_http_is_another_origin() -> None:
    assert "authorization" not in dict(_follow("http://a.example/", url="https://a.example/").headers)


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "post", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "HEAD", "HEAD"),
        (303, "GET", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_the_method_changes_as_fetch_says_and_the_body_goes_with_it(status: int, method: str, becomes: str) -> None:
    follow = _follow("/b", status, method)
    assert follow.method == becomes
    changed = becomes != method
    assert follow.body == (None if changed else b"{}")
    headers = dict(follow.headers)
    assert ("Content-Type" in headers) is not changed
    assert ("Content-Length" in headers) is not changed
    assert headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("ftp://a.example/", "not an http or https URL"),
        ("javascript:alert(1)", "not an http or https URL"),
        ("https:///x", "not an http or https URL"),
        ("http://a.example:port/", "not a URL"),
        ("http://a.example:99999/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://user:pass@b.example/", "user name or password"),
    ],
)
def test_a_location_that_cannot_be_followed_is_refused(location: str, reason: str) -> None:
    with pytest.raises(RefusedResponse, match=reason) as caught:
        _follow(location)
    assert caught.value.status == 307


def test_redirects_are_bounded() -> None:
    def follow(hops: int) -> Redirected:
        return redirected("GET", "http://a.example/", (), None, 302, "/b", hops=hops, max_hops=3)

    assert follow(2).url == "http://a.example/b"
    with pytest.raises(RefusedResponse, match="more than 3 redirects, the last one to '/b'"):
        follow(3)
