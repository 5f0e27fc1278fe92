"""Reading a session's status, and asking for the activity of one that is not there."""

from __future__ import annotations

from locust.clients import HttpSession

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from studio.session_reads import ask_activity_of_nobody, session_status
from studio.verify.activity import Refusal


class FakeResponse:
    """As much of Locust's response as is looked at."""

    def __init__(self, status: int, text: str, content_type: str = "application/json") -> None:
        self.status_code = status
        self._text = text
        self.headers = {"Content-Type": content_type}
        self.successes = 0
        self.failures: list[str] = []
        self.closed = False

    @property
    def text(self) -> str:
        assert "event-stream" not in self.headers["Content-Type"], "reading a stream would never end"
        return self._text

    def json(self) -> object:
        return json.loads(self._text)

    def success(self) -> None:
        self.successes += 1

    def failure(self, why: str) -> None:
        self.failures.append(why)

    def close(self) -> None:
        self.closed = True


class FakeClient:
    """Answers with one response."""

    def __init__(self, response: FakeResponse) -> None:
        self._response = response
        self.asked: list[tuple[str, str]] = []

    @contextmanager
    def get(self, path: str, *, name: str, **_options: object) -> Iterator[FakeResponse]:
        self.asked.append((path, name))
        yield self._response


def asked(response: FakeResponse) -> HttpSession:
    return cast(HttpSession, FakeClient(response))


def test_the_status_of_a_session_is_read_under_one_name() -> None:
    response = FakeResponse(200, '{"id": "s", "status": "completed"}')
    client = FakeClient(response)
    assert session_status(cast(HttpSession, client), "s") == "completed"
    assert client.asked == [("/api/sessions/s", "/api/sessions/[id]")]
    assert (response.successes, response.failures) == (1, [])


@pytest.mark.parametrize(
    ("status", "text"), [(404, '{"status": "completed"}'), (200, "{}"), (200, "["), (200, "[]"), (0, "")]
)
def test_an_answer_without_a_status_is_a_failed_request(status: int, text: str) -> None:
    response = FakeResponse(status, text)
    assert session_status(asked(response), "s") == ""
    assert response.successes == 0
    assert str(status) in response.failures[0]


def test_a_refusal_is_no_failed_request() -> None:
    response = FakeResponse(404, '{"error":"not_found"}')
    assert ask_activity_of_nobody(asked(response), "s") == Refusal(404, "application/json", '{"error":"not_found"}')
    assert (response.successes, response.failures, response.closed) == (1, [], True)


def test_a_stream_for_nobody_is_let_go_unread() -> None:
    response = FakeResponse(200, "", "text/event-stream")
    assert ask_activity_of_nobody(asked(response), "s") == Refusal(200, "text/event-stream", "")
    assert response.closed


def test_no_answer_is_left_to_locust_to_count() -> None:
    response = FakeResponse(0, "")
    assert ask_activity_of_nobody(asked(response), "s") == Refusal(0, "", "")
    assert response.successes == 0
