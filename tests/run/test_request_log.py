"""Locust's statistics in pieces: what they add up to is what Locust has."""

from __future__ import annotations

from locust.stats import RequestStats

from typing import Any

import msgpack  # type: ignore[import-untyped]

from locust_eventsource.locust.stats_table import add_deliveries
from run.outcome.request_log import RequestLog, add_requests

HOST = "http://user:secret@studio"


def log(stats: RequestStats, name: str, milliseconds: int, error: str = "") -> None:
    stats.log_request("POST", name, milliseconds, 10)
    if error:
        stats.log_error("POST", name, error)


def facts(stats: RequestStats) -> dict[str, Any]:
    entries = {
        key: (entry.num_requests, entry.num_failures, entry.max_response_time, dict(entry.response_times))
        for key, entry in [*stats.entries.items(), (("total", ""), stats.total)]
        if entry.method != "SSE event"
    }
    return {"entries": entries, "errors": sorted((error.name, error.occurrences) for error in stats.errors.values())}


def over_the_disk(delta: dict[str, Any] | None) -> dict[str, Any]:
    assert delta is not None
    read: dict[str, Any] = msgpack.unpackb(msgpack.packb(delta), strict_map_key=False)
    return read


def test_pieces_add_up_to_the_statistics() -> None:
    stats, told, taker = RequestStats(), RequestStats(), RequestLog()
    for number in range(5):
        log(stats, "/api/tasks", 3 * number, "500" if number % 2 else "")
        log(stats, "/api/sessions", 7)
        add_deliveries(stats, "delivery task.created", [1_000_000], 5)
        add_requests(told, over_the_disk(taker.take(stats, HOST)))
    assert facts(told) == facts(stats)
    assert told.total.num_failures == 2
    for percent in (0.5, 0.99):
        assert told.total.get_response_time_percentile(percent) == stats.total.get_response_time_percentile(percent)


def test_where_nothing_came_nothing_is_taken() -> None:
    stats, taker = RequestStats(), RequestLog()
    log(stats, "/api/tasks", 1)
    assert taker.take(stats, HOST) is not None
    assert taker.take(stats, HOST) is None


def test_statistics_that_were_reset_begin_anew() -> None:
    stats, told, taker = RequestStats(), RequestStats(), RequestLog()
    for _ in range(3):
        log(stats, "/api/tasks", 1, "500")
    add_requests(told, over_the_disk(taker.take(stats, HOST)))
    stats.reset_all()
    log(stats, "/api/tasks", 2)
    add_requests(told, over_the_disk(taker.take(stats, HOST)))
    assert told.total.num_requests == 1
    assert told.errors == {}


def test_credentials_do_not_reach_the_journal() -> None:
    stats, taker = RequestStats(), RequestLog()
    log(stats, "/api/tasks", 1, f"no answer from {HOST}/api/tasks")
    assert "secret" not in str(taker.take(stats, HOST))
