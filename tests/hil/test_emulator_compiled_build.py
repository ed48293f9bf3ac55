"""The emulator's compiled part: how it is built and cached, and what happens without it."""

from __future__ import annotations

import gc
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from thecal_hil.emulator import EmulatedPico, compiled
from thecal_hil.emulator.bare_metal import MASK_AND_COUNT_WAKES, write_uf2
from thecal_hil.emulator.compiled import build

NEEDS_COMPILER = pytest.mark.skipif(
    not compiled.is_wanted(), reason="the emulator's compiled part can't be built here"
)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    cache = tmp_path / "cache"
    monkeypatch.setenv("THECAL_CACHE", str(cache))
    monkeypatch.delenv(compiled.SWITCH, raising=False)
    compiled.forget()
    yield cache
    compiled.forget()


@pytest.fixture
def no_compiler(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.fixture
def own_sources(tmp_path: Path) -> Path:
    """Provide a copy of the sources, to be changed."""
    return Path(shutil.copytree(build.SOURCES, tmp_path / "sources"))


def test_without_a_compiler_the_slow_path_runs_and_one_line_names_what_is_missing(
    no_compiler: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uf2 = write_uf2(tmp_path / "bare.uf2", MASK_AND_COUNT_WAKES)
    with caplog.at_level(logging.WARNING, "thecal_hil.emulator"):
        boards = [EmulatedPico(uf2), EmulatedPico(uf2)]
    boards[0].run_for(1_000)
    assert boards[0].sleeping
    assert all(board.engine.compiled is None for board in boards)
    (line,) = caplog.messages
    assert "a C compiler" in line
    assert "\n" not in line


def test_compiled_code_that_is_insisted_on_and_missing_is_an_error(
    no_compiler: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uf2 = write_uf2(tmp_path / "bare.uf2", MASK_AND_COUNT_WAKES)
    monkeypatch.setenv(compiled.SWITCH, "compiled")
    with pytest.raises(build.CannotBuildError, match="a C compiler"):
        EmulatedPico(uf2)
    monkeypatch.delenv(compiled.SWITCH)
    with pytest.raises(build.CannotBuildError, match="a C compiler"):
        EmulatedPico(uf2, compiled=True)


def test_set_up_succeeds_without_a_compiler(no_compiler: None, capsys: pytest.CaptureFixture[str]) -> None:
    from thecal_hil.emulator.compiled.set_up import main

    assert main([]) == 0
    assert "slow path" in capsys.readouterr().out


def test_the_switch_takes_two_values_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(compiled.SWITCH, "interpreted")
    assert not compiled.is_wanted()
    monkeypatch.setenv(compiled.SWITCH, "quick")
    with pytest.raises(ValueError, match=compiled.SWITCH):
        compiled.is_wanted()


@NEEDS_COMPILER
def test_a_board_takes_the_path_it_is_given(tmp_path: Path) -> None:
    uf2 = write_uf2(tmp_path / "bare.uf2", MASK_AND_COUNT_WAKES)
    assert EmulatedPico(uf2, compiled=True).engine.compiled is not None
    assert EmulatedPico(uf2, compiled=False).engine.compiled is None


@pytest.mark.parametrize("name", ["thumb.h", "thumb_run.h", "run_loop.pyx", "fifo.pxi"])
def test_a_change_of_any_source_asks_for_another_build(own_sources: Path, name: str) -> None:
    before = build.digest(own_sources)
    assert before == build.digest(), "where the sources are makes no difference"
    source = own_sources / name
    source.write_bytes(source.read_bytes() + b"\n")
    assert build.digest(own_sources) != before


@pytest.mark.parametrize(
    ("owner", "fact", "value"),
    [
        (build.metadata, "version", lambda package: "0.0.0"),
        (sys, "version", "4.0"),
        (build.platform, "machine", lambda: "z80"),
    ],
)
def test_another_emulator_python_or_machine_asks_for_another_build(
    monkeypatch: pytest.MonkeyPatch, owner: object, fact: str, value: object
) -> None:
    before = build.digest()
    monkeypatch.setattr(owner, fact, value)
    assert build.digest() != before


@NEEDS_COMPILER
def test_what_was_built_is_used_again_and_a_build_cut_short_is_not(
    empty_cache: Path, own_sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One small module stands for all: building them takes long.
    (own_sources / "answer.pyx").write_text("ANSWER = 42\n")
    begun = build.cache_root() / "build-begun"
    begun.mkdir(parents=True)
    (begun / f"answer{build.SUFFIX}").touch()
    folder = build.build(own_sources, ["answer"])
    assert compiled.module("answer", own_sources).ANSWER == 42
    monkeypatch.setattr(build, "_compile", lambda *_: pytest.fail("it is built already"))
    assert build.build(own_sources, ["answer"]) == folder
    assert sorted(path.name for path in build.cache_root().iterdir()) == sorted(["build-begun", folder.name])


@NEEDS_COMPILER
def test_an_error_of_the_compiler_is_reported_and_leaves_nothing_behind(
    empty_cache: Path, own_sources: Path
) -> None:
    (own_sources / "broken.pyx").write_text("def f(:\n")
    with pytest.raises(build.CannotBuildError, match="broken"):
        build.build(own_sources, ["broken"])
    assert list(build.cache_root().iterdir()) == []


@NEEDS_COMPILER
def test_a_board_that_is_freed_gives_back_what_it_took(tmp_path: Path) -> None:
    uf2 = write_uf2(tmp_path / "bare.uf2", MASK_AND_COUNT_WAKES)
    block = compiled.module("pio").PacedPio

    def references_after_a_board() -> int:
        EmulatedPico(uf2, compiled=True).run_for(1_000)
        gc.collect()
        return sys.getrefcount(block)

    counts = {references_after_a_board() for _ in range(4)}
    assert len(counts) == 1
