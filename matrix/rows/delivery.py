"""Deliveries that go wrong on the global stream, and answers that come late."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row

ROWS: Final = (
    Row(
        switch="drop",
        defect=None,
        means="an event is left out on one connection",
        arguments=("--fault", "drop:1%"),
        check="delivery.lost",
        says=("reached 7 of the 8 streams that were open for it", "1 did not get it"),
    ),
    Row(
        switch="duplicate",
        defect=None,
        means="an event is written twice on one connection",
        arguments=("--fault", "duplicate:1%"),
        check="delivery.duplicated",
        says=("more than once",),
    ),
    Row(
        switch="swap",
        defect=None,
        means="an event is written after its successor on one connection",
        arguments=("--fault", "swap:1%"),
        check="delivery.reordered",
        says=("came after", "which comes later everywhere else"),
    ),
    Row(
        switch="drop-one",
        defect=None,
        means="a single delivery among all is left out",
        arguments=("--fault", "drop-one:300"),
        check="delivery.lost",
        says=("reached 7 of the 8 streams that were open for it",),
    ),
    Row(
        switch="duplicate-one",
        defect=None,
        means="a single delivery among all is written twice",
        arguments=("--fault", "duplicate-one:300"),
        check="delivery.duplicated",
        says=("more than once on 1 of the streams",),
    ),
    Row(
        switch="swap-one",
        defect=None,
        means="a single delivery among all is written after its successor",
        arguments=("--fault", "swap-one:300"),
        check="delivery.reordered",
        says=("came after", "which comes later everywhere else"),
    ),
    Row(
        switch="unfiltered",
        defect=None,
        means="a stream with ?task_ids= gets the live events of all tasks",
        arguments=("--fault", "unfiltered", "--stream-filter", "00000000-0000-4000-8000-000000000000"),
        check="fanout.filtered",
        says=("although their filter keeps the task out",),
    ),
    Row(
        switch="slow-delivery",
        defect=None,
        means="each event is written 80 ms after its timestamp",
        arguments=("--fault", "slow-delivery:80ms", "--task-rate", "10"),
        check="delivery:p(99)<50ms",
        says=("ms over",),
    ),
)
