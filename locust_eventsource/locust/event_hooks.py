"""Locust event hooks of event streams; a locustfile listens to them as to Locust's own.

    from locust_eventsource import events

    @events.deliveries.add_listener
    def count(arrivals, **kwargs):
        ...

Every listener should take ``**kwargs``, because later versions may add arguments. Listeners run in a greenlet of their
own, in the order in which things happened on each stream, and never in the gevent hub: they may block, and a slow one
does not move a kernel stamp. All times are nanoseconds of ``CLOCK_REALTIME``.
"""

from __future__ import annotations

from locust.event import EventHook


class EventSourceHooks:
    """The hooks, one attribute each. ``environment`` is among the arguments of all of them."""

    connect: EventHook
    """A connection is established: status 200 and ``text/event-stream`` came, on the first connection of a stream or
    a later one.

    :param stream: the ``EventStream``
    :param timing: its ``ConnectTiming`` (DNS, TCP, TLS and wait apart)
    :param at_ns: stamp of the response head
    """

    first_event: EventHook
    """The first event of a stream's first connection has come.

    :param stream: the ``EventStream``
    :param arrival: the ``Arrival``
    :param since_dial_ns: nanoseconds from before the TCP connect to the arrival
    """

    deliveries: EventHook
    """Events have come, a batch at a time.

    :param arrivals: list of ``Arrival``, of any streams, in the order of reading
    """

    disconnect: EventHook
    """An open connection is gone.

    :param stream: the ``EventStream``
    :param at_ns: when that was noticed
    :param heard_ns: stamp of the last bytes before it: the service or the network ended it after that
    :param error: an ``EventSourceError`` that says why; None for a clean end and for a deliberate close
    :param deliberate: True when the user closed the stream, or dropped its connection (the error is then ``Dropped``)
    """

    reconnect: EventHook
    """A stream is open again; fired after ``connect``.

    :param stream: the ``EventStream``
    :param at_ns: stamp of the new response head
    :param gap_ns: nanoseconds since the connection before it was lost
    """

    failure: EventHook
    """A connection could not be established, or the stream failed for good.

    :param stream: the ``EventStream``
    :param error: an ``EventSourceError``
    :param at_ns: when
    :param final: True when the stream will not try again
    """

    def __init__(self) -> None:
        for name in ("connect", "first_event", "deliveries", "disconnect", "reconnect", "failure"):
            setattr(self, name, EventHook())


events = EventSourceHooks()
"""The process's hooks."""
