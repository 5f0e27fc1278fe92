"""Locust's request statistics in pieces that add up, for the journal."""

from __future__ import annotations

from locust.stats import RequestStats, StatsEntry, StatsError

from collections.abc import Iterator
from typing import Any, Final

from config.options import without_credentials
from locust_eventsource.locust.stats_table import METHOD as EVENT_METHOD

_ADDED: Final = ("num_requests", "num_none_requests", "num_failures", "total_response_time", "total_content_length")


class RequestLog:
    """What is new in the statistics since the last look."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], dict[str, Any]] = {}
        self._errors: dict[str, int] = {}

    def take(self, stats: RequestStats, host: str) -> dict[str, Any] | None:
        """What has come since the last call; None when nothing has. Credentials in the host are left out."""
        reset = any(stats.entries[key].num_requests < told["num_requests"] for key, told in self._told.items())
        if reset:
            self._told, self._errors = {}, {}
        entries = list(self._new_entries(stats))
        errors = list(self._new_errors(stats, host))
        return {"reset": reset, "entries": entries, "errors": errors} if reset or entries or errors else None

    def _new_entries(self, stats: RequestStats) -> Iterator[dict[str, Any]]:
        for key, entry in list(stats.entries.items()):
            told = self._told.get(key)
            if entry.method == EVENT_METHOD or (told and told["num_requests"] == entry.num_requests):
                continue
            now = {name: getattr(entry, name) for name in _ADDED} | {"response_times": dict(entry.response_times)}
            self._told[key] = now
            yield _difference(now, told) | {
                "name": entry.name,
                "method": entry.method,
                "max_response_time": entry.max_response_time,
                "min_response_time": entry.min_response_time,
            }

    def _new_errors(self, stats: RequestStats, host: str) -> Iterator[list[Any]]:
        for key, error in list(stats.errors.items()):
            if self._errors.get(key) != error.occurrences:
                self._errors[key] = error.occurrences
                text = str(error.error).replace(host, without_credentials(host))
                yield [error.method, error.name, text, error.occurrences]


def add_requests(stats: RequestStats, delta: dict[str, Any]) -> None:
    """Add what `RequestLog.take` gave to statistics that were empty before the first of them."""
    if delta["reset"]:
        stats.clear_all()
    for known in delta["entries"]:
        entry = StatsEntry.unserialize(known, stats)
        stats.entries[(entry.name, entry.method)].extend(entry)
        stats.total.extend(entry)
    for method, name, text, occurrences in delta["errors"]:
        stats.errors[StatsError.create_key(method, name, text)] = StatsError(method, name, text, occurrences)


def _difference(now: dict[str, Any], told: dict[str, Any] | None) -> dict[str, Any]:
    if told is None:
        return now
    before = told["response_times"]
    times = {time: n - before.get(time, 0) for time, n in now["response_times"].items() if n != before.get(time, 0)}
    return {name: now[name] - told[name] for name in _ADDED} | {"response_times": times}
