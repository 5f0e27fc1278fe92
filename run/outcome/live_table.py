"""Rows of the tab "Event streams" on Locust's page."""

from __future__ import annotations

from collections.abc import Sequence

from locust_eventsource.locust.web_tab import Column
from locust_eventsource.measure.exit_codes import exit_code, outcome
from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.verdicts import Row
from run.ledger import Ledger

COLUMNS = (
    Column("what", "What"),
    Column("count", "Count"),
    Column("p50", "p50 (µs)", 0),
    Column("p95", "p95 (µs)", 0),
    Column("p99", "p99 (µs)", 0),
    Column("max", "Max (µs)", 0),
    Column("target", "Target"),
    Column("verdict", "Verdict"),
)

_LABELS = {"expected": "expected (settled)", "delivered": "delivered (settled)"}
"""An event is judged some seconds after it came, so these follow the measures below at a distance."""

_COUNTS = ("expected", "delivered", "lost", "duplicated", "reordered", "unexpected", "foreign")


def table(ledger: Ledger, rows: Sequence[Row]) -> list[dict[str, str | float | int]]:
    """Streams and deliveries first, then latencies, then the targets that are left."""
    left = list(rows)
    open_now = 0 if ledger.ended_ns else ledger.connections.open_now
    table_rows = [_overall(ledger, rows), _row("streams open", open_now, _taken(left, "streams"))]
    tally = ledger.judge.tally.as_dict()
    table_rows += [_row(_LABELS.get(name, name), tally[name], _taken(left, name)) for name in _COUNTS]
    for metric in METRICS:
        histogram = ledger.series.histogram(metric)
        if histogram is None or not histogram.count:
            continue
        row = _row(metric, histogram.count, _taken(left, metric))
        for name, percentile in (("p50", 50), ("p95", 95), ("p99", 99)):
            row[name] = histogram.percentile_us(percentile)
        row["max"] = histogram.max_us
        table_rows.append(row)
    table_rows += [_row(row.metric, _number(row), row) for row in left]
    for number, row_ in enumerate(table_rows):
        # Locust's table sorts by "name" at first; no column shows it.
        row_["name"] = f"{number:03d}"
    return table_rows


def _overall(ledger: Ledger, rows: Sequence[Row]) -> dict[str, str | float | int]:
    code = exit_code(rows, ledger.check_results(), ledger.internal_error)
    return _row("verdict", "", None) | {"verdict": outcome(code) + ("" if ledger.ended_ns else " so far")}


def _number(row: Row) -> int:
    """What a count shows: of a rate the part, not the whole."""
    return round((row.measured or 0) * row.samples) if row.aggregation == "rate" else row.samples


def _taken(left: list[Row], metric: str) -> Row | None:
    """The first target of the metric as a whole, which stands in the metric's own line."""
    for row in left:
        if row.metric == metric and row.type is None:
            left.remove(row)
            return row
    return None


def _row(name: str, count: int | str, verdict: Row | None) -> dict[str, str | float | int]:
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
