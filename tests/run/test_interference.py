"""What fails while the run itself keeps the service away counts as no failure of the service."""

from __future__ import annotations

from locust.event import EventHook

import time
from contextlib import AbstractContextManager
from typing import Any

from run.interference import ForgivingRequests, Interference


def heard() -> tuple[Interference, ForgivingRequests, list[dict[str, Any]]]:
    hook, fired = EventHook(), []
    hook.add_listener(lambda **kwargs: fired.append(kwargs))
    interference = Interference()
    return interference, ForgivingRequests(hook, interference), fired


def restarting(interference: Interference) -> AbstractContextManager[None]:
    return interference.restarting("the run itself had just sent SIGTERM", 0)


def test_failures_are_excused_while_the_service_is_away_and_only_then() -> None:
    interference, requests, fired = heard()
    requests.fire(name="before", exception=OSError(), start_time=time.time())
    with restarting(interference):
        requests.fire(name="meanwhile", exception=OSError(), start_time=time.time())
        requests.fire(name="well", exception=None, start_time=time.time())
    after = time.time_ns()
    while time.time_ns() <= after + 1_000_000:
        pass
    requests.fire(name="after", exception=OSError(), start_time=time.time())
    assert [event["name"] for event in fired] == ["before", "well", "after"]
    assert interference.requests == 1


def test_a_request_that_began_before_and_fails_after_it_is_excused() -> None:
    interference, requests, fired = heard()
    began = time.time()
    with restarting(interference):
        pass
    requests.fire(name="over", exception=OSError(), start_time=began)
    assert (fired, interference.requests) == ([], 1)


def test_a_failure_without_a_start_is_taken_for_one_of_now() -> None:
    interference, requests, fired = heard()
    with restarting(interference):
        requests.fire(name="x", exception=OSError())
    assert (fired, interference.requests) == ([], 1)


def test_lost_streams_and_those_that_do_not_open_are_excused_by_their_time() -> None:
    interference = Interference()
    before = time.time_ns() - 1
    with restarting(interference):
        now = time.time_ns()
        assert interference.excuses_loss(now) and interference.excuses_failure(now) and interference.was_away_at(now)
    assert not interference.excuses_loss(before)
    assert not interference.excuses_failure(time.time_ns() + 1_000_000_000)
    assert interference.was_away(before, now) and not interference.was_away(before, before)
    assert interference.connections == 2


def test_a_service_that_is_full_excuses_only_streams_that_do_not_open() -> None:
    interference, requests, fired = heard()
    with interference.taking_every_place():
        now = time.time_ns()
        assert interference.excuses_failure(now)
        assert not interference.excuses_loss(now) and not interference.was_away_at(now)
        requests.fire(name="a stream", request_type="SSE", exception=OSError(), start_time=time.time())
        requests.fire(name="a call", request_type="GET", exception=OSError(), start_time=time.time())
    assert [event["name"] for event in fired] == ["a call"]
    assert (interference.requests, interference.connections, interference.doubt()) == (1, 1, "")


def test_a_restart_throws_doubt_on_what_users_find_for_as_long_as_it_echoes() -> None:
    what = "the run itself had just sent SIGTERM"
    interference, silent = Interference(), Interference()
    assert interference.doubt() == ""
    with interference.restarting(what, 3_600):
        assert interference.doubt() == what
    assert interference.doubt() == what
    with silent.restarting(what, -1):
        pass
    assert silent.doubt() == ""
