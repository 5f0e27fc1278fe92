"""Whether another stream may open, and how one too many is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request

from studio.reference import switches as fault
from studio.reference.failures import ApiError
from studio.reference.faults import Faults
from studio.reference.streams import EXTENSION, Streams

if TYPE_CHECKING:
    from studio.reference.protocol import StudioProtocol


class Room:
    """``--max-streams``: one more is refused with a reason, and no open stream notices."""

    def __init__(self, streams: Streams, max_streams: int | None, faults: Faults) -> None:
        self._streams = streams
        self._most = None if fault.NO_STREAM_LIMIT in faults else max_streams
        self._unclean_most = faults.count(fault.CONNECTION_LIMIT)
        self._harms = fault.LIMIT_HARMS in faults

    async def require(self, request: Request) -> None:
        """Let the request pass, or raise the refusal. A HEAD request opens no stream."""
        if request.method != "GET":
            return
        if self._unclean_most and self._streams.count >= self._unclean_most:
            await self._reset(request)
        if self._most is not None and self._streams.count >= self._most:
            if self._harms:
                self._streams.cut_oldest()
            raise ApiError(503, "service_unavailable", "No more streams can be opened, try again later")

    @staticmethod
    async def _reset(request: Request) -> None:
        protocol: StudioProtocol = request.scope["extensions"][EXTENSION]["protocol"]
        protocol.reset()
        # The transport tells of it in the next turn of the loop; from then on nothing that is sent goes out.
        await asyncio.sleep(0)
        raise ApiError(503, "service_unavailable", "The connection is gone")
