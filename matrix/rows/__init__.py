"""The rows of the matrix: a module for each area, which names its rows in ``ROWS``."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from matrix.rows.row import Row

_LAST: Final = 1_000


def every_row() -> tuple[Row, ...]:
    """The rows of all modules: known defects by number, then the others. Raise ``ValueError`` for a name twice."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [row for module in modules for row in getattr(module, "ROWS", ())]
    names = [row.switch for row in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"rows with the same name: {', '.join(twice)}")
    return tuple(sorted(found, key=lambda row: _LAST if row.defect is None else row.defect))
