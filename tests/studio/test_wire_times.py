"""When a request leaves and its answer is there, seen at the socket."""

from __future__ import annotations

from locust.clients import HttpSession
from locust.event import EventHook

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from studio.trigger_clock import Trigger
from studio.wire_times import TimingAdapter, WireTimes, watching

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Service:
    """Answers every request on one connection; notes when it had the request and when it sent the answer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.times: list[tuple[int, int]] = []
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._connection, _ = self._listener.accept()
        data = b""
        while more := self._connection.recv(65_536):
            data += more
            if data.endswith(b"END"):
                came_ns, data = time.time_ns(), b""
                self.times.append((came_ns, time.time_ns()))
                self._connection.sendall(ANSWER)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


@contextmanager
def session() -> Iterator[tuple[HttpSession, Service]]:
    service = Service()
    made = HttpSession(base_url=service.url, request_event=EventHook(), user=None)
    made.trust_env = False
    made.mount("http://", TimingAdapter(None))
    try:
        yield made, service
    finally:
        made.close()
        service.close()


def post(client: HttpSession, trigger: Trigger | None = None) -> WireTimes:
    with watching(trigger) as times:
        client.post("/", data="END")
    return times


def test_both_times_are_as_close_as_can_be_and_on_the_right_side() -> None:
    with session() as (client, service):
        for _ in range(3):
            called_ns = time.time_ns()
            times = post(client)
            returned_ns = time.time_ns()
            came_ns, answered_ns = service.times[-1]
            assert times.sent_ns is not None and times.answered_ns is not None
            assert called_ns < times.sent_ns <= came_ns
            assert answered_ns <= times.answered_ns < returned_ns


def test_a_trigger_is_told_before_the_service_can_have_it() -> None:
    with session() as (client, service):
        trigger = Trigger(5)
        times = post(client, trigger)
        assert trigger.sent_ns is not None
        assert trigger.sent_ns == times.sent_ns
        assert trigger.sent_ns <= service.times[0][0]


def test_the_trigger_is_told_before_the_first_byte_leaves_and_the_answer_is_noted_after_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send, getresponse = http.client.HTTPConnection.send, http.client.HTTPConnection.getresponse
    trigger, told, came_ns = Trigger(5), list[int | None](), list[int]()

    def spying_send(connection: http.client.HTTPConnection, data: Any) -> None:  # noqa: ANN401 - as http.client
        told.append(trigger.sent_ns)
        send(connection, data)

    def spying_getresponse(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        response = getresponse(connection)
        came_ns.append(time.time_ns())
        return response

    monkeypatch.setattr(http.client.HTTPConnection, "send", spying_send)
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", spying_getresponse)
    with session() as (client, _):
        times = post(client, trigger)
    assert told[0] is not None
    assert times.answered_ns is not None and times.answered_ns >= came_ns[0]


def test_a_request_that_nobody_watches_is_sent_all_the_same() -> None:
    with session() as (client, service):
        assert client.post("/", data="END").status_code == 200
        assert len(service.times) == 1


def test_each_request_has_its_own_times() -> None:
    with session() as (client, _):
        first, second = post(client), post(client)
        assert first.answered_ns is not None and second.sent_ns is not None
        assert first.answered_ns <= second.sent_ns


def test_without_an_answer_there_is_no_time_of_it() -> None:
    client = HttpSession(base_url="http://127.0.0.1:9", request_event=EventHook(), user=None)
    client.trust_env = False
    client.mount("http://", TimingAdapter(None))
    times = post(client)
    assert (times.sent_ns, times.answered_ns) == (None, None)
