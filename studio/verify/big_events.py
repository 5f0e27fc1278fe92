"""Whether a large event comes whole and in time on every stream: which streams got it, and with which title."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from studio.contract import Envelope, EventType
from studio.marks import GAP
from studio.verify.findings import Check, Finding, failed, passed

BIG_EVENT: Final = "stream.big_event"

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name=BIG_EVENT,
        holds="a large event came whole and in time on every stream",
        promise="a `task.created` whose title is 1 MB came on each unfiltered stream of the process that made it, with "
        "that very title, within `--big-event-limit` seconds of the call that caused it",
        blind="streams of other workers, of which `delivery.lost` says whether it came; larger events",
        unknown="when the call was refused, so that there was no event",
    ),
)

_SECOND: Final = 1_000_000_000
_SHOWN: Final = 60


class OpenStream(NamedTuple):
    """A stream on which the event was due."""

    number: int
    opened_ns: int


class _Arrival(NamedTuple):
    title: str
    at_ns: int


class BigEvents:
    """Notes every creation that arrives while a large one is awaited; one is awaited at a time.

    It takes titles as they are given to it: the short form of a title tells two that differ from each other.
    """

    def __init__(self) -> None:
        self.watching = False
        """A large event is awaited: arrivals are wanted."""
        self._came: dict[str, dict[int, _Arrival]] = {}

    def begin(self) -> None:
        """A large event is about to be caused."""
        self.watching = True

    def arrived(self, number: int, envelope: Envelope, at_ns: int) -> None:
        """An event came on the stream with this number."""
        if self.watching and envelope.type == EventType.TASK_CREATED:
            arrival = _Arrival(str(envelope.fields.get("title", "")), at_ns)
            self._came.setdefault(envelope.task_id, {}).setdefault(number, arrival)

    def has_all(self, task_id: str, streams: Collection[OpenStream]) -> bool:
        """Whether all these streams have it."""
        return {stream.number for stream in streams} <= self._came.get(task_id, {}).keys()

    def end(
        self, task_id: str, title: str, sent_ns: int, streams: Collection[OpenStream], limit_s: float
    ) -> list[Finding]:
        """Judge what came of the event on the streams that were open all the while, and forget it."""
        self.watching = False
        came, self._came = self._came.get(task_id, {}), {}
        return [self._judge(stream, came.get(stream.number), task_id, title, sent_ns, limit_s) for stream in streams]

    @staticmethod
    def _judge(
        stream: OpenStream, arrival: _Arrival | None, task_id: str, title: str, sent_ns: int, limit_s: float
    ) -> Finding:
        evidence = {"task_id": task_id, "stream": stream.number, "sent_ns": sent_ns}
        if arrival is None:
            what = f"a task.created with a title of 1 MB did not come within {limit_s:g} s on an open stream"
            return failed(BIG_EVENT, what, **evidence)
        took_s = (arrival.at_ns - sent_ns) / _SECOND
        evidence |= {"arrived_ns": arrival.at_ns, "took_s": round(took_s, 3)}
        if arrival.title != title:
            what = (
                "a task.created came with another title than the task was created with: "
                f"{_described(arrival.title)} in the place of {_described(title)}"
            )
            return failed(BIG_EVENT, what, **evidence, came=arrival.title, created=title)
        if took_s > limit_s:
            what = f"a task.created with a title of 1 MB came {took_s:.2f} s after the call, not within {limit_s:g} s"
            return failed(BIG_EVENT, what, **evidence)
        return passed(BIG_EVENT)


def _described(title: str) -> str:
    """What a short form says of a title that it stands for; the beginning of a title that is short itself."""
    parts = title.split(GAP)
    return parts[1] if len(parts) > 2 else repr(title[:_SHOWN])
