"""result.json held against its published schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

import jsonschema

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "result.schema.json"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(DOCUMENT.read_text(encoding="utf-8")))


def assert_valid(document: object) -> None:
    """Raise ``jsonschema.ValidationError`` for what is not as the schema says."""
    _validator().validate(document)
