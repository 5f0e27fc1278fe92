"""Thresholds: expressions with a meaning, and which of them hold when several sources give some.

The grammar is in ``threshold_grammar``. Examples: ``delivery{session.started}:p(95)<200ms``, ``errors:rate<1%``,
``lost:count==0``, ``streams:max>=20``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from locust_eventsource.measure.metrics import AGGREGATIONS, METRICS, Kind
from locust_eventsource.measure.threshold_grammar import EXAMPLE, Parts, ThresholdSyntaxError, Word, take_apart

__all__ = ["CLEAR", "METRICS", "Origin", "Threshold", "ThresholdSyntaxError", "merge_thresholds", "parse_threshold"]

Origin = Literal["default", "profile", "command line"]
CLEAR: Final = "none"
"""Written in place of an expression: clears every threshold before it."""

_US: Final = {"us": Decimal(1), "ms": Decimal(1000), "s": Decimal(1_000_000)}
_SHARE: Final = {"": Decimal(1), "%": Decimal("0.01")}
_PLAIN: Final = {"": Decimal(1)}
_ORDER: Final = ("<", "<=", ">", ">=")
_EXAMPLES: Final[dict[Kind, str]] = {
    "latency": EXAMPLE,
    "count": "lost:count==0",
    "rate": "errors:rate<1%",
    "gauge": "streams:max>=20",
}


class Threshold(NamedTuple):
    """A limit on one figure of a metric.

    ``limit`` is in microseconds for times, a fraction for a rate and plain otherwise; ``unit`` is the one that was
    written (``us``, ``ms``, ``s``, ``%`` or empty); ``text`` is the expression in its canonical form.
    """

    metric: str
    type: str | None
    aggregation: str
    percentile: float | None
    operator: str
    limit: float
    unit: str
    text: str
    origin: Origin

    @property
    def kind(self) -> Kind:
        """The kind of the metric."""
        return METRICS[self.metric].kind

    @property
    def aggregation_text(self) -> str:
        """The aggregation as it is written: ``p(99)``, ``max`` ..."""
        return self.aggregation if self.percentile is None else f"p({_plain(Decimal(str(self.percentile)))})"

    @property
    def is_time(self) -> bool:
        """Whether the limit is a time in microseconds."""
        return self.kind == "latency" and self.aggregation != "count"


def parse_threshold(text: str, origin: Origin) -> Threshold:
    """Read one expression. Raises ThresholdSyntaxError: one line with the position and a right example."""
    parts = take_apart(text)
    kind = _known_kind(text, parts)
    example = _EXAMPLES[kind]
    _refuse_type(text, parts, example)
    units, example = _units(parts, kind, example)
    if units is _US and parts.operator.text not in _ORDER:
        problem = f"a time is compared with {_words(_ORDER)}, not {parts.operator.text},"
        raise ThresholdSyntaxError(text, parts.operator.position, problem, example)
    limit = _limit(text, parts, units, example)
    return Threshold(
        parts.metric.text,
        parts.type.text if parts.type else None,
        parts.aggregation.text,
        None if parts.percentile is None else float(parts.percentile),
        parts.operator.text,
        float(limit),
        parts.unit.text,
        _canonical(parts),
        origin,
    )


def merge_thresholds(defaults: Iterable[str], profile: Iterable[str], command_line: Iterable[str]) -> list[Threshold]:
    """The thresholds that hold. Raises ThresholdSyntaxError for the first wrong expression.

    A source replaces what an earlier source says of the same metric, type and aggregation (with its percentile).
    Within one source all hold, so that a figure can have a lower and an upper limit. ``none`` clears all before it.
    """
    merged: list[Threshold] = []
    sources: Sequence[tuple[Origin, Iterable[str]]] = (
        ("default", defaults),
        ("profile", profile),
        ("command line", command_line),
    )
    for origin, texts in sources:
        for text in texts:
            merged = [] if text.strip() == CLEAR else _placed(merged, parse_threshold(text, origin))
    return merged


def _placed(merged: list[Threshold], new: Threshold) -> list[Threshold]:
    """``new`` in the place of the first that it replaces, or at the end."""
    if new in merged:
        return merged
    replaced = [old for old in merged if _figure(old) == _figure(new) and old.origin != new.origin]
    place = merged.index(replaced[0]) if replaced else len(merged)
    kept = [*merged[:place], new, *merged[place:]]
    return [threshold for threshold in kept if threshold not in replaced]


def _figure(threshold: Threshold) -> tuple[object, ...]:
    return threshold[:4]


def _known_kind(text: str, parts: Parts) -> Kind:
    metric = METRICS.get(parts.metric.text)
    if metric is None:
        problem = f"unknown metric {parts.metric.text} (known: {', '.join(METRICS)})"
        raise ThresholdSyntaxError(text, parts.metric.position, problem)
    allowed = AGGREGATIONS[metric.kind]
    if parts.aggregation.text not in allowed:
        shown = _words("p(N)" if name == "p" else name for name in allowed)
        problem = f"{metric.name} is a {metric.kind} and has {shown}, not {parts.aggregation.text},"
        raise ThresholdSyntaxError(text, parts.aggregation.position, problem, _EXAMPLES[metric.kind])
    return metric.kind


def _refuse_type(text: str, parts: Parts, example: str) -> None:
    if parts.type and not METRICS[parts.metric.text].typed:
        problem = f"{parts.metric.text} has no event types, but one is given"
        raise ThresholdSyntaxError(text, parts.type.position, problem, example)


def _units(parts: Parts, kind: Kind, example: str) -> tuple[dict[str, Decimal], str]:
    if parts.aggregation.text == "rate":
        return _SHARE, example
    if kind != "latency" or parts.aggregation.text == "count":
        return _PLAIN, _canonical(parts._replace(unit=Word("", 0)))
    operator = parts.operator if parts.operator.text in _ORDER else Word("<", 0)
    return _US, _canonical(parts._replace(operator=operator, unit=Word("ms", 0)))


def _limit(text: str, parts: Parts, units: dict[str, Decimal], example: str) -> Decimal:
    unit = parts.unit
    if unit.text not in units:
        raise ThresholdSyntaxError(text, unit.position, _unit_problem(unit.text, units), example)
    limit = parts.number * units[unit.text]
    if units is _SHARE and limit > 1:
        problem = f"a rate is at most 1 or 100%, not {parts.number}{unit.text},"
        raise ThresholdSyntaxError(text, parts.number_position, problem, example)
    return limit


def _unit_problem(unit: str, units: dict[str, Decimal]) -> str:
    if units is _PLAIN:
        return f"a number without a unit is needed, not {unit},"
    if units is _SHARE:
        return f"a rate is a fraction or a percentage, so {unit} cannot stand"
    return f"a time needs us, ms or s, not {unit}," if unit else "a time needs a unit (us, ms or s), which is missing"


def _canonical(parts: Parts) -> str:
    type_ = f"{{{parts.type.text}}}" if parts.type else ""
    percentile = "" if parts.percentile is None else f"({_plain(parts.percentile)})"
    figure = f"{parts.metric.text}{type_}:{parts.aggregation.text}{percentile}"
    return f"{figure}{parts.operator.text}{_plain(parts.number)}{parts.unit.text}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _words(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
