"""The defects on offer: one row a switch, grouped by what it breaks."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What a switch's value is."""

    RATE = "rate"
    """A share, ``1%`` or ``0.01``."""
    DURATION = "duration"
    """A time, ``80ms`` or ``2s``."""
    COUNT = "number"
    """A whole number of at least 1."""
    FLAG = "flag"
    """On or off; takes no value."""


class Switch(NamedTuple):
    """One defect on offer."""

    name: str
    kind: Kind
    default: str
    meaning: str
    as_found: str | None = None
    """With which value the public server has the defect; None when it does not have it."""


SLOW_DELIVERY: Final = "slow-delivery"
DROP: Final = "drop"
DUPLICATE: Final = "duplicate"
SWAP: Final = "swap"
DROP_ONE: Final = "drop-one"
DUPLICATE_ONE: Final = "duplicate-one"
SWAP_ONE: Final = "swap-one"
UNFILTERED: Final = "unfiltered"
CAPACITY: Final = "capacity"
REPLAY_DUPLICATES: Final = "replay-duplicates"
REPLAY_UNFILTERED: Final = "replay-unfiltered"
REPLAY_SILENT: Final = "replay-silent"
SLOW_EXECUTE: Final = "slow-execute"
SKIP_SLOW_READERS: Final = "skip-slow-readers"
NO_STREAM_LIMIT: Final = "no-stream-limit"
CONNECTION_LIMIT: Final = "connection-limit"
LIMIT_HARMS: Final = "limit-harms"
RESTART_LEAVES_ORPHANS: Final = "restart-leaves-orphans"
SIGTERM_KEEPS_STREAMS: Final = "sigterm-keeps-streams"

ACTIVITY_GAP: Final = "activity-gap"
ACTIVITY_EMPTY: Final = "activity-empty"
ACTIVITY_REORDERED: Final = "activity-reordered"
ACTIVITY_TRUNCATED: Final = "activity-truncated"
ACTIVITY_OF_NOBODY: Final = "activity-of-nobody"
ALWAYS_SUCCESS: Final = "always-success"

BACKEND_SLOW: Final = "backend-slow"
BACKEND_HUNG: Final = "backend-hung"
BACKEND_DOWN: Final = "backend-down"
BACKEND_REFUSES: Final = "backend-refuses"

STATUS_SILENT: Final = "status-silent"
PUBLISH_FIRST: Final = "publish-first"
FAILED_EXECUTE_STICKS: Final = "failed-execute-sticks"
LATE_STATUS: Final = "late-status"

EXECUTE_WAITS: Final = "execute-waits"
DOUBLE_EXECUTE: Final = "double-execute"
EXECUTE_WHEN_DONE: Final = "execute-when-done"
TWO_SESSIONS: Final = "two-sessions"
STUCK_TURNS: Final = "stuck-turns"

HALF_WRITE: Final = "half-write"
WRONG_CONTENT_TYPE: Final = "wrong-content-type"
NO_KEEP_ALIVE: Final = "no-keep-alive"
CLOSE_EVERY: Final = "close-every"
BUFFERING: Final = "buffering"
CORRUPT_UTF8: Final = "corrupt-utf8"
TRUNCATED_JSON: Final = "truncated-json"
SPLIT_CHUNKS: Final = "split-chunks"
CUT_TITLES: Final = "cut-titles"

_DELIVERY: Final = (
    Switch(SLOW_DELIVERY, Kind.DURATION, "80ms", "each live event is written this long after its timestamp"),
    Switch(DROP, Kind.RATE, "1%", "a delivery (one event on one connection) is left out"),
    Switch(DUPLICATE, Kind.RATE, "1%", "a delivery is written twice"),
    Switch(SWAP, Kind.RATE, "1%", "a delivery comes after the next one on its connection (or 100 ms late without one)"),
    Switch(DROP_ONE, Kind.COUNT, "500000", "the delivery of this number, over all connections, is left out"),
    Switch(DUPLICATE_ONE, Kind.COUNT, "500000", "the delivery of this number, over all connections, is written twice"),
    Switch(
        SWAP_ONE,
        Kind.COUNT,
        "500000",
        "the delivery of this number comes after the next one on its connection (or 2 s late)",
    ),
    Switch(UNFILTERED, Kind.FLAG, "", "a stream with ?task_ids= gets the live events of all tasks"),
    Switch(
        CAPACITY,
        Kind.COUNT,
        "2000",
        "at most so many deliveries a second in all: each takes its share of a second, and what comes faster waits",
    ),
)

_WIRE: Final = (
    Switch(HALF_WRITE, Kind.DURATION, "1s", "now and then half an event is written, and the rest after this stall"),
    Switch(WRONG_CONTENT_TYPE, Kind.FLAG, "", "streams say that they are text/plain"),
    Switch(NO_KEEP_ALIVE, Kind.FLAG, "", "a silent stream gets no keep-alive"),
    Switch(CLOSE_EVERY, Kind.DURATION, "2s", "each stream is ended this long after it opened"),
    Switch(BUFFERING, Kind.DURATION, "500ms", "events are held back and handed out together, as by a buffering proxy"),
    Switch(
        CORRUPT_UTF8, Kind.RATE, "10%", "in a delivery of task.created the title begins with a byte that is no UTF-8"
    ),
    Switch(TRUNCATED_JSON, Kind.RATE, "1%", "a delivery's JSON breaks off"),
    Switch(SPLIT_CHUNKS, Kind.FLAG, "", "each event is written as two chunks"),
    Switch(CUT_TITLES, Kind.COUNT, "65536", "titles longer than so many bytes come cut"),
)

_REPLAY: Final = (
    Switch(
        REPLAY_DUPLICATES,
        Kind.FLAG,
        "",
        "every connected client pushes each event into the replay buffer; with none connected nothing is kept",
        as_found="",
    ),
    Switch(REPLAY_UNFILTERED, Kind.FLAG, "", "a replay ignores ?task_ids=", as_found=""),
    Switch(
        REPLAY_SILENT,
        Kind.FLAG,
        "",
        "a Last-Event-ID from which nothing can be replayed is answered by nothing",
        as_found="",
    ),
)

_ACTIVITY: Final = (
    Switch(
        ACTIVITY_GAP,
        Kind.FLAG,
        "",
        "who joins a session's activity between its messages misses the next one; the ids close up",
        as_found="",
    ),
    Switch(
        ACTIVITY_EMPTY,
        Kind.RATE,
        "100%",
        "the activity of a session holds nothing but `finished`",
        as_found="10%",
    ),
    Switch(
        ACTIVITY_REORDERED,
        Kind.FLAG,
        "",
        "the activity of a session that is over is read with some messages in another order",
        as_found="",
    ),
    Switch(
        ACTIVITY_TRUNCATED,
        Kind.COUNT,
        "12",
        "a session's history is read only up to its first so many messages",
        as_found="200",
    ),
    Switch(
        ACTIVITY_OF_NOBODY,
        Kind.FLAG,
        "",
        "the activity of an unknown session is an empty stream instead of 404",
    ),
    Switch(
        ALWAYS_SUCCESS,
        Kind.FLAG,
        "",
        "a session counts as a success though every call of the model failed",
        as_found="",
    ),
)

_BACKEND: Final = (
    Switch(
        BACKEND_SLOW,
        Kind.DURATION,
        "2s",
        "condition: the agent backend takes this long to accept a prompt",
        as_found="2s",
    ),
    Switch(BACKEND_HUNG, Kind.FLAG, "", "condition: the agent backend never answers"),
    Switch(BACKEND_DOWN, Kind.FLAG, "", "condition: the agent backend refuses the connection"),
    Switch(BACKEND_REFUSES, Kind.FLAG, "", "condition: every call of the model fails with 400"),
)
"""What can happen to the agent backend. These are no defects: with them alone the service stays correct. The public
server's backend takes 2.2 s when twenty executes come at once."""

_STATUS: Final = (
    Switch(STATUS_SILENT, Kind.FLAG, "", "PATCH and complete change a status without an event", as_found=""),
    Switch(
        PUBLISH_FIRST,
        Kind.DURATION,
        "20ms",
        "a transition publishes its event this long before it writes the status",
        as_found="20ms",
    ),
    Switch(
        FAILED_EXECUTE_STICKS,
        Kind.FLAG,
        "",
        "when the agent backend fails, the stream is not told that the status went back",
        as_found="",
    ),
    Switch(LATE_STATUS, Kind.DURATION, "300ms", "the event of a changed status comes this long after the change"),
)

_EXECUTION: Final = (
    Switch(SLOW_EXECUTE, Kind.DURATION, "2s", "execute answers this much later"),
    Switch(
        EXECUTE_WAITS,
        Kind.FLAG,
        "",
        "execute waits for the agent backend, however long, and fails with it",
        as_found="",
    ),
    Switch(DOUBLE_EXECUTE, Kind.FLAG, "", "an execute is accepted while a session of the task runs", as_found=""),
    Switch(EXECUTE_WHEN_DONE, Kind.FLAG, "", "an execute of a task that is done is accepted"),
    Switch(TWO_SESSIONS, Kind.FLAG, "", "an execute starts two sessions"),
    Switch(
        STUCK_TURNS,
        Kind.RATE,
        "100%",
        "the end of a turn is missed: its session runs and its task stays for ever",
        as_found="25%",
    ),
)

_LIMITS: Final = (
    Switch(
        SKIP_SLOW_READERS,
        Kind.COUNT,
        "64",
        "a reader that is behind loses, without a word, all but the last so many events that wait for it",
        as_found="1024",
    ),
    Switch(NO_STREAM_LIMIT, Kind.FLAG, "", "--max-streams is not enforced", as_found=""),
    Switch(CONNECTION_LIMIT, Kind.COUNT, "50", "a stream beyond so many is reset without an answer"),
    Switch(LIMIT_HARMS, Kind.FLAG, "", "each refused stream also cuts the oldest open one"),
)

_RESTART: Final = (
    Switch(
        RESTART_LEAVES_ORPHANS,
        Kind.FLAG,
        "",
        "sessions that a stop cut off stay as they are after the next start, and so do their tasks",
        as_found="",
    ),
    Switch(
        SIGTERM_KEEPS_STREAMS,
        Kind.FLAG,
        "",
        "SIGTERM ends no stream, and the process goes on while one is open",
        as_found="",
    ),
)

SWITCHES: Final = {
    switch.name: switch
    for switch in (*_DELIVERY, *_WIRE, *_REPLAY, *_ACTIVITY, *_BACKEND, *_STATUS, *_EXECUTION, *_LIMITS, *_RESTART)
}
"""All switches by name."""


def as_found() -> list[str]:
    """The faults of the public server (opencode-os at 317c493), as ``NAME[:VALUE]``."""
    found = [switch for switch in SWITCHES.values() if switch.as_found is not None]
    return [f"{switch.name}:{switch.as_found}" if switch.as_found else switch.name for switch in found]
