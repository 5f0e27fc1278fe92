"""Rows of the tab "Event streams" on Locust's page."""

from __future__ import annotations

from collections.abc import Sequence

from locust_eventsource.locust.web_tab import Column
from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.verdicts import Row
from scenarios.ledger import Ledger

COLUMNS = (
    Column("what", "What"),
    Column("count", "Count"),
    Column("p50", "p50 (µs)", 0),
    Column("p95", "p95 (µs)", 0),
    Column("p99", "p99 (µs)", 0),
    Column("max", "Max (µs)", 0),
    Column("target", "Target"),
    Column("verdict", "Verdict so far"),
)

_COUNTS = ("expected", "delivered", "lost", "duplicated", "reordered", "unexpected", "foreign")


def table(ledger: Ledger, rows: Sequence[Row]) -> list[dict[str, str | float | int]]:
    """Streams and deliveries first, then latencies, then the targets that are left."""
    left = list(rows)
    table_rows = [_row("streams open", ledger.connections.open_now, _taken(left, "streams"))]
    tally = ledger.judge.tally.as_dict()
    table_rows += [_row(name, tally[name], _taken(left, name)) for name in _COUNTS]
    for metric in METRICS:
        histogram = ledger.series.histogram(metric)
        if histogram is None or not histogram.count:
            continue
        row = _row(metric, histogram.count, _taken(left, metric))
        for name, percentile in (("p50", 50), ("p95", 95), ("p99", 99)):
            row[name] = histogram.percentile_us(percentile)
        row["max"] = histogram.max_us
        table_rows.append(row)
    table_rows += [_row(row.metric, row.samples, row) for row in left]
    for number, row_ in enumerate(table_rows):
        # Locust's table sorts by "name" at first; no column shows it.
        row_["name"] = f"{number:03d}"
    return table_rows


def _taken(left: list[Row], metric: str) -> Row | None:
    """The first target of the metric as a whole, which stands in the metric's own line."""
    for row in left:
        if row.metric == metric and row.type is None:
            left.remove(row)
            return row
    return None


def _row(name: str, count: int, verdict: Row | None) -> dict[str, str | float | int]:
    return {
        "what": name,
        "count": count,
        "p50": "",
        "p95": "",
        "p99": "",
        "max": "",
        "target": verdict.expression if verdict else "",
        "verdict": f"{verdict.verdict} ({verdict.measured_text})" if verdict else "",
    }
