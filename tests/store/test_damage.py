"""Flash that rots at rest: whatever single byte, page or sector goes bad, the pump still knows its state and its
program; an event that stood there is missing and no other."""

import random

import pytest

from store.pump import SMALL, Pump, program_in, program_of, told
from thecal_fw.core.flash_map import EVENT_BYTES, STATE_BYTES
from thecal_fw.core.journal_condition import GOOD, LOST, REPAIRED
from thecal_fw.store.journal import PROGRAM_DAMAGED, SOUND, STATE_DAMAGED, Journal
from thecal_sim.nor_flash import PROGRAM, NorFlash, PowerCutError

PAGES = NorFlash.SECTOR_BYTES // NorFlash.PAGE_BYTES
SLOTS = NorFlash.SECTOR_BYTES // STATE_BYTES


def used_pump(writes: int) -> Pump:
    pump = Pump(NorFlash(SMALL.sectors, writes))
    pump.write()
    pump.commit()
    for number in range(writes):
        pump.grant()
        pump.upkeep()
        if number % 2:
            pump.event()
    return pump


def check(pump: Pump, flash: NorFlash) -> Journal:
    """Open the journal on another chip, and see that all is there, but for events that rotted."""
    assert pump.journal.state is not None
    journal = Journal(flash, pump.layout)
    assert journal.open() in (GOOD, REPAIRED)
    assert journal.state is not None
    assert told(journal.state) == told(pump.journal.state)
    assert program_in(journal) == program_of(pump.program or 0)
    assert journal.latest_event >= pump.journal.state.latest_event
    for sequence, number in pump.events.items():
        event = journal.event(sequence)
        place = pump.layout.events, sequence
        rotten = flash.content(place[0] + sequence // 128 % 3)[sequence % 128 * EVENT_BYTES :][:EVENT_BYTES]
        sound = pump.flash.content(place[0] + sequence // 128 % 3)[sequence % 128 * EVENT_BYTES :][
            :EVENT_BYTES
        ]
        if rotten == sound and sequence <= journal.latest_event:
            assert event is not None
            assert event[:2] == (sequence, number)
        else:
            assert event is None
    return journal


def keeps_working(journal: Journal, flash: NorFlash, pump: Pump) -> None:
    """Check that what is written onto the rotten chip is found again."""
    state = journal.state
    assert state is not None
    for number in range(1, 4):
        assert journal.write_grant(number, number + 56, 0, 0, 0, 0)
        assert journal.append_event(number, 0, 0, 0, 0, 0, 0, 0)
        for _ in range(10):
            if journal.needs_erase():
                journal.erase_one()
    latest = journal.latest_event
    again = Journal(flash, pump.layout)
    assert again.open() in (GOOD, REPAIRED)
    assert again.state is not None
    assert again.state.counted_steps == 3
    assert again.event(latest) is not None


@pytest.mark.requirement("state-survives-bit-rot", "program-survives-bit-rot")
@pytest.mark.parametrize("writes", [0, 3, 40, 70, 95])
@pytest.mark.parametrize("value", [None, 0x00, 0xFF])
def test_any_page_or_sector_may_rot_to_anything_and_state_and_program_stay_known(writes, value):
    pump = used_pump(writes)
    for sector in range(SMALL.sectors):
        for page in range(PAGES):
            flash = pump.flash.copy(page)
            flash.rot(sector, page * 256, 256, value)
            check(pump, flash)
        flash = pump.flash.copy(sector)
        flash.rot(sector, 0, 4096, value)
        keeps_working(check(pump, flash), flash, pump)


@pytest.mark.requirement("state-survives-bit-rot")
@pytest.mark.parametrize("writes", [2, 61])
def test_any_byte_of_the_newest_records_may_rot(writes):
    pump = used_pump(writes)
    assert pump.journal.state is not None
    sequence = pump.journal.state.sequence
    for ring in (SMALL.state_a, SMALL.state_b):
        sector = ring + sequence // SLOTS % 2
        for place in range(STATE_BYTES):
            flash = pump.flash.copy(place)
            flash.rot(sector, sequence % SLOTS * STATE_BYTES + place)
            keeps_working(check(pump, flash), flash, pump)


@pytest.mark.requirement("state-survives-bit-rot", "program-survives-bit-rot")
def test_a_byte_anywhere_may_rot():
    pump = used_pump(70)
    chance = random.Random(1)
    for number in range(600):
        flash = pump.flash.copy(number)
        flash.rot(chance.randrange(SMALL.sectors), chance.randrange(4096))
        keeps_working(check(pump, flash), flash, pump)


@pytest.mark.requirement("event-log-neighbours")
def test_a_rotten_event_is_missing_and_its_neighbours_are_there():
    pump = used_pump(20)
    flash = pump.flash.copy(0)
    flash.rot(SMALL.events, 4 * EVENT_BYTES + 8)
    journal = check(pump, flash)
    assert journal.event(4) is None
    assert journal.event(3) is not None
    assert journal.event(5) is not None


@pytest.mark.requirement("journal-repaired")
@pytest.mark.parametrize("writes", [10, 40])
def test_a_first_ring_that_lacks_the_newest_state_is_reported(writes):
    pump = used_pump(writes)
    assert pump.journal.state is not None
    sequence = pump.journal.state.sequence
    pump.flash.rot(SMALL.state_a + sequence // SLOTS % 2, sequence % SLOTS * STATE_BYTES + 9)
    assert check(pump, pump.flash).condition == REPAIRED


@pytest.mark.requirement("state-survives-bit-rot")
@pytest.mark.parametrize("ring", [SMALL.state_a, SMALL.state_b])
def test_a_ring_that_has_lost_all_is_reported_and_filled_again(ring):
    pump = used_pump(30)
    for sector in range(SMALL.state_sectors):
        pump.flash.rot(ring + sector, 0, 4096)
    assert check(pump, pump.flash).condition == REPAIRED
    pump.power_up()
    pump.write()
    pump.upkeep()
    pump.write()
    other = SMALL.state_a + SMALL.state_b - ring
    for sector in range(SMALL.state_sectors):
        pump.flash.rot(other + sector, 0, 4096)
    check(pump, pump.flash)


def test_a_mirror_that_a_cut_left_one_write_behind_is_no_damage():
    pump = used_pump(10)
    pump.flash.before_operation = lambda index, kind, sector, offset: (
        pump.flash.cut_at(index, "before") if sector == SMALL.state_b else None
    )
    with pytest.raises(PowerCutError):
        pump.grant()
    pump.flash.before_operation = None
    pump.flash.power_up()
    assert Journal(pump.flash, SMALL).open() == GOOD


def test_a_state_lost_in_both_rings_is_told_from_a_pump_that_was_never_used():
    pump = used_pump(5)
    for sector in range(2 * SMALL.state_sectors):
        pump.flash.rot(sector, 0, 4096)
    journal = Journal(pump.flash, SMALL)
    assert journal.open() == LOST
    assert journal.state is None
    assert program_in(journal) is None


@pytest.mark.requirement("event-log-outlives-state")
def test_events_are_found_when_the_state_is_lost():
    pump = used_pump(9)
    for sector in range(2 * SMALL.state_sectors):
        pump.flash.rot(sector, 0, 4096)
    pump.journal = Journal(pump.flash, SMALL)
    pump.journal.open()
    pump.check_events()
    assert pump.journal.latest_event == max(pump.events)


def test_scrubbing_finds_a_copy_that_has_rotted_and_writing_again_mends_it():
    pump = used_pump(10)
    assert [pump.journal.scrub() for _ in range(6)] == [SOUND] * 6
    assert pump.journal.state is not None
    sequence = pump.journal.state.sequence
    pump.flash.rot(SMALL.state_b, sequence % SLOTS * STATE_BYTES + 70)
    assert sorted(pump.journal.scrub() for _ in range(3)) == [SOUND, SOUND, STATE_DAMAGED]
    pump.write()
    assert [pump.journal.scrub() for _ in range(3)] == [SOUND] * 3
    pump.flash.rot(SMALL.programs + 2 * pump.pair + 1, 650)
    assert sorted(pump.journal.scrub() for _ in range(3)) == [SOUND, SOUND, PROGRAM_DAMAGED]
    assert program_in(pump.journal) == program_of(pump.program or 0)
    assert pump.journal.program_copies == 1
    pump.commit()
    assert program_in(pump.journal) == program_of(pump.program or 0)
    assert pump.journal.program_copies == 2


@pytest.mark.requirement("state-survives-bit-rot")
@pytest.mark.parametrize("sector", range(2 * SMALL.state_sectors))
@pytest.mark.parametrize("fault", ["program", "erase", "worn"])
def test_a_sector_of_the_state_that_no_longer_takes_anything_costs_no_state(sector, fault):
    pump = used_pump(10)
    if fault == "worn":
        pump.flash.erases_until_worn[sector] = 1
    else:
        pump.flash.let_fail(fault, sector)
    for _ in range(150):
        pump.grant()
        pump.upkeep()
        assert not pump.journal.has_failed
    assert pump.journal.failures > 0
    pump.power_up()
    pump.grant()
    pump.power_up()


@pytest.mark.requirement("journal-fault")
def test_when_neither_ring_takes_a_state_the_pump_is_told():
    pump = used_pump(10)
    for sector in range(2 * SMALL.state_sectors):
        pump.flash.let_fail(PROGRAM, sector)
    assert pump.journal.state is not None
    assert not pump.journal.write_grant(1, 2, 3, 4, 5, 0)
    assert pump.journal.has_failed
    known = Journal(pump.flash, SMALL)
    assert known.open() == GOOD
    assert known.state is not None
    assert told(known.state) in pump.possible


@pytest.mark.requirement("journal-fault-commit")
def test_a_program_that_does_not_read_back_is_not_committed_and_the_old_one_stays():
    pump = used_pump(3)
    old = program_of(pump.program or 0)
    pump.flash.let_fail(PROGRAM, SMALL.programs + 2 * (1 - pump.pair) + 1)
    assert pump.journal.can_commit()
    assert pump.journal.put_program(program_of(77)) is None
    assert program_in(pump.journal) == old
    pump.possible = {told(pump.journal.state): pump.program} if pump.journal.state else {}
    pump.power_up()
