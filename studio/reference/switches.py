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
REPLAY_DUPLICATES: Final = "replay-duplicates"
REPLAY_UNFILTERED: Final = "replay-unfiltered"
REPLAY_SILENT: Final = "replay-silent"
SLOW_EXECUTE: Final = "slow-execute"

_DELIVERY: Final = (
    Switch(SLOW_DELIVERY, Kind.DURATION, "80ms", "each live event is written this long after its timestamp"),
    Switch(DROP, Kind.RATE, "1%", "a delivery (one event on one connection) is left out"),
    Switch(DUPLICATE, Kind.RATE, "1%", "a delivery is written twice"),
)

_WIRE: Final[tuple[Switch, ...]] = ()

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

_ACTIVITY: Final[tuple[Switch, ...]] = ()

_STATUS: Final[tuple[Switch, ...]] = ()

_EXECUTION: Final = (Switch(SLOW_EXECUTE, Kind.DURATION, "2s", "execute answers this much later"),)

_LIMITS: Final[tuple[Switch, ...]] = ()

_RESTART: Final[tuple[Switch, ...]] = ()

SWITCHES: Final = {
    switch.name: switch
    for switch in (*_DELIVERY, *_WIRE, *_REPLAY, *_ACTIVITY, *_STATUS, *_EXECUTION, *_LIMITS, *_RESTART)
}
"""All switches by name."""


def as_found() -> list[str]:
    """The faults of the public server (opencode-os at 317c493), as ``NAME[:VALUE]``."""
    found = [switch for switch in SWITCHES.values() if switch.as_found is not None]
    return [f"{switch.name}:{switch.as_found}" if switch.as_found else switch.name for switch in found]
