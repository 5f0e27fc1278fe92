"""How a service stops and starts again: whether its streams end in order, and what becomes of sessions it cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from studio.contract import UNFINISHED, SessionStatus
from studio.verify.findings import Check, Finding, failed, passed
from studio.verify.readings import FINISHED
from studio.verify.wire import End

STREAMS_END: Final = "restart.streams_end"
RECOVERED: Final = "restart.recovered"

CHECKS: Final = (
    Check(
        name=STREAMS_END,
        holds="on SIGTERM every open stream ended with its last chunk, and the process ended",
        promise="each stream that the scenario held got the end of its body within 5 s of the signal, and so did the "
        "process itself, whoever still listened",
        blind="a stop by SIGKILL, in which no service can say anything",
        unknown="never",
    ),
    Check(
        name=RECOVERED,
        holds="after a restart no session was left running and no task waited for one that is gone",
        promise="each session that a stop cut off was failed, its task had the status from before the execute, its "
        "activity ended with one `finished` that says so, and no session of the task was pending or running",
        blind="whether the agent behind the service stopped working, too",
        unknown="never",
    ),
)

_OVER: Final = frozenset({SessionStatus.COMPLETED, SessionStatus.FAILED, SessionStatus.ABORTED})


class Ending(NamedTuple):
    """A stream over a stop."""

    stream: str
    """What it was: its path, with its local port."""
    end: End
    after_s: float | None
    """Seconds from the signal to its end; None when it had not ended in time."""


class Aftermath(NamedTuple):
    """What the service says, once it is back, of a session that ran when it was stopped."""

    signal: str
    task_id: str
    session_id: str
    status_before: str
    """The task's status before the execute."""
    task_status: str
    """The task's status now, or why it cannot be read."""
    session_status: str
    """The session's status now, or why it cannot be read."""
    sessions: dict[str, str]
    """Status of every session of the task, by id."""
    activity: Sequence[str]
    """Types of the session's activity, as a fresh read of it brings them."""
    success: bool | None
    """What its last ``finished`` says."""
    waited_s: float
    """How long after the service was back."""


def streams_end(
    signal: str, streams: Sequence[Ending], process_after_s: float | None, within_s: float
) -> list[Finding]:
    """Whether the streams, and the process, ended in order after a signal to stop."""
    findings = [_stream_ends(signal, stream, within_s) for stream in streams]
    if process_after_s is not None:
        return [*findings, passed(STREAMS_END)]
    still = sum(stream.after_s is None for stream in streams)
    what = (
        f"the process had not ended {within_s:g} s after {signal}, while {still} of the {len(streams)} streams that "
        "the scenario held were open; it was killed"
    )
    return [*findings, failed(STREAMS_END, what, signal=signal, open_streams=still)]


def _stream_ends(signal: str, stream: Ending, within_s: float) -> Finding:
    if stream.end == "complete" and stream.after_s is not None:
        return passed(STREAMS_END)
    if stream.after_s is None:
        what = f"{stream.stream} was still open {within_s:g} s after {signal}"
    else:
        what = f"{stream.stream} ended ({stream.end}) {stream.after_s:.3f} s after {signal}, without the last chunk"
    return failed(STREAMS_END, what, signal=signal, stream=stream.stream, end=stream.end, after_s=stream.after_s)


def recovered(after: Aftermath) -> Finding:
    """Whether the service took back what the stop cut off.

    A session may just have completed before the stop took hold: then there was nothing to take back.
    """
    wrong = [*_session_problems(after), *_activity_problems(after)]
    if not wrong:
        return passed(RECOVERED)
    what = (
        f"{after.waited_s:.1f} s after the restart ({after.signal}) of the service, of session {after.session_id} of "
        f"task {after.task_id}: {'; '.join(wrong)}"
    )
    evidence = after._asdict() | {"activity": list(after.activity[-5:]), "activity_count": len(after.activity)}
    return failed(RECOVERED, what, again=f'curl "$HOST/api/tasks/{after.task_id}/sessions"', **evidence)


def _session_problems(after: Aftermath) -> list[str]:
    wrong = [] if after.session_status in _OVER else [f"the session is still {after.session_status!r}"]
    if after.session_status != SessionStatus.COMPLETED and after.task_status != after.status_before:
        wrong.append(f"its task is {after.task_status!r}, and was {after.status_before!r} before the execute")
    others = [session_id for session_id, status in after.sessions.items() if status in UNFINISHED]
    if set(others) - {after.session_id}:
        wrong.append(f"of its task's sessions {len(others)} are pending or running, though nothing runs them")
    told = after.sessions.get(after.session_id)
    if told != after.session_status:
        wrong.append(f"the list of the task's sessions says {told!r} of it, and the session {after.session_status!r}")
    return wrong


def _activity_problems(after: Aftermath) -> list[str]:
    times = list(after.activity).count(FINISHED)
    if times != 1 or after.activity[-1] != FINISHED:
        last = repr(after.activity[-1]) if after.activity else "nothing"
        came = f"{times} came, and the last of {len(after.activity)} messages is {last}"
        return [f"its activity does not end with one 'finished': {came}"]
    if after.success and after.session_status != SessionStatus.COMPLETED:
        return [f"its activity finished with success, and the session is {after.session_status!r}"]
    return []
