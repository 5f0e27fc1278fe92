"""What a REST answer tells besides its content: the service's time, and when a trigger was sent."""

from __future__ import annotations

from locust.clients import HttpSession

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, cast

import pytest

from locust_eventsource.measure.clock_offset import Probe
from studio.api import StudioApi
from studio.trigger_clock import Trigger
from studio.verify.actions import Action

STAMP = "1970-01-01T00:00:07.5Z"
STAMP_NS = 7_500_000_000


class FakeResponse:
    """As much of Locust's response as the API looks at."""

    def __init__(self, status: int, body: object) -> None:
        self.status_code = status
        self.text = json.dumps(body)
        self.failures: list[str] = []

    def json(self) -> object:
        return json.loads(self.text)

    def success(self) -> None:
        pass

    def failure(self, why: str) -> None:
        self.failures.append(why)


class FakeSession:
    """Answers everything the same."""

    def __init__(self, status: int, body: object) -> None:
        self.response = FakeResponse(status, body)
        self.trigger: Trigger | None = None
        self.sent_ns: list[int | None] = []

    @contextmanager
    def request(self, *_args: object, **_options: object) -> Iterator[FakeResponse]:
        # The service may have published the event by now, although it has not answered yet.
        self.sent_ns.append(self.trigger.sent_ns if self.trigger else None)
        yield self.response


def api(status: int, body: object) -> tuple[StudioApi, FakeSession, list[Action], list[Probe]]:
    session, actions, probes, clock = FakeSession(status, body), list[Action](), list[Probe](), count(10)
    made = StudioApi(cast(HttpSession, session), actions.append, probes.append, now_ns=lambda: next(clock))
    return made, session, actions, probes


def task(**fields: str | int | None) -> dict[str, Any]:
    return {"id": "t", "created_at": "1970-01-01T00:00:06Z", "updated_at": "1970-01-01T00:00:06Z", **fields}


def test_the_answer_to_a_create_is_a_probe_of_the_clock() -> None:
    client, _, _, probes = api(201, task(created_at=STAMP))
    client.create("haiku", "")
    assert probes == [Probe(10, 11, STAMP_NS, 100_000_000)]


def test_a_create_in_whole_seconds_is_a_coarse_probe() -> None:
    client, _, _, probes = api(201, task())
    client.create("haiku", "")
    assert [probe.resolution_ns for probe in probes] == [1_000_000_000]


def test_a_transition_is_a_probe_where_it_shows_that_the_time_is_its_own() -> None:
    client, _, _, probes = api(200, {"task": task(updated_at=STAMP), "previous_status": "todo"})
    client.transition("t", "todo", "planning")
    assert [probe.server_ns for probe in probes] == [STAMP_NS]
    client, _, _, probes = api(200, {"task": task(), "previous_status": "todo"})
    client.transition("t", "todo", "planning")
    assert probes == []


def test_times_of_an_earlier_request_are_no_probes() -> None:
    client, _, _, probes = api(202, {"task": task(updated_at=STAMP), "session_id": "s"})
    client.execute("t")
    client, _, _, more = api(200, task(created_at=STAMP, updated_at=STAMP))
    client.task("t")
    assert probes == more == []


@pytest.mark.parametrize("body", [{"id": "t"}, task(created_at=None), task(created_at="yesterday"), task(created_at=7)])
def test_an_answer_without_a_time_is_no_probe(body: object) -> None:
    client, _, actions, probes = api(201, body)
    assert client.create("haiku", "").ok
    assert probes == []
    assert [action.acknowledged for action in actions] == [True]


def test_a_refusal_is_no_probe() -> None:
    client, _, _, probes = api(403, task(created_at=STAMP))
    assert client.create("haiku", "").problem.startswith("expected 201, got 403")
    assert probes == []


@pytest.mark.parametrize("body", [[], {}, "t"])
def test_an_answer_that_names_no_task_is_not_taken_for_a_task(body: object) -> None:
    client, _, actions, _ = api(201, body)
    assert not client.create("haiku", "").ok
    assert [action.acknowledged for action in actions] == [False]


@pytest.mark.parametrize("call", ["create", "transition", "execute"])
def test_a_trigger_knows_when_it_was_sent_before_the_service_can_have_it(call: str) -> None:
    body = {**task(), "task": task(), "session_id": "s"}
    client, session, _, _ = api({"create": 201, "transition": 200, "execute": 202}[call], body)
    session.trigger = trigger = Trigger(5)
    match call:
        case "create":
            client.create("haiku", "", trigger)
        case "transition":
            client.transition("t", "todo", "planning", trigger)
        case _:
            client.execute("t", trigger)
    assert session.sent_ns == [10]
