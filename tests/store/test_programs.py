"""The places of a program by themselves: what a copy looks like, which place may be written, what is found again."""

import hashlib
import struct
from zlib import crc32

import pytest

from thecal_fw.store.programs import Programs
from thecal_fw.store.state import NO_PAIR
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash

FIRST_SECTOR = 1
HEADER_BYTES = 8
ENCODED = bytes((7 * index + index // 250) % 256 for index in range(700))
MOST_BYTES = NorFlash.SECTOR_BYTES - HEADER_BYTES


def used_flash() -> NorFlash:
    """Return a chip with a sector to spare on either side, and something old in all others."""
    flash = NorFlash(FIRST_SECTOR + 5)
    for sector in range(4):
        flash.rot(FIRST_SECTOR + sector, 0, 4096, 0x77)
    return flash


def erased(flash: NorFlash, in_force: int = NO_PAIR) -> Programs:
    """Return programs with the other pair erased as ``needs_erase`` asks for it."""
    programs = Programs(flash, FIRST_SECTOR)
    programs.found(in_force, False)
    while programs.needs_erase():
        programs.erase()
    return programs


def put(flash: NorFlash, in_force: int = NO_PAIR, encoded: bytes = ENCODED) -> Programs:
    """Return programs with one in the other pair, which is in force then."""
    programs = erased(flash, in_force)
    pair = programs.put(encoded)
    assert pair is not None
    programs.in_force = pair
    return programs


def get(programs: Programs, pair: int, encoded: bytes = ENCODED) -> bytes | None:
    buffer = bytearray(NorFlash.SECTOR_BYTES)
    is_right = programs.read(pair, len(encoded), hashlib.sha256(encoded).digest(), buffer)
    return bytes(buffer[: len(encoded)]) if is_right else None


def sector_of(pair: int, copy: int) -> int:
    return FIRST_SECTOR + 2 * pair + copy


def operations_of(flash: NorFlash) -> list[tuple[str, int]]:
    done: list[tuple[str, int]] = []
    flash.before_operation = lambda index, kind, sector, offset: done.append((kind, sector))
    return done


# Places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("in_force", "other"), [(NO_PAIR, 0), (0, 1), (1, 0)])
def test_a_program_is_put_twice_in_the_pair_that_is_not_in_force(in_force, other):
    flash = used_flash()
    programs = erased(flash, in_force)
    assert programs.other_pair() == other
    assert [flash.erases_of(sector_of(other, copy)) for copy in (0, 1)] == [1, 1]
    before = [flash.content(sector) for sector in range(flash.sectors)]
    assert programs.put(ENCODED) == other
    header = struct.pack("<HHI", 0x5054, len(ENCODED), crc32(ENCODED))
    for sector in range(flash.sectors):
        if sector in (sector_of(other, 0), sector_of(other, 1)):
            assert flash.content(sector) == (header + ENCODED).ljust(4096, b"\xff")
        else:
            assert flash.content(sector) == before[sector]
    assert programs.failures == 0


def test_a_program_may_fill_its_sector_and_no_more():
    programs = erased(used_flash())
    assert programs.most_bytes() == MOST_BYTES
    assert programs.put(bytes(MOST_BYTES + 1)) is None
    assert programs.is_ready()
    assert programs.put(bytes(MOST_BYTES)) == 0
    assert get(programs, 0, bytes(MOST_BYTES)) == bytes(MOST_BYTES)
    programs.in_force = 0
    assert programs.is_copy_good(0)


def test_a_program_written_from_any_kind_of_bytes_is_told_as_bytes():
    programs = put(used_flash(), encoded=bytearray(ENCODED))  # type: ignore[arg-type]
    assert type(get(programs, 0)) is bytes


def test_before_a_program_was_read_no_copy_was_right():
    assert Programs(used_flash(), FIRST_SECTOR).good_copies == 0


# Erasing ---------------------------------------------------------------------------------------------------------


def test_a_place_is_ready_once_both_its_sectors_were_erased_one_at_a_time():
    flash = used_flash()
    programs = Programs(flash, FIRST_SECTOR)
    programs.found(0, False)
    done = operations_of(flash)
    assert (programs.is_ready(), programs.needs_erase()) == (False, True)
    assert programs.put(ENCODED) is None
    programs.erase()
    assert done == [(ERASE, sector_of(1, 0))]
    assert (programs.is_ready(), programs.needs_erase()) == (False, True)
    programs.erase()
    assert done == [(ERASE, sector_of(1, 0)), (ERASE, sector_of(1, 1))]
    assert (programs.is_ready(), programs.needs_erase()) == (True, False)
    programs.erase()
    assert len(done) == 2
    assert programs.failures == 0


@pytest.mark.parametrize(("in_force", "other"), [(NO_PAIR, 0), (0, 1), (1, 0)])
def test_a_place_that_the_state_calls_erased_is_ready_on_opening_and_only_that(in_force, other):
    programs = Programs(used_flash(), FIRST_SECTOR)
    programs.found(in_force, True)
    assert programs.in_force == in_force
    assert (programs.is_ready(), programs.needs_erase()) == (True, False)
    programs.in_force = other
    assert programs.is_ready() is False


@pytest.mark.parametrize("copy", [0, 1])
def test_a_sector_that_cannot_be_erased_is_tried_twice_and_its_place_is_never_ready(copy):
    flash = used_flash()
    flash.let_fail(ERASE, sector_of(0, copy))
    programs = Programs(flash, FIRST_SECTOR)
    done = operations_of(flash)
    erases = 0
    while programs.needs_erase():
        programs.erase()
        erases += 1
        assert erases <= 3
    assert programs.failures == 2
    assert sorted(done) == sorted([(ERASE, sector_of(0, copy))] * 2 + [(ERASE, sector_of(0, 1 - copy))])
    assert programs.is_ready() is False
    assert programs.put(ENCODED) is None
    # The other place is another matter.
    programs.in_force = 0
    assert programs.needs_erase()


def test_a_sector_that_is_erased_at_the_second_try_is_ready():
    flash = used_flash()
    flash.let_fail(ERASE, sector_of(0, 0))
    programs = Programs(flash, FIRST_SECTOR)
    programs.erase()
    flash._dead.clear()
    while programs.needs_erase():
        programs.erase()
    assert (programs.is_ready(), programs.failures) == (True, 1)


@pytest.mark.parametrize("place", [0, 255, 256, 4095])
def test_a_sector_with_a_bit_that_stays_low_is_not_erased(place):
    flash = used_flash()
    flash._stuck_low[sector_of(0, 1)][place] = 4
    programs = erased(flash)
    assert (programs.is_ready(), programs.failures) == (False, 2)


@pytest.mark.parametrize("copy", [0, 1])
def test_a_place_that_has_decayed_since_it_was_erased_is_not_written_and_is_erased_again(copy):
    flash = used_flash()
    programs = erased(flash)
    flash.rot(sector_of(0, copy), 3000, 1, 0x7F)
    done = operations_of(flash)
    assert programs.put(ENCODED) is None
    assert done == []
    assert (programs.failures, programs.is_ready(), programs.needs_erase()) == (1, False, True)
    while programs.needs_erase():
        programs.erase()
    assert done == [(ERASE, sector_of(0, 0)), (ERASE, sector_of(0, 1))]
    assert programs.put(ENCODED) == 0


def test_a_place_that_was_written_is_ready_only_after_another_erase():
    flash = used_flash()
    programs = erased(flash)
    assert programs.put(ENCODED) == 0
    assert (programs.is_ready(), programs.needs_erase()) == (False, True)
    assert programs.put(ENCODED) is None


def test_a_place_that_was_written_has_its_two_tries_again():
    flash = used_flash()
    programs = erased(flash)
    assert programs.put(ENCODED) == 0
    flash.let_fail(ERASE, sector_of(0, 0))
    done = operations_of(flash)
    while programs.needs_erase():
        programs.erase()
    assert done == [(ERASE, sector_of(0, 0)), (ERASE, sector_of(0, 0)), (ERASE, sector_of(0, 1))]


# Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [0, 1])
def test_a_program_of_which_a_copy_does_not_read_back_right_is_not_put(copy):
    flash = used_flash()
    programs = erased(flash)
    flash.let_fail(PROGRAM, sector_of(0, copy))
    done = operations_of(flash)
    assert programs.put(ENCODED) is None
    assert programs.failures == 1
    # A copy is given up with its first page that is wrong; the other one is written whole.
    assert done.count((PROGRAM, sector_of(0, copy))) == 1
    assert done.count((PROGRAM, sector_of(0, 1 - copy))) == 3


@pytest.mark.parametrize("place", [0, 300, 707])
def test_a_copy_with_a_single_bit_lower_than_it_should_be_is_not_put(place):
    class LowBit(NorFlash):
        def program(self, sector, offset, data):
            super().program(sector, offset, data)
            if offset <= place < offset + len(data):
                self._cells[sector][place] &= self._cells[sector][place] - 1

    flash = LowBit(FIRST_SECTOR + 5)
    assert erased(flash).put(b"\x55" * 700) is None


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_force", [NO_PAIR, 0])
def test_a_program_is_found_by_length_and_digest_as_long_as_one_copy_is_right(in_force):
    flash = used_flash()
    programs = put(flash, in_force)
    pair = programs.in_force
    assert (get(programs, pair), programs.good_copies) == (ENCODED, 2)
    flash.rot(sector_of(pair, 0), HEADER_BYTES + 5)
    assert (get(programs, pair), programs.good_copies) == (ENCODED, 1)
    flash.rot(sector_of(pair, 1), HEADER_BYTES + 699)
    assert (get(programs, pair), programs.good_copies) == (None, 0)


def test_the_first_copy_alone_is_enough():
    flash = used_flash()
    programs = put(flash)
    flash.rot(sector_of(0, 1), HEADER_BYTES)
    assert (get(programs, 0), programs.good_copies) == (ENCODED, 1)


def test_a_program_of_another_length_or_digest_or_pair_is_none():
    programs = put(used_flash())
    digest = hashlib.sha256(ENCODED).digest()
    assert not programs.read(0, len(ENCODED) - 1, digest, bytearray(4096))
    assert not programs.read(0, len(ENCODED), bytes(32), bytearray(4096))
    assert not programs.read(1, len(ENCODED), digest, bytearray(4096))
    assert programs.good_copies == 0


@pytest.mark.parametrize(("pair", "length"), [(2, 10), (NO_PAIR, 0), (0, MOST_BYTES + 1), (0, 0xFFFF)])
def test_a_place_or_a_length_that_cannot_be_is_answered_with_none(pair, length):
    programs = put(used_flash())
    get(programs, 0)
    assert not programs.read(pair, length, bytes(32), bytearray(4096))
    assert programs.good_copies == 0


# Checking --------------------------------------------------------------------------------------------------------


def test_without_a_program_every_copy_is_good():
    programs = Programs(used_flash(), FIRST_SECTOR)
    assert programs.in_force == NO_PAIR
    for pair in (NO_PAIR, 2):
        programs.in_force = pair
        assert programs.is_copy_good(0)
        assert programs.is_copy_good(1)


@pytest.mark.parametrize("in_force", [NO_PAIR, 0])
@pytest.mark.parametrize("length", [1, 200, 247, 248, 249, 504, 505, 700, MOST_BYTES])
def test_a_copy_is_good_until_any_of_its_bytes_changes(in_force, length):
    flash = used_flash()
    encoded = (ENCODED * 6)[:length]
    programs = put(flash, in_force, encoded)
    end = HEADER_BYTES + length
    places = {*range(HEADER_BYTES + 1), 255, 256, 257, 511, 512, end - 1}
    for copy in (0, 1):
        sector = sector_of(programs.in_force, copy)
        assert programs.is_copy_good(copy)
        for place in sorted(place for place in places if place < end):
            whole = flash.content(sector)[place]
            for change in (1, 0x10, 0x80):
                flash.rot(sector, place, 1, whole ^ change)
                assert not programs.is_copy_good(copy)
                assert programs.is_copy_good(1 - copy)
            flash.rot(sector, place, 1, whole)
        if end < 4096:
            flash.rot(sector, end, 1, 0)
        assert programs.is_copy_good(copy)


def test_a_length_that_no_sector_holds_is_found_out_without_reading_beyond_it():
    flash = used_flash()
    programs = put(flash)
    flash.rot(sector_of(0, 0), 2, 1, 0xF9)
    flash.rot(sector_of(0, 0), 3, 1, 0x0F)
    assert not programs.is_copy_good(0)
