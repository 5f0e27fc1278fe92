"""Defects at the limits of the service, and at its stops and starts."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row
from studio.verify import backpressure, limits, restart

_RESTARTED: Final = ("--scenario", "restart", "--turn-ms", "3000")
_LIMITED: Final = ("--scenario", "limit-probe", "--studio-option", "max-streams=60")

ROWS: Final = (
    Row(
        switch="skip-slow-readers",
        defect=2,
        means="a reader that is behind loses events in the middle of a stream that stays open",
        arguments=("--fault", "skip-slow-readers:64", "--scenario", "slow-readers", "--slow-events", "400"),
        check=backpressure.SIGNALLED,
        says=("unread", "never came to it", "between", "stayed open"),
    ),
    Row(
        switch="no-stream-limit",
        defect=12,
        means="the service holds any number of streams",
        arguments=(*_LIMITED, "--stream-limit", "60", "--fault", "no-stream-limit"),
        check=limits.ENFORCED,
        says=("is to hold 60 streams, and held 208 at the same time",),
    ),
    Row(
        switch="connection-limit",
        defect=None,
        means="a stream beyond 60 is reset without an answer",
        arguments=("--scenario", "limit-probe", "--fault", "connection-limit:60"),
        check=limits.REFUSED,
        says=("stream 53 of the probe", "its connection was reset without an answer"),
    ),
    Row(
        switch="limit-harms",
        defect=None,
        means="each refusal also cuts a stream that is open",
        arguments=(*_LIMITED, "--fault", "limit-harms"),
        check=limits.UNHARMED,
        says=("was open and ended", "after the probe had asked for stream"),
        also={"stream.held": "the stream that was cut is one that the service did not hold to the end"},
    ),
    Row(
        switch="restart-leaves-orphans",
        defect=13,
        means="after a restart sessions stay running, their tasks planning, and their activity without an end",
        arguments=(*_RESTARTED, "--fault", "restart-leaves-orphans"),
        check=restart.RECOVERED,
        says=("the session is still 'running'", "its task is 'planning'", "does not end with one 'finished'"),
    ),
    Row(
        switch="sigterm-keeps-streams",
        defect=13,
        means="SIGTERM leaves streams open, and the process goes on",
        arguments=(*_RESTARTED, "--fault", "sigterm-keeps-streams"),
        check=restart.STREAMS_END,
        says=("was still open 5 s after SIGTERM",),
    ),
)
