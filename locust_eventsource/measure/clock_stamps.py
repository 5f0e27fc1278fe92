"""The offset at the moment a server stamped something: the moment itself has to be found first.

A stamp names a moment by the server's clock. The tester's time of that moment follows from the offset then, which may
differ from the offset at the arrival, because a clock can be set in between. So every span of the tester's time up to
the arrival is asked whether the server's clock can have shown the stamp in it. A server's clock that was set back
showed the same stamps twice: then both passes count, because the stamp alone does not tell them apart. Around a step
the offset is the one before or the one after it, nothing in between; often a stamp fits only one of the two.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from locust_eventsource.measure.clock_offset import OffsetEstimator
from locust_eventsource.measure.interval import Interval

_SECOND_NS = 1_000_000_000


class _Span(NamedTuple):
    from_ns: int
    to_ns: int
    shown_from_ns: int
    shown_to_ns: int
    offset: Interval


class StampClock:
    """Finds the offset that belongs to a server's stamp; remembers what holds of each second that is retained."""

    def __init__(self, estimator: OffsetEstimator) -> None:
        self._estimator = estimator
        self._known: dict[tuple[int, int], tuple[Interval, ...]] = {}
        self._spans: dict[bool, list[_Span]] = {}
        self._state: tuple[int, bool] | None = None

    def __len__(self) -> int:
        """How many spans it remembers."""
        return len(self._known)

    def offset(self, first_ns: int, last_ns: int, before_ns: int, *, one_sided: bool = False) -> Interval | None:
        """Bounds of the offset when the server's clock showed [``first_ns``, ``last_ns``], not after ``before_ns``.

        ``before_ns`` is tester's time. None while it is not bracketed, and when the stamps are older than what is
        bracketed and retained. With ``one_sided`` a window before the first probe and one behind the last are looked
        at too, when nothing else fits (see ``OffsetEstimator.over``). Stamps that the server's clock cannot have shown
        by ``before_ns`` contradict the probes; they get the offset at ``before_ns``: the latency comes out negative.
        """
        estimator = self._estimator
        if estimator.same:
            return estimator.over(before_ns, before_ns, one_sided=one_sided)
        bracket, result = estimator.latest_bracket_ns(), None
        if bracket is not None and before_ns <= bracket:
            result = self._search(first_ns, last_ns, before_ns, one_sided=False)
        if result is None and (one_sided or estimator.finished):
            result = self._search(first_ns, last_ns, before_ns, one_sided=True)
        return result

    def _search(self, first_ns: int, last_ns: int, before_ns: int, *, one_sided: bool) -> Interval | None:
        result: Interval | None = None
        for span in self._spans_now(one_sided):
            if span.shown_from_ns <= last_ns and span.shown_to_ns >= first_ns and span.from_ns <= before_ns:
                for there in self._within(span, first_ns, last_ns, before_ns):
                    result = there if result is None else result.hull(there)
        return result or self._contradicted(first_ns, before_ns, one_sided)

    def _within(self, span: _Span, first_ns: int, last_ns: int, before_ns: int) -> list[Interval]:
        """The offsets with which the stamps can have been shown in a span."""
        start = max(span.from_ns, first_ns - span.offset.high_ns)
        end = min(span.to_ns, last_ns - span.offset.low_ns, before_ns)
        if start > end:
            return []
        pieces = self._estimator.pieces(start, end) or (span.offset,)
        return [piece for piece in pieces if start + piece.low_ns <= last_ns and end + piece.high_ns >= first_ns]

    def _contradicted(self, first_ns: int, before_ns: int, one_sided: bool) -> Interval | None:
        offset = self._estimator.over(before_ns, before_ns, one_sided=one_sided)
        return offset if offset is not None and first_ns - offset.high_ns > before_ns else None

    def _spans_now(self, one_sided: bool) -> list[_Span]:
        state = (self._estimator.probes, self._estimator.finished)
        if state != self._state:
            self._state, self._spans = state, {}
        if one_sided not in self._spans:
            self._spans[one_sided] = self._spans_over(one_sided)
        return self._spans[one_sided]

    def _spans_over(self, one_sided: bool) -> list[_Span]:
        known: dict[tuple[int, int], tuple[Interval, ...]] = {}
        spans: list[_Span] = []
        for from_ns, to_ns in pairwise(self._knots(self._estimator.window_ns if one_sided else 0)):
            key = (from_ns, to_ns)
            pieces = self._known.get(key) or self._estimator.pieces(from_ns, to_ns)
            if pieces:
                # What held once holds for good: later probes could only narrow it.
                known[key] = pieces
            elif one_sided:
                pieces = self._estimator.pieces(from_ns, to_ns, one_sided=True)
            spans += [_Span(from_ns, to_ns, from_ns + low, to_ns + high, Interval(low, high)) for low, high in pieces]
        self._known = known
        return spans

    def _knots(self, beyond_ns: int) -> list[int]:
        """Where the spans meet: whole seconds, and the ends of what is bracketed."""
        first, last = self._estimator.earliest_bracket_ns(), self._estimator.latest_bracket_ns()
        if first is None or last is None:
            return []
        start, end = first - beyond_ns, last + beyond_ns
        seconds = range(start // _SECOND_NS * _SECOND_NS + _SECOND_NS, end, _SECOND_NS)
        return sorted({*(ns for ns in (start, first, last, end) if start <= ns <= end), *seconds})
