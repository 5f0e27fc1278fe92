"""The journal: what was written comes back, a torn end is passed over, and a journal never ends a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from run.journal import JOURNAL_FILE, Journal, JournalError, Record, records

DELTA = {"masks": b"\x00\xff", "counts": {1: 2, 300: 4}, "nothing": None, "share": 0.5}


def written(folder: Path, *bodies: object) -> Path:
    journal = Journal(folder)
    for number, body in enumerate(bodies):
        journal.note("delta", body, at_ns=1 + number)
    journal.close()
    return folder / JOURNAL_FILE


def test_what_was_noted_comes_back_in_order(tmp_path: Path) -> None:
    written(tmp_path, DELTA, "second")
    assert list(records(tmp_path)) == [Record("delta", 1, DELTA), Record("delta", 2, "second")]


def test_facts_are_noted_again_only_when_they_change(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for users in (1, 1, 2, 2, 1):
        journal.facts({"users": users})
    journal.close()
    assert [record.body["users"] for record in records(tmp_path)] == [1, 2, 1]


def test_a_torn_last_record_is_passed_over_wherever_it_is_torn(tmp_path: Path) -> None:
    whole = written(tmp_path, DELTA).read_bytes()
    (tmp_path / JOURNAL_FILE).unlink()
    path = written(tmp_path, DELTA, "the last one")
    both = path.read_bytes()
    for length in range(len(whole), len(both)):
        path.write_bytes(both[:length])
        assert list(records(tmp_path)) == [Record("delta", 1, DELTA)]


def test_damage_ends_what_can_be_read_and_is_told_wherever_it_is(tmp_path: Path) -> None:
    first = len(written(tmp_path, DELTA).read_bytes())
    (tmp_path / JOURNAL_FILE).unlink()
    path = written(tmp_path, DELTA, "damaged", "unreachable")
    both = bytearray(path.read_bytes())
    for position in range(first, first + 12):
        damaged = both.copy()
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        before, (kind, at_ns, where) = records(tmp_path)
        assert before == Record("delta", 1, DELTA)
        assert (kind, at_ns) == ("damaged", 1) and where > first


def test_a_journal_that_is_still_written_is_of_a_run_under_way(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(JournalError, match="still under way"):
        next(records(tmp_path))
    journal.close()
    assert list(records(tmp_path)) == []


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="holds no journal of a run"):
        next(records(tmp_path))
    (tmp_path / JOURNAL_FILE).write_bytes(b"something else\n" * 9)
    with pytest.raises(JournalError, match="not a journal that this version can read"):
        next(records(tmp_path))
    (tmp_path / JOURNAL_FILE).unlink()
    (tmp_path / JOURNAL_FILE).mkdir()
    with pytest.raises(JournalError, match="Is a directory"):
        next(records(tmp_path))


def test_a_second_journal_does_not_overwrite_the_first(tmp_path: Path) -> None:
    written(tmp_path, DELTA)
    with pytest.raises(FileExistsError):
        Journal(tmp_path)


class FullDisk:
    """A file that takes three bytes at a time, and then none."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.closed = False

    def write(self, data: memoryview) -> int:
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        self.room -= 3
        return min(3, len(data))

    def close(self) -> None:
        self.closed = True


def test_a_full_disk_ends_the_journal_and_not_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, disk = Journal(tmp_path), FullDisk(20)
    journal.close()
    journal._file = disk  # type: ignore[assignment]
    for _ in range(3):
        journal.note("delta", DELTA)
    assert disk.closed
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "No space left on device" in caplog.text


def test_what_cannot_be_written_down_ends_the_journal_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    for body in (DELTA, {1, 2}, DELTA):
        journal.note("delta", body, at_ns=1)
    assert list(records(tmp_path)) == [Record("delta", 1, DELTA)]
    assert "ends here" in caplog.text


def test_a_removed_journal_is_gone_and_takes_no_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.remove()
    journal.note("delta", DELTA)
    journal.remove()
    assert list(tmp_path.iterdir()) == []
