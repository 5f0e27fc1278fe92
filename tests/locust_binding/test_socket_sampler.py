"""What the kernel says of the streams' connections, sampled in turn."""

from __future__ import annotations

from typing import cast

from locust_eventsource.locust.socket_sampler import STREAMS_A_ROUND, SocketSampler
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from locust_eventsource.stream import EventStream
from locust_eventsource.stream_types import SocketFacts

SECOND_NS = 1_000_000_000


class FakeStream:
    """A stream whose connection has these facts."""

    def __init__(self, facts: SocketFacts | None) -> None:
        self.facts = facts
        self.asked = 0

    def socket_facts(self) -> SocketFacts | None:
        self.asked += 1
        return self.facts


def facts(retransmits: int = 0, out_of_order: int = 0, unread_bytes: int = 0, rtt_us: int = 40) -> SocketFacts:
    return SocketFacts(rtt_us, rtt_us, retransmits, out_of_order, unread_bytes)


class Round:
    """A sampler and what it records."""

    def __init__(self, *streams: FakeStream) -> None:
        self.recorder = Recorder()
        self.sampler = SocketSampler(self.recorder)
        self.streams = [cast(EventStream, stream) for stream in streams]

    def sample(self) -> None:
        self.sampler.sample(self.streams, 5 * SECOND_NS)

    def series(self) -> Series:
        series = Series()
        series.add(self.recorder.take())
        return series


def test_counts_are_what_came_since_the_last_look() -> None:
    stream = FakeStream(facts(retransmits=2, out_of_order=1))
    round_ = Round(stream)
    round_.sample()
    stream.facts = facts(retransmits=5, out_of_order=1)
    round_.sample()
    series = round_.series()
    assert (series.counter("retransmits"), series.counter("out_of_order")) == (5, 1)


def test_a_new_connection_of_a_stream_counts_from_nothing() -> None:
    stream = FakeStream(facts(retransmits=4))
    round_ = Round(stream)
    round_.sample()
    stream.facts = facts(retransmits=1)
    round_.sample()
    assert round_.series().counter("retransmits") == 5


def test_the_round_trip_is_a_sample_a_look_and_the_fullest_queue_is_kept() -> None:
    stream = FakeStream(facts(unread_bytes=700))
    round_ = Round(stream, FakeStream(None))
    assert round_.sampler.unread_peak is None
    round_.sample()
    stream.facts = facts(unread_bytes=3)
    round_.sample()
    rtt = round_.series().histogram("rtt")
    assert rtt is not None and (rtt.count, rtt.max_us) == (2, 40)
    assert round_.sampler.unread_peak == 700


def test_many_streams_take_turns() -> None:
    streams = [FakeStream(facts()) for _ in range(2 * STREAMS_A_ROUND + 50)]
    round_ = Round(*streams)
    for _ in range(3):
        round_.sample()
    assert [stream.asked for stream in streams] == [1] * len(streams)
    round_.sample()
    assert sum(stream.asked for stream in streams) == len(streams) + STREAMS_A_ROUND


def test_streams_that_are_gone_are_forgotten() -> None:
    round_ = Round(*(FakeStream(facts()) for _ in range(50)))
    round_.sample()
    del round_.streams[1:]
    round_.sample()
    assert len(round_.sampler._seen) == 1
