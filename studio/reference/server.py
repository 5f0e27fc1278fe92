"""The process: its socket, its signals, its start and its orderly end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from studio.reference import switches as fault
from studio.reference.activity import ActivityHub
from studio.reference.activity_defects import ActivityDefects
from studio.reference.api import Api, refuse
from studio.reference.backend import AgentBackend
from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamLimits
from studio.reference.failures import ApiError, TextError
from studio.reference.headers import ServiceHeaders
from studio.reference.hub import EventHub
from studio.reference.lifecycle import Lifecycle
from studio.reference.options import Settings
from studio.reference.playback import Player
from studio.reference.protocol import StudioProtocol
from studio.reference.room import Room
from studio.reference.store import Store
from studio.reference.streams import Streams

_LOOK_EVERY_S: Final = 0.05


class StudioServer(uvicorn.Server):
    """uvicorn's server, which ends the streams before it waits for open connections."""

    def __init__(self, config: uvicorn.Config, streams: Streams, url: str, *, keeps_streams: bool) -> None:
        super().__init__(config)
        self._streams = streams
        self._url = url
        self._keeps_streams = keeps_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then print the one line that says so."""
        await super().startup(sockets)
        gc.freeze()
        print(json.dumps({"url": self._url, "pid": os.getpid()}), flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order on SIGTERM and SIGINT, however often they come."""
        self.should_exit = True

    def leave(self) -> None:
        """End because nobody is left whom the process serves, whatever streams are open."""
        self._keeps_streams = False
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and let every stream end with its last chunk."""
        for listener in self.servers:
            listener.close()
        while self._keeps_streams and self._streams.count:
            await asyncio.sleep(_LOOK_EVERY_S)
        self._streams.end_all()
        await super().shutdown(sockets)


def _application(settings: Settings, path: Path, streams: Streams) -> ServiceHeaders:
    try:
        store = Store(path)
    except sqlite3.Error as error:
        _refuse(f"the database {path} cannot be opened: {error}")
    clock = ServiceClock(settings.clock)
    hub = EventHub(settings.buffer, settings.faults, clock)
    activity = ActivityHub(store, clock, ActivityDefects(settings.faults))
    backend = AgentBackend(settings.faults, settings.backend_timeout_s)
    lifecycle = Lifecycle(store, hub, activity, clock, backend, settings.faults, turn_s=settings.turn_s)
    player = None
    if settings.recording is not None:
        player = Player(settings.recording, streams, clock, speed=settings.speed, rebase=settings.rebase)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if fault.RESTART_LEAVES_ORPHANS not in settings.faults:
            lifecycle.runner.recover()
        yield
        await lifecycle.runner.stop()
        store.close()

    room = Room(streams, settings.max_streams, settings.faults)
    api = Api(lifecycle, hub, activity, streams, room, settings.faults, player)
    handlers = dict.fromkeys((ApiError, TextError, ClientDisconnect, HTTPException), refuse)
    app = Starlette(routes=api.routes(), exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False
    return ServiceHeaders(app, clock)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol number says TCP; with Nagle's algorithm an answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        _refuse(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}")
    return listener


def _refuse(message: str) -> NoReturn:
    print(f"python -m studio.reference: {message}", file=sys.stderr)
    raise SystemExit(1)


def _raise_file_limit() -> None:
    """Every stream holds a file descriptor: take as many as the system grants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _stop_at_end_of_stdin(server: StudioServer) -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    server.leave()


def _exit(*_: object) -> None:
    raise SystemExit(0)


def run(settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or, if asked, the end of standard input."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # Until the server takes both over, there is nothing to end in order.
        signal.signal(number, _exit)
    _raise_file_limit()
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        path = settings.db
        if path is None:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="studio-"))) / "studio.db"
        address = f"[{settings.host}]" if ":" in settings.host else settings.host
        kept = settings.faults.count(fault.SKIP_SLOW_READERS)
        limits = StreamLimits(settings.queue_limit, settings.keep_alive_s, kept)
        streams = Streams(limits, settings.faults)
        server = StudioServer(
            _config(settings, _application(settings, path, streams)),
            streams,
            f"http://{address}:{listener.getsockname()[1]}",
            keeps_streams=fault.SIGTERM_KEEPS_STREAMS in settings.faults,
        )
        if settings.exit_with_stdin:
            threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
        asyncio.run(server.serve([listener]))


def _config(settings: Settings, app: ServiceHeaders) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=StudioProtocol,
        ws="none",
        lifespan="on",
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
