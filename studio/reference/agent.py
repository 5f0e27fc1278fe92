"""The scripted agent: what it writes in one turn, and when.

The sequence of message types, the cumulative contents and the repeated tool calls are those of the real agent
backend; the texts are this project's own.
"""

from __future__ import annotations

import re
import secrets
from itertools import pairwise
from typing import Final, NamedTuple

from studio.contract import Phase
from studio.reference.model import Task, agent_id

_PHASES: Final = re.compile(r"\bphases:\s*(\d{1,2})\b")
_MESSAGES: Final = re.compile(r"\bmessages:\s*(\d{1,5})\b")
_BYTES: Final = re.compile(r"\bmessage-bytes:\s*(\d{1,6})\b")
_TURN_MS: Final = re.compile(r"\bturn-ms:\s*(\d{1,6})\b")
_DEFAULT_BYTES: Final = 20
_BURSTS: Final = 50
_WORDS: Final = ("Read", "the", "request.", "Change", "one", "file.", "Run", "its tests.")
_LOOKING: Final = tuple(f"Reading file {number}. " for number in range(3))
_THINKING: Final = tuple(f"considering step {number}. " for number in range(2))
_GOALS: Final = {
    Phase.PLANNING: "Plan the work on this task.",
    Phase.IMPLEMENTATION: "Carry out the plan of this task.",
    Phase.REVIEW: "Review what was done for this task.",
    Phase.FIX: "Resolve the findings of the review.",
}

Message = dict[str, object]


class Step(NamedTuple):
    """Messages that come together at ``at``, a share of the turn from 0 to 1."""

    at: float
    messages: list[Message]


class PlanPhase(NamedTuple):
    """One phase of a plan."""

    number: int
    title: str
    content: str


def phases_of(task: Task) -> list[PlanPhase]:
    """The phases of a task's plan: none before it is planned, else as many as its description asks for.

    ``phases: 3`` in the description makes a plan of three phases; without it, or with one, there is a single phase.
    """
    if task.plan is None:
        return []
    asked = _PHASES.search(task.description)
    total = max(int(asked[1]), 1) if asked else 1
    if total == 1:
        return [PlanPhase(1, "Implementation", task.plan)]
    return [PlanPhase(number, f"Step {number}", f"Do part {number} of {total}.") for number in range(1, total + 1)]


def turn_seconds(task: Task, default_s: float) -> float:
    """How long a turn on this task takes: ``turn-ms: 1500`` in the description says so."""
    asked = _TURN_MS.search(task.description)
    return int(asked[1]) / 1_000 if asked else default_s


def plan_text() -> str:
    """The plan that a planning turn arrives at."""
    return "# Plan\n\n" + " ".join(_WORDS)


def _said(part: str, content: str, *, partial: bool) -> Message:
    return {"type": "agent_message", "id": part, "content": content, "is_partial": partial}


def _thought(part: str, content: str) -> Message:
    return {"type": "reasoning", "id": part, "content": content}


def _step_start() -> Message:
    return {"type": "step_start", "id": agent_id("prt"), "step_name": None}


def _grown(texts: tuple[str, ...]) -> list[str]:
    return ["".join(texts[: count + 1]) for count in range(len(texts))]


def turn(task: Task, phase: Phase) -> list[Step]:
    """One turn of the agent up to, but without, the message ``finished``.

    ``messages: 500`` in the description adds so many messages, in 50 bursts over half of the turn, and
    ``message-bytes: 30000`` makes the text of each so long: a history of any size in one turn.
    """
    return sorted([*_explore(task, phase), *_talk(task), *_answer()], key=lambda step: step.at)


def _explore(task: Task, phase: Phase) -> list[Step]:
    prompt = f"{_GOALS[phase]}\n\nTitle: {task.title}\nDescription: {task.description}"
    thought, said = agent_id("prt"), agent_id("prt")
    call: Message = {"type": "tool_call", "id": f"call_{secrets.token_hex(5)}", "tool_name": "bash", "args": None}
    result: Message = {**call, "type": "tool_result", "result": "hello\n", "success": True}
    thinking, looking = _grown(_THINKING), _grown(_LOOKING)
    return [
        Step(0.0, [_said(agent_id("prt"), prompt, partial=True)]),
        Step(0.08, [_step_start()]),
        *[Step(0.09 + 0.05 * i, [_thought(thought, text)]) for i, text in enumerate(thinking)],
        *[Step(0.19 + 0.05 * i, [_said(said, text, partial=True)]) for i, text in enumerate(looking)],
        Step(
            0.36,
            [
                call,
                dict(call),
                _thought(thought, thinking[-1].rstrip()),
                _said(said, looking[-1].rstrip(), partial=False),
            ],
        ),
        Step(0.41, [dict(call)]),
        Step(0.42, [dict(call)]),
        Step(0.44, [result]),
    ]


def _talk(task: Task) -> list[Step]:
    asked, sized = _MESSAGES.search(task.description), _BYTES.search(task.description)
    total, size = int(asked[1]) if asked else 0, int(sized[1]) if sized else _DEFAULT_BYTES
    part = agent_id("prt")
    messages = [_said(part, f"{number} ".ljust(size, "x"), partial=True) for number in range(total)]
    bursts = min(total, _BURSTS)
    edges = [total * burst // bursts for burst in range(bursts + 1)] if bursts else []
    return [Step(0.45 + 0.45 * i / bursts, messages[start:end]) for i, (start, end) in enumerate(pairwise(edges))]


def _answer() -> list[Step]:
    part = agent_id("prt")
    head, *rest = _grown(("# Plan\n\n", *(f"{word} " for word in _WORDS)))
    return [
        Step(0.6, [_step_start(), _said(part, head, partial=True)]),
        *[Step(0.61 + 0.045 * i, [_said(part, text, partial=True)]) for i, text in enumerate(rest)],
        Step(0.93, [_said(part, plan_text(), partial=False)]),
    ]
