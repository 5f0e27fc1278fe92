"""Statuses on which the stream and REST differ, executes that wait, double or come to nothing, and turns that stick."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row

_STATUSES: Final = ("--scenario", "statuses")
_EXECUTES: Final = ("--scenario", "parallel-executes")
_WAITS: Final = ("--fault", "execute-waits", *_EXECUTES)

ROWS: Final = (
    Row(
        switch="status-silent",
        defect=6,
        means="PATCH and complete change a status and emit nothing",
        arguments=("--fault", "status-silent", *_STATUSES),
        check="status.agrees",
        says=("after PATCH to in_progress", "the stream's last word is 'todo'", "REST says 'in_progress'"),
        also={"delivery.lost": "the event that the change owes to every stream never comes"},
    ),
    Row(
        switch="publish-first",
        defect=6,
        means="a transition publishes its event 20 ms before it writes the status",
        arguments=("--fault", "publish-first:20ms", *_STATUSES),
        check="status.fresh",
        says=("was stale", "published before the status was written"),
    ),
    Row(
        switch="failed-execute-sticks",
        defect=6,
        means="with the backend down, the stream says planning and REST says todo",
        arguments=("--fault", "failed-execute-sticks", "--fault", "backend-down", *_EXECUTES),
        check="status.agrees",
        says=("the stream's last word is 'planning'", "REST says 'todo'"),
    ),
    Row(
        switch="execute-waits-slow",
        defect=8,
        means="execute asks the backend before it answers, so a slow backend makes a late 202",
        arguments=("--fault", "backend-slow:2s", "--executions", "1", *_WAITS),
        check="execute.in_time",
        says=("202 came after 2.", "the limit is 1 s"),
        also={"execute:p(99)<1s": "the same, as a target"},
    ),
    Row(
        switch="execute-waits-hung",
        defect=8,
        means="execute asks the backend before it answers, so a backend that hangs makes no answer at all",
        arguments=("--fault", "backend-hung", *_WAITS),
        check="execute.in_time",
        says=("no answer came in",),
        also={
            "execute.accepted": "an execute without an answer was not accepted",
            "errors:rate<1%": "a call without an answer is an error",
        },
    ),
    Row(
        switch="execute-waits-down",
        defect=8,
        means="execute asks the backend before it answers, so a backend that is down makes a 500",
        arguments=("--fault", "backend-down", *_WAITS),
        check="execute.accepted",
        says=("expected 202, got 500", "connection refused"),
        also={"errors:rate<1%": "a 500 is an error"},
    ),
    Row(
        switch="double-execute",
        defect=9,
        means="a second execute is accepted while a session of the task runs",
        arguments=("--fault", "double-execute", *_EXECUTES),
        check="execute.double_refused",
        says=("a second execute was accepted as session", "while session"),
    ),
    Row(
        switch="stuck-turns",
        defect=10,
        means="the end of a turn is missed, and the task stays in planning for ever",
        arguments=("--fault", "stuck-turns", "--stuck-after", "2", *_EXECUTES),
        check="lifecycle.stuck",
        says=("under way for",),
    ),
    Row(
        switch="slow-execute",
        defect=None,
        means="execute answers 2 s late, whatever the backend does",
        arguments=("--fault", "slow-execute:2s", *_EXECUTES),
        check="execute.in_time",
        says=("202 came after 2.",),
    ),
    Row(
        switch="late-status",
        defect=None,
        means="the event of a changed status comes 300 ms after the change",
        arguments=("--fault", "late-status:300ms", *_STATUSES),
        check="status.told_in_time",
        says=("after REST had answered that it was so", "the limit is 200 ms"),
    ),
    Row(
        switch="execute-when-done",
        defect=None,
        means="an execute of a task that is done is accepted",
        arguments=("--fault", "execute-when-done", *_EXECUTES),
        check="execute.done_refused",
        says=("a task that is done was accepted",),
    ),
    Row(
        switch="two-sessions",
        defect=None,
        means="one execute starts two sessions",
        arguments=("--fault", "two-sessions", *_EXECUTES),
        check="execute.single",
        says=("there and not named",),
        also={"delivery.unexpected": "no execute asked for the second session, nor for what it tells"},
    ),
)
