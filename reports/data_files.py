"""The result's tables as files for other programs: offenders.jsonl and metrics.csv."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Final

from reports.model import Figures, Result

_FIGURES: Final = ("min", "mean", "p50", "p90", "p95", "p99", "p999", "max")


def render_offenders(result: Result) -> str:
    """One JSON object a line for every offender that the checks name, with the check's name and verdict."""
    return "".join(
        json.dumps({"check": check.name, "verdict": check.verdict, **offender}, ensure_ascii=False) + "\n"
        for check in result.checks
        for offender in check.offenders
    )


def render_csv(result: Result) -> str:
    """A row a metric, and one for each of its event types (RFC 4180); latencies in microseconds.

    ``p99_low`` and ``p99_high`` bound the 99th percentile of the true values. A percentile that falls among lost events
    is ``inf``.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["metric", "type", "count", "samples", *_FIGURES, "p99_low", "p99_high", "unit"])
    writer.writerows(_rows(result))
    return text.getvalue()


def _rows(result: Result) -> Iterator[list[object]]:
    for name, metric in sorted(result.metrics.items()):
        yield _row(name, "", metric)
        for type_, figures in sorted(metric.types.items()):
            yield _row(name, type_, figures)


def _row(name: str, type_: str, figures: Figures) -> list[object]:
    bound = figures.bounds.get("p99")
    bounds = ["", ""] if bound is None else [bound.low, bound.high]
    return [
        _inert(name),
        _inert(type_),
        figures.count,
        figures.samples,
        *(getattr(figures, figure) for figure in _FIGURES),
        *bounds,
        figures.unit,
    ]


def _inert(text: str) -> str:
    """Event types come from the service, and a spreadsheet would run what begins like a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
