"""A network that does wrong between the tester and the service: Toxiproxy (https://github.com/Shopify/toxiproxy).

It is a Go program that forwards connections and lets an HTTP API spoil them. ``make toxiproxy`` builds it into the
virtual environment; `binary` builds it on demand where there is Go.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import requests

from benchmarks.child import Child, python
from matrix.rows.row import Toxic

MODULE: Final = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"
_NAME: Final = "toxiproxy-server"
_PROXY: Final = "studio"
_BUILD_WITHIN_S = 300.0
_START_WITHIN_S = 15.0
_POLL_S = 0.02
_LOOK_EVERY_S = 0.1


class NoProxy(Exception):
    """There is no Toxiproxy and none can be built; the message says why in one line."""


def binary() -> Path:
    """The path of Toxiproxy's server, built into the virtual environment if need be. Raise ``NoProxy`` if it cannot."""
    installed = Path(sys.executable).parent / _NAME
    if not installed.exists():
        _build(installed)
    return installed


def _build(target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise NoProxy("Toxiproxy is built with Go, which is not installed")
    folder = target.parent / "toxiproxy-build"
    command = [go, "install", MODULE]
    try:
        built = subprocess.run(
            command,
            env={**os.environ, "GOBIN": str(folder.resolve())},
            capture_output=True,
            text=True,
            timeout=_BUILD_WITHIN_S,
            check=False,
        )
        if built.returncode:
            said = built.stderr.strip().splitlines()
            raise NoProxy(f"`{' '.join(command)}` failed: {said[-1] if said else 'it said nothing'}")
        # The program is called "server", which says too little in a folder of programs.
        (folder / "server").replace(target)
    except subprocess.TimeoutExpired as error:
        raise NoProxy(f"`{' '.join(command)}` was not done after {_BUILD_WITHIN_S:g} s") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def spoilt_network(toxic: Toxic, turn_ms: int) -> Iterator[str]:
    """The URL of an embedded Studio behind a proxy that does what ``toxic`` says. Raise ``NoProxy``."""
    program = binary()
    port = _free_port()
    command = [*python("studio.reference"), *toxic.service]
    studio = Child(command, {"port": 0, "turn_ms": turn_ms, "exit_with_stdin": True})
    with studio, Child([str(program)], {"host": "127.0.0.1", "port": port}, {"LOG_LEVEL": "error"}):
        proxy = _Proxy(f"http://127.0.0.1:{port}")
        service = str(studio.hear("url", _START_WITHIN_S))
        url = proxy.create(service)
        with _spoiling(proxy, toxic, service):
            yield url


@contextmanager
def _spoiling(proxy: _Proxy, toxic: Toxic, service: str) -> Iterator[None]:
    over = threading.Event()

    def act() -> None:
        _wait_for_task(service, over)
        if over.wait(toxic.after_s):
            return
        proxy.add(toxic)
        if toxic.lasts_s is not None and not over.wait(toxic.lasts_s):
            proxy.remove(toxic)

    if not toxic.after_s and toxic.lasts_s is None:
        proxy.add(toxic)
        yield
        return
    thread = threading.Thread(target=act, name="toxic")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _wait_for_task(service: str, over: threading.Event) -> None:
    """Wait until the run has made a task: its streams are open by then, however slowly the tester started."""
    with requests.Session() as session:
        session.trust_env = False
        while not over.wait(_LOOK_EVERY_S):
            if session.get(f"{service}/api/tasks", timeout=_START_WITHIN_S).json():
                return


class _Proxy:
    """One proxy of a Toxiproxy server, by its HTTP API."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._session = requests.Session()
        self._session.trust_env = False

    def create(self, upstream: str) -> str:
        """Put a proxy before the service and return its URL, once the server answers."""
        deadline = time.monotonic() + _START_WITHIN_S
        address = upstream.removeprefix("http://")
        body = {"name": _PROXY, "listen": "127.0.0.1:0", "upstream": address, "enabled": True}
        while True:
            with suppress(requests.ConnectionError):
                return f"http://{self._call('POST', '/proxies', body)['listen']}"
            if time.monotonic() > deadline:
                raise NoProxy(f"Toxiproxy did not answer within {_START_WITHIN_S:g} s")
            time.sleep(_POLL_S)

    def add(self, toxic: Toxic) -> None:
        """Spoil all connections, open ones and new ones."""
        for stream in toxic.streams:
            body = {"name": stream, "type": toxic.kind, "stream": stream, "attributes": dict(toxic.attributes)}
            self._call("POST", f"/proxies/{_PROXY}/toxics", body)

    def remove(self, toxic: Toxic) -> None:
        """Be a good network again."""
        for stream in toxic.streams:
            self._call("DELETE", f"/proxies/{_PROXY}/toxics/{stream}")

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        answer = self._session.request(method, self._api + path, json=body, timeout=_START_WITHIN_S)
        answer.raise_for_status()
        told: dict[str, object] = answer.json() if answer.content else {}
        return told


def _free_port() -> int:
    """A port that nobody listens on: the server does not tell which one it took when it may choose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        print(binary())
    except NoProxy as reason:
        sys.exit(f"python -m matrix.network: {reason}")
