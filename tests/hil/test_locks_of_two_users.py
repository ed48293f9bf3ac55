"""The lock of a board, where more than one user runs tests on it."""

import os
from pathlib import Path

import pytest

from thecal_hil.bench import board_lock
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock, lock_path


def test_a_lock_is_everybody_s_whatever_the_mask_of_who_made_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with BoardLock("A1", tmp_path):
            assert lock_path("A1", tmp_path).stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_lock_that_another_user_keeps_to_themselves_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(board_lock.os, "open", refused)
    with pytest.raises(BoardBusyError, match="is another user's and closed to this one"):
        BoardLock("A1", tmp_path)
