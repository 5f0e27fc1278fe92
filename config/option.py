"""What an option is, and the groups in which ``--help`` shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Group = str
LOAD: Final = "Event streams: load"
TARGET: Final = "Event streams: targets and results"
CONNECTION: Final = "Event streams: connections"
EMBEDDED: Final = "Event streams: embedded Studio (only without --host)"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the command line, of a profile and of the environment."""

    name: str
    group: Group
    help: str
    read: Callable[[str], Any] | None = None
    default: Any = None
    metavar: str = "N"
    repeatable: bool = False
    in_web_form: bool = False
    default_text: str = ""

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return f"--{self.name}"

    @property
    def dest(self) -> str:
        """The attribute of Locust's parsed options."""
        return self.name.replace("-", "_")

    @property
    def env_var(self) -> str:
        """The environment variable."""
        return f"LOCUST_{self.dest.upper()}"

    @property
    def is_switch(self) -> bool:
        """True when the option takes no value."""
        return self.read is None
