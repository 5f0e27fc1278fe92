"""What one look of a checker found: the same form for every checker, so that one log adds them all up."""

from __future__ import annotations

from typing import Literal, NamedTuple

CheckVerdict = Literal["pass", "fail", "unknown"]
"""``unknown``: the evidence carries neither of the other two."""


class Check(NamedTuple):
    """A check as its documentation has it (docs/checks.md)."""

    name: str
    holds: str
    """What is true when it passes, as the summary says it: a clause without a full stop."""
    promise: str
    """What a pass promises."""
    blind: str
    """What it cannot see."""
    unknown: str
    """When it says unknown."""


class Finding(NamedTuple):
    """One observation judged by one check."""

    check: str
    verdict: CheckVerdict
    what: str
    """What is wrong, or why nothing can be said, in a maintainer's words; empty for a pass."""
    evidence: dict[str, object]
    """Ids, streams, times, bytes or answers: plain data, fit for a message between processes."""


def passed(check: str) -> Finding:
    """The check held."""
    return Finding(check, "pass", "", {})


def failed(check: str, what: str, **evidence: object) -> Finding:
    """The check did not hold."""
    return Finding(check, "fail", what, evidence)


def unknown(check: str, why: str, **evidence: object) -> Finding:
    """Whether the check held cannot be said."""
    return Finding(check, "unknown", why, evidence)
