"""What each measure means: from where to where, by which clock. The order is the order of the reports."""

from __future__ import annotations

from typing import NamedTuple

from reports.wording import plain


class Definition(NamedTuple):
    """A measure's title and meaning. ``clock`` says whose clocks its value rests on."""

    name: str
    title: str
    meaning: str
    clock: str


ONE = "the tester's"
TWO = "the server's and the tester's"

LATENCIES = (
    Definition(
        "delivery",
        "Delivery",
        "From the server's timestamp inside the event to the kernel's receive stamp on the tester. Replayed events do "
        "not enter; lost events count as infinitely late. Its interval holds the truth: the clock offset's bound, the "
        "timestamp's last digit, and for events that shared a read the time since the socket was last seen empty.",
        TWO,
    ),
    Definition("delivery_large", "Delivery of large events", "As delivery, of events of 64 kB and more.", TWO),
    Definition("activity", "Delivery on activity streams", "As delivery, on the stream of one session.", TWO),
    Definition(
        "trigger",
        "Trigger to event",
        "From the moment a call that causes an event was due to the receive stamp of that event, on every stream.",
        ONE,
    ),
    Definition(
        "trigger_sent",
        "Sent trigger to event",
        "As trigger to event, but from the moment the call was sent: what the tester was late itself is not in it.",
        ONE,
    ),
    Definition("execute", "Execute answered", "From sending the execute call to the head of its answer (202).", ONE),
    Definition(
        "connect",
        "Connect",
        "From before the TCP connect to the kernel's stamp of the response head (200, text/event-stream). DNS is "
        "resolved before and timed apart. What the tester itself may have delayed is in the interval.",
        ONE,
    ),
    Definition("connect_dns", "Connect: DNS", "Resolving the name, before the TCP connect.", ONE),
    Definition("connect_tcp", "Connect: TCP", "The TCP connect.", ONE),
    Definition("connect_tls", "Connect: TLS", "The TLS handshake; 0 without TLS.", ONE),
    Definition("connect_wait", "Connect: wait", "From sending the request to the stamp of the response head.", ONE),
    Definition("first_event", "First event", "From before the TCP connect to the first event on the stream.", ONE),
    Definition("reconnect", "Reconnect", "From the end of a connection to the next one being open.", ONE),
    Definition("skew", "Fan-out skew", "From the first to the last stream that got the same event.", ONE),
    Definition(
        "disagreement",
        "Stream against REST",
        "How long a stream and REST told different statuses of a task, at least; by the change, such as review>done.",
        ONE,
    ),
    Definition("rtt", "Round trip", "TCP's smoothed round trip time, as the kernel has it, sampled each second.", ONE),
    Definition("lag", "Tester's lag", "From the kernel's receive stamp to the tester's own code.", ONE),
    Definition("loop_lag", "Event loop lag", "How much later than asked the tester's event loop ran a timer.", ONE),
)

TESTER = ("lag", "loop_lag")
NETWORK = ("rtt",)
CONNECT_PARTS = ("connect_dns", "connect_tcp", "connect_tls", "connect_wait")
"""Parts of one measure: in the tables, but without charts of their own."""

COUNTS = (
    Definition("deliveries", "Deliveries", "Events that arrived, counted once per stream.", ""),
    Definition("expected", "Expected", "Events of the run, each times the streams that had to have it.", ""),
    Definition("delivered", "Delivered", "Expected deliveries that came.", ""),
    Definition("lost", "Lost", "Expected deliveries that had not come when the time to settle was over.", ""),
    Definition("late", "Late", "Came after the time to settle: taken back from lost.", ""),
    Definition("duplicated", "Duplicated", "The same event again on one stream, a replayed one included.", ""),
    Definition("reordered", "Reordered", "Events that one stream saw in another order than the others.", ""),
    Definition(
        "unexpected",
        "Unexpected",
        "Events of the run's tasks that contradict, that nothing caused, or that a filter keeps out.",
        "",
    ),
    Definition("foreign", "Foreign", "Events of other people's tasks: counted apart.", ""),
    Definition("replayed", "Replayed", "Events sent again after Last-Event-ID: counted apart from delivery.", ""),
    Definition("optional", "Optional", "Came on a stream that was opening or closing: right either way.", ""),
    Definition("unknown", "Unknown", "What a load generator that stopped reporting should have received.", ""),
    Definition("coalesced", "Coalesced", "Not the last in its read: its stamp is an upper bound.", ""),
    Definition(
        "unplaced", "Unplaced", "Deliveries without a latency, because no probe of the clock brackets them.", ""
    ),
    Definition("clock_steps", "Clock steps", "Jumps of the server's clock or the tester's.", ""),
    Definition("retransmits", "Retransmits", "TCP segments that the tester's kernel sent again.", ""),
    Definition("out_of_order", "Out of order", "TCP segments that reached the tester out of order.", ""),
    Definition("unread", "Unread", "The most bytes that waited in the receive queue of a stream.", ""),
    Definition("reconnects", "Reconnects", "Connections that replaced an earlier one of the same stream.", ""),
    Definition("failures", "Failures", "Connections that failed or broke.", ""),
    Definition("errors", "Errors", "Failed requests out of all requests that Locust counted.", ""),
    Definition("streams", "Streams", "The most streams that were open at the same time.", ""),
    Definition("capacity", "Capacity", "The most deliveries a second that a climb showed to be held.", ""),
)

_TITLES = {definition.name: definition.title for definition in LATENCIES + COUNTS}
_ORDER = [definition.name for definition in LATENCIES]


def title(metric: str) -> str:
    """A metric's title; its own name when it is one of the user's."""
    return _TITLES.get(metric, plain(metric))


def in_order(metrics: list[str]) -> list[str]:
    """Known metrics first, in the order of the reports, then others by name."""
    return sorted(metrics, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
