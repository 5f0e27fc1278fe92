"""From changes of state and arrivals to event hooks and Locust's request event."""

from __future__ import annotations

from locust.env import Environment

from collections.abc import Iterator
from typing import Any, cast

import pytest

from locust_eventsource.errors import ConnectionLost, Dropped, EventSourceError, RefusedResponse
from locust_eventsource.locust.event_hooks import events
from locust_eventsource.locust.pump import Pump, pump_of
from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, ConnectTiming, EventStream, State, StateChange

HOOKS = ("connect", "first_event", "deliveries", "disconnect", "reconnect", "failure")


class FakeStream:
    """As much of a stream as the pump looks at."""

    name = "/events"
    url = "http://127.0.0.1/events"


STREAM = cast(EventStream, FakeStream())
TIMING = ConnectTiming(0, 1_000, 0, 2_000, 3_000, 0, "kernel", "127.0.0.1")


def change(state: State, at_ns: int, error: EventSourceError | None = None) -> StateChange:
    timing = TIMING if state == "open" else None
    return StateChange(state, at_ns, None, error, None, timing, 1)


def arrival(at_ns: int) -> Arrival:
    return Arrival(STREAM, Event("message", "x", ""), at_ns, at_ns, "kernel", at_ns, True, 1)


@pytest.fixture
def told() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What the hooks were fired with, in order."""
    seen: list[tuple[str, dict[str, Any]]] = []
    listeners = {name: (lambda _name=name, **arguments: seen.append((_name, arguments))) for name in HOOKS}
    for name, listener in listeners.items():
        getattr(events, name).add_listener(listener)
    yield seen
    for name, listener in listeners.items():
        getattr(events, name).remove_listener(listener)


@pytest.fixture
def requests() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def pump(requests: list[dict[str, Any]]) -> Pump:
    environment = Environment()
    environment.events.request.add_listener(lambda **arguments: requests.append(arguments))
    return Pump(environment)


def test_a_connection_fires_connect_and_one_request(
    pump: Pump, told: list[tuple[str, dict[str, Any]]], requests: list[dict[str, Any]]
) -> None:
    pump.on_state(STREAM, change("connecting", 1))
    pump.on_state(STREAM, change("open", 10_000))
    pump.flush()
    assert [name for name, _ in told] == ["connect"]
    assert told[0][1]["timing"] is TIMING
    assert [(r["request_type"], r["name"], r["response_time"], r["exception"]) for r in requests] == [
        ("SSE", "/events", 0.003, None)
    ]


def test_arrivals_come_in_batches_after_the_first_event(pump: Pump, told: list[tuple[str, dict[str, Any]]]) -> None:
    pump.on_state(STREAM, change("open", 10_000))
    pump.on_arrivals([arrival(11_000), arrival(12_000)])
    pump.on_arrivals([arrival(13_000)])
    pump.flush()
    assert [name for name, _ in told] == ["connect", "first_event", "deliveries"]
    assert told[1][1]["since_dial_ns"] == 11_000 - (10_000 - 3_000)
    assert len(told[2][1]["arrivals"]) == 3


def test_a_change_of_state_between_arrivals_keeps_its_place(pump: Pump, told: list[tuple[str, dict[str, Any]]]) -> None:
    pump.on_state(STREAM, change("open", 10))
    pump.on_arrivals([arrival(11)])
    pump.on_state(STREAM, change("reconnecting", 12, ConnectionLost("reset")))
    pump.on_state(STREAM, change("open", 30))
    pump.on_arrivals([arrival(31)])
    pump.flush()
    assert [name for name, _ in told] == [
        "connect",
        "first_event",
        "deliveries",
        "disconnect",
        "connect",
        "reconnect",
        "deliveries",
    ]
    assert told[5][1]["gap_ns"] == 18


def test_a_failed_attempt_is_a_failed_request(
    pump: Pump, told: list[tuple[str, dict[str, Any]]], requests: list[dict[str, Any]]
) -> None:
    error = RefusedResponse("503 Service Unavailable", 503)
    pump.on_state(STREAM, change("connecting", 1))
    pump.on_state(STREAM, change("failed", 2, error))
    pump.flush()
    assert [(name, arguments["final"]) for name, arguments in told] == [("failure", True)]
    assert [r["exception"] for r in requests] == [error]


def test_closing_on_purpose_is_no_failure(
    pump: Pump, told: list[tuple[str, dict[str, Any]]], requests: list[dict[str, Any]]
) -> None:
    pump.on_state(STREAM, change("open", 1))
    pump.on_state(STREAM, change("closed", 2))
    pump.flush()
    assert [(name, arguments.get("deliberate")) for name, arguments in told] == [
        ("connect", None),
        ("disconnect", True),
    ]
    assert len(requests) == 1


def test_a_connection_let_go_on_purpose_is_no_failure_and_its_return_a_reconnect(
    pump: Pump, told: list[tuple[str, dict[str, Any]]], requests: list[dict[str, Any]]
) -> None:
    pump.on_state(STREAM, change("open", 1))
    pump.on_state(STREAM, change("reconnecting", 2, Dropped("on purpose")))
    pump.on_state(STREAM, change("open", 4))
    pump.flush()
    assert [(name, arguments.get("deliberate")) for name, arguments in told] == [
        ("connect", None),
        ("disconnect", True),
        ("connect", None),
        ("reconnect", None),
    ]
    assert [r["exception"] for r in requests] == [None, None]


def test_an_environment_has_one_pump() -> None:
    environment = Environment()
    assert pump_of(environment) is pump_of(environment)
