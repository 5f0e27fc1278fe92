"""Whether a long run went on as it began: its last third against its first."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final, NamedTuple

from studio.verify.findings import Check, Finding, failed, passed, unknown

STEADY: Final = "soak.steady"
SHORTEST_S: Final = 60
"""A run that is shorter says nothing of a creeping change."""

_FEWEST: Final = 15
_FACTOR: Final = 1.5
_MORE_US: Final = 5_000
_OPEN_SHARE: Final = 0.9

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name=STEADY,
        holds="the run was in its last third as it was in its first",
        promise=f"from the first to the last third, the median of delivery did not grow beyond {_FACTOR:g} times and "
        f"{_MORE_US // 1_000} ms more, and not more than a tenth of the open streams were gone (the latter where no "
        "other scenario opens and closes streams)",
        blind="changes that are slower than the run is long; a tail that grows while the median stays",
        unknown=f"when the run was shorter than {SHORTEST_S} s or held too few seconds with deliveries, or when the "
        "tester itself became slower to read",
    ),
)


class Second(NamedTuple):
    """One second's figure."""

    second: int
    figure: float


class _Parts(NamedTuple):
    """A figure in the first and in the last third of the run."""

    first: list[float]
    last: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.first), median(self.last)

    @property
    def suffice(self) -> bool:
        return min(len(self.first), len(self.last)) >= _FEWEST

    @property
    def grew(self) -> bool:
        """Clearly: nearly all of the last seconds lie above nearly all of the first."""
        before, after = self.medians
        apart = quantiles(self.last, n=4)[0] > quantiles(self.first, n=4)[2]
        return apart and after > before * _FACTOR + _MORE_US


def steadiness(
    delivery: Sequence[Second], lag: Sequence[Second], open_streams: Sequence[Second] | None
) -> list[Finding]:
    """Judge a run by its seconds, in order: the median of delivery and of the tester's lag in us, and open streams.

    ``open_streams`` is None where the run itself opens and closes streams all the time.
    """
    if not delivery or delivery[-1].second - delivery[0].second < SHORTEST_S:
        lasted_s = delivery[-1].second - delivery[0].second if delivery else 0
        return [unknown(STEADY, f"deliveries came over {lasted_s} s, and {SHORTEST_S} s are the least to tell by")]
    begin, end = delivery[0].second, delivery[-1].second
    deliveries, lags = (_thirds(seconds, begin, end) for seconds in (delivery, lag))
    streams = None if open_streams is None else _thirds(open_streams, begin, end)
    if not (deliveries.suffice and lags.suffice and (streams is None or streams.suffice)):
        return [unknown(STEADY, f"fewer than {_FEWEST} seconds of the first or the last third had deliveries")]
    if lags.grew:
        return [unknown(STEADY, f"the tester itself became slower to read: its lag went {_change(lags)}")]
    return _judge(deliveries, streams)


def _judge(deliveries: _Parts, streams: _Parts | None) -> list[Finding]:
    problems = []
    if deliveries.grew:
        problems.append(f"delivery became slower: its median went {_change(deliveries)}")
    before, after = streams.medians if streams is not None else (0.0, 0.0)
    if after < before * _OPEN_SHARE:
        problems.append(f"streams were lost: {before:g} were open in the first third, {after:g} in the last")
    if not problems:
        return [passed(STEADY)]
    evidence = {"delivery_us": list(deliveries.medians), "open_streams": [before, after]}
    return [failed(STEADY, "; ".join(problems), **evidence)]


def _thirds(seconds: Sequence[Second], begin: int, end: int) -> _Parts:
    third = (end - begin) / 3
    first = [figure for second, figure in seconds if begin <= second < begin + third]
    return _Parts(first, [figure for second, figure in seconds if end - third < second <= end])


def _change(parts: _Parts) -> str:
    before, after = parts.medians
    return f"from {before / 1_000:.2f} ms in the first third to {after / 1_000:.2f} ms in the last"
