"""The tool that breaks the checkers: what it breaks, how it puts that in place, and what it says of survivors."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.mutation.__main__ import main
from tests.support.mutation.listed import Key, complaints, key_of, listed
from tests.support.mutation.mutants import mutants_of
from tests.support.mutation.suite import Coverage
from tests.support.mutation.swap import swap_in

_SOURCE = """
class Gate:
    def opens(self, value):
        return (
            0 <= value < 9
            and value != 5
        )

def known(key, names):
    return [name for name in names if name in key] if key is not None else names
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "gate.py"
    path.write_text(_SOURCE)
    spec = importlib.util.spec_from_file_location("gate", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def _path(module: ModuleType) -> Path:
    assert module.__file__ is not None
    return Path(module.__file__)


def test_each_comparison_is_negated_and_an_order_shifted(module: ModuleType) -> None:
    found = [(mutant.function, mutant.change) for mutant in mutants_of(_path(module))]
    whole = "0 <= value < 9 and value != 5"
    assert sorted(found) == sorted(
        [
            ("Gate.opens", f"{whole} → 0 <= value < 9 or value != 5"),
            ("Gate.opens", "0 <= value < 9 → 0 > value < 9"),
            ("Gate.opens", "0 <= value < 9 → 0 < value < 9"),
            ("Gate.opens", "0 <= value < 9 → 0 <= value >= 9"),
            ("Gate.opens", "0 <= value < 9 → 0 <= value <= 9"),
            ("Gate.opens", "value != 5 → value == 5"),
            ("known", "name in key → name not in key"),
            ("known", "key is not None → key is None"),
        ]
    )


def test_a_mutant_takes_the_place_of_functions_that_others_have_imported(module: ModuleType) -> None:
    opens, known, gate = module.Gate.opens, module.known, module.Gate()
    assert opens(gate, 0) and not opens(gate, 5)
    swap_in(next(m.code for m in mutants_of(_path(module)) if m.change.endswith("0 < value < 9")))
    assert not opens(gate, 0) and opens(gate, 1) and not opens(gate, 5)
    swap_in(next(m.code for m in mutants_of(_path(module)) if m.change.endswith("name not in key")))
    assert opens(gate, 0), "the mutant before is gone"
    assert known("a", ["a", "b"]) == ["b"]


def test_the_tests_that_run_the_statement_are_tried_the_quickest_first(module: ModuleType) -> None:
    path = str(_path(module).resolve())
    covered = Coverage({(path, 4): frozenset({"slow"}), (path, 6): frozenset({"quick"})}, {"slow": 2.0, "quick": 0.1})
    shifted = next(m for m in mutants_of(_path(module)) if m.change.startswith("value != 5"))
    assert covered.of(shifted) == ["quick", "slow"]
    assert covered.of(next(m for m in mutants_of(_path(module)) if m.function == "known")) == []


def test_survivors_and_the_page_must_agree(module: ModuleType, tmp_path: Path) -> None:
    first, second = mutants_of(_path(module))[:2]
    gone = Key("gate.py", "known", "a | b → c")
    page = tmp_path / "page.md"
    page.write_text("\n".join(["# Page", key_of(first).row("the same"), gone.row("why not")]))
    known = listed(page)
    assert known == {key_of(first): "the same", gone: "why not"}
    missing, stale = complaints([first, second], known)
    assert key_of(second).row("why it changes nothing") in missing
    assert stale == "listed, but no survivor: gate.py known: a | b → c"


def test_a_module_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["nix"])
    assert end.value.code == 2
    assert "there is no nix.py in studio/verify" in capsys.readouterr().err
