"""Asks REST for a task's status whenever the stream tells of it, and compares the two."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import gevent

from scenarios.user import StudioUser
from studio.api import Answer
from studio.task_board import Word
from studio.verify import status
from studio.verify.status import Agreement, Change, Look

_LOOK_EVERY_S: Final = 0.1
_AGAIN_AFTER_S: Final = 0.05
_AGREED_OFTEN: Final = 2
_FIRST_WAIT_S: Final = 0.001
_LONGEST_WAIT_S: Final = 0.05


class StatusCheck:
    """Does the stream's last word on a task's status agree with REST, within the grace?"""

    def __init__(self, user: StudioUser, task_id: str) -> None:
        """Made before what it is to judge, since it must know whether the stream was open all the time."""
        self._user = user
        self._task_id = task_id
        self._connections = _connections(user)

    def run(self, when: str) -> Agreement:
        """Ask REST until both agree or the grace is over; ``when`` says what was before, such as ``after complete``.

        They agree when they do so twice in a row: an event may still have been on its way at the first look.
        """
        load = self._user.load
        began, agreed = time.monotonic(), 0
        while True:
            seen = self._look(when, time.monotonic() - began)
            agreed = agreed + 1 if seen.rest and seen.rest == seen.streamed else 0
            if agreed == _AGREED_OFTEN or (not agreed and seen.waited_s >= load.options.status_grace):
                break
            if agreed:
                gevent.sleep(_AGAIN_AFTER_S)
            else:
                load.board.wait_until(partial(self._told, seen.rest), _LOOK_EVERY_S)
        load.checks.note(status.agrees(seen))
        return seen

    def _told(self, rest: str) -> bool:
        return self._user.load.board.status(self._task_id) == rest

    def _look(self, when: str, waited_s: float) -> Agreement:
        answer = self._user.api.task(self._task_id)
        rest = str(answer.body.get("status", "")) if answer.ok else ""
        watched = bool(self._connections) and _connections(self._user) == self._connections
        streamed = str(self._user.load.board.status(self._task_id))
        return Agreement(self._task_id, when, streamed, rest, answer.problem, waited_s, watched)


def _connections(user: StudioUser) -> int:
    """Which connection the user's stream has by now; 0 while it is not open."""
    stream = user.global_stream
    return stream.connections if stream is not None and stream.state == "open" else 0


@dataclass(slots=True)
class _Asked:
    """A call that asks for a status."""

    after: str
    sent_ns: int
    answer: Answer | None = None


class StatusWatch:
    """Follows one task from its creation on: each word of the stream is answered by a GET, in a greenlet of its own."""

    def __init__(self, user: StudioUser, task_id: str) -> None:
        self._load = user.load
        self._api = user.api
        self._task_id = task_id
        self._asked: list[_Asked] = []
        self._looks: list[tuple[Look, ...]] = []
        self._closing = False
        self._follower = gevent.spawn(self._follow)

    def call(self, after: str, make: Callable[[], Answer]) -> Answer:
        """Make a call that asks for the status ``after``."""
        asked = _Asked(after, time.time_ns())
        self._asked.append(asked)
        answer = make()
        if answer.ok:
            asked.answer = answer
        return answer

    def close(self) -> None:
        """Ask about the last words, then judge all of them. Call it while the task still exists."""
        self._closing = True
        self._follower.join()
        for change in self._changes():
            self._load.checks.note(status.fresh(change))
            self._load.checks.note(status.told_in_time(change, self._load.options.told_within))
            bounds = status.disagreement(change)
            if bounds is not None:
                least_ns, most_ns = bounds
                at_ns = change.latest_ns
                self._load.recorder.record_bounds("disagreement", least_ns, least_ns, most_ns, at_ns, change.name)

    def _follow(self) -> None:
        while True:
            if self._has_new_word():
                word = self._load.board.words(self._task_id)[len(self._looks)]
                self._looks.append(tuple(self._look(word)))
            elif self._closing:
                return
            else:
                self._load.board.wait_until(self._has_new_word, _LOOK_EVERY_S)

    def _has_new_word(self) -> bool:
        return len(self._load.board.words(self._task_id)) > len(self._looks)

    def _look(self, word: Word) -> list[Look]:
        """Ask until REST no longer shows what was before the word, or the grace is over."""
        deadline = time.monotonic() + self._load.options.status_grace
        looks: list[Look] = []
        wait_s = _FIRST_WAIT_S
        while True:
            answer = self._api.task(self._task_id)
            shown = str(answer.body.get("status", "")) if answer.ok else ""
            looks.append(Look(answer.out_ns, answer.head_ns, shown, answer.problem))
            if shown != word.before or time.monotonic() >= deadline:
                return looks
            gevent.sleep(wait_s)
            wait_s = min(_LONGEST_WAIT_S, wait_s * 1.5)

    def _changes(self) -> list[Change]:
        words, waiting = self._load.board.words(self._task_id)[: len(self._looks)], list(self._asked)
        changes: list[Change] = []
        for number, (word, looks) in enumerate(zip(words, self._looks, strict=True)):
            asked = next((a for a in waiting if a.after == word.after and a.sent_ns <= word.latest_ns), None)
            if asked is not None:
                waiting.remove(asked)
            later = {after.after for after in words[number + 1 :]} | {call.after for call in waiting}
            changes.append(_change(self._task_id, word, asked.answer if asked else None, looks, frozenset(later)))
        return changes


def _change(task_id: str, word: Word, answer: Answer | None, looks: tuple[Look, ...], later: frozenset[str]) -> Change:
    sent_ns, answered_ns = (answer.out_ns, answer.head_ns) if answer is not None else (None, None)
    return Change(task_id, *word, sent_ns=sent_ns, answered_ns=answered_ns, looks=looks, later=later)
