"""The metrics that a threshold may name: their kinds and what each one means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Kind = Literal["latency", "count", "rate", "gauge"]


class Metric(NamedTuple):
    """A metric's name, its kind and its meaning in one line."""

    name: str
    kind: Kind
    meaning: str
    typed: bool = False
    """Told apart by event type."""
    user_space: bool = False
    """A latency that contains what the tester's own code was late by: too long when the tester is overloaded."""


_ALL: Final = (
    Metric("connect", "latency", "before the TCP connect to the response head that opens the stream (DNS is apart)"),
    Metric("connect_dns", "latency", "resolving the name, before the TCP connect", user_space=True),
    Metric("connect_tcp", "latency", "the TCP connect", user_space=True),
    Metric("connect_tls", "latency", "the TLS handshake; 0 without TLS", user_space=True),
    Metric("connect_wait", "latency", "sending the request to the arrival of the response head"),
    Metric(
        "first_event",
        "latency",
        "before the TCP connect to the arrival of the stream's first event",
        user_space=True,
    ),
    Metric(
        "delivery",
        "latency",
        "the server's timestamp in the event to its arrival; never of replayed events",
        typed=True,
    ),
    Metric(
        "delivery_large", "latency", "as delivery, of events of 64 kB and more, which delivery leaves out", typed=True
    ),
    Metric("activity", "latency", "as delivery, on the activity streams of sessions", typed=True),
    Metric(
        "trigger",
        "latency",
        "the intended time of a request to the arrival of the event it causes",
        typed=True,
        user_space=True,
    ),
    Metric(
        "trigger_sent",
        "latency",
        "the actual sending of a request to the arrival of the event it causes",
        typed=True,
        user_space=True,
    ),
    Metric("execute", "latency", "sending the execute request to the head of its answer", user_space=True),
    Metric("lag", "latency", "arrival in the kernel to our code: the tester's own lag"),
    Metric("loop_lag", "latency", "how late the tester's event loop wakes up"),
    Metric("rtt", "latency", "the streams' TCP round trip, as the tester's kernel smooths it, sampled each second"),
    # Its stamps are the kernel's, but where events share a read they are upper bounds, which overload makes wide.
    Metric("skew", "latency", "first to last stream that got the same event", typed=True, user_space=True),
    Metric(
        "disagreement",
        "latency",
        "how long a stream and REST told different statuses of a task, at least; typed as review>done",
        typed=True,
        user_space=True,
    ),
    Metric("reconnect", "latency", "losing a stream's connection to having it open again", user_space=True),
    Metric("lost", "count", "events that an open stream should have got and did not", typed=True),
    Metric("duplicated", "count", "second arrivals of an event on the same stream"),
    Metric("reordered", "count", "events that a stream got in another order than the others"),
    Metric("unexpected", "count", "events that contradict what was done, or that nothing caused"),
    Metric("late", "count", "events that came after they had been counted as lost, and no longer are"),
    Metric("foreign", "count", "events of other people's tasks"),
    Metric("replayed", "count", "events that the server sent again after a reconnect"),
    Metric("deliveries", "count", "events that arrived, each stream counted", typed=True),
    Metric("reconnects", "count", "connections opened again after a stream had lost its own"),
    Metric("failures", "count", "connections that failed or broke"),
    Metric("retransmits", "count", "TCP segments that the tester's kernel sent again on the streams' connections"),
    Metric("out_of_order", "count", "TCP segments of the streams that came out of order"),
    Metric("clock_steps", "count", "jumps of the server's clock against the tester's"),
    Metric("unplaced", "count", "deliveries without a latency, since no probe of the server's clock brackets them"),
    Metric("errors", "rate", "failed requests among all requests"),
    Metric("streams", "gauge", "the most streams that were open at the same time"),
    Metric("capacity", "gauge", "the most deliveries a second that the service was shown to hold within its targets"),
    Metric("unread", "gauge", "the most bytes that waited in one stream's receive queue"),
)

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in _ALL}

AGGREGATIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "latency": ("p", "max", "min", "avg", "count"),
    "count": ("count",),
    "rate": ("rate", "count"),
    "gauge": ("max",),
}
"""What can be asked of each kind."""
