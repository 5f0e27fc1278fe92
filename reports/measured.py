"""Latencies of a run as they stand in the result: each figure with its interval and its confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from locust_eventsource.measure import confidence
from locust_eventsource.measure.histogram import SUMMARY_PERCENTILES, LatencyHistogram, summary
from locust_eventsource.measure.samples import Samples
from locust_eventsource.measure.series import Series
from reports.model import Bound, Figures, Metric

CURVE_STEP: Final = 0.05
"""Distance of a curve's points on the axis of nines, where 90 % is at 1 and 99 % at 2."""
_NAMES: Final = dict(zip(("p50", "p90", "p95", "p99", "p999"), SUMMARY_PERCENTILES, strict=True))


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
        if series.histogram(name, kind) is not None:
            lost_of_kind = lost_by_type.get(kind, 0) if name == "delivery" else 0
            types[kind] = Figures(**_figures(_samples(series, name, kind, lost_of_kind)))
    whole = _samples(series, name, None, lost)
    return Metric(**_figures(whole), types=types, curve=_curve(whole))


def _samples(series: Series, name: str, kind: str | None, lost: int) -> Samples:
    values = series.histogram(name, kind) or LatencyHistogram()
    return Samples(values, series.low(name, kind) or values, series.high(name, kind) or values, lost)


def _figures(samples: Samples) -> dict[str, Any]:
    shown: dict[str, Any] = dict(summary(samples.values, samples.lost))
    return shown | {"samples": samples.number, "bounds": _bounds(samples)}


def _bounds(samples: Samples) -> dict[str, Bound]:
    lows = samples.lows.percentiles_us(SUMMARY_PERCENTILES, samples.lost)
    highs = samples.highs.percentiles_us(SUMMARY_PERCENTILES, samples.lost)
    bounds = {"min": Bound(samples.lows.min_us, samples.highs.min_us, None, False)}
    for (name, percentile), low, high in zip(_NAMES.items(), lows, highs, strict=True):
        too_few = not confidence.enough_samples(samples.number, percentile)
        bounds[name] = Bound(low, high, _confidence(samples, percentile), too_few)
    lowest, highest = (math.inf,) * 2 if samples.lost else (samples.lows.max_us, samples.highs.max_us)
    return bounds | {"max": Bound(lowest, highest, None, False)}


def _confidence(samples: Samples, percentile: float) -> list[float] | None:
    """As ``reports.model.Bound`` has it."""
    ends = samples.confidence_us(percentile)
    return None if ends is None else list(ends)


def _curve(samples: Samples) -> list[list[float]]:
    """Rows of percentile, low, value and high up to the last sample that came, where any of them differ."""
    if samples.lows.counts == samples.values.counts == samples.highs.counts:
        return []
    steps = math.ceil(math.log10(samples.number) / CURVE_STEP) if samples.number > 1 else 0
    percentiles = [round(100 * (1 - math.pow(10, -at * CURVE_STEP)), 9) for at in range(steps + 1)]
    each = [
        histogram.percentiles_us(percentiles, samples.lost)
        for histogram in (samples.lows, samples.values, samples.highs)
    ]
    rows = [list(row) for row in zip(percentiles, *each, strict=True)]
    return [row for row in rows if max(row) < math.inf]
