"""The journal of a run under way: what a killed tester leaves, from which its report can still be made.

An append-only file of frames. After a first line that names the format, each frame is three 32-bit numbers (length,
CRC-32 of the length, CRC-32 of the record) and a record: msgpack, compressed by zlib. Records go to the operating
system at once, so that they outlive the process; nothing waits for the disk.
"""

from __future__ import annotations

import fcntl
import logging
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgpack  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

JOURNAL_FILE: Final = "journal.bin"
_FORMAT: Final = b"locust-eventsource journal 1\n"
_HEAD: Final = struct.Struct(">III")
_FAST: Final = 1

Kind = Literal["facts", "delta", "joined", "settle", "requests", "ended", "damaged"]


class Record(NamedTuple):
    """One record. ``damaged`` is not written: it stands where the rest of a file cannot be read."""

    kind: Kind
    at_ns: int
    body: Any


class JournalError(Exception):
    """The file is no journal that can be read; the message is one line that says which and why."""


class Journal:
    """The writing side. A failure to write ends the journal with a warning, never the run."""

    def __init__(self, directory: Path) -> None:
        """Start the journal in the folder, which exists. Raise OSError."""
        self._path = directory / JOURNAL_FILE
        self._file: FileIO | None = self._path.open("xb", buffering=0)
        self._facts: Mapping[str, Any] | None = None
        _lock(self._file, fcntl.LOCK_EX)
        self._append(_FORMAT)

    def facts(self, record: Mapping[str, Any]) -> None:
        """Note the facts of the run, if they have changed."""
        if record != self._facts:
            self._facts = record
            self.note("facts", record)

    def note(self, kind: Kind, body: object = None, at_ns: int | None = None) -> None:
        """Append a record; without ``at_ns`` it is of now."""
        if self._file is None:
            return
        try:
            blob = zlib.compress(msgpack.packb([kind, at_ns or time.time_ns(), body]), _FAST)
        except (TypeError, ValueError, OverflowError) as error:
            self._break_off(error)
            return
        length = len(blob)
        self._append(_HEAD.pack(length, _crc_of(length), zlib.crc32(blob)) + blob)

    def close(self) -> None:
        """No more records."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def remove(self) -> None:
        """The results are written: the journal has no more use."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _append(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._break_off(error)

    def _break_off(self, error: Exception) -> None:
        logger.warning("The journal %s ends here; a killed tester would lose what comes: %s", self._path, error)
        self.close()


def records(directory: Path) -> Iterator[Record]:
    """The records of a run's journal, up to a last one that is torn.

    Raise ``JournalError`` for a folder without a readable journal, and for one whose run is still under way.
    """
    path = directory / JOURNAL_FILE
    try:
        with path.open("rb") as file:
            if not _lock(file, fcntl.LOCK_SH):
                raise JournalError(f"the run in {directory} is still under way")
            if file.readline(len(_FORMAT)) != _FORMAT:
                raise JournalError(f"{path} is not a journal that this version can read")
            yield from _frames(file)
    except FileNotFoundError as error:
        raise JournalError(f"{directory} holds no journal of a run") from error
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error


def _frames(file: BinaryIO) -> Iterator[Record]:
    at_ns = 0
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        length, crc_of_length, crc = _HEAD.unpack(head)
        blob = file.read(length) if crc_of_length == _crc_of(length) else None
        if blob is not None and len(blob) < length:
            return
        if blob is None or zlib.crc32(blob) != crc:
            yield Record("damaged", at_ns, file.tell())
            return
        record = Record(*msgpack.unpackb(zlib.decompress(blob), strict_map_key=False))
        at_ns = record.at_ns
        yield record


def _crc_of(length: int) -> int:
    return zlib.crc32(length.to_bytes(4, "big"))


def _lock(file: FileIO | BinaryIO, how: int) -> bool:
    """Lock the file; False when another process holds it. The lock goes when its process does."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: the journal serves all the same.
        logger.debug("no lock on %s", file.name, exc_info=True)
    return True
