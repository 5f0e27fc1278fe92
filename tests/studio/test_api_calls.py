"""What each call owes, what a provoked refusal is, and that no call is ever sent twice."""

from __future__ import annotations

from locust.clients import HttpSession
from locust.event import EventHook

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import pytest

from studio.api import StudioApi, refused
from studio.contract import EventKey
from studio.verify.actions import Action
from studio.wire_times import TimingAdapter
from tests.studio.test_api import FakeSession

CALLS: dict[str, Callable[[StudioApi], object]] = {
    "create": lambda api: api.create("haiku", ""),
    "transition": lambda api: api.transition("t", "todo", "planning"),
    "patch": lambda api: api.change_status("t", "todo", "review"),
    "complete": lambda api: api.complete("t"),
    "execute": lambda api: api.execute("t"),
}


def api(status: int, body: object) -> tuple[StudioApi, FakeSession, list[Action]]:
    session, actions = FakeSession(status, body), list[Action]()
    return StudioApi(cast(HttpSession, session), actions.append, lambda _: None), session, actions


def test_a_patch_owes_the_change_that_it_makes() -> None:
    client, _, actions = api(200, {"id": "t"})
    assert client.change_status("t", "todo", "review").ok
    assert client.change_status("t", "todo", "todo").ok
    assert [(action.kind, action.key) for action in actions] == [
        ("patch", EventKey("t", "task.status_changed", "todo>review")),
        ("patch", None),
    ]


def test_a_complete_owes_the_change_from_review_to_done() -> None:
    client, _, actions = api(200, {"success": True})
    assert client.complete("t").ok
    assert [action.key for action in actions] == [EventKey("t", "task.status_changed", "review>done")]


@pytest.mark.parametrize("call", CALLS)
def test_a_refused_call_did_nothing_and_is_no_action(call: str) -> None:
    client, session, actions = api(409, {"error": "conflict"})
    CALLS[call](client)
    assert actions == []
    assert len(session.response.failures) == 1


@pytest.mark.parametrize("call", CALLS)
def test_a_call_with_an_unknown_outcome_is_an_attempt(call: str) -> None:
    client, _, actions = api(500, {"error": "internal_error"})
    CALLS[call](client)
    assert [action.acknowledged for action in actions] == [False]


def test_a_refusal_is_a_4xx_that_is_no_time_out() -> None:
    assert [status for status in (0, 202, 399, 400, 404, 408, 409, 429, 499, 500, 503) if refused(status)] == [
        *(400, 404, 409, 429, 499),
    ]


def test_a_provoked_refusal_is_no_failure_and_no_success() -> None:
    client, session, _ = api(409, {"error": "conflict"})
    answer = client.execute("t", refusals=(409,))
    assert (answer.ok, answer.status, session.response.failures) == (False, 409, [])
    client, session, _ = api(500, {"error": "internal_error"})
    client.execute("t", refusals=(409,))
    assert len(session.response.failures) == 1


def test_a_deleted_task_may_be_gone_or_not() -> None:
    client, session, _ = api(404, {"error": "not_found"})
    assert (client.deleted_task("t").status, session.response.failures) == (404, [])
    client, _, _ = api(200, {"status": "done"})
    assert client.deleted_task("t").body == {"status": "done"}


def test_sessions_are_a_list() -> None:
    client, _, _ = api(200, [{"id": "s"}])
    assert client.sessions("t").body == [{"id": "s"}]
    client, _, _ = api(200, {"id": "s"})
    assert client.sessions("t").problem == "the body is not a JSON array"


class Counting:
    """A server that reads requests and counts them, and answers as it is told."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.requests = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            while data := connection.recv(65_536):
                self.requests += data.count(b" HTTP/1.1\r\n")
                if not self._answer:
                    return
                connection.sendall(self._answer)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def counting(answer: bytes) -> Iterator[tuple[StudioApi, Counting]]:
    server = Counting(answer)
    session: Any = HttpSession(base_url=server.url, request_event=EventHook(), user=None)
    session.trust_env = False
    session.mount("http://", TimingAdapter(None))
    try:
        yield StudioApi(session, lambda _: None, lambda _: None, timeout_s=(5, 0.5)), server
    finally:
        session.close()
        server.close()


HEAD = b"HTTP/1.1 %b\r\ncontent-length: 2\r\n%b\r\n{}"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 202 Accepted\r\ncontent-le",
        HEAD % (b"503 Service Unavailable", b"retry-after: 0\r\n"),
        HEAD % (b"429 Too Many Requests", b"retry-after: 0\r\n"),
        HEAD % (b"307 Temporary Redirect", b"location: /elsewhere\r\n"),
        HEAD % (b"408 Request Timeout", b""),
    ],
    ids=["closed without an answer", "no whole head", "503", "429", "307", "408"],
)
def test_no_call_is_sent_twice_whatever_becomes_of_it(call: str, answer: bytes) -> None:
    with counting(answer) as (client, server):
        CALLS[call](client)
        assert server.requests == 1


def test_no_call_is_sent_again_over_a_new_connection_when_a_kept_one_turns_out_closed() -> None:
    with counting(HEAD % (b"409 Conflict", b"")) as (client, server):
        client.execute("t")
        server._answer = b""
        assert client.execute("t").status == 0
        assert server.requests == 2


def test_patience_may_be_shorter_than_for_others() -> None:
    with counting(b"HTTP/1.1 202 Accepted\r\n") as (client, server):
        answer = client.execute("t", patience_s=0.05)
        assert (answer.status, server.requests) == (0, 1)
        assert "timed out" in answer.problem
