"""Two clocks whose offset is known exactly, and exchanges between them as a network would make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hypothesis import strategies as st

from locust_eventsource.measure.clock_offset import Probe
from locust_eventsource.measure.interval import Interval

START_NS = 1_800_000_000_000_000_000
SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
US_NS = 1_000
MILLIONTHS = 1_000_000
"""Offsets are kept in millionths of a nanosecond: a drift of 1 ppm over 1 ns is one, so that nothing is rounded."""


@dataclass(frozen=True)
class Clocks:
    """The server's clock against the tester's: an offset at ``START_NS``, drifts one after another, and steps."""

    skew_ns: int = 0
    drifts_ppm: tuple[int, ...] = (0,)
    """The drift of each ``segment_ns``; the last one goes on."""
    steps: tuple[tuple[int, int], ...] = ()
    """Tester's time and size of each."""
    segment_ns: int = 7 * SECOND_NS

    def offset(self, ns: int) -> int:
        """The offset at a moment of the tester's time, in millionths of a nanosecond. A step counts from its moment."""
        offset = self.skew_ns * MILLIONTHS + sum(jump for at, jump in self.steps if at <= ns) * MILLIONTHS
        begin = START_NS
        for ppm in self.drifts_ppm[:-1]:
            end = begin + self.segment_ns
            offset += ppm * (max(min(ns, end), begin) - begin)
            begin = end
        return offset + self.drifts_ppm[-1] * max(ns - begin, 0)

    def stamp(self, ns: int, resolution_ns: int) -> int:
        """What the server's clock shows, cut off to its resolution."""
        return (ns * MILLIONTHS + self.offset(ns)) // (resolution_ns * MILLIONTHS) * resolution_ns

    def probe(self, sent_ns: int, there_ns: int, back_ns: int, resolution_ns: int) -> Probe:
        """An exchange that reaches the server after ``there_ns`` and comes back after another ``back_ns``."""
        read_ns = sent_ns + there_ns
        return Probe(sent_ns, read_ns + back_ns, self.stamp(read_ns, resolution_ns), resolution_ns)

    def true_within(self, bounds: Interval, ns: int) -> bool:
        """Whether the offset at a moment lies within bounds."""
        return bounds.low_ns * MILLIONTHS <= self.offset(ns) <= bounds.high_ns * MILLIONTHS


@dataclass
class Network:
    """Delays of exchanges: mostly short, sometimes long, on one of the two ways or on both."""

    random: Random
    resolution_ns: int = 1_000
    probes: list[Probe] = field(default_factory=list)

    def delay_ns(self) -> int:
        """One way."""
        return int(self.random.choice((0.02, 0.2, 0.2, 2, 30, 700)) * MS_NS * self.random.random())

    def run(self, clocks: Clocks, *, seconds: float, period_s: float, together: int = 1) -> list[Probe]:
        """Exchanges all through a time, at random intervals; ``together`` of them overlap."""
        at = START_NS
        probes = []
        while at < START_NS + seconds * SECOND_NS:
            for _ in range(together):
                probes.append(clocks.probe(at, self.delay_ns(), self.delay_ns(), self.resolution_ns))
                at += int(self.random.random() * 0.01 * SECOND_NS)
            at += int(self.random.uniform(0.1, 1.9) * period_s * SECOND_NS)
        return probes


drifts = st.lists(st.sampled_from([-500, -200, -1, 0, 3, 200, 500]), min_size=1, max_size=12).map(tuple)
jumps = st.one_of(
    st.integers(-20_000, 20_000),
    st.integers(-5 * MS_NS, 5 * MS_NS),
    st.integers(-3 * SECOND_NS, 3 * SECOND_NS),
    st.sampled_from([-3600 * SECOND_NS, 3600 * SECOND_NS, -60 * SECOND_NS, 60 * SECOND_NS]),
)
skews = st.one_of(st.just(0), st.integers(-10 * MS_NS, 10 * MS_NS), st.integers(-(10**14), 10**14))
networks = st.builds(
    Network,
    random=st.integers(0, 2**32).map(Random),
    resolution_ns=st.sampled_from([1, 1_000, MS_NS, 10 * MS_NS]),
)


@st.composite
def clocks_with_steps(draw: st.DrawFn, *, up_to_s: float = 80, apart_s: float = 36) -> Clocks:
    """Clocks that are set at most once in ``apart_s``, at any time and by any amount."""
    steps, at = [], START_NS + int(draw(st.floats(0.5, apart_s)) * SECOND_NS)
    while at < START_NS + up_to_s * SECOND_NS and draw(st.booleans()):
        steps.append((at, draw(jumps)))
        at += int(draw(st.floats(apart_s, 2 * apart_s)) * SECOND_NS)
    return Clocks(draw(skews), draw(drifts), tuple(steps))
