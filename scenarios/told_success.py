"""What the three who tell of a session's end say of its success."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import gevent

from scenarios.user import StudioUser
from studio.contract import SessionStatus
from studio.session_reads import session_status
from studio.verify.activity import Outcome
from studio.verify.readings import Reading

_NOT_OVER: Final = frozenset({"", SessionStatus.PENDING, SessionStatus.RUNNING})
_LOOK_EVERY_S: Final = 0.1


def told_success(user: StudioUser, task_id: str, session_id: str, readings: Sequence[Reading]) -> Outcome:
    """Gather it for a session whose activity is over; the first of the readings says what ``finished`` said.

    The global stream may be late by ``--settle``, REST by ``--status-grace``.
    """
    board, first = user.load.board, readings[0]
    board.wait_until(lambda: board.has_ended(task_id, session_id), user.load.options.settle)
    fullest = max(readings, key=lambda reading: reading.work)
    return Outcome(
        ended=board.success(task_id, session_id),
        finished=first.success,
        error=first.error,
        status=_status(user, session_id),
        work=fullest.work,
        messages=len(fullest.digests),
    )


def _status(user: StudioUser, session_id: str) -> str:
    """The session's status over REST, asked again within the grace while it is not yet that of an end."""
    deadline = time.monotonic() + user.load.options.status_grace
    while True:
        status = session_status(user.client, session_id)
        if status not in _NOT_OVER or time.monotonic() >= deadline:
            return status
        gevent.sleep(_LOOK_EVERY_S)
