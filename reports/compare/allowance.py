"""What a change may be: ``delivery:p(99)+10%``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(r"([a-z_]+):p\((\d{1,2}(?:\.\d+)?)\)\+(\d+(?:\.\d+)?)%")


class AllowanceError(ValueError):
    """The text is no allowance; the message says what to write."""


class Allowance(NamedTuple):
    """By how much a percentile of a metric may rise."""

    text: str
    metric: str
    percentile: float
    most: float
    """The highest new / base that is allowed."""


def parse_allowance(text: str) -> Allowance:
    """Read ``metric:p(N)+X%``. Raises `AllowanceError`."""
    match = _FORM.fullmatch(text.replace(" ", ""))
    if match is None or not float(match[2]) > 0:
        raise AllowanceError(f"{text!r} is no allowance; write it such as 'delivery:p(99)+10%'")
    return Allowance(text, match[1], float(match[2]), 1 + float(match[3]) / 100)
