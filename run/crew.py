"""Which users a run has, and how many of each: it depends on the service that is asked."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from config.preflight import Refusal, check_restarts
from config.values import scenario_counts

if TYPE_CHECKING:
    from locust.env import Environment


class Crew:
    """The user classes on offer, and the choice among them for each run."""

    def __init__(self, environment: Environment, embedded_url: str | None) -> None:
        self._environment = environment
        self._offered = list(environment.user_classes)
        self.embedded_url = embedded_url
        options: Namespace | None = environment.parsed_options
        assert options is not None
        self.options = options
        self._executions_asked: int | None = options.executions

    @property
    def host(self) -> str:
        """The service that is asked unless the web form names another."""
        return str(self._environment.host)

    def choose(self, host: str) -> None:
        """Choose for a run on this host. Raise ``Refusal`` when no user is left.

        An execution costs a model run in production: without a word from the user, only the embedded Studio executes.
        """
        if self._executions_asked is None:
            self.options.executions = 1 if host == self.embedded_url else 0
        self._refuse_unknown_scenarios()
        chosen = [user_class for user_class in self._offered if self._count(user_class) != 0]
        chosen = [user_class for user_class in chosen if getattr(user_class, "alone", False)] or chosen
        if not chosen:
            raise Refusal("no user is left to run; ask for --executions 1, or name another class")
        if any(is_restarting(user_class, self.options) for user_class in chosen):
            check_restarts(self.options, embedded=host == self.embedded_url)
        for user_class in chosen:
            user_class.fixed_count = self._count(user_class) or user_class.fixed_count
        self._environment.user_classes[:] = chosen
        if self.options.scenario:
            # Locust spawns the fixed ones first, and none of the last classes where -u is too small for all.
            fixed = sum(user_class.fixed_count for user_class in chosen)
            self.options.num_users = max(self.options.num_users or 1, fixed)

    def _refuse_unknown_scenarios(self) -> None:
        offered = {getattr(user_class, "scenario", "") for user_class in self._offered} - {""}
        for name in scenario_counts(self.options.scenario or ()):
            if name not in offered:
                raise Refusal(f"--scenario {name}: there is no such scenario; there are {', '.join(sorted(offered))}")

    def _count(self, user_class: type) -> int | None:
        """How many are wanted; None leaves it to Locust's weights."""
        wanted = getattr(user_class, "wanted", None)
        return None if wanted is None else wanted(self.options)


def is_restarting(user_class: type, options: Namespace) -> bool:
    """Whether users of the class are wanted, and restart the service."""
    wanted = getattr(user_class, "wanted", None)
    return getattr(user_class, "restarts", False) and wanted is not None and wanted(options) != 0
