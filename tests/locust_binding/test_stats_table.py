"""Delivery rows in Locust's statistics."""

from __future__ import annotations

from locust import stats as locust_stats
from locust.env import Environment

import pytest

from locust_eventsource.locust.stats_table import METHOD, add_deliveries, bucket, install_fine_buckets


@pytest.mark.parametrize(
    ("milliseconds", "shown"), [(0.0, 0.0), (0.4912, 0.491), (49.96, 50.0), (104.4, 104.0), (12_345.0, 12_300.0)]
)
def test_response_times_keep_three_digits(milliseconds: float, shown: float) -> None:
    assert bucket(milliseconds) == shown


def test_deliveries_have_rows_and_stay_out_of_aggregated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locust_stats, "bucket_response_time", locust_stats.bucket_response_time)
    install_fine_buckets()
    environment = Environment()
    add_deliveries(environment.stats, "delivery task.created", [400_000, 1_600_000, -5], 1_700_000_000)
    add_deliveries(environment.stats, "delivery task.created", [2_000_000], 1_700_000_001)
    add_deliveries(environment.stats, "delivery task.created", [], 1_700_000_002)
    entry = environment.stats.get("delivery task.created", METHOD)
    assert entry.num_requests == 4
    assert (entry.min_response_time, entry.max_response_time) == (0.0, 2.0)
    assert entry.get_response_time_percentile(0.5) == 1.6
    assert environment.stats.total.num_requests == 0


def test_rows_of_workers_merge_by_addition() -> None:
    master, worker = Environment(), Environment()
    for environment in (master, worker):
        add_deliveries(environment.stats, "delivery x", [1_000_000, 3_000_000], 1_700_000_000)
    row = locust_stats.StatsEntry.unserialize(
        worker.stats.get("delivery x", METHOD).get_stripped_report(), master.stats
    )
    merged = master.stats.get("delivery x", METHOD)
    merged.extend(row)
    assert merged.num_requests == 4
    assert merged.response_times == {1.0: 2, 3.0: 2}
