"""The rows of the sample result: targets against measured."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from locust_eventsource.measure.health import judge_health
from reports.model import RowRecord, row_record
from tests.support.sample_tester import sample_facts


def sample_rows() -> list[RowRecord]:
    """Passed, failed, open for the clock and open for want of samples, as ``measure.verdicts`` words them."""
    few = "too few samples for p(99): 248 of 1,000; the maximum misses the limit, the lower 95 % bound does not"
    clock = (
        "p(95) is known to lie in 4.96 to 13.7 ms, and the limit does too "
        "(clock: offset known to ±0.31 ms, around a step to ±250 ms)"
    )
    session = "delivery{session.started}:p(95)<200ms"
    rows = [
        _time("connect:p(99)<100ms", "max of 32: 14 ms", "86 ms (86 %) below the limit", 32, [13967, 14031]),
        _time(
            "delivery:p(95)<10ms", "13.4 ms (4.96 to 13.7 ms; 3 lost)", "3.36 ms over the limit", 3723, [4963, 13671]
        ),
        _time("delivery:p(99)<10ms", "251 ms (22.4 to 502 ms; 3 lost)", "241 ms over the limit", 3723, [22431, 501503]),
        _time(session, "14.1 ms (4.16 to 14.4 ms; max 254 ms)", "186 ms (92.9 %) below the limit", 744, [4159, 14439]),
        _time("execute:p(99)<120ms", "max of 248: 155 ms", "34.8 ms over the limit", 248, [154751, 154751]),
        _time("lag:p(99)<1ms", "max of 248: 118 us", "882 us (88.2 %) below the limit", 248, [118, 118]),
        _number("streams:max>=20", "24", "4 (20 %) above the limit", 24, "pass"),
        _number("lost:count==0", "3 of 3,723", "3 over the limit", 3723, "fail"),
        _number("duplicated:count==0", "1", "1 over the limit", 1, "fail"),
        _number("errors:rate<1%", "0.627 % (2 of 319)", "0.373 percentage points below the limit", 319, "pass"),
        _time("reconnect:p(99)<5000ms", "", "", 0, None),
        row_record(judge_health(sample_facts())),
    ]
    rows[0] = replace(rows[0], confidence=[10391.0, math.inf], too_few=True)
    rows[1] = replace(rows[1], verdict="inconclusive", reason=clock, confidence=[10743.0, 15351.0], measured=13359.0)
    rows[2] = replace(rows[2], verdict="fail", confidence=[251007.0, 251775.0], measured=251135.0)
    rows[2] = replace(rows[2], origin="command line")
    rows[3] = replace(rows[3], origin="profile", confidence=[4467.0, 20495.0], measured=14127.0)
    rows[4] = replace(rows[4], verdict="inconclusive", reason=few, confidence=[101183.0, math.inf], too_few=True)
    rows[5] = replace(rows[5], confidence=[72.0, math.inf], too_few=True)
    rows[10] = replace(rows[10], verdict="not asked", reason="nothing in this run produces reconnect")
    return rows


def rows_in_order() -> list[RowRecord]:
    """The rows of the same run without losses and with one clock, where delivery is exact and its limits are met."""
    exact = {
        "delivery:p(95)<10ms": ("5.28 ms (max 38.7 ms)", "4.72 ms (47.2 %) below the limit", 5275.0, [3853.0, 9791.0]),
        "delivery:p(99)<10ms": (
            "22.7 ms (max 38.7 ms)",
            "7.26 ms (24.2 %) below the limit",
            22735.0,
            [20991.0, 25391.0],
        ),
        "delivery{session.started}:p(95)<200ms": (
            "4.47 ms (max 37.6 ms)",
            "196 ms (97.8 %) below the limit",
            4467.0,
            [3163.0, 14127.0],
        ),
        "lost:count==0": ("0 of 3,723", "as required", None, None),
        "duplicated:count==0": ("0", "as required", None, None),
    }
    rows = []
    for row in sample_rows():
        if row.expression in exact:
            text, margin, value, confidence = exact[row.expression]
            row = replace(
                row,
                measured_text=text,
                margin_text=margin,
                measured=value,
                low=value,
                high=value,
                confidence=confidence,
            )
        if row.expression == "delivery:p(99)<10ms":
            row = replace(row, expression="delivery:p(99)<30ms", limit=30_000.0)
        if row.metric == "execute":
            row = replace(row, expression="execute:p(99)<200ms", limit=200_000.0, margin_text="45.2 ms (22.6 %) below")
        rows.append(row)
    return [row for row in rows if row.verdict != "not asked"]


def _time(expression: str, measured_text: str, margin: str, samples: int, bounds: list[float] | None) -> RowRecord:
    """A row of a latency that passes; ``bounds`` are its low and high in microseconds, high the figure itself."""
    row = _number(expression, measured_text, margin, samples, "pass")
    limit_ms = float(expression.rpartition("<")[2].removesuffix("ms"))
    low, high = bounds or (None, None)
    return replace(row, measured=high, low=low, high=high, limit=limit_ms * 1000, unit="us")


def _number(expression: str, measured_text: str, margin: str, samples: int, verdict: str) -> RowRecord:
    figure, _, rest = expression.partition(":")
    metric, _, kind = figure.partition("{")
    return RowRecord(
        expression=expression,
        metric=metric,
        type=kind.rstrip("}") or None,
        aggregation=re.split("[<>=]", rest)[0],
        measured_text=measured_text,
        margin_text=margin,
        samples=samples,
        verdict=verdict,
        reason="",
        origin="default",
        measured=None,
        limit=0.0,
        unit="",
        low=None,
        high=None,
        confidence=None,
        too_few=False,
    )
