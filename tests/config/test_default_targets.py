"""The plan's targets as default rows."""

from __future__ import annotations

import pytest

from config.targets import default_rows
from locust_eventsource.measure.thresholds import merge_thresholds


@pytest.mark.parametrize(("asked", "held"), [(0, 1), (1, 1), (5, 5), (20, 20), (400, 20)])
def test_as_many_streams_must_be_held_as_were_asked_for_and_no_more_than_twenty(asked: int, held: int) -> None:
    assert f"streams:max>={held}" in default_rows(asked)


def test_the_plans_targets_are_all_there_and_can_be_read() -> None:
    rows = {threshold.text for threshold in merge_thresholds(default_rows(20), [], [])}
    assert {"connect:p(99)<100ms", "delivery:p(99)<50ms", "execute:p(99)<1s", "lost:count==0"} <= rows
    assert len(rows) == len(default_rows(20))
