"""The simulated flash chip does what a chip does, also what it does wrong."""

import pytest

from thecal_sim.nor_flash import (
    AFTER,
    BEFORE,
    ERASE,
    PROGRAM,
    TORN_ERASE,
    TORN_PROGRAM,
    FlashMisuseError,
    NorFlash,
    PowerCutError,
)

DATA = bytes(range(0, 128))


def read(flash: NorFlash, sector: int, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    flash.read_into(sector, offset, buffer)
    return bytes(buffer)


def readings(flash: NorFlash, length: int = 4096) -> set[bytes]:
    return {read(flash, 0, 0, length) for _ in range(20)}


def programmed() -> NorFlash:
    flash = NorFlash(2, 5)
    for offset in range(0, 4096, 128):
        flash.program(0, offset, DATA)
    return flash


def torn(flash: NorFlash, outcome: str, operation) -> None:
    flash.cut_at(flash.operation, outcome)
    with pytest.raises(PowerCutError):
        operation()


def test_a_new_chip_is_erased():
    assert read(NorFlash(2), 1, 0, 4096) == b"\xff" * 4096


def test_programming_only_clears_bits():
    flash = NorFlash(2, strict=False)
    flash.program(0, 10, b"\x0f\xf0")
    flash.program(0, 10, b"\x3c\xff")
    assert read(flash, 0, 9, 4) == b"\xff\x0c\xf0\xff"


def test_erasing_sets_every_bit_of_one_sector():
    flash = programmed()
    flash.program(1, 0, b"\x00")
    flash.erase(0)
    assert read(flash, 0, 0, 4096) == b"\xff" * 4096
    assert read(flash, 1, 0, 1) == b"\x00"
    assert [flash.erases_of(0), flash.erases_of(1)] == [1, 0]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda flash: flash.program(0, 250, bytes(7)),
        lambda flash: flash.program(0, 4095, bytes(2)),
        lambda flash: flash.program(2, 0, b"\x00"),
        lambda flash: flash.program(0, 3, b"\xff"),
        lambda flash: flash.erase(2),
        lambda flash: flash.read_into(0, 4000, bytearray(97)),
    ],
)
def test_what_a_chip_does_not_offer_is_refused(misuse):
    flash = NorFlash(2)
    flash.program(0, 0, bytes(8))
    with pytest.raises(FlashMisuseError):
        misuse(flash)


@pytest.mark.parametrize("outcome", [BEFORE, AFTER, *TORN_PROGRAM])
def test_after_a_cut_nothing_works_until_power_is_back(outcome):
    flash = NorFlash(1)
    torn(flash, outcome, lambda: flash.program(0, 0, DATA))
    for operation in (
        lambda: flash.erase(0),
        lambda: flash.program(0, 0, DATA),
        lambda: read(flash, 0, 0, 1),
    ):
        with pytest.raises(PowerCutError):
            operation()
    flash.power_up()
    flash.erase(0)
    assert readings(flash) == {b"\xff" * 4096}


def test_a_cut_before_an_operation_leaves_all_as_it_was_and_one_after_it_leaves_it_done():
    for outcome, expected in ((BEFORE, b"\xff" * 128), (AFTER, DATA)):
        flash = NorFlash(1)
        torn(flash, outcome, lambda flash=flash: flash.program(0, 0, DATA))
        flash.power_up()
        assert readings(flash, 128) == {expected}


def test_a_program_cut_short_may_leave_its_first_bytes_only():
    flash = NorFlash(1, 2)
    torn(flash, "prefix", lambda: flash.program(0, 0, bytes(128)))
    flash.power_up()
    left = read(flash, 0, 0, 128)
    assert left == left.rstrip(b"\xff").ljust(128, b"\xff")
    assert left.rstrip(b"\xff") == bytes(len(left.rstrip(b"\xff")))


def test_a_program_cut_short_may_leave_some_bits_uncleared():
    flash = NorFlash(1, 2)
    torn(flash, "subset", lambda: flash.program(0, 0, DATA))
    flash.power_up()
    left = read(flash, 0, 0, 128)
    assert left != DATA
    assert all(byte & wanted == wanted for byte, wanted in zip(left, DATA, strict=True))


def test_unstable_cells_read_differently_each_time_until_they_are_cleared():
    flash = NorFlash(1, 3)
    torn(flash, "unstable", lambda: flash.program(0, 0, DATA))
    flash.power_up()
    assert len(readings(flash, 128)) > 10
    flash.program(0, 0, bytes(128))
    assert readings(flash, 128) == {bytes(128)}


def test_weak_cells_read_right_until_the_next_power_up():
    flash = programmed()
    torn(flash, "weak", lambda: flash.erase(0))
    assert flash.content(0) == b"\xff" * 4096
    flash.power_up()
    assert len(readings(flash)) > 10
    flash.erase(0)
    assert readings(flash) == {b"\xff" * 4096}


@pytest.mark.parametrize("outcome", TORN_ERASE)
def test_an_erase_cut_short_leaves_no_sound_erased_sector(outcome):
    flash = programmed()
    torn(flash, outcome, lambda: flash.erase(0))
    flash.power_up()
    assert readings(flash) != {b"\xff" * 4096}


def test_a_worn_sector_keeps_bits_at_0():
    flash = NorFlash(2)
    flash.erases_until_worn[0] = 3
    for _ in range(3):
        flash.erase(0)
    assert read(flash, 0, 0, 4096) == b"\xff" * 4096
    flash.erase(0)
    assert read(flash, 0, 0, 4096) != b"\xff" * 4096
    flash.erase(1)
    assert read(flash, 1, 0, 4096) == b"\xff" * 4096


def test_a_sector_that_fails_does_nothing_in_silence():
    flash = programmed()
    flash.let_fail(ERASE, 0)
    before = flash.content(0)
    flash.erase(0)
    assert flash.content(0) == before
    flash.let_fail(PROGRAM, 1)
    flash.program(1, 0, bytes(4))
    assert flash.content(1) == b"\xff" * 4096


@pytest.mark.parametrize("outcome", ["prefix", "subset", "unstable"])
def test_the_same_seed_tears_and_reads_alike(outcome):
    found = []
    for _ in range(2):
        flash = NorFlash(1, 11)
        torn(flash, outcome, lambda flash=flash: flash.program(0, 0, DATA))
        flash.power_up()
        found.append([read(flash, 0, 0, 128) for _ in range(5)])
    assert found[0] == found[1]


def test_rot_changes_just_the_bytes_named():
    flash = programmed()
    before = flash.content(0)
    flash.rot(0, 100, 3)
    after = flash.content(0)
    assert [place for place in range(4096) if before[place] != after[place]] == [100, 101, 102]


def test_the_hook_sees_each_operation_before_it_happens():
    flash = NorFlash(2)
    seen = []
    flash.before_operation = lambda *operation: seen.append((*operation, flash.content(1)[:1]))
    flash.program(1, 0, b"\x55")
    flash.erase(1)
    assert seen == [(0, PROGRAM, 1, 0, b"\xff"), (1, ERASE, 1, 0, b"\x55")]
