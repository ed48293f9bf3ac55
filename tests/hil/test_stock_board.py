"""A stock board with files on its file system, put there through its own prompt."""

from pathlib import Path

from thecal_hil.emulator import EmulatedPico
from thecal_hil.rigs.stock_board import flash_with_files


def test_files_are_on_the_board_after_a_restart_and_its_main_runs(stock_uf2: Path, tmp_path: Path) -> None:
    folder, cache = tmp_path / "files", tmp_path / "cache"
    (folder / "package").mkdir(parents=True)
    (folder / "package/words.py").write_text("GREETING = 'from the file system'\n" + "# padding\n" * 300)
    (folder / "main.py").write_text("from package.words import GREETING\nprint(GREETING)\n")
    flash = flash_with_files(stock_uf2, folder, cache)
    board = EmulatedPico(stock_uf2, flash_image=flash)
    board.serial.timeout = 1
    board.serial.open()
    assert b"from the file system" in board.serial.read_until(b"system")


def test_a_board_is_prepared_once_for_the_same_files(stock_uf2: Path, tmp_path: Path) -> None:
    folder, cache = tmp_path / "files", tmp_path / "cache"
    folder.mkdir()
    (folder / "main.py").write_text("pass\n")
    first = flash_with_files(stock_uf2, folder, cache)
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    assert flash_with_files(stock_uf2, folder, cache) == first
    assert kept.stat().st_mtime_ns == written


def test_other_files_make_another_board(stock_uf2: Path, tmp_path: Path) -> None:
    folder, cache = tmp_path / "files", tmp_path / "cache"
    folder.mkdir()
    for text in ("first = 1\n", "second = 2\n"):
        (folder / "main.py").write_text(text)
        flash_with_files(stock_uf2, folder, cache)
    assert len(list(cache.iterdir())) == 2


def test_a_board_that_is_kept_and_was_damaged_is_prepared_anew(stock_uf2: Path, tmp_path: Path) -> None:
    folder, cache = tmp_path / "files", tmp_path / "cache"
    folder.mkdir()
    (folder / "main.py").write_text("pass\n")
    first = flash_with_files(stock_uf2, folder, cache)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    for damaged in (whole[:-9], whole[:-1] + bytes([whole[-1] ^ 1])):
        kept.write_bytes(damaged)
        assert flash_with_files(stock_uf2, folder, cache) == first
        assert kept.read_bytes() == whole
