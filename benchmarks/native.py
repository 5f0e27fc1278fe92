"""Makes the benchmark's compiled programs: C with ``$CC`` or ``cc``, Go with ``$GO``, ``go`` or its usual place.

A program is made again when one of its sources is newer. Nothing is installed; everything lands in one folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parent / "native"
BUILD = SOURCES / "build"
_WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wstrict-prototypes", "-Wmissing-prototypes")
_C_FLAGS = ("-std=gnu11", "-O2", *_WARNINGS)
_SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_COMMON = ("common", "histogram")
_C_PROGRAMS = {
    "source": ("source", "sender", "server", "peer", "wire", "tls", *_COMMON),
    "epoll_reader": ("epoll_reader", "opening", "body", "account", *_COMMON),
}
_GO_PROGRAMS = ("go_reader",)
_USUAL_GO = "/usr/local/go/bin/go"
_BUILD_WITHIN_S = 300


class BuildFailed(Exception):
    """A compiled program of the benchmark cannot be made; the message says why."""


class _Recipe(NamedTuple):
    """How a program is made: what it depends on, and the command that makes it at a path, in a folder."""

    sources: list[Path]
    command: Callable[[Path], list[str]]
    folder: Path


def build(name: str, *, sanitized: bool = False) -> Path:
    """The path of a program that is up to date: ``source``, ``epoll_reader`` or ``go_reader``.

    ``sanitized``: a C program that ends, with a report, at its first access outside its memory, at undefined behaviour
    and at memory it has lost. Raises `BuildFailed` when there is no compiler or it refuses.
    """
    target = (BUILD / "sanitized" if sanitized else BUILD) / name
    recipe = _recipe(name, _SANITIZED if sanitized else ())
    if not _up_to_date(target, recipe.sources):
        target.parent.mkdir(parents=True, exist_ok=True)
        _make(target, recipe)
    return target


def can_build(name: str) -> str | None:
    """None when the program's compiler is there, else what is missing."""
    try:
        _go() if name in _GO_PROGRAMS else _cc()
    except BuildFailed as failure:
        return str(failure)
    return None


def has_tls() -> bool:
    """Whether OpenSSL's headers are there, so that ``source`` takes ``--tls``."""
    try:
        command = [*_cc(), "-E", "-x", "c", "-"]
    except BuildFailed:
        return False
    done = subprocess.run(command, input=b"#include <openssl/ssl.h>\n", capture_output=True, check=False)
    return done.returncode == 0


def _recipe(name: str, flags: tuple[str, ...]) -> _Recipe:
    if name in _GO_PROGRAMS:
        folder = SOURCES / name
        sources = [*folder.glob("*.go"), folder / "go.mod"]
        return _Recipe(sources, lambda target: [_go(), "build", "-o", str(target), "."], folder)
    if name not in _C_PROGRAMS:
        raise BuildFailed(f"no program of the benchmark is called {name!r}")
    units = [SOURCES / f"{unit}.c" for unit in _C_PROGRAMS[name]]
    return _Recipe(
        [*units, *SOURCES.glob("*.h"), Path(__file__)], lambda target: _c_command(name, units, flags, target), SOURCES
    )


def _c_command(name: str, units: list[Path], flags: tuple[str, ...], target: Path) -> list[str]:
    tls = name == "source" and has_tls()
    defines = ["-DWITH_TLS"] if tls else []
    libraries = ["-lssl", "-lcrypto", "-lm"] if tls else ["-lm"]
    return [*_cc(), *_C_FLAGS, *flags, *defines, "-o", str(target), *map(str, units), *libraries]


def _cc() -> list[str]:
    given = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if not shutil.which(given[0]):
        raise BuildFailed(f"there is no C compiler {given[0]!r}: install one (gcc, clang) or set CC")
    return given


def _go() -> str:
    found = shutil.which(os.environ.get("GO", "go")) or shutil.which(_USUAL_GO)
    if not found:
        raise BuildFailed("there is no Go compiler: put go on the PATH or set GO")
    return found


def _up_to_date(target: Path, sources: list[Path]) -> bool:
    if not target.exists():
        return False
    made = target.stat().st_mtime
    return all(source.stat().st_mtime <= made for source in sources)


def _make(target: Path, recipe: _Recipe) -> None:
    # Made beside its place and moved there, so that nobody ever starts half a program.
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    command = recipe.command(partial)
    try:
        done = subprocess.run(
            command, cwd=recipe.folder, capture_output=True, text=True, timeout=_BUILD_WITHIN_S, check=False
        )
        if done.returncode:
            raise BuildFailed(f"{target.name} does not compile ({shlex.join(command)}):\n{done.stderr.strip()}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
