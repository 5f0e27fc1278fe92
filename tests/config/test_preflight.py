"""What is refused before a user is spawned."""

from __future__ import annotations

import resource
import socket
from argparse import Namespace
from typing import Any

import pytest

from config.options import OPTIONS
from config.preflight import NO_SERVICE, USAGE, Refusal, check


def options(**changes: object) -> Namespace:
    """Locust's options and ours, at their defaults but for the changes."""
    defaults = {option.dest: option.default if not option.is_switch else False for option in OPTIONS}
    locusts = {"host": None, "headless": True, "worker": False, "processes": None, "num_users": 5, "expect_workers": 1}
    return Namespace(**(defaults | locusts | changes))


def refusal(arguments: list[str] | None = None, **changes: object) -> Refusal:
    with pytest.raises(Refusal) as raised:
        check(options(**changes), arguments or [])
    assert "\n" not in str(raised.value)
    return raised.value


def test_the_defaults_are_fine() -> None:
    check(options(), [])


@pytest.mark.parametrize("host", ["studio.example:3000", "localhost", "ftp://studio.example", "http://"])
def test_a_host_without_its_scheme_is_refused(host: str) -> None:
    error = refusal(host=host)
    assert "write it with its scheme" in str(error)
    assert error.exit_code == USAGE


@pytest.mark.parametrize("change", [{"fault": ["drop:1%"]}, {"turn_ms": 5}, {"replay": "x.jsonl"}])
def test_options_of_the_embedded_studio_are_refused_together_with_a_host(change: dict[str, Any]) -> None:
    assert "leave out --" in str(refusal(host="http://127.0.0.1:1", **change))


def test_rebase_needs_a_recording() -> None:
    assert "--replay FILE" in str(refusal(rebase=True))


def test_an_unknown_profile_is_refused() -> None:
    assert "no profile 'nope.toml'" in str(refusal(["--config", "nope.toml"]))


def test_too_few_file_descriptors_are_noticed_before_users_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, _limits: None)
    error = refusal(num_users=1_000)
    assert "the limit is 256" in str(error)
    assert "--processes" in str(error)
    check(options(num_users=20), [])
    check(options(num_users=1_000, processes=100), [])


def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 50_000))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: raised.append(limits))
    check(options(num_users=1_000), [])
    assert raised == [(50_000, 50_000)]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_host_at_which_nothing_answers_is_refused_as_no_data() -> None:
    error = refusal(host=f"http://127.0.0.1:{closed_port()}")
    assert error.exit_code == NO_SERVICE
    assert "Connection refused" in str(error)


def test_a_worker_and_the_web_ui_do_not_ask_the_host() -> None:
    host = f"http://127.0.0.1:{closed_port()}"
    check(options(host=host, worker=True), [])
    check(options(host=host, headless=False), [])
