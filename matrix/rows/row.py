"""One line of the matrix: a defect, the run that brings it about, and what that run must find."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Row(NamedTuple):
    """One defect of the service, or of the network before it, and what a run must say of it."""

    switch: str
    """The shown name, such as ``replay-duplicates``."""
    defect: int | None
    """Its number among the known defects of the public server; None for others."""
    means: str
    """What the service does wrong, in one clause."""
    arguments: tuple[str, ...]
    """Arguments of ``locust`` beside the common ones, such as ``("--fault", "drop:1%")``; they may override those."""
    check: str
    """The check, or the row of the targets, that must fail."""
    says: tuple[str, ...] = ()
    """Words that the text of the first offender must hold."""
    also: Mapping[str, str] = _NOTHING
    """Other checks and target rows that fail too, each with the reason why that is right."""
