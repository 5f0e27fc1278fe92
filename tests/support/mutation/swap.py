"""Mutated code put in the place of the original, in a process that has already imported it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import CodeType, FunctionType

_Place = tuple[str, int]


def swap_in(module: CodeType) -> None:
    """Give every living function of the module the code that it has in ``module``.

    Whoever has imported a function by name calls the mutated one from then on, since it is the same object.
    """
    mutated = {_place(code): code for code in _codes(module)}
    for function in [thing for thing in gc.get_objects() if isinstance(thing, FunctionType)]:
        if function.__code__.co_filename == module.co_filename:
            code = mutated.get(_place(function.__code__))
            if code is not None:
                function.__code__ = code


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _place(code: CodeType) -> _Place:
    return code.co_qualname, code.co_firstlineno
