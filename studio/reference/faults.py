"""Defects that can be switched on, one by one, with ``--fault NAME[:VALUE]``.

A switch is one row of `SWITCHES` (in `studio.reference.switches`); the code that it changes asks `Faults` at the place
where the defect happens. Rates are drawn from a generator of the switch's own, seeded by ``--seed`` and the name, so
that one switch never moves the draws of another and a run with the same seed and the same traffic strikes the same
deliveries.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Final

from studio.reference.switches import SWITCHES, Kind, Switch

_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_FORMS: Final = {
    Kind.DURATION: re.compile(r"(\d+(?:\.\d+)?)(us|ms|s)"),
    Kind.RATE: re.compile(r"(\d+(?:\.\d+)?)(%?)"),
    Kind.COUNT: re.compile(r"([1-9]\d{0,9})()"),
}


class FaultError(ValueError):
    """A fault that does not exist, or a value that it cannot have."""


def _value(switch: Switch, text: str) -> float:
    if switch.kind is Kind.FLAG:
        if text:
            raise FaultError(f"--fault {switch.name} takes no value, not {text!r}")
        return 1.0
    match = _FORMS[switch.kind].fullmatch(text or switch.default)
    if match is None:
        raise FaultError(f"--fault {switch.name} takes a {switch.kind} such as {switch.default}, not {text!r}")
    number = float(match[1])
    if switch.kind is Kind.DURATION:
        return number * _UNITS[match[2]]
    share = number / 100 if match[2] else number
    if switch.kind is Kind.RATE and share > 1:
        raise FaultError(f"--fault {switch.name} takes a rate from 0 to 100%, not {text!r}")
    return share


class Faults:
    """The switches of this run."""

    def __init__(self, values: dict[str, float] | None = None, seed: int = 0) -> None:
        self._values = values or {}
        self._random = {name: random.Random(f"{seed}:{name}") for name in self._values}

    @classmethod
    def parse(cls, texts: Iterable[str], seed: int) -> Faults:
        """Read ``NAME[:VALUE]`` texts; a later one replaces an earlier one of the same name. Raises `FaultError`."""
        values: dict[str, float] = {}
        for text in texts:
            name, _, value = text.partition(":")
            switch = SWITCHES.get(name)
            if switch is None:
                raise FaultError(f"unknown fault {name!r}; the faults are {', '.join(sorted(SWITCHES))}")
            values[name] = _value(switch, value)
        return cls(values, seed)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def seconds(self, name: str) -> float:
        """The duration of a switch, 0 when it is off."""
        return self._values.get(name, 0.0)

    def count(self, name: str) -> int:
        """The number of a switch, 0 when it is off."""
        return int(self._values.get(name, 0))

    def strikes(self, name: str) -> bool:
        """Draw once for a rate switch; False when it is off."""
        return name in self._values and self._random[name].random() < self._values[name]
