"""Why a command of ``python -m run`` does not do what it was asked for."""

from __future__ import annotations

from locust_eventsource.measure.exit_codes import INTERNAL_ERROR


class CommandError(Exception):
    """The message is one line that says what is wrong, or what to do instead."""

    def __init__(self, message: str, exit_code: int = INTERNAL_ERROR) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
