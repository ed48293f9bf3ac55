"""Without the emulator's compiled part: the default board runs, and tests of the flash cache are left out by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from thecal_hil.contract.image import image_under_test
from thecal_hil.emulator import compiled
from thecal_hil.emulator.silicon import DEFAULT
from thecal_hil.rigs.pico_rig import bench_board, default_silicon

pytest_plugins = ["pytester"]


def test_the_default_board_differs_in_the_cost_of_misses_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(compiled.SWITCH, "interpreted")
    board = bench_board(image_under_test())
    assert board.engine.compiled is None
    assert (board.silicon.miss_cycles, DEFAULT.miss_cycles) == (0, 66)
    assert replace(board.silicon, miss_cycles=66) == DEFAULT


@pytest.mark.skipif(not compiled.is_wanted(), reason="the emulator's compiled part can't be built here")
def test_the_default_board_is_as_slow_as_silicon_where_it_can_be() -> None:
    assert default_silicon() == DEFAULT


@pytest.mark.parametrize(("path", "outcome"), [("interpreted", "skipped"), ("compiled", "failed")])
def test_a_refused_cost_of_misses_skips_a_test_only_where_nothing_is_compiled(
    pytester: pytest.Pytester, path: str, outcome: str
) -> None:
    if path == "compiled" and not compiled.is_wanted():
        pytest.skip("the emulator's compiled part can't be built here")
    pytester.makepyfile(
        """
        from thecal_hil.emulator.flash_window import NoCacheModelError

        def test_it():
            raise NoCacheModelError("P=66")
        """
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(compiled.SWITCH, path)
        result = pytester.runpytest_inprocess("-p", "tools.without_a_compiler", "-p", "no:thecal")
    result.assert_outcomes(**{outcome: 1})
