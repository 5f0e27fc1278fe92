"""Connections of one process, and their history over the run: opened, failed, lost, open again, open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import reduce
from typing import Any, Final, NamedTuple

from locust_eventsource.errors import Dropped, EventSourceError
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.stream import Arrival, ConnectTiming, EventStream, State

MAX_GAPS: Final = 200
"""Gaps kept with their times; further ones are only counted."""


class StreamStates(NamedTuple):
    """How many streams are in each state at a moment; ``failed`` are those that have failed for good by then."""

    connecting: int = 0
    open: int = 0
    reconnecting: int = 0
    failed: int = 0

    def plus(self, other: StreamStates) -> StreamStates:
        """Those of two processes together."""
        return StreamStates(*(sum(pair) for pair in zip(self, other, strict=True)))


def reason(error: EventSourceError | None) -> str:
    """Why a connection ended, in words that stay few."""
    return "clean end" if error is None else f"{type(error).__name__}: {error}"


class ConnectionLog:
    """What the connections of this process did since the last ``take``."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        excuses_loss: Callable[[int], bool] = lambda at_ns: False,
        excuses_failure: Callable[[int], bool] = lambda at_ns: False,
    ) -> None:
        """``excuses_loss`` says of a connection that was lost, by the time, that this is no failure of the service;
        ``excuses_failure`` says so of one that did not come about."""
        self._recorder = recorder
        self._excuses_loss = excuses_loss
        self._excuses_failure = excuses_failure
        self._open: dict[EventStream, int] = {}
        self._lost: dict[EventStream, tuple[int, str]] = {}
        self._given_up = 0
        self.peak = 0
        self._clear()

    def _clear(self) -> None:
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._gaps: list[dict[str, object]] = []
        self._samples: dict[int, StreamStates] = {}

    @property
    def open_now(self) -> int:
        """Connections open at this moment."""
        return len(self._open)

    @property
    def open_streams(self) -> Collection[EventStream]:
        """The streams that are open now, oldest connection first."""
        return self._open.keys()

    def lost_since(self, at_ns: int) -> dict[EventStream, tuple[int, str]]:
        """Streams that lost their connection since then, not on purpose, and are not open again: when, and why."""
        return {stream: lost for stream, lost in self._lost.items() if lost[0] >= at_ns}

    def connect(self, *, stream: EventStream, timing: ConnectTiming, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.connect``."""
        self._open[stream] = at_ns
        self.peak = max(self.peak, len(self._open))
        self._counts["opened"] += 1
        # What the tester itself may have caused is uncertainty, not latency.
        self._recorder.record_bounds(
            "connect", timing.total_ns - timing.own_ns, timing.total_ns, timing.total_ns, at_ns
        )
        self._recorder.record("connect_dns", timing.dns_ns, at_ns)
        self._recorder.record("connect_tcp", timing.tcp_ns, at_ns)
        self._recorder.record("connect_tls", timing.tls_ns, at_ns)
        self._recorder.record("connect_wait", timing.wait_ns, at_ns)

    def first_event(self, *, arrival: Arrival, since_dial_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.first_event``."""
        self._recorder.record("first_event", since_dial_ns, arrival.received_ns)

    def disconnect(
        self, *, stream: EventStream, at_ns: int, error: EventSourceError | None, deliberate: bool, **_kwargs: object
    ) -> None:
        """Listener of ``events.disconnect``."""
        self._open.pop(stream, None)
        self._counts["dropped"] += isinstance(error, Dropped)
        if not deliberate:
            self._lost[stream] = at_ns, reason(error)
            self._errors[reason(error)] += 1
            self._counts["broken"] += error is not None and not self._excuses_loss(at_ns)

    def reconnect(self, *, stream: EventStream, at_ns: int, gap_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.reconnect``; one after a connection that was let go on purpose is no gap."""
        self._counts["reconnects"] += 1
        self._recorder.record("reconnect", gap_ns, at_ns)
        if stream not in self._lost:
            return
        lost_ns, why = self._lost.pop(stream)
        if len(self._gaps) < MAX_GAPS:
            self._gaps.append({"stream": stream.name, "from_ns": lost_ns, "to_ns": at_ns, "reason": why})

    def failure(self, *, error: EventSourceError, at_ns: int, final: bool, **_kwargs: object) -> None:
        """Listener of ``events.failure``."""
        self._counts["failed"] += not self._excuses_failure(at_ns)
        self._counts["given_up"] += final
        self._given_up += final
        self._errors[reason(error)] += 1

    def sample(self, second: int, states: Mapping[State, int]) -> None:
        """Note how many streams are in each state in this second; ``states`` are those of streams that are not over."""
        self._samples[second] = StreamStates(
            states.get("connecting", 0), len(self._open), states.get("reconnecting", 0), self._given_up
        )

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        delta = {
            "counts": dict(self._counts),
            "errors": dict(self._errors),
            "gaps": self._gaps,
            "samples": {second: list(states) for second, states in self._samples.items()},
            "open": len(self._open),
            "peak": self.peak,
            "unrepaired": [
                {"stream": stream.name, "from_ns": at_ns, "reason": why} for stream, (at_ns, why) in self._lost.items()
            ][:MAX_GAPS],
        }
        self._clear()
        return delta


class ConnectionHistory:
    """The connections of all processes over the run."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._gaps: list[dict[str, Any]] = []
        self._states: dict[int, StreamStates] = {}
        self._latest_states: dict[str, StreamStates] = {}
        self._latest: dict[str, dict[str, Any]] = {}

    def add(self, worker: str, delta: dict[str, Any]) -> None:
        """Add what a process's log took."""
        self._counts.update(delta["counts"])
        self._errors.update(delta["errors"])
        self._gaps += delta["gaps"][: MAX_GAPS - len(self._gaps)]
        if delta["samples"]:
            self._latest_states[worker] = StreamStates(*delta["samples"][max(delta["samples"])])
        for second, states in delta["samples"].items():
            known = self._states.get(int(second), StreamStates())
            self._states[int(second)] = known.plus(StreamStates(*states))
        self._latest[worker] = delta

    @property
    def open_now(self) -> int:
        """Connections open when the processes last reported."""
        return sum(delta["open"] for delta in self._latest.values())

    @property
    def peak(self) -> int:
        """Most connections open at once; over several processes, as sampled each second."""
        peaks = [delta["peak"] for delta in self._latest.values()]
        if len(peaks) == 1:
            return int(peaks[0])
        return max((states.open for states in self._states.values()), default=0)

    def open_by_second(self) -> list[tuple[int, int]]:
        """How many connections were open in each second (since 1970), as sampled, in order."""
        return sorted((second, states.open) for second, states in self._states.items())

    @property
    def states_now(self) -> StreamStates:
        """How many streams are in each state, as each process has sampled it last."""
        return reduce(StreamStates.plus, self._latest_states.values(), StreamStates())

    def states_at(self, second: int) -> StreamStates | None:
        """How many streams were in each state in a second (since 1970); None where no process has sampled it."""
        return self._states.get(second)

    def count(self, name: str) -> int:
        """``opened``, ``failed``, ``given_up`` (failed for good), ``broken``, ``dropped`` or ``reconnects``."""
        return self._counts[name]

    @property
    def hopeless(self) -> str:
        """Why no stream has ever opened and some have failed for good; empty as long as that is not so."""
        if self._counts["opened"] or not self._counts["given_up"]:
            return ""
        return self._errors.most_common(1)[0][0]

    def as_result(self, started_ns: int) -> dict[str, Any]:
        """The ``connections`` object of a result; times are seconds since the run's start."""
        unrepaired = [gap | {"to_ns": None} for delta in self._latest.values() for gap in delta["unrepaired"]]
        return {
            "opened": self._counts["opened"],
            "failed": self._counts["failed"],
            "reconnects": self._counts["reconnects"],
            "dropped": self._counts["dropped"],
            "peak": self.peak,
            "open_at_end": self.open_now,
            "gaps": [_in_seconds(gap, started_ns) for gap in (self._gaps + unrepaired)[:MAX_GAPS]],
            "open_over_time": [
                [second - started_ns // 1_000_000_000, count] for second, count in self.open_by_second()
            ],
            "errors": [{"reason": why, "count": count} for why, count in self._errors.most_common()],
        }


def _in_seconds(gap: dict[str, Any], started_ns: int) -> dict[str, Any]:
    end_ns = gap["to_ns"]
    return {
        "stream": gap["stream"],
        "from_s": round((gap["from_ns"] - started_ns) / 1e9, 3),
        "to_s": None if end_ns is None else round((end_ns - started_ns) / 1e9, 3),
        "reason": gap["reason"],
    }
