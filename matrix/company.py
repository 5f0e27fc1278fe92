"""A machine kept busy by others: one process that counts on every core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.child import Child, python
from benchmarks.resources import cores

_START_WITHIN_S = 30.0


@contextmanager
def busy_machine(busy: bool = True) -> Iterator[None]:
    """Keep every core busy while the context lasts; not ``busy``: leave the machine alone."""
    with ExitStack() as neighbours:
        for core in cores() if busy else ():
            neighbour = neighbours.enter_context(Child(python("benchmarks.busy"), {"core": core}))
            neighbour.hear("busy", _START_WITHIN_S)
        yield
