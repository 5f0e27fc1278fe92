"""One line every few seconds while a headless run goes on."""

from __future__ import annotations

import logging
import time

from run.ledger import Ledger

logger = logging.getLogger(__name__)

EVERY_S = 5


def line(ledger: Ledger) -> str:
    """How far the run is and how it looks so far."""
    tally = ledger.judge.tally
    parts = [
        f"{(time.time_ns() - ledger.started_ns) / 1e9:.0f} s",
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


def report(ledger: Ledger) -> None:
    """Log the line."""
    logger.info("%s", line(ledger))
