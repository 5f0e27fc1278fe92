"""What the judge's checks on the global stream promise (docs/checks.md)."""

from __future__ import annotations

from typing import Final

from studio.verify.faults import AFTER_DONE, TRANSITIONS, UNEXPECTED
from studio.verify.findings import Check
from studio.verify.offences import DUPLICATED, FILTERED, LOST, REORDERED, SAME, SESSIONS_END, STUCK

CHECKS: Final = (
    Check(
        name=LOST,
        holds="every event of the run reached every stream that was open for it",
        promise="each event of the run (one that an acknowledged call owes, or one of its own tasks that any stream "
        "got) came on every stream that was open from before its cause was sent until one second after its answer or "
        "first arrival: expected = delivered + lost",
        blind="events that no call owes and no stream got; streams that opened or closed while the event was on its "
        "way may have it, and need not",
        unknown="no event was owed while a stream was open, or a worker stopped reporting",
    ),
    Check(
        name=DUPLICATED,
        holds="no event came twice on a stream",
        promise="no stream got an event, by its id, that it had before, live or replayed",
        blind="one fact told twice under two ids; `lifecycle.transitions` sees that where it contradicts",
        unknown="no event arrived",
    ),
    Check(
        name=REORDERED,
        holds="all streams got their events in one order",
        promise="any two events (at most 32 apart) came in the order in which most streams that have both got them; "
        "where only one stream has both, events of one task came in the order of the server's dates",
        blind="an order that is wrong on every stream alike",
        unknown="no event arrived",
    ),
    Check(
        name=UNEXPECTED,
        holds="every event of the run's tasks follows from a call of the run",
        promise="each event of the run's own tasks was caused by a call of the run, or by a session that one started",
        blind="events of other people's tasks; what happened while no stream was open",
        unknown="the run called upon no task; events before which another is known to be missing are counted as such",
    ),
    Check(
        name=SAME,
        holds="all streams saw the same events of other people's tasks and projects",
        promise="each event that is not the run's, but came live on one stream, came on every stream that was open "
        "from one settle time (`--settle`) before until one settle time after; left out where there was none. The "
        "run's own events are `delivery.lost`'s",
        blind="events that no stream got live; streams of a worker that had stopped reporting",
        unknown="the streams play a recording, each from its own start",
    ),
    Check(
        name=FILTERED,
        holds="filtered streams saw their own tasks alone",
        promise="no stream with `?task_ids=` got a live event of a task that it did not ask for; left out where no "
        "stream had a filter. That it got all of its own is `delivery.lost`'s",
        blind="replayed events: those are judged with the replay",
        unknown="no event arrived",
    ),
    Check(
        name=TRANSITIONS,
        holds="each task's events followed the transition table, one from the other",
        promise="each status change of the run's tasks left the status that the task had and is one of the table's, "
        "or of a call's; tasks were created once, sessions started once, ended once after that, and kept their task",
        blind="contradictions across a time in which no stream was open",
        unknown="no event of the run's tasks came; events before which another is known to be missing (a call owed it, "
        "the answer to a call names the status, or a session leads there) are counted as such",
    ),
    Check(
        name=AFTER_DONE,
        holds="no event of a task came after it was done",
        promise="after the change to done a task of the run had no event but the end of its session or phase, and what "
        "a call of the run asked for",
        blind="events of deleted tasks, which no event tells of",
        unknown="no event of the run's tasks came; events after a call that may have taken done back are "
        "counted as such",
    ),
    Check(
        name=SESSIONS_END,
        holds="every session that started ended",
        promise="for each session of the run's tasks that a stream or an execute's answer said had started, a stream "
        "said that it ended, or its task was deleted; left out where there was no session",
        blind="whether it ended well",
        unknown="it was under way for less than `--stuck-after` when the run ended; its end shows in the task's events "
        "and no stream was told; or there was a moment without an open stream",
    ),
    Check(
        name=STUCK,
        holds="no task stayed in a phase with a session under way for longer than `--stuck-after`",
        promise="each session of the run's tasks ended, or its task was deleted, within `--stuck-after` seconds by the "
        "server's clock; left out where there was no session",
        blind="tasks in which no session works: transitions alone leave nobody stuck",
        unknown="it was under way for less than that when the run ended, or not watched all the time",
    ),
)
