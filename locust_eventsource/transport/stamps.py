"""When bytes arrived: the kernel's receive stamps.

``SO_TIMESTAMPNS`` (Linux, Documentation/networking/timestamping.rst) makes ``recvmsg`` hand out the moment, on
``CLOCK_REALTIME``, at which the last byte of the read reached the network stack. So a busy process reads late but does
not stamp late. Elsewhere, and where a read brings no stamp, the caller takes the time itself and calls the source
``user``.
"""

from __future__ import annotations

import _socket
import struct
import sys
from typing import Literal, NamedTuple

StampSource = Literal["kernel", "user"]

# asm-generic/socket.h; Python's socket module has no name for it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_NS_PER_S = 1_000_000_000


class Stamp(NamedTuple):
    """When the bytes of one read arrived, in ns of ``CLOCK_REALTIME``.

    The last byte arrived at ``at_ns`` after ``source``, the others no earlier than ``earliest_ns``; this process read
    them at ``read_ns``. ``own``: nothing came behind the last byte in the same read, which would have replaced its
    stamp.
    """

    at_ns: int
    earliest_ns: int
    source: StampSource
    read_ns: int
    own: bool


ANCILLARY_BYTES = _socket.CMSG_SPACE(_TIMESPEC.size)
"""Room that ``recvmsg`` needs for one stamp."""

_unpack = _TIMESPEC.unpack
_keeper_fd: int | None = None


def enable(sock: _socket.socket) -> bool:
    """Ask the kernel to stamp what ``sock`` receives; ``False`` where it cannot."""
    if sys.platform != "linux":
        return False
    try:
        _keep_stamping()
        sock.setsockopt(_socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def kernel_stamp(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """The stamp in what ``recvmsg`` returned, in ns of ``CLOCK_REALTIME``; ``None`` if there is none."""
    for level, kind, data in ancillary:
        if kind == _SO_TIMESTAMPNS and level == _socket.SOL_SOCKET and len(data) >= _TIMESPEC.size:
            seconds, ns = _unpack(data[: _TIMESPEC.size])
            return int(seconds) * _NS_PER_S + int(ns)
    return None


def _keep_stamping() -> None:
    # The kernel stamps packets only while some socket wants it, and takes a moment to begin: one idle socket that
    # lives as long as the process keeps the first reads of every connection stamped.
    global _keeper_fd
    if _keeper_fd is None:
        keeper = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
        keeper.setsockopt(_socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        _keeper_fd = keeper.detach()
