"""What a result says of a run besides what was measured: who was asked, by whom, for what, and by which targets."""

from __future__ import annotations

import os
import platform
import resource
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from config.option_list import OPTIONS
from config.options import without_credentials
from locust_eventsource import __version__ as package_version
from locust_eventsource.measure.thresholds import Threshold
from run.commands.cleanup import command_for

_OF_LOCUST: Final = ("run_id", "spawn_rate", "run_time")
"""Options that are not the package's own."""


def programs() -> dict[str, str]:
    """The versions that carry the run, and the machine, by their names in the result."""
    return {
        "locust": version("locust"),
        "package": package_version,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()}, {os.cpu_count()} processors",
    }


def file_limit() -> int:
    """How many files this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of one run. They may change while it goes on, as the number of users does in the web UI."""

    options: Namespace
    host: str
    embedded: bool
    users: int | None
    user_classes: list[str]
    owes_events: bool
    executes: bool
    thresholds: list[Threshold]
    internal_error: bool = False
    """The judging process itself had an error."""
    programs: dict[str, str] = field(default_factory=programs)
    file_limit: int = field(default_factory=file_limit)
    """How many files the judging process may have open."""

    @property
    def cleanup_command(self) -> str:
        """What deletes the tasks that the run leaves; empty where the service ends with the run."""
        return "" if self.embedded else command_for(self.host, self.options.run_id)

    def to_record(self) -> dict[str, Any]:
        """Plain data without credentials."""
        names = [*_OF_LOCUST, *(option.dest for option in OPTIONS if option.name != "header")]
        options = {name: getattr(self.options, name, None) for name in names}
        record = {name: getattr(self, name) for name in self.__slots__}
        thresholds = [list(threshold) for threshold in self.thresholds]
        return record | {"options": options, "host": without_credentials(self.host), "thresholds": thresholds}


def facts_from_record(record: Mapping[str, Any]) -> RunFacts:
    """The inverse of ``RunFacts.to_record``. Raise ``TypeError`` or ``KeyError`` for another record."""
    options = Namespace(**{option.dest: option.default for option in OPTIONS} | record["options"])
    thresholds = [Threshold._make(values) for values in record["thresholds"]]
    known = {name: record[name] for name in RunFacts.__slots__}
    return RunFacts(**{**known, "options": options, "thresholds": thresholds})
