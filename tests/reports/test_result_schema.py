"""The published JSON schema of result.json: it is the model's, and holds for what runs write."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reports.__main__ import main
from reports.measured import metrics_of
from reports.model import Result, dumps
from reports.schema import render_schema
from tests.support.result_schema import DOCUMENT, assert_valid
from tests.support.sample_result import hostile_result, passing_result, sample_result, sample_series


def test_the_published_schema_is_that_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    told = capsys.readouterr().out
    assert told == render_schema() == DOCUMENT.read_text(encoding="utf-8"), "python -m reports schema makes it anew"
    jsonschema.Draft202012Validator.check_schema(json.loads(told))


def test_results_of_every_kind_are_valid() -> None:
    series = sample_series()
    infinite = dataclasses.replace(sample_result(series), metrics=metrics_of(series, {"delivery": 100_000}))
    assert infinite.metrics["delivery"].p50 == math.inf
    bare = Result(sample_result().run, sample_result().verdict)
    for result in (sample_result(), passing_result(), hostile_result(), infinite, bare):
        assert_valid(json.loads(dumps(result)))


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (["schema"], "k6"),
        (["schema_version"], 2),
        (["run", "host"], 7),
        (["run", "users"], "many"),
        (["rows", 0, "samples"], 1.5),
        (["deliveries", "lost"], None),
        (["metrics", "delivery", "p99"], "never"),
        (["metrics", "delivery", "bounds", "p99", "low"], None),
        (["checks", 0, "offenders", 0], "one"),
    ],
)
def test_what_the_reader_refuses_is_invalid(place: list[Any], wrong: object) -> None:
    document = json.loads(dumps(sample_result()))
    *parents, last = place
    at = document
    for key in parents:
        at = at[key]
    at[last] = wrong
    with pytest.raises(jsonschema.ValidationError):
        assert_valid(document)


def test_keys_of_a_later_version_are_allowed_and_needed_ones_are_needed() -> None:
    document = json.loads(dumps(sample_result()))
    document["run"]["from_the_future"] = [1]
    assert_valid(document)
    del document["run"]["id"]
    with pytest.raises(jsonschema.ValidationError, match="'id' is a required property"):
        assert_valid(document)


def test_the_schema_stands_beside_the_words_about_it() -> None:
    assert "result.schema.json" in (Path(DOCUMENT).parent / "result-schema.md").read_text(encoding="utf-8")
