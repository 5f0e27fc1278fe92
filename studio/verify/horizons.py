"""How long things are remembered, so that captures and judge agree: all follow from the settle time.

Deltas may be seconds late, so what a capture gives up must be older than anything the judge still changes its mind on.
"""

from __future__ import annotations

from typing import Final

SECOND_NS: Final = 1_000_000_000
END_OF_TIME: Final = 1 << 63


def freeze_after_ns(settle_ns: int) -> int:
    """Age at which an event is not judged anew: 45 s, or nine settle times."""
    return max(45 * SECOND_NS, 9 * settle_ns)


def forget_after_ns(settle_ns: int) -> int:
    """Age at which details are forgotten and the places of closed streams are given to others."""
    return freeze_after_ns(settle_ns) + max(15 * SECOND_NS, 3 * settle_ns)
