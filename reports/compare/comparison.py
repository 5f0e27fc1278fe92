"""A comparison as a whole: every figure that both sides have, what was allowed, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, PASS
from reports.compare.allowance import Allowance
from reports.compare.change import Change, change
from reports.compare.sides import Side, unlike
from reports.definitions import in_order

PERCENTILES: Final = (50.0, 99.0)
_OF_THE_TESTER: Final = frozenset({"lag", "loop_lag"})


class Row(NamedTuple):
    """One percentile of one metric."""

    metric: str
    percentile: float
    change: Change
    allowance: Allowance | None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``unknown`` where something was allowed, else empty."""
        if self.allowance is None:
            return ""
        if self.change.ratio is None:
            return "unknown"
        low, high = self.change.ratio
        return "fail" if low > self.allowance.most else "pass" if high <= self.allowance.most else "unknown"


class Comparison(NamedTuple):
    """What came of comparing."""

    base: Side
    new: Side
    rows: list[Row]
    unlike: list[str]
    """In what the runs differ besides the service."""
    refused: bool
    """They differ, and nobody said to compare them all the same."""

    @property
    def exit_code(self) -> int:
        """0, 3 when a figure is worse than allowed, 4 when that is undecided or the runs are unlike."""
        verdicts = {row.verdict for row in self.rows}
        if "fail" in verdicts:
            return FAILED
        return INCONCLUSIVE if self.refused or "unknown" in verdicts else PASS


def compare(base: Side, new: Side, allowances: Sequence[Allowance], *, anyway: bool) -> Comparison:
    """Compare; unlike runs only ``anyway``. Raises OSError or ValueError naming the file that cannot be read."""
    differing = unlike(base, new)
    if differing and not anyway:
        return Comparison(base, new, [], differing, True)
    rows = [_row(base, new, metric, percentile, allowances) for metric, percentile in _asked(base, new, allowances)]
    return Comparison(base, new, rows, differing, False)


def _asked(base: Side, new: Side, allowances: Sequence[Allowance]) -> list[tuple[str, float]]:
    shared = in_order(sorted((base.metrics & new.metrics) - _OF_THE_TESTER))
    asked = [(metric, percentile) for metric in shared for percentile in PERCENTILES]
    return list(dict.fromkeys([*asked, *((each.metric, each.percentile) for each in allowances)]))


def _row(base: Side, new: Side, metric: str, percentile: float, allowances: Sequence[Allowance]) -> Row:
    allowed = [each for each in allowances if (each.metric, each.percentile) == (metric, percentile)]
    return Row(metric, percentile, _change(base, new, metric, percentile), allowed[-1] if allowed else None)


def _change(base: Side, new: Side, metric: str, percentile: float) -> Change:
    for name, side in (("base", base), ("new", new)):
        if metric not in side.metrics:
            return _nothing(f"the {name} side has no {metric}")
        if side.lost(metric):
            return _nothing(f"the {name} side lost {side.lost(metric):,} deliveries: mend that first")
    return change(base.seconds(metric), new.seconds(metric), percentile)


def _nothing(why: str) -> Change:
    return Change(math.nan, math.nan, None, why)
