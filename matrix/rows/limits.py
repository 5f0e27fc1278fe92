"""Defects at the limits of the service, and at its stops and starts."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row
from studio.verify import backpressure

ROWS: Final = (
    Row(
        switch="skip-slow-readers",
        defect=2,
        means="a reader that is behind loses events in the middle of a stream that stays open",
        arguments=("--fault", "skip-slow-readers:64", "--scenario", "slow-readers", "--slow-events", "400"),
        check=backpressure.SIGNALLED,
        says=("unread", "never came to it", "between", "stayed open"),
    ),
)
