"""Builds the compiled reader where it can run and a C compiler is there; without it the Python reader does the same."""

import sys

from setuptools import Extension, setup

PACKAGE = "locust_eventsource.transport.compiled"
FOLDER = PACKAGE.replace(".", "/")
HEADERS = ("poller.h", "shared.h", "body.h", "records.h", "poller.pxd")


def extension(name: str, *sources: str) -> Extension:
    """One module of the compiled reader."""
    return Extension(
        f"{PACKAGE}.{name}",
        [f"{FOLDER}/{source}" for source in (f"{name}.pyx", *sources)],
        include_dirs=[FOLDER],
        depends=[f"{FOLDER}/{header}" for header in HEADERS],
        extra_compile_args=["-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"],
        optional=True,
    )


def extensions() -> list[Extension]:
    """The reader needs Linux (epoll, eventfd, receive stamps)."""
    if sys.platform != "linux":
        return []
    from Cython.Build import cythonize

    modules = [extension("binding", "poller.c", "reading.c", "body.c", "records.c"), extension("fields")]
    return cythonize(modules, build_dir="build/cython", language_level=3)


setup(ext_modules=extensions())
