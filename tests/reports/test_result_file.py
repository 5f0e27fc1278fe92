"""result.json: written and read back without loss, refused in one line, documented key by key."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.verdicts import Row, Verdict
from reports import capacity, definitions, lives, model, tester
from reports.measured import metrics_of
from reports.model import Result, ResultError, dumps, load, row_record, save
from tests.support.sample_result import hostile_result, sample_result, sample_series

SCHEMA_DOCUMENT = Path(__file__).parents[2] / "docs" / "result-schema.md"


def test_a_saved_result_reads_back_as_the_same_result(tmp_path: Path) -> None:
    for result in (sample_result(), hostile_result()):
        save(tmp_path / "result.json", result)
        assert load(tmp_path / "result.json") == result


def test_an_infinite_percentile_is_valid_json_and_infinite_again(tmp_path: Path) -> None:
    series = sample_series()
    result = dataclasses.replace(sample_result(series), metrics=metrics_of(series, {"delivery": 100_000}))
    save(tmp_path / "result.json", result)
    document = json.loads((tmp_path / "result.json").read_text(), parse_constant=pytest.fail)
    assert document["metrics"]["delivery"]["p50"] == "inf"
    assert load(tmp_path / "result.json").metrics["delivery"].p50 == math.inf


def test_not_a_number_is_written_as_null() -> None:
    row = dataclasses.replace(sample_result().rows[0], measured=math.nan)
    document = json.loads(dumps(dataclasses.replace(sample_result(), rows=[row])))
    assert document["rows"][0]["measured"] is None


def test_unknown_keys_are_tolerated_at_every_level(tmp_path: Path) -> None:
    document = json.loads(dumps(sample_result()))
    for place in (document, document["run"], document["rows"][0], document["metrics"]["delivery"]):
        place["from_the_future"] = {"deep": [1]}
    assert load(_written(tmp_path, document)) == sample_result()


def test_keys_with_a_default_may_be_missing(tmp_path: Path) -> None:
    document = json.loads(dumps(sample_result()))
    found = load(_written(tmp_path, {key: document[key] for key in ("schema", "schema_version", "run", "verdict")}))
    assert found == Result(sample_result().run, sample_result().verdict)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        place: Any = document
        for key in parents:
            place = place[int(key) if key.isdigit() else key]
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("schema", "k6"), "not a result of this tool"),
        (_set("schema_version", 2), "schema version 2, and this program reads version 1"),
        (_set("schema_version", None), "schema version None"),
        (lambda document: document["run"].pop("host"), "result.run.host is missing"),
        (_set("run.host", 7), "result.run.host must be a string, not 7"),
        (_set("run.embedded", "yes"), "result.run.embedded must be true or false"),
        (_set("run.duration_s", "long"), 'result.run.duration_s must be a number or "inf"'),
        (_set("deliveries.lost", True), "result.deliveries.lost must be a whole number, not True"),
        (_set("rows", {}), "result.rows must be a list"),
        (_set("rows.0.samples", 1.5), "result.rows[0].samples must be a whole number"),
        (_set("metrics", []), "result.metrics must be an object"),
        (_set("health", "x" * 100), "result.health must be an object, not 'xxx"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    document = json.loads(dumps(sample_result()))
    change(document)
    path = _written(tmp_path, document)
    with pytest.raises(ResultError) as refusal:
        load(path)
    assert told in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"[" * 100_000])
def test_what_is_not_a_result_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=r"result\.json"):
        load(path)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "result.json", sample_result())

    def refuse(*paths: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="no space"):
        save(tmp_path / "result.json", hostile_result())
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert load(tmp_path / "result.json") == sample_result()


def test_a_lone_surrogate_does_not_stop_the_writing(tmp_path: Path) -> None:
    save(tmp_path / "result.json", dataclasses.replace(sample_result(), notes=["\ud800"]))
    assert load(tmp_path / "result.json").notes == ["?"]


def test_a_row_of_the_verdicts_becomes_a_record() -> None:
    text = "delivery:p(99)<50ms"
    figure = (math.inf, 5e4, "us", 7e4, math.inf, (6e4, math.inf), True)
    row = Row(text, "delivery", None, "p(99)", "never", "", 5, Verdict.FAIL, "", "default", *figure)
    record = row_record(row)
    assert (record.verdict, type(record.verdict), record.measured, record.limit) == ("fail", str, math.inf, 5e4)
    assert (record.low, record.high, record.confidence, record.too_few) == (7e4, math.inf, [6e4, math.inf], True)


def test_the_schema_document_lists_the_keys_of_the_model_and_no_others() -> None:
    documented = _documented_keys()
    kinds = {
        name: kind
        for name, kind in (*vars(model).items(), *vars(tester).items(), *vars(capacity).items(), *vars(lives).items())
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and name != "Result"
    }
    expected = {name: {field.name for field in dataclasses.fields(kind)} for name, kind in kinds.items()}
    expected["The whole"] = {field.name for field in dataclasses.fields(Result)}
    assert documented == expected


def test_the_first_keys_of_the_file_say_what_it_is() -> None:
    assert list(json.loads(dumps(sample_result())))[:2] == ["schema", "schema_version"]


def test_every_metric_that_a_threshold_can_name_is_defined_in_the_report() -> None:
    defined = {definition.name for definition in definitions.LATENCIES + definitions.COUNTS}
    assert set(METRICS) <= defined
    assert {name for name, metric in METRICS.items() if metric.kind == "latency"} == {
        definition.name for definition in definitions.LATENCIES
    }


def _documented_keys() -> dict[str, set[str]]:
    sections = re.split(r"^## ", SCHEMA_DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
        for section in sections
    }


def _written(directory: Path, document: object) -> Path:
    path = directory / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
