"""The matrix's command line, its rows and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from matrix import page
from matrix.__main__ import main
from matrix.comparison import TOLD_BY
from matrix.load import LoadFailed, run_load
from matrix.network import NoProxy
from matrix.rows import every_row
from matrix.rows.row import Row, Toxic
from matrix.trial import Trial, try_row
from studio.reference.switches import SWITCHES
from studio.verify.catalogue import CHECKS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "drop", "nix"], "no row is called nix"),
        (["--only", "drop", "--page", "x.md"], "--page takes all rows"),
        (["--busy"], "--busy goes with --clean N"),
        (["--clean", "0"], "'0' is not a whole number of at least 1"),
        (["--only", "drop", "--", "-t", "60s"], "arguments after -- go with --clean or --as-found"),
        (["--wrong"], "unrecognized arguments: --wrong"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m matrix: ") and said in line


def test_the_rows_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(every_row())


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.switch)
def test_each_row_names_switches_and_checks_that_there_are(row: Row) -> None:
    given = [row.arguments[at + 1] for at, word in enumerate(row.arguments) if word == "--fault"]
    assert {fault.partition(":")[0] for fault in given} <= SWITCHES.keys()
    checks = {name for name in (row.check, *row.also) if ":" not in name}
    assert checks <= CHECKS.keys()
    assert all(row.also.values())
    told = {name for name in (row.check, *row.also) if name.partition(":")[0] in TOLD_BY}
    assert not told, "targets on what the judge counts stand under the check that tells the same"


def test_a_load_that_is_refused_brings_its_last_words() -> None:
    with pytest.raises(LoadFailed, match=r"exit code 2 and no result; it said: .*unknown fault 'nix'"):
        run_load(["--headless", "-t", "1s", "--fault", "nix"])


def test_a_row_whose_load_is_refused_differs() -> None:
    trial = try_row(Row("nix", None, "it is unknown", ("--fault", "nix"), "delivery.lost"))
    assert trial.verdict == "differing"
    assert "unknown fault 'nix'" in trial.differences[0]


def test_without_a_proxy_its_rows_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise NoProxy("there is no Go")

    monkeypatch.setattr("matrix.network.binary", missing)
    row = Row("cut", None, "connections are cut", (), "stream.held", toxic=Toxic("limit_data", {"bytes": 1}))
    assert try_row(row) == Trial(row, None, (), "there is no Go")


def test_a_section_is_written_without_touching_the_others(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    page.put(path, page.CLEAN, "All passed.")
    row = Row("cut", 3, "connections are cut", ("--fault", "x"), "stream.held", also={"cleanup": "it's cut off"})
    page.put(path, page.MATRIX, page.matrix_section([Trial(row, None, ("stream.held did not fail",))]))
    page.put(path, page.CLEAN, "All passed again.")
    written = path.read_text()
    assert written.index(f"## {page.MATRIX}") < written.index(f"## {page.CLEAN}")
    assert "All passed." not in written and written.endswith("All passed again.\n")
    assert "0 of 1 rows as stated, 1 differing." in written
    assert "- **Differs**: stream.held did not fail" in written
    assert "- Fails too: `cleanup`, since it's cut off" in written
    assert "--turn-ms 300 --fault x" in written
