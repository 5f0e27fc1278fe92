"""What the kernel knows of a connection: round trip, retransmits, bytes that wait to be read."""

from __future__ import annotations

import _socket
import array
import fcntl
import struct
import sys
import termios
from typing import Final, NamedTuple

_TCP_INFO: Final = 11
# struct tcp_info of linux/tcp.h: where its fields stand. It only ever grew at its end.
_RTT: Final = 68
_ESTABLISHED: Final = 1
_TOTAL_RETRANS: Final = 100
_MIN_RTT: Final = 148
_OUT_OF_ORDER: Final = 224
_BYTES: Final = 228
_UNSIGNED: Final = struct.Struct("@I")


class SocketFacts(NamedTuple):
    """What the kernel knows of a connection (tcp(7), ``TCP_INFO``), so that the network can be told from the server.

    ``rtt_us`` is the smoothed round trip, ``min_rtt_us`` the shortest seen; ``retransmits`` counts segments that this
    side sent again, ``out_of_order`` segments that came out of their order, both since the connection began.
    ``unread_bytes`` wait in the receive queue.
    """

    rtt_us: int
    min_rtt_us: int
    retransmits: int
    out_of_order: int
    unread_bytes: int


def facts_of(sock: _socket.socket) -> SocketFacts | None:
    """The facts as of now; None where the system does not tell them (they need Linux 4.19 or newer)."""
    if sys.platform != "linux":
        return None
    try:
        info = sock.getsockopt(_socket.IPPROTO_TCP, _TCP_INFO, _BYTES)
        unread = array.array("i", [0])
        fcntl.ioctl(sock.fileno(), termios.FIONREAD, unread)
    except OSError:
        return None
    if len(info) < _MIN_RTT + _UNSIGNED.size:
        return None
    return SocketFacts(
        rtt_us=_at(info, _RTT),
        min_rtt_us=_at(info, _MIN_RTT),
        retransmits=_at(info, _TOTAL_RETRANS),
        out_of_order=_at(info, _OUT_OF_ORDER) if len(info) >= _BYTES else 0,
        unread_bytes=unread[0],
    )


def has_ended(sock: _socket.socket) -> bool:
    """Whether the peer's end has come, read or not (False where the system does not tell).

    Asks for the connection's state and not for its next byte, which would take a pending error from the next read.
    """
    if sys.platform != "linux":
        return False
    try:
        return sock.getsockopt(_socket.IPPROTO_TCP, _TCP_INFO, 1)[0] != _ESTABLISHED
    except OSError:
        return False


def _at(info: bytes, offset: int) -> int:
    value: int = _UNSIGNED.unpack_from(info, offset)[0]
    return value
