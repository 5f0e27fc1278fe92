"""What a run writes, and ``python -m reports render``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.intervals import read_courses
from reports.model import load
from reports.terminal import render_table
from reports.write import write_results
from tests.support.sample_result import sample_result, sample_series


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("results") / "20261123-163000"
    series = sample_series()
    write_results(directory, sample_result(series), series)
    return directory


def test_a_run_leaves_its_result_a_log_for_each_metric_and_two_reports(written: Path) -> None:
    logs = {f"{metric}.hlog" for metric in sample_series().metrics()}
    reports = {"report.html", "report.md", "junit.xml", "offenders.jsonl", "metrics.csv"}
    assert {path.name for path in written.iterdir()} == {"result.json"} | reports | logs
    assert load(written / "result.json") == sample_result()
    assert read_courses(written, 0, 60)["delivery"].whole.count == 3720


def test_rendering_anew_gives_the_same_reports(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("report.html", "report.md")
    before = [(written / name).read_bytes() for name in names]
    for name in names:
        (written / name).unlink()
    assert main(["render", str(written)]) == 0
    assert [(written / name).read_bytes() for name in names] == before
    assert capsys.readouterr().out.splitlines() == [str(written / name) for name in names]


def test_a_verdict_is_shown_again_with_its_exit_code(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = sample_result()
    assert main(["show", str(written)]) == result.verdict.exit_code
    assert capsys.readouterr().out == render_table(result, color=False)


def test_a_directory_without_a_result_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(tmp_path / "nowhere")]) == 1
    told = capsys.readouterr().err
    assert told == f"python -m reports: {tmp_path / 'nowhere' / 'result.json'}: No such file or directory\n"


def test_a_malformed_log_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series = sample_series()
    paths = write_results(tmp_path, sample_result(series), series)
    (tmp_path / "delivery.hlog").write_text("not a log\n")
    assert main(["render", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"python -m reports: {tmp_path / 'delivery.hlog'}: line 1")
    assert told.count("\n") == 1
    assert paths.html.exists()


@pytest.mark.parametrize("arguments", [[], ["render"], ["paint", "x"], ["render", "a", "b"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: python -m reports" in capsys.readouterr().err


def test_writing_results_loads_the_chart_library_only_when_it_renders() -> None:
    program = "import sys, reports.write, reports.terminal; print('bokeh' in sys.modules or 'locust' in sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
