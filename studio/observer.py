"""What every event of a Studio stream tells: latency, trigger to event, the tester's lag, and who has it."""

from __future__ import annotations

from locust.stats import RequestStats

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from locust_eventsource.locust.stats_table import add_deliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.stream import Arrival, EventStream
from studio.activity import ActivityWatch
from studio.check_log import CheckLog
from studio.contract import Envelope, EventType, parse_envelope, parse_timestamp
from studio.trigger_clock import TriggerClock
from studio.verify.capture import Capture

_PARSED_KEPT = 4_096
"""Distinct payloads whose envelope is remembered: a broadcast gives the same bytes to every stream."""

_SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class _Followed:
    """A stream under observation."""

    number: int
    group: frozenset[str] | None
    activity: ActivityWatch | None = None
    opened_ns: int = 0
    replay_asked: bool = False


class StudioObserver:
    """Listener of the process's streams for one run."""

    def __init__(
        self,
        recorder: Recorder,
        capture: Capture,
        checks: CheckLog,
        triggers: TriggerClock,
        stats: RequestStats,
        *,
        aliases: Mapping[str, str],
        delivery_asked: bool,
        first_sight: Callable[[Envelope], None],
    ) -> None:
        self._recorder = recorder
        self._capture = capture
        self._checks = checks
        self._triggers = triggers
        self._stats = stats
        self._aliases = aliases
        self._delivery_asked = delivery_asked
        self._first_sight = first_sight
        self._followed: dict[EventStream, _Followed] = {}
        self._parsed: dict[str, Envelope | None] = {}
        self._numbers = 0

    def follow_global(self, stream: EventStream, group: frozenset[str] | None) -> None:
        """Observe a global stream; ``group`` holds the task ids it asked for, None for all."""
        self._followed[stream] = _Followed(self._numbers, group)
        self._numbers += 1

    def follow_activity(self, stream: EventStream) -> ActivityWatch:
        """Observe a session's activity stream."""
        watch = ActivityWatch()
        self._followed[stream] = _Followed(-1, None, activity=watch)
        return watch

    def forget(self, stream: EventStream) -> None:
        """The stream is closed for good and all of it has been told."""
        self._followed.pop(stream, None)

    def connect(self, *, stream: EventStream, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.connect``."""
        followed = self._followed.get(stream)
        if followed is None:
            return
        followed.opened_ns = at_ns
        followed.replay_asked = stream.replay_requested
        if followed.activity is None:
            self._capture.stream_opened(followed.number, at_ns, followed.group)

    def disconnect(self, *, stream: EventStream, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.disconnect``."""
        followed = self._followed.get(stream)
        if followed is not None and followed.activity is None:
            self._capture.stream_closed(followed.number, at_ns)

    def deliveries(self, *, arrivals: list[Arrival], **_kwargs: object) -> None:
        """Listener of ``events.deliveries``."""
        latencies: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
        for arrival in arrivals:
            followed = self._followed.get(arrival.stream)
            if followed is None:
                continue
            self._note_stamp(arrival)
            if followed.activity is not None:
                followed.activity.saw(arrival)
                self._activity(arrival, followed, latencies)
            else:
                self._global(arrival, followed, latencies)
        for (metric, event_type, second), values in latencies.items():
            self._recorder.record_many(metric, values, second * _SECOND_NS, event_type)
            add_deliveries(self._stats, f"{metric} {event_type}", values, second)

    def _note_stamp(self, arrival: Arrival) -> None:
        self._recorder.count(f"stamps_{arrival.source}")
        if not arrival.last_in_read:
            self._recorder.count("coalesced")
        if arrival.source == "kernel":
            self._recorder.record("lag", arrival.read_ns - arrival.received_ns, arrival.read_ns)

    def _global(
        self, arrival: Arrival, followed: _Followed, latencies: defaultdict[tuple[str, str, int], list[int]]
    ) -> None:
        envelope = self._envelope(arrival)
        if envelope is None:
            return
        if envelope.type == EventType.REPLAY_UNAVAILABLE:
            self._recorder.count("replay_unavailable")
            return
        at_ns = arrival.received_ns
        replayed = followed.replay_asked and envelope.timestamp_ns < followed.opened_ns
        if not self._capture.arrived(followed.number, envelope, at_ns, replayed=replayed):
            return
        if replayed:
            self._recorder.count("replayed")
            return
        self._recorder.count("deliveries", type=envelope.type)
        if self._delivery_asked:
            latencies["delivery", envelope.type, at_ns // _SECOND_NS].append(at_ns - envelope.timestamp_ns)
        intended_ns = self._triggers.intended_ns(envelope)
        if intended_ns is not None:
            self._recorder.record("trigger", at_ns - intended_ns, at_ns, envelope.type)

    def _envelope(self, arrival: Arrival) -> Envelope | None:
        data = arrival.event.data
        try:
            return self._parsed[data]
        except KeyError:
            envelope = self._parse(arrival)
        if len(self._parsed) >= _PARSED_KEPT:
            for old in list(islice(self._parsed, _PARSED_KEPT // 2)):
                del self._parsed[old]
        self._parsed[data] = envelope
        if envelope is not None:
            self._first_sight(envelope)
        return envelope

    def _parse(self, arrival: Arrival) -> Envelope | None:
        event = arrival.event
        try:
            envelope = parse_envelope(event.data)
        except ValueError as error:
            self._checks.failed(
                "stream.envelope",
                f"an event of type {event.type!r} carried no envelope: {error}",
                event_id=event.last_event_id,
                stream=arrival.stream.name,
                at_ns=arrival.received_ns,
                data=event.data[:500],
            )
            return None
        self._checks.passed("stream.envelope")
        known = self._aliases.get(envelope.type)
        return envelope._replace(type=known) if known else envelope

    def _activity(
        self, arrival: Arrival, followed: _Followed, latencies: defaultdict[tuple[str, str, int], list[int]]
    ) -> None:
        stamp_ns = activity_timestamp_ns(arrival.event.data)
        if stamp_ns is None:
            return
        if stamp_ns < followed.opened_ns:
            self._recorder.count("history")
            return
        at_ns = arrival.received_ns
        latencies["activity", arrival.event.type, at_ns // _SECOND_NS].append(at_ns - stamp_ns)


def activity_timestamp_ns(data: str) -> int | None:
    """The server's timestamp of an activity event; None when it carries none that can be read."""
    try:
        document: Any = json.loads(data)
        return parse_timestamp(document["timestamp"])[0]
    except (ValueError, KeyError, TypeError):
        return None
