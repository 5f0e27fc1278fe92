"""Dataclasses to JSON and back: strict about what is known, tolerant of keys that a later version may add.

JSON has no infinity (RFC 8259 section 6), and a percentile whose rank falls among lost events is infinite. Where a
number stands, ``"inf"`` and ``"-inf"`` are written instead; a NaN carries no information and becomes ``null``.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

INFINITIES = {"inf": math.inf, "-inf": -math.inf}


_T = TypeVar("_T")


class CodecError(ValueError):
    """A value that does not have the form that its place asks for; the message names the place."""


def to_json(value: object) -> object:
    """Dataclasses, tuples, mappings and floats as what ``json.dumps(..., allow_nan=False)`` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        return _float_to_json(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    # A plain str also for a StrEnum.
    return str(value)


def from_json(kind: type[_T], value: object, place: str) -> _T:
    """The JSON value as the dataclass ``kind``. Raises CodecError naming the place of what does not fit."""
    found: _T = _value(kind, value, place)
    return found


def _value(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401 -- the kind decides the type
    origin = get_origin(kind)
    if kind is object or kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return _optional(kind, value, place)
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, place)
    if origin is list:
        return _items(get_args(kind)[0], value, place)
    if origin is dict:
        return _entries(get_args(kind)[1], value, place)
    return _scalar(kind, value, place)


def _float_to_json(value: float) -> object:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _optional(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401
    if value is None:
        return None
    (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
    return _value(inner, value, place)


def _record(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401
    if not isinstance(value, dict):
        raise CodecError(f"{place} must be an object, not {_described(value)}")
    hints = get_type_hints(kind)
    found = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            found[field.name] = _value(hints[field.name], value[field.name], f"{place}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CodecError(f"{place}.{field.name} is missing")
    return kind(**found)


def _items(kind: Any, value: object, place: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise CodecError(f"{place} must be a list, not {_described(value)}")
    return [_value(kind, item, f"{place}[{index}]") for index, item in enumerate(value)]


def _entries(kind: Any, value: object, place: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise CodecError(f"{place} must be an object, not {_described(value)}")
    return {key: _value(kind, item, f"{place}.{key}") for key, item in value.items()}


def _scalar(kind: type, value: object, place: str) -> object:
    if kind is float:
        return _number(value, place)
    # bool is a subclass of int, and true is not a count.
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise CodecError(f"{place} must be {_WORDS.get(kind, kind.__name__)}, not {_described(value)}")


def _number(value: object, place: str) -> float:
    if isinstance(value, str) and value in INFINITIES:
        return INFINITIES[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise CodecError(f'{place} must be a number or "inf", not {_described(value)}')


_WORDS: dict[type, str] = {str: "a string", int: "a whole number", bool: "true or false"}


def _described(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
