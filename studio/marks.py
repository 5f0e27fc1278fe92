"""The mark in the title of every task that a run creates: it tells the run's tasks from everybody else's."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Final

_RUN_ID: Final = r"lt-[0-9a-f]{8}"
_MARK: Final = re.compile(rf"\[({_RUN_ID}) [0-9a-f]+ [0-9]+\]")


MAX_TITLE: Final = 1_000
"""Characters up to which a title is kept as it is."""
_EDGE: Final = 150
GAP: Final = " ... "
"""What stands in a short form for what is left out; between two of them is what is told of the whole."""


def short_title(title: str) -> str:
    """The form in which a title is kept: long ones lose their middle, but not the mark at their end.

    Titles that differ have forms that differ, and the form of a form is the same.
    """
    if len(title) <= MAX_TITLE:
        return title
    digest = hashlib.sha256(title.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{title[:_EDGE]}{GAP}{len(title)} characters (SHA-256 {digest}){GAP}{title[-_EDGE:]}"


def new_run_id() -> str:
    """An id for a run, such as ``lt-1f2e3d4c``."""
    return f"lt-{uuid.uuid4().hex[:8]}"


def is_run_id(text: str) -> bool:
    """Whether the text is a run's id."""
    return re.fullmatch(_RUN_ID, text, re.ASCII) is not None


def mark_of(run_id: str, process_id: int) -> str:
    """How the mark of a process's tasks begins: the run, and which of its processes."""
    return f"[{run_id} {process_id:x}"


def marked(title: str, mark: str, number: int) -> str:
    """The title with the mark; the number makes it the only one of its process."""
    return f"{title} {mark} {number}]"


def run_of(title: str) -> str | None:
    """The id of the run that created a task with this title; None when it carries no whole mark."""
    found = _MARK.search(title)
    return found[1] if found else None
