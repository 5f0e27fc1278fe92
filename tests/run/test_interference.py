"""What fails while the run itself keeps the service away counts as no failure of the service."""

from __future__ import annotations

from locust.event import EventHook

import time
from typing import Any

from run.interference import ForgivingRequests, Interference


def heard() -> tuple[Interference, ForgivingRequests, list[dict[str, Any]]]:
    hook, fired = EventHook(), []
    hook.add_listener(lambda **kwargs: fired.append(kwargs))
    interference = Interference()
    return interference, ForgivingRequests(hook, interference), fired


def test_failures_are_excused_while_it_goes_on_and_only_then() -> None:
    interference, requests, fired = heard()
    requests.fire(name="before", exception=OSError(), start_time=time.time())
    with interference.going_on():
        requests.fire(name="meanwhile", exception=OSError(), start_time=time.time())
        requests.fire(name="well", exception=None, start_time=time.time())
    after = time.time_ns()
    while time.time_ns() <= after:
        pass
    requests.fire(name="after", exception=OSError(), start_time=time.time())
    assert [event["name"] for event in fired] == ["before", "well", "after"]
    assert interference.requests == 1


def test_a_request_that_began_before_and_fails_after_it_is_excused() -> None:
    interference, requests, fired = heard()
    began = time.time()
    with interference.going_on():
        pass
    requests.fire(name="over", exception=OSError(), start_time=began)
    assert (fired, interference.requests) == ([], 1)


def test_a_failure_without_a_start_is_taken_for_one_of_now() -> None:
    interference, requests, fired = heard()
    with interference.going_on():
        requests.fire(name="x", exception=OSError())
    assert (fired, interference.requests) == ([], 1)


def test_lost_streams_are_excused_by_their_time() -> None:
    interference = Interference()
    before = time.time_ns() - 1
    with interference.going_on():
        assert interference.excuses_connection(time.time_ns())
    assert not interference.excuses_connection(before)
    assert not interference.excuses_connection(time.time_ns() + 1_000_000_000)
    assert interference.connections == 1


def test_a_restart_throws_doubt_on_what_users_find_for_as_long_as_it_echoes() -> None:
    interference = Interference()
    assert interference.doubt() == ""
    with interference.restarting("the run itself had just sent SIGTERM", 3_600):
        assert interference.doubt() == "the run itself had just sent SIGTERM"
        assert interference.covers(time.time_ns())
    assert interference.doubt() == "the run itself had just sent SIGTERM"
    silent = Interference()
    with silent.restarting("the run itself had just sent SIGTERM", -1):
        pass
    assert silent.doubt() == ""
