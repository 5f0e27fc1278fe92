"""How far a headless run is: a table on a terminal, else one line every few seconds."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from locust_eventsource.measure.verdict_types import Row
from run.ledger import SECOND_NS, Ledger
from run.outcome.terminal import TerminalTable, wanted

logger = logging.getLogger(__name__)

EVERY_S: Final = 5


class Progress:
    """Told of the run once a second, until it is closed."""

    def __init__(self, *, alone: bool) -> None:
        """``alone``: no other process writes to the terminal, as workers that were forked for --processes do."""
        self._table = TerminalTable() if alone and wanted(sys.stderr, os.environ) else None
        self._looks = 0
        self._closed = False

    def show(self, ledger: Ledger, rows: Callable[[], Sequence[Row]]) -> None:
        """Show the run as it is now; ``rows`` gives the targets so far."""
        if self._closed:
            return
        self._looks += 1
        if self._table is not None:
            self._table.show(ledger, rows())
        elif self._looks % EVERY_S == 0:
            logger.info("%s", line(ledger))

    def close(self) -> None:
        """Nothing more is shown; what is printed next stands where it always does."""
        self._closed = True
        if self._table is not None:
            self._table.close()


def line(ledger: Ledger) -> str:
    """How far the run is and how it looks so far."""
    tally = ledger.judge.tally
    parts = [
        f"{(time.time_ns() - ledger.started_ns) / SECOND_NS:.0f} s",
        f"{ledger.connections.open_now} streams open",
        f"{ledger.series.counter('deliveries') or 0} deliveries",
    ]
    delivery = ledger.series.histogram("delivery")
    if delivery is not None:
        parts.append(
            f"delivery p50 {delivery.percentile_us(50) / 1e3:.2f} ms, p99 {delivery.percentile_us(99) / 1e3:.2f} ms"
        )
    parts.append(f"lost {tally.lost}, duplicated {tally.duplicated}, reordered {tally.reordered}")
    return " | ".join(parts)
