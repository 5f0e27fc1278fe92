"""Which users a run has on which service."""

from __future__ import annotations

from locust.env import Environment

from argparse import Namespace

import pytest

from config.preflight import Refusal
from run.crew import Crew
from scenarios.capacity import CapacityUser
from scenarios.executions import ExecutionUser
from scenarios.streams import StreamUser
from scenarios.triggers import TriggerUser
from scenarios.user import StudioUser

EMBEDDED = "http://127.0.0.1:1"
OTHER = "http://studio.example"


def crew(
    *classes: type, executions: int | None = None, replay: str | None = None, **others: object
) -> tuple[Crew, Environment]:
    alone = {"processes": None, "master": False, "worker": False}
    given = {"scenario": None, "user_classes": [], "num_users": None} | alone | others
    options = Namespace(executions=executions, replay=replay, **given)
    environment = Environment(user_classes=list(classes), parsed_options=options)
    return Crew(environment, EMBEDDED), environment


def names(environment: Environment) -> set[str]:
    return {user_class.__name__ for user_class in environment.user_classes}


def test_only_the_embedded_studio_executes_unasked() -> None:
    chooser, environment = crew(StreamUser, TriggerUser, ExecutionUser)
    chooser.choose(EMBEDDED)
    assert names(environment) == {"StreamUser", "TriggerUser", "ExecutionUser"}
    chooser.choose(OTHER)
    assert names(environment) == {"StreamUser", "TriggerUser"}
    assert chooser.options.executions == 0
    chooser.choose(EMBEDDED)
    assert names(environment) == {"StreamUser", "TriggerUser", "ExecutionUser"}


def test_executions_that_were_asked_for_are_made_anywhere() -> None:
    chooser, environment = crew(StreamUser, ExecutionUser, executions=3)
    chooser.choose(OTHER)
    assert names(environment) == {"StreamUser", "ExecutionUser"}
    assert ExecutionUser.fixed_count == 3


def test_nobody_triggers_while_a_recording_plays() -> None:
    chooser, environment = crew(StreamUser, TriggerUser, ExecutionUser, replay="x.jsonl")
    chooser.choose(EMBEDDED)
    assert names(environment) == {"StreamUser"}


def test_a_run_without_users_is_refused() -> None:
    chooser, _ = crew(ExecutionUser)
    with pytest.raises(Refusal, match="--executions 1"):
        chooser.choose(OTHER)


class NightShift(StudioUser):
    """Runs only when it is asked for."""

    scenario = "night-shift"


def test_a_scenario_runs_as_often_as_asked_and_brings_users_enough_for_everybody() -> None:
    chooser, environment = crew(StreamUser, NightShift)
    chooser.choose(EMBEDDED)
    assert names(environment) == {"StreamUser"}
    chooser, environment = crew(StreamUser, TriggerUser, NightShift, scenario=["night-shift:4"])
    chooser.choose(OTHER)
    assert names(environment) == {"StreamUser", "TriggerUser", "NightShift"}
    assert NightShift.fixed_count == 4
    assert chooser.options.num_users == 5


def test_a_scenario_whose_class_is_named_runs_once() -> None:
    chooser, environment = crew(NightShift, user_classes=["NightShift"])
    chooser.choose(OTHER)
    assert names(environment) == {"NightShift"}
    assert NightShift.fixed_count == 1


def test_a_scenario_that_does_not_exist_is_refused_with_those_that_do() -> None:
    chooser, _ = crew(StreamUser, NightShift, scenario=["day-shift"])
    with pytest.raises(Refusal, match="--scenario day-shift: there is no such scenario; there are night-shift"):
        chooser.choose(EMBEDDED)


def test_a_user_class_of_ones_own_keeps_its_traits() -> None:
    class Mine(ExecutionUser):
        pass

    assert Mine.owes_events and Mine.executes


def test_users_that_restart_the_service_are_refused_where_the_run_did_not_start_it() -> None:
    class Restarts(NightShift):
        restarts = True

    by_scenario = crew(StreamUser, Restarts, scenario=["night-shift"])
    by_name = crew(StreamUser, Restarts, user_classes=["Restarts"])
    for chooser, environment in (by_scenario, by_name):
        chooser.choose(EMBEDDED)
        assert "Restarts" in names(environment)
        with pytest.raises(Refusal, match="embedded Studio only; leave out --host"):
            chooser.choose(OTHER)
    chooser, _ = crew(StreamUser, Restarts, scenario=["night-shift"], processes=2)
    with pytest.raises(Refusal, match="leave out --processes"):
        chooser.choose(EMBEDDED)
    chooser, _ = crew(StreamUser, Restarts)
    chooser.choose(OTHER)


def test_a_climb_has_the_service_to_itself() -> None:
    chooser, environment = crew(StreamUser, TriggerUser, CapacityUser, scenario=["capacity"])
    chooser.choose(OTHER)
    assert names(environment) == {"CapacityUser"}
    assert chooser.options.num_users == 1
