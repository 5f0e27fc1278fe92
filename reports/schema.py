"""The JSON schema of result.json (JSON Schema 2020-12), made from the dataclasses that it is written from.

It says what ``reports.codec`` says: strict about the keys that are known, tolerant of others, and with ``"inf"`` or
``"-inf"`` where a number is infinite.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from reports.codec import INFINITIES
from reports.model import SCHEMA, SCHEMA_VERSION, Result

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: Final[dict[object, str]] = {str: "string", int: "integer", bool: "boolean"}


def render_schema() -> str:
    """The schema as the text of ``docs/result.schema.json``."""
    records: dict[str, dict[str, Any]] = {}
    whole = _record(Result, records)
    whole["properties"] |= {"schema": {"const": SCHEMA}, "schema_version": {"const": SCHEMA_VERSION}}
    whole["required"] += ["schema", "schema_version"]
    document = {"$schema": _DIALECT, "title": SCHEMA, **whole, "$defs": dict(sorted(records.items()))}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _record(kind: Any, records: dict[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass
    hints, fields = get_type_hints(kind), dataclasses.fields(kind)
    return {
        "description": inspect.getdoc(kind),
        "type": "object",
        "properties": {field.name: _value(hints[field.name], records) for field in fields},
        "required": [field.name for field in fields if _is_required(field)],
    }


def _is_required(field: dataclasses.Field[object]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(kind: Any, records: dict[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 -- any annotation
    origin = get_origin(kind)
    if kind is object:
        return {}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_value(each, records) for each in get_args(kind)]}
    if kind is types.NoneType:
        return {"type": "null"}
    if origin is list:
        return {"type": "array", "items": _value(get_args(kind)[0], records)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(get_args(kind)[1], records)}
    if kind is float:
        return {"anyOf": [{"type": "number"}, {"enum": list(INFINITIES)}]}
    return _referred(kind, records) if dataclasses.is_dataclass(kind) else {"type": _SCALARS[kind]}


def _referred(kind: Any, records: dict[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass
    name = kind.__name__
    if name not in records:
        records[name] = {}
        records[name] = _record(kind, records)
    return {"$ref": f"#/$defs/{name}"}
