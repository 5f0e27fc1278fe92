"""Every check, in the order in which reports show them."""

from __future__ import annotations

from typing import Final

from studio.verify import (
    activity,
    backpressure,
    big_events,
    execution,
    held,
    hygiene,
    judge_checks,
    limits,
    liveness,
    replay,
    restart,
    status,
    steadiness,
)
from studio.verify.findings import Check

_OF_USERS: Final = (
    Check(
        name="session.ends",
        holds="every session that started ended in time",
        promise="the global stream told the end of every session that the run executed",
        blind="sessions of other people's tasks",
        unknown="never: a session that outlasts `--session-timeout` fails",
    ),
    Check(
        name="cleanup",
        holds="nothing of the run was left on the server",
        promise="every task that the run created was deleted, or was gone already",
        blind="tasks whose creation was never acknowledged and never told on a stream",
        unknown="never",
    ),
)

_OF_TESTER: Final = (
    Check(
        name="run.workers",
        holds="all workers reported to the end",
        promise="each worker that had users told of everything up to its end, its clean-up included",
        blind="how the machines of the workers fared; see `tester:fit`",
        unknown="when a worker was lost: the tester's loss, which says nothing of the service",
    ),
    Check(
        name="run.drained",
        holds="the run came to an end in which every event had its time",
        promise="shown only where it does not hold",
        blind="what happened after the end",
        unknown="when the end was interrupted, or the tester was killed and the run recovered",
    ),
)

CHECKS: Final[dict[str, Check]] = {
    check.name: check
    for check in (
        *judge_checks.CHECKS,
        *_OF_USERS,
        *activity.CHECKS,
        *status.CHECKS,
        *execution.CHECKS,
        *replay.CHECKS,
        *backpressure.CHECKS,
        *limits.CHECKS,
        *hygiene.CHECKS,
        *liveness.CHECKS,
        *held.CHECKS,
        *big_events.CHECKS,
        *steadiness.CHECKS,
        *restart.CHECKS,
        *_OF_TESTER,
    )
}
"""The checks by name."""
