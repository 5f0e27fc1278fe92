"""Profiles: what Locust would ignore in silence is refused."""

from __future__ import annotations

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

import tomllib
from pathlib import Path

import pytest

from config import profiles
from config.option_list import OPTIONS
from locust_eventsource.measure.thresholds import parse_threshold


def test_the_profiles_named_on_a_command_line_are_found() -> None:
    assert profiles.named_on(["--config", "a.toml", "-u", "5", "--config=b.toml"]) == ["b.toml", "a.toml"]


@pytest.mark.parametrize("content", ["", "[locust]\nusers = 5\n", "[tool]\nlocust = 5\n", "[tool.locust]\n"])
def test_a_profile_without_the_table_that_locust_reads_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(content)
    with pytest.raises(profiles.ProfileError, match=r"no \[tool\.locust\] table"):
        profiles.check(str(file))


def test_a_profile_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[tool.locust\n")
    with pytest.raises(profiles.ProfileError, match="cannot be read"):
        profiles.check(str(file))


def test_a_profile_in_locusts_own_format_is_left_to_locust(tmp_path: Path) -> None:
    file = tmp_path / "mine.conf"
    file.write_text("users = 5\n")
    profiles.check(str(file))
    assert profiles.thresholds([str(file)]) == []


@pytest.mark.parametrize("profile", sorted(profiles.FOLDER.glob("*.toml")), ids=lambda path: path.name)
def test_every_profile_of_the_package_can_be_used(profile: Path) -> None:
    profiles.check(str(profile))
    for text in profiles.thresholds([str(profile)]):
        parse_threshold(text, "profile")


def test_a_single_threshold_need_not_be_a_list(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[tool.locust]\nthreshold = "lost:count==0"\n')
    assert profiles.thresholds([str(file)]) == ["lost:count==0"]


def test_no_two_options_share_a_name() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)


@pytest.fixture(scope="module")
def flags() -> list[str]:
    """Every flag that a run takes: Locust's own and the package's."""
    parser = get_empty_argument_parser(add_help=False)
    setup_parser_arguments(parser)
    own = [option.flag for option in OPTIONS]
    return [*own, *(flag for action in parser._actions for flag in action.option_strings)]


PROFILES = sorted(profiles.FOLDER.glob("*.toml"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_every_profile_sets_options_that_there_are_to_values_that_are_taken(profile: Path, flags: list[str]) -> None:
    profiles.check_names(str(profile), flags)
    settings = tomllib.loads(profile.read_text("utf-8"))["tool"]["locust"]
    for option in OPTIONS:
        values = settings.get(option.name, [])
        for value in values if isinstance(values, list) else [values]:
            assert option.read is not None or isinstance(value, bool)
            if option.read is not None:
                option.read(str(value))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_every_profile_says_in_its_head_and_in_the_readme_what_it_is_for(profile: Path) -> None:
    head = profile.read_text("utf-8").partition("[tool.locust]")[0]
    assert head.lower().startswith(f"# {profile.stem}: ")
    assert f"| `config/{profile.name}` | " in (profiles.FOLDER.parent / "README.md").read_text("utf-8")


def test_the_profiles_that_the_plan_names_are_there() -> None:
    names = {profile.stem for profile in PROFILES}
    assert {"smoke", "target", "load", "spike", "storm", "soak", "capacity"} <= names
