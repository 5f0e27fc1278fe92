"""One line of the matrix: a defect, the run that brings it about, and what that run must find."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Toxic(NamedTuple):
    """What the network between tester and service does, as Toxiproxy has it: to all connections, while it lasts."""

    kind: str
    """Toxiproxy's type: ``latency``, ``bandwidth``, ``limit_data``, ``reset_peer``, ``timeout``."""
    attributes: Mapping[str, int]
    after_s: float = 0.0
    """Begins this long after the run's first task; 0 for before the tester's start."""
    lasts_s: float | None = None
    """Ends this much later; None for with the run."""
    streams: tuple[str, ...] = ("downstream",)
    """``downstream`` for what the service sends, ``upstream`` for what the tester sends."""
    service: tuple[str, ...] = ()
    """Further arguments of the embedded Studio behind the network."""


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
    """The check that must fail, or the target, such as ``delivery:p(99)<50ms``."""
    says: tuple[str, ...] = ()
    """Words that the text of the first offender must hold."""
    also: Mapping[str, str] = _NOTHING
    """Other checks and targets that fail too, each with the reason why that is right."""
    toxic: Toxic | None = None
    """What a proxy before the service does; the row then needs Toxiproxy."""
