"""The service's own clock, which can be made to run wrong: every time that the service gives out comes from it.

How long something takes (turns, keep-alives, faults, playback) is counted on the event loop's monotonic clock and does
not know of this one. A service without settings has the machine's clock, to the nanosecond.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

_UNITS_NS: Final = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_BILLION: Final = 1_000_000_000
_DURATION: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,9}))?(us|ms|s)")
_DRIFT: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,3}))?ppm")
_MAX_NS: Final = 86_400 * _BILLION
"""A day: more would say nothing new, and in the end leave the years that a timestamp can name."""


class ClockError(ValueError):
    """A clock setting that cannot be read; the message names the option and what would be right."""


class ClockStep(NamedTuple):
    """A jump of the clock."""

    jump_ns: int
    after_ns: int
    """True time from the start of the service to the jump."""


class ClockSettings(NamedTuple):
    """How the service's clock differs from the machine's."""

    skew_ns: int = 0
    """How far it is ahead at the start of the service; behind when negative."""
    drift_ppb: int = 0
    """Nanoseconds that it gains in a second of true time; loses when negative."""
    steps: tuple[ClockStep, ...] = ()

    @classmethod
    def parse(cls, skew: str | None, drift: str | None, steps: Iterable[str]) -> ClockSettings:
        """Read the values of ``--clock-skew``, ``--clock-drift`` and every ``--clock-step``; raises `ClockError`."""
        return cls(
            0 if skew is None else _skew_ns(skew), 0 if drift is None else _drift_ppb(drift), tuple(map(_step, steps))
        )


class ServiceClock:
    """Tells the service's time, in nanoseconds since the epoch."""

    def __init__(self, settings: ClockSettings, true_ns: Callable[[], int] = time.time_ns) -> None:
        self._settings = settings
        self._true_ns = true_ns
        self._started_ns = true_ns()

    def now_ns(self) -> int:
        """The time as the service sees it."""
        true_ns = self._true_ns()
        return true_ns + self._offset_ns(true_ns - self._started_ns)

    def _offset_ns(self, elapsed_ns: int) -> int:
        """How far it is ahead of the true clock, so long after the start."""
        skew_ns, drift_ppb, steps = self._settings
        jumped_ns = sum(step.jump_ns for step in steps if step.after_ns <= elapsed_ns)
        return skew_ns + elapsed_ns * drift_ppb // _BILLION + jumped_ns


def _skew_ns(text: str) -> int:
    return _duration_ns(text, f"--clock-skew takes a duration such as 3s or -250ms, not {text!r}")


def _drift_ppb(text: str) -> int:
    match = _DRIFT.fullmatch(text)
    if match is None:
        raise ClockError(f"--clock-drift takes parts per million such as 200ppm or -50ppm, not {text!r}")
    drift_ppb = int(match[2]) * 1000 + int((match[3] or "").ljust(3, "0"))
    if drift_ppb >= _BILLION:
        raise ClockError(f"--clock-drift takes less than 1000000ppm, such as 200ppm, not {text!r}")
    return -drift_ppb if match[1] else drift_ppb


def _step(text: str) -> ClockStep:
    jump, _, after = text.partition("@")
    wrong = f"--clock-step takes a jump and its time after the start such as 500ms@6s or -2s@1500ms, not {text!r}"
    if after.startswith("-"):
        raise ClockError(wrong)
    return ClockStep(_duration_ns(jump, wrong), _duration_ns(after, wrong))


def _duration_ns(text: str, wrong: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ClockError(wrong)
    unit_ns = _UNITS_NS[match[4]]
    fraction = match[3] or "0"
    amount_ns = int(match[2]) * unit_ns + int(fraction.ljust(9, "0")) * unit_ns // _BILLION
    if amount_ns > _MAX_NS:
        raise ClockError(f"{wrong}: at most a day, 86400s")
    return -amount_ns if match[1] else amount_ns
