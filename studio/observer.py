"""What every event of a Studio stream tells: latency, trigger to event, the tester's lag, and who has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from locust_eventsource.measure.interval import Interval
from locust_eventsource.measure.pending import PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.stream import Arrival, EventStream
from studio.activity import ActivityWatch
from studio.arrival_batch import ArrivalBatch, KnownEvent, Times
from studio.check_log import CheckLog
from studio.contract import Envelope, EventKey, EventType, parse_timestamp
from studio.delivery_spread import DeliverySpread
from studio.marks import short_title
from studio.trigger_clock import TriggerClock
from studio.verify.absence import Absence
from studio.verify.big_events import BigEvents, OpenStream
from studio.verify.capture import Capture
from studio.verify.hygiene import ENVELOPE, read_envelope
from studio.verify.unverified import Unverified

_STAMP = '"timestamp":"'
_END = '"}'
_PARSED_KEPT = 4_096
"""Distinct payloads whose envelope is remembered: a broadcast gives the same bytes to every stream."""
_LARGE = 65_536
"""Characters from which on a payload is remembered for a short time only."""
_LARGE_KEPT = 16


@dataclass(slots=True)
class _Followed:
    """A stream under observation."""

    number: int
    group: frozenset[str] | None
    activity: ActivityWatch | None = None
    opened_ns: int = 0
    is_open: bool = False
    replay_asked: bool = False
    replay_refused: bool = False
    """The service said that it has nothing to replay on this connection."""
    live_from_ns: int | None = None
    """By the server's clock: what it dates earlier may be older than the connection. None until its clock is known."""


class StudioObserver:
    """Listener of the process's streams for one run."""

    def __init__(
        self,
        recorder: Recorder,
        capture: Capture | Unverified,
        checks: CheckLog,
        triggers: TriggerClock,
        big_events: BigEvents,
        pending: PendingDeliveries,
        *,
        aliases: Mapping[str, str],
        delivery_asked: bool,
        offset_at: Callable[[int], Interval | None],
        first_sight: Callable[[Envelope, int, int], None],
    ) -> None:
        """``first_sight`` gets each event once, with the moments between which it came; ``offset_at`` tells the
        server's offset at a moment as far as it is known by now."""
        self._recorder = recorder
        self._capture = capture
        self._checks = checks
        self._triggers = triggers
        self._big_events = big_events
        self._pending = pending
        self._aliases = aliases
        self._delivery_asked = delivery_asked
        self._offset_at = offset_at
        self._first_sight = first_sight
        self._followed: dict[EventStream, _Followed] = {}
        self._parsed: dict[str, KnownEvent | None] = {}
        self._parsed_large: dict[str, KnownEvent | None] = {}
        self._numbers = 0
        self.spread = DeliverySpread()
        """Between which moments deliveries came, and how fine their timestamps are."""

    def follow_global(self, stream: EventStream, group: frozenset[str] | None) -> None:
        """Observe a global stream; ``group`` holds the task ids it asked for, None for all."""
        self._followed[stream] = _Followed(self._numbers, group)
        self._numbers += 1

    def follow_activity(self, stream: EventStream, watch: ActivityWatch) -> None:
        """Observe a session's activity stream."""
        self._followed[stream] = _Followed(-1, None, activity=watch)

    def forget(self, stream: EventStream) -> None:
        """The stream is closed for good and all of it has been told."""
        self._followed.pop(stream, None)

    def absence(self, key: EventKey, streams: Iterable[EventStream]) -> Absence:
        """Which of the streams, all of them followed, have not had the event that announces a fact."""
        followed = {self._followed[stream].number: self._followed[stream] for stream in streams}
        event_id, lacking = self._capture.lacking(key, followed)
        refused = sum(followed[number].replay_refused for number in lacking)
        silent = [number for number in lacking if not followed[number].replay_refused]
        return Absence(key, event_id, silent, refused)

    def outstanding(self, keys: Collection[EventKey], streams: Iterable[EventStream]) -> Counter[str]:
        """How many deliveries of the events that announce some facts have not come on the streams, by type."""
        return self._capture.outstanding(keys, [self._followed[stream].number for stream in streams])

    def open_streams(self) -> set[OpenStream]:
        """The global streams that are open now and get every event."""
        followed = (one for one in self._followed.values() if one.activity is None and one.group is None)
        return {OpenStream(one.number, one.opened_ns) for one in followed if one.is_open}

    def connect(self, *, stream: EventStream, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.connect``."""
        followed = self._followed.get(stream)
        if followed is None:
            return
        followed.opened_ns = at_ns
        followed.is_open = True
        followed.live_from_ns = None
        followed.replay_asked = stream.replay_requested
        followed.replay_refused = False
        if followed.activity is None:
            self._capture.stream_opened(followed.number, at_ns, followed.group)
        else:
            followed.activity.joined(at_ns)

    def disconnect(
        self, *, stream: EventStream, at_ns: int, heard_ns: int, deliberate: bool, **_kwargs: object
    ) -> None:
        """Listener of ``events.disconnect``.

        An end that others brought about is noticed late by a busy tester, and a silent one after the idle time: the
        stream is known to have been open until its last bytes.
        """
        followed = self._followed.get(stream)
        if followed is None:
            return
        followed.is_open = False
        if followed.activity is None:
            until_ns = at_ns if deliberate else min(at_ns, max(heard_ns, followed.opened_ns))
            self._capture.stream_closed(followed.number, until_ns)
        else:
            followed.activity.left()

    def deliveries(self, *, arrivals: list[Arrival], **_kwargs: object) -> None:
        """Listener of ``events.deliveries``."""
        batch = ArrivalBatch()
        for arrival in arrivals:
            followed = self._followed.get(arrival.stream)
            if followed is None:
                continue
            batch.stamp(arrival)
            if followed.activity is not None:
                followed.activity.saw(arrival)
                self._activity(arrival, followed, batch)
            else:
                self._global(arrival, followed, batch)
        batch.record(self._recorder)
        for known, times in batch.delivered.items():
            self._delivered(known, times)

    def _global(self, arrival: Arrival, followed: _Followed, batch: ArrivalBatch) -> None:
        known = self._known(arrival)
        if known is None:
            return
        envelope, received_ns = known.envelope, arrival.received_ns
        if envelope.type == EventType.REPLAY_UNAVAILABLE:
            batch.counts["replay_unavailable"] += 1
            followed.replay_refused = True
            return
        replayed = followed.replay_asked and self._is_old(envelope.timestamp_ns, followed)
        if not self._capture.arrived(followed.number, envelope, received_ns, replayed=replayed):
            return
        if self._big_events.watching:
            self._big_events.arrived(followed.number, envelope, received_ns)
        if replayed:
            batch.counts["replayed"] += 1
        else:
            batch.delivered[known].append((arrival.earliest_ns, received_ns))

    def _delivered(self, known: KnownEvent, times: list[Times]) -> None:
        """An event was delivered; its latency is known once the server's clock is."""
        _, event_type, timestamp_ns, resolution_ns, _ = known.envelope
        metric = "delivery_large" if known.is_large else "delivery"
        self.spread.add(times, resolution_ns)
        if self._delivery_asked:
            for earliest, latest in times:
                self._pending.add(metric, event_type, earliest, latest, timestamp_ns, resolution_ns)

    def _is_old(self, stamp_ns: int, followed: _Followed) -> bool:
        """Whether an event may be older than the connection: such a one is history or replayed, and no delivery."""
        if followed.live_from_ns is None:
            offset = self._offset_at(followed.opened_ns)
            if offset is None:
                # Nothing is known of the clock yet, and perhaps never will be: then it counts as right.
                return stamp_ns < followed.opened_ns
            followed.live_from_ns = followed.opened_ns + offset.high_ns
        return stamp_ns < followed.live_from_ns

    def _known(self, arrival: Arrival) -> KnownEvent | None:
        data = arrival.event.data
        is_large = len(data) >= _LARGE
        parsed, most = (self._parsed_large, _LARGE_KEPT) if is_large else (self._parsed, _PARSED_KEPT)
        try:
            return parsed[data]
        except KeyError:
            envelope = self._parse(arrival)
        if len(parsed) >= most:
            for old in list(islice(parsed, most // 2)):
                del parsed[old]
        known = None if envelope is None else KnownEvent(envelope, self._triggers.trigger_of(envelope), is_large)
        parsed[data] = known
        if envelope is not None:
            self._first_sight(envelope, arrival.earliest_ns, arrival.received_ns)
        return known

    def _parse(self, arrival: Arrival) -> Envelope | None:
        event = arrival.event
        envelope, problem = read_envelope(event)
        if problem:
            self._checks.failed(
                ENVELOPE,
                f"{arrival.stream.name}: {problem}",
                event_id=event.last_event_id,
                stream=arrival.stream.name,
                at_ns=arrival.received_ns,
                data=event.data[:500],
                tail=event.data[-50:],
            )
        else:
            self._checks.passed(ENVELOPE)
        if envelope is None:
            return None
        title = envelope.fields.get("title")
        if isinstance(title, str):
            envelope.fields["title"] = short_title(title)
        known = self._aliases.get(envelope.type)
        return envelope._replace(type=known) if known else envelope

    def _activity(self, arrival: Arrival, followed: _Followed, batch: ArrivalBatch) -> None:
        stamp = activity_timestamp(arrival.event.data)
        if stamp is None:
            return
        if self._is_old(stamp[0], followed):
            batch.counts["history"] += 1
            return
        times = arrival.earliest_ns, arrival.received_ns
        self._pending.add("activity", arrival.event.type, *times, *stamp)


def activity_timestamp(data: str) -> tuple[int, int] | None:
    """The server's timestamp of an activity event and its resolution; None when it carries none that can be read."""
    try:
        return parse_timestamp(_last_timestamp(data) or json.loads(data)["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None


def _last_timestamp(data: str) -> str:
    """The timestamp where the service writes it, last in the object, without reading a text of any size before it."""
    begins = data.rfind(_STAMP)
    stamp = data[begins + len(_STAMP) : -len(_END)]
    return stamp if begins >= 0 and data.endswith(_END) and '"' not in stamp else ""
