"""The compiled programs are made when they are missing or old, and what stands in the way is said."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks import native
from benchmarks.native import BuildFailed, build, can_build, has_tls

PRINTS_ONE = "#include <stdio.h>\nint main(void) { puts(ANSWER); return 0; }\n"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of a program called tiny, which prints ANSWER of its header."""
    missing = can_build("source")
    if missing:
        pytest.skip(missing)
    monkeypatch.setattr(native, "SOURCES", tmp_path)
    monkeypatch.setattr(native, "BUILD", tmp_path / "build")
    monkeypatch.setattr(native, "_C_PROGRAMS", {"tiny": ("tiny",)})
    (tmp_path / "tiny.h").write_text('#define ANSWER "1"\n')
    unit = tmp_path / "tiny.c"
    unit.write_text('#include "tiny.h"\n' + PRINTS_ONE)
    return unit


def says(program: Path) -> str:
    """What the program prints."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_program_is_made_once(tiny: Path) -> None:
    program = build("tiny")
    assert says(program) == "1"
    made = program.stat().st_mtime_ns
    assert build("tiny").stat().st_mtime_ns == made


def test_a_program_is_made_again_when_a_header_is_newer(tiny: Path) -> None:
    program = build("tiny")
    header = tiny.with_suffix(".h")
    header.write_text('#define ANSWER "2"\n')
    later = program.stat().st_mtime + 10
    os.utime(header, (later, later))
    assert says(build("tiny")) == "2"


def test_what_the_compiler_refuses_is_said_and_leaves_nothing(tiny: Path) -> None:
    tiny.write_text("int main(void) { return nothing; }\n")
    with pytest.raises(BuildFailed, match=r"tiny does not compile[\s\S]*nothing"):
        build("tiny")
    assert not list((tiny.parent / "build").iterdir())


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BuildFailed, match="no C compiler 'no-such-compiler'"):
        native._cc()
    assert "no-such-compiler" in (can_build("source") or "")
    assert not has_tls()


def test_a_missing_go_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO", "no-such-go")
    monkeypatch.setattr(native, "_USUAL_GO", "/no/such/go")
    assert can_build("go_reader") == "there is no Go compiler: put go on the PATH or set GO"
    with pytest.raises(BuildFailed, match="no Go compiler"):
        native._go()


def test_an_unknown_program_is_refused() -> None:
    with pytest.raises(BuildFailed, match="'k7'"):
        build("k7")
