"""Latencies of a run as they stand in the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from locust_eventsource.measure.histogram import LatencyHistogram, summary
from locust_eventsource.measure.series import Series
from reports.model import Figures, Metric


def metrics_of(
    series: Series, lost: Mapping[str, int], lost_by_type: Mapping[str, int] | None = None
) -> dict[str, Metric]:
    """Every metric with samples. ``lost`` counts by metric, and ``lost_by_type`` by type of ``delivery``.

    Lost samples rank as infinitely late.
    """
    return {name: _metric(series, name, lost.get(name, 0), lost_by_type or {}) for name in series.metrics()}


def _metric(series: Series, name: str, lost: int, lost_by_type: Mapping[str, int]) -> Metric:
    types = {}
    for kind in series.types(name):
        histogram = series.histogram(name, kind)
        if histogram is not None:
            types[kind] = Figures(**_summary(histogram, lost_by_type.get(kind, 0) if name == "delivery" else 0))
    return Metric(**_summary(series.histogram(name) or LatencyHistogram(), lost), types=types)


def _summary(histogram: LatencyHistogram, lost: int) -> dict[str, Any]:
    return dict(summary(histogram, lost))
