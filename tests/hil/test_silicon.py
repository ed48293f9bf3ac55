"""The description of what is imposed on the emulated board, as a value and as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.emulator.silicon import (
    AS_SLOW_AS_SILICON,
    IDEAL,
    Fill,
    FlashBefore,
    Replacement,
    Silicon,
    SiliconError,
)

DURATIONS_NS = st.integers(0, 2_000_000_000)
BOARDS = st.builds(
    Silicon,
    miss_cycles=st.integers(0, 500),
    fill=st.sampled_from(Fill),
    replacement=st.sampled_from(Replacement),
    seed=st.integers(0, 2**32 - 1),
    usb_frames=st.booleans(),
    erase_sector_ns=DURATIONS_NS,
    erase_block_ns=DURATIONS_NS,
    program_page_ns=DURATIONS_NS,
    boot_rom=st.booleans(),
    timer_from_zero=st.booleans(),
    flash_before=st.sampled_from(FlashBefore),
)


@given(BOARDS)
def test_every_board_is_read_back_from_its_text(board: Silicon) -> None:
    assert Silicon.read(str(board) or "ideal") == board


def test_presets_have_names():
    assert (str(IDEAL), str(AS_SLOW_AS_SILICON)) == ("ideal", "silicon")
    assert Silicon.read("silicon") == AS_SLOW_AS_SILICON


def test_settings_alone_change_the_ideal_board_and_after_a_name_that_board():
    assert Silicon.read("P=132,fill=half,erase=400ms,frames=on") == Silicon(
        miss_cycles=132, fill=Fill.HALF, erase_sector_ns=400_000_000, usb_frames=True
    )
    assert Silicon.read("silicon, page=0.4ms") == replace(AS_SLOW_AS_SILICON, program_page_ns=400_000)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "settings"),
        ("fast", "'fast' is no board and no setting: there are the boards ideal, silicon"),
        ("silicon,ideal", "'ideal' is no board and no setting"),
        ("P", "P=: 66 is what it takes"),
        ("P=lots", "P=lots: 66"),
        ("P=-1", "miss_cycles: -1 is less than 0"),
        ("P=1,P=2", "P is given twice"),
        ("frames=yes", "frames=yes: on|off"),
        ("erase=45", "erase=45: 45ms"),
        ("erase=0.0000001ms", "erase=0.0000001ms"),
        ("page=ms", "page=ms"),
        ("flash=empty", "flash=empty: blank|files|zeros|random|own"),
    ],
)
def test_a_text_that_is_no_board_is_refused_with_what_there_is(text: str, named: str) -> None:
    with pytest.raises(SiliconError) as refused:
        Silicon.read(text)
    assert named in str(refused.value)
