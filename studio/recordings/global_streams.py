"""Recorded global streams, with the REST calls beside them, before the judge of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from studio.contract import Envelope, EventType
from studio.recordings.stream_file import Recording
from studio.verify.actions import Action
from studio.verify.capture import Capture
from studio.verify.checks import CheckResult
from studio.verify.findings import Finding
from studio.verify.hygiene import read_envelope
from studio.verify.judge import Judge
from studio.verify.replay import EXACT, FILTERED, Return, Seen
from studio.verify.replay import judge as judge_return
from studio.verify.slots import Group

_SECOND_NS: Final = 1_000_000_000
_LONG_AFTER_NS: Final = 600 * _SECOND_NS
_WORKER: Final = "recorded"

_Step = tuple[int, Callable[[], object]]


class Request(NamedTuple):
    """What the recorded streams asked for, which the answer does not tell."""

    group: Group = None
    """The tasks of ``?task_ids=``."""
    last_event_id: str | None = None
    """Last-Event-ID; None where the stream did not come back."""


def envelopes(recording: Recording) -> list[tuple[int, Envelope]]:
    """When each envelope came, and the envelope; what carries none is left to ``stream.envelope``."""
    read = [(at_ns, read_envelope(event)[0]) for event, at_ns in recording.arrivals]
    return [(at_ns, envelope) for at_ns, envelope in read if envelope is not None]


def judged(recordings: Sequence[Recording], actions: Sequence[Action], request: Request) -> list[CheckResult]:
    """What the judge says of the streams. Without calls, checks that can say nothing are left out."""
    judge, capture = Judge(broadcast=request.last_event_id is None), Capture()
    due_ns = 0
    for at_ns, step in sorted(_steps(capture, recordings, actions, request), key=lambda step: step[0]):
        if at_ns >= due_ns:
            _report(judge, capture, at_ns)
            due_ns = at_ns + _SECOND_NS
        step()
    last_ns = max((recording.ended_ns for recording in recordings), default=0)
    _report(judge, capture, max((last_ns, *(action.answered_ns for action in actions))) + _LONG_AFTER_NS)
    judge.finish()
    return [check for check in judge.checks() if actions or check.verdict != "unknown"]


def returned(recording: Recording, request: Request) -> list[Finding]:
    """What a stream that came back says by itself of its replay: what came twice, and what is not its own.

    There is no witness that stayed open, so its own events stand for one, each as the server dates it.
    """
    if request.last_event_id is None:
        return []
    came = [Seen(envelope.id, envelope.type, envelope.task_id, at_ns) for at_ns, envelope in envelopes(recording)]
    dated = {envelope.id: envelope.timestamp_ns for _, envelope in envelopes(recording)}
    others = {seen.id: seen._replace(at_ns=dated[seen.id]) for seen in came if seen.id != request.last_event_id}
    acknowledged = Seen(request.last_event_id, "", "", 0)
    back = Return(
        kind=recording.name,
        promise="replay",
        last_event_id=request.last_event_id,
        group=request.group,
        port=0,
        asked_ns=recording.opened_ns,
        witness=[acknowledged, *others.values()],
        had=[acknowledged],
        came=[seen for seen in came if seen.type != EventType.REPLAY_UNAVAILABLE],
    )
    return [finding for finding in judge_return(back) if finding.check in (EXACT, FILTERED)]


def _steps(
    capture: Capture, recordings: Sequence[Recording], actions: Sequence[Action], request: Request
) -> list[_Step]:
    """What happened and when, in the order of the recordings."""
    # A call that hung for long is known from its beginning here, where a running test hears of it at its end.
    steps: list[_Step] = [(action.sent_ns, partial(capture.acted, action)) for action in actions]
    for number, recording in enumerate(recordings):
        opened_ns, ended_ns = recording.opened_ns, recording.ended_ns
        steps.append((opened_ns, partial(capture.stream_opened, number, opened_ns, request.group)))
        for at_ns, envelope in envelopes(recording):
            replayed = request.last_event_id is not None and envelope.timestamp_ns < opened_ns
            steps.append((at_ns, partial(capture.arrived, number, envelope, at_ns, replayed=replayed)))
        steps.append((ended_ns, partial(capture.stream_closed, number, ended_ns + 1)))
    return steps


def _report(judge: Judge, capture: Capture, now_ns: int) -> None:
    judge.add(_WORKER, capture.take(now_ns))
    judge.settle(now_ns)
