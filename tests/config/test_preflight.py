"""What is refused before a user is spawned."""

from __future__ import annotations

import resource
import socket
from argparse import Namespace
from pathlib import Path
from typing import Any

import gevent
import pytest
import requests

from config import preflight
from config.option_list import OPTIONS
from config.options import probes_clock
from config.preflight import NO_SERVICE, USAGE, Refusal, check, check_form, check_profiles

EMBEDDED = "http://127.0.0.1:1"


def options(**changes: object) -> Namespace:
    """Locust's options and ours, at their defaults but for the changes."""
    defaults = {option.dest: option.default if not option.is_switch else False for option in OPTIONS}
    locusts: dict[str, object] = {
        "host": None,
        "headless": True,
        "autostart": False,
        "worker": False,
        "master": False,
        "processes": None,
        "num_users": 5,
        "expect_workers": 1,
        "user_classes": [],
    }
    return Namespace(**(defaults | locusts | changes))


def refusal(**changes: object) -> Refusal:
    with pytest.raises(Refusal) as raised:
        check(options(**changes))
    assert "\n" not in str(raised.value)
    return raised.value


def test_the_defaults_are_fine() -> None:
    check(options())


@pytest.mark.parametrize("host", ["studio.example:3000", "localhost", "http://"])
def test_a_host_without_its_scheme_is_refused(host: str) -> None:
    error = refusal(host=host)
    assert "write it with its scheme" in str(error)
    assert error.exit_code == USAGE


@pytest.mark.parametrize(
    "change",
    [
        {"fault": ["drop:1%"]},
        {"turn_ms": 5},
        {"replay": "x.jsonl"},
        {"clock_skew": "3s"},
        {"clock_drift": "200ppm"},
        {"clock_step": ["500ms@6s"]},
    ],
)
def test_options_of_the_embedded_studio_are_refused_together_with_a_host(change: dict[str, Any]) -> None:
    assert "leave out --" in str(refusal(host="http://127.0.0.1:1", **change))


def test_rebase_needs_a_recording() -> None:
    assert "--replay FILE" in str(refusal(rebase=True))


@pytest.mark.parametrize("change", [{"clock_skew": "3s"}, {"clock_drift": "1ppm"}, {"clock_step": ["1s@1s"]}])
def test_a_recording_has_no_clock_that_could_be_probed(change: dict[str, Any]) -> None:
    assert "leave out --replay" in str(refusal(replay="x.jsonl", **change))


def test_the_clock_is_probed_unless_it_is_turned_off_or_a_recording_plays() -> None:
    assert probes_clock(options())
    assert not probes_clock(options(clock_probe=0.0))
    assert not probes_clock(options(replay="x.jsonl"))


def test_a_profile_with_a_misspelt_setting_is_refused_with_the_right_one(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("[tool.locust]\nusers = 5\nthreshhold = []\n")
    with pytest.raises(Refusal, match="sets 'threshhold', which is no option; did you mean 'threshold'"):
        check_profiles(["--config", str(profile)], ["--users", "--threshold"])
    profile.write_text("[tool.locust]\nusers = 5\n")
    check_profiles(["--config", str(profile)], ["--users", "--threshold"])


def test_another_scheme_is_called_by_its_name() -> None:
    assert "asks for ftp" in str(refusal(host="ftp://studio.example"))


def test_a_results_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert "--results-dir" in str(refusal(results_dir=str(file / "results")))
    check(options(results_dir=str(tmp_path / "new" / "results")))


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"task_rate": "0"}, "--task-rate: '0' is not a number from 0.01"),
        ({"settle": "-3"}, "--settle"),
        ({"clock_probe": "0.1"}, "--clock-probe: '0.1' is not a number from 0.5 to 3600, and not 0"),
        ({"host": "studio.example"}, "write it with its scheme"),
    ],
)
def test_the_web_form_is_read_as_the_command_line_is(form: dict[str, str], says: str) -> None:
    with pytest.raises(Refusal) as raised:
        check_form(options(), form, form.get("host", EMBEDDED), EMBEDDED)
    assert says in str(raised.value)


def test_a_web_form_for_the_embedded_studio_is_taken() -> None:
    form = {"host": EMBEDDED, "task_rate": "3", "user_count": "5", "stream_filter": ""}
    check_form(options(fault=["drop:1%"]), form, EMBEDDED, EMBEDDED)


def test_the_service_of_the_command_line_is_asked_when_the_form_names_none() -> None:
    with pytest.raises(Refusal, match="no service answers"):
        check_form(options(), {"task_rate": "3"}, f"http://127.0.0.1:{closed_port()}", None)


def test_a_password_in_the_host_is_not_repeated() -> None:
    error = refusal(host=f"http://bob:secret@127.0.0.1:{closed_port()}")
    assert "secret" not in str(error)


def test_a_host_that_drips_its_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(requests.Session):
        def get(self, *_args: object, **_kwargs: object) -> requests.Response:
            gevent.sleep(3_600)
            raise AssertionError

    monkeypatch.setattr(preflight, "REACHABLE_WITHIN_S", 0.05)
    monkeypatch.setattr(requests, "Session", Never)
    assert refusal(host="http://127.0.0.1:1").exit_code == NO_SERVICE


def test_too_few_file_descriptors_are_noticed_before_users_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, _limits: None)
    error = refusal(num_users=1_000)
    assert "the limit is 256" in str(error)
    assert "--processes" in str(error)
    check(options(num_users=20))
    check(options(num_users=1_000, processes=100))


def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 50_000))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: raised.append(limits))
    check(options(num_users=1_000))
    assert raised == [(50_000, 50_000)]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_host_at_which_nothing_answers_is_refused_as_no_data() -> None:
    error = refusal(host=f"http://127.0.0.1:{closed_port()}")
    assert error.exit_code == NO_SERVICE
    assert "Connection refused" in str(error)


def test_a_run_that_starts_by_itself_asks_the_host() -> None:
    assert refusal(host=f"http://127.0.0.1:{closed_port()}", headless=False, autostart=True).exit_code == NO_SERVICE


def test_a_worker_and_the_web_ui_do_not_ask_the_host() -> None:
    host = f"http://127.0.0.1:{closed_port()}"
    check(options(host=host, worker=True))
    check(options(host=host, headless=False))


def test_a_service_that_the_run_did_not_start_is_not_restarted() -> None:
    check(options(scenario=["restart"]))
    assert "embedded Studio only; leave out --host" in str(refusal(scenario=["restart"], host="http://127.0.0.1:1"))
    for elsewhere in ({"processes": 2}, {"master": True}, {"worker": True}):
        assert "leave out --processes" in str(refusal(scenario=["restart"], **elsewhere))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": ["capacity:2"]}, "one climb a run"),
        ({"measure_only": True}, "--measure-only accounts for no event"),
        ({"replay": "x.jsonl"}, "a recording has its own pace"),
        ({"climb_from": "20x10", "climb_to": "10x100"}, "--climb-to 10x100 is below --climb-from 20x10"),
        ({"climb_from": "20x10", "climb_to": "200x5"}, "--climb-to 200x5 is below"),
    ],
)
def test_a_climb_that_could_not_be_made_or_judged_is_refused(changes: dict[str, object], said: str) -> None:
    assert said in str(refusal(**({"scenario": ["capacity"]} | changes)))


def test_a_climb_needs_as_many_open_files_as_its_last_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_000, 1_000))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    check(options(scenario=["capacity"], climb_to="300x20"))
    assert "--climb-to 500x20 needs about 1200 open files" in str(
        refusal(user_classes=["CapacityUser"], climb_to="500x20")
    )
