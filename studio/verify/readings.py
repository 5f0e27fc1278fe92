"""What several readers of one session's activity got, held against each other by content.

The ids of an activity stream count per connection, so they close up over a hole and cannot show it. A message is known
by a digest of its type and its data, which holds a timestamp in nanoseconds: no two messages of a session are alike.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

FINISHED: Final = "finished"
"""Type of the message that ends an activity."""

_NO_WORK: Final = frozenset({FINISHED, "step_start"})
_MESSAGE: Final = "agent_message"
_DIGEST_BITS: Final = 2**64 - 1
_EXCERPT: Final = 160
_EXCERPTS_KEPT: Final = 20_000


class Excerpts:
    """How the messages of a session begin, by digest, kept once for all of its readers.

    The first 20,000 distinct messages are kept, 160 characters of each; memory does not grow with their size.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def keep(self, digest: int, data: str) -> None:
        """Remember how a message begins."""
        if digest not in self._texts and len(self._texts) < _EXCERPTS_KEPT:
            self._texts[digest] = data if len(data) <= _EXCERPT else f"{data[:_EXCERPT]}..."

    def of(self, digest: int) -> str:
        """How a message begins; empty where that was not kept."""
        return self._texts.get(digest, "")


class Reading:
    """One connection's reading of a session's activity, from the first message that it got.

    It keeps 8 bytes a message. ``joined_ns`` is when the connection was open, in nanoseconds of CLOCK_REALTIME.
    """

    def __init__(self, reader: str, joined_ns: int, excerpts: Excerpts) -> None:
        self.reader = reader
        self.joined_ns = joined_ns
        self.excerpts = excerpts
        self.digests = array("Q")
        self.types: Counter[str] = Counter()
        self.characters = 0
        """Of data, in all messages together."""
        self.work = 0
        """Messages that show work of the agent: neither the prompt, nor the start of a step, nor the end."""
        self.after_finished = 0
        """Messages that came after the first ``finished``."""
        self.success: bool | None = None
        """What the last ``finished`` says of success; None without one that says."""
        self.error = ""
        """The error that the last ``finished`` names."""
        self.gapless_ids = True
        """The ids counted 0, 1, 2, ... without a gap."""

    def took(self, event_type: str, event_id: str, data: str) -> None:
        """The next message came."""
        self.gapless_ids = self.gapless_ids and event_id == str(len(self.digests))
        self.after_finished += self.finished > 0
        self.work += event_type not in _NO_WORK and not self._is_prompt(event_type, data)
        if event_type == FINISHED:
            self.success, self.error = _outcome(data)
        digest = _digest(event_type, data)
        self.digests.append(digest)
        self.excerpts.keep(digest, data)
        self.types[event_type] += 1
        self.characters += len(data)

    @property
    def finished(self) -> int:
        """How many times ``finished`` came."""
        return self.types[FINISHED]

    def _is_prompt(self, event_type: str, data: str) -> bool:
        # The prompt comes first and is never finalised.
        return event_type == _MESSAGE and not self.digests and _object(data).get("is_partial") is True


class Deviation(NamedTuple):
    """How one reading differs from what all readings together hold."""

    reading: Reading
    missing: list[int]
    """Digests of the messages that it lacks: first those of the fullest reading, in their order."""
    doubled: list[int]
    """Positions in the reading, from 0, at which a message comes again."""
    moved: list[int]
    """Positions in the reading, from 0, of messages that come out of the fullest reading's order."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.doubled or self.moved)


class Comparison:
    """Readings of one session and how each differs from the fullest of them.

    The fullest has the most distinct messages, then the fewest doubles, then the order in which most readers saw them
    while they came about, and joined first.
    """

    def __init__(self, live: Sequence[Reading], late: Sequence[Reading] = ()) -> None:
        """Compare at least one reading, in O(n log n) of all messages; ``late`` ones joined after the end."""
        self.readings = sorted((*live, *late), key=lambda reading: reading.joined_ns)
        self._witnesses = live or late
        self.fullest = max(self.readings, key=self._rank)
        self._places = {digest: place for place, digest in reversed(list(enumerate(self.fullest.digests)))}
        self._beyond: dict[int, int] = {}
        for reading in self.readings:
            for position, digest in enumerate(reading.digests):
                if digest not in self._places:
                    self._beyond.setdefault(digest, position)
        self._deviations = {id(reading): self._compare(reading) for reading in self.readings}

    def of(self, reading: Reading) -> Deviation:
        """How one of the readings differs."""
        return self._deviations[id(reading)]

    @property
    def messages(self) -> int:
        """Distinct messages that any reading has."""
        return len(self._places) + len(self._beyond)

    def place(self, digest: int) -> int:
        """The position of a message, from 0, in the fullest reading, or in the first other one that has it."""
        return self._places[digest] if digest in self._places else self._beyond[digest]

    def had(self, digest: int) -> list[str]:
        """The readers that got a message."""
        return [reading.reader for reading in self.readings if digest in reading.digests]

    def excerpt(self, digest: int) -> str:
        """How a message begins; says so where nobody kept that."""
        kept = filter(None, (reading.excerpts.of(digest) for reading in self.readings))
        return next(kept, f"its text is not kept, as it came after {_EXCERPTS_KEPT} others")

    def _rank(self, reading: Reading) -> tuple[int, int, int, int]:
        alike = sum(other.digests == reading.digests for other in self._witnesses)
        return len(set(reading.digests)), -len(reading.digests), alike, -reading.joined_ns

    def _compare(self, reading: Reading) -> Deviation:
        seen: set[int] = set()
        doubled, places, positions = [], [], []
        for position, digest in enumerate(reading.digests):
            if digest in seen:
                doubled.append(position)
                continue
            seen.add(digest)
            if digest in self._places:
                places.append(self._places[digest])
                positions.append(position)
        in_order = _longest_rise(places)
        moved = [position for i, position in enumerate(positions) if i not in in_order]
        missing = [digest for digest in (*reversed(self._places), *self._beyond) if digest not in seen]
        return Deviation(reading, missing, doubled, moved)


def _longest_rise(values: Sequence[int]) -> set[int]:
    """The indices of a longest strictly rising subsequence (patience sorting)."""
    tops: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        pile = bisect_left(tops, value)
        before.append(at[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [value]
        at[pile : pile + 1] = [index]
    rise: set[int] = set()
    index = at[-1] if at else -1
    while index >= 0:
        rise.add(index)
        index = before[index]
    return rise


def _digest(event_type: str, data: str) -> int:
    """64 bits of SipHash, good within this process; Python keeps a text's hash, which the readers then share."""
    return hash((event_type, data)) & _DIGEST_BITS


def _object(data: str) -> dict[str, object]:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _outcome(data: str) -> tuple[bool | None, str]:
    document = _object(data)
    success, error = document.get("success"), document.get("error")
    return success if isinstance(success, bool) else None, "" if error is None else str(error)
