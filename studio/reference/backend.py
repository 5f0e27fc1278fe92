"""The agent backend as the service meets it: it accepts prompts, or is slow, hung, down, or without a model."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from studio.reference import switches as condition
from studio.reference.faults import Faults
from studio.reference.model import Task

_REFUSES: Final = re.compile(r"\bmodel:\s*refuses\b")


class BackendError(Exception):
    """The agent backend did not do what it was asked; the message says how that showed."""


class AgentBackend:
    """Takes prompts and calls the model, in the condition that the switches ask for."""

    def __init__(self, faults: Faults, timeout_s: float) -> None:
        self._faults = faults
        self._timeout_s = timeout_s

    async def prompt(self) -> None:
        """Hand over a prompt and wait for as long as the service grants; raises `BackendError`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self.prompt_patiently()
        except TimeoutError:
            raise BackendError(f"the agent backend did not accept the prompt within {self._timeout_s:g} s") from None

    async def prompt_patiently(self) -> None:
        """Hand over a prompt and wait for the answer however long it takes; raises `BackendError`."""
        if condition.BACKEND_DOWN in self._faults:
            raise BackendError("the agent backend cannot be reached: connection refused")
        if condition.BACKEND_HUNG in self._faults:
            await asyncio.Event().wait()
        if condition.BACKEND_SLOW in self._faults:
            await asyncio.sleep(self._faults.seconds(condition.BACKEND_SLOW))

    def call_model(self, task: Task) -> None:
        """The first call of the model in a turn; raises `BackendError`.

        ``model: refuses`` in the task's description makes the calls for this task fail.
        """
        if condition.BACKEND_REFUSES in self._faults or _REFUSES.search(task.description):
            raise BackendError("the model refused the call: 400 Bad Request")
