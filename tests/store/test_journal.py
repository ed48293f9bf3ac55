"""The journal as the controller uses it: fresh, in steady use, over resets."""

import pytest

from store.pump import SMALL, Pump, last_state, program_in, program_of, used_flash
from thecal_fw.core.journal_condition import BLANK, GOOD
from thecal_fw.store.journal import Journal
from thecal_fw.store.layout import Layout
from thecal_sim.nor_flash import ERASE, PROGRAM, TORN_PROGRAM, NorFlash, PowerCutError

BOARD = Layout()


class CountingFlash(NorFlash):
    """Counts what reading costs."""

    reads = 0

    def read_into(self, sector, offset, buffer):
        self.reads += 1
        super().read_into(sector, offset, buffer)


def kinds_of(flash: NorFlash) -> list[str]:
    kinds: list[str] = []
    flash.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
    return kinds


def test_the_regions_of_the_board_are_where_the_documents_say():
    assert (BOARD.state_a, BOARD.state_b, BOARD.programs, BOARD.events) == (0, 32, 64, 68)
    assert BOARD.sectors == 128


def test_a_pump_never_used_is_blank_and_knows_nothing():
    journal = Journal(NorFlash(BOARD.sectors))
    assert journal.open() == BLANK
    assert journal.state is None
    assert program_in(journal) is None
    assert (journal.latest_event, journal.event(1), journal.can_commit()) == (0, None, False)
    assert not journal.write_grant(1, 2, 3, 4, 5, 0)


@pytest.mark.parametrize("outcome", TORN_PROGRAM)
def test_a_very_first_write_that_was_cut_short_leaves_a_blank_pump(outcome):
    flash = NorFlash(SMALL.sectors, 1)
    flash.before_operation = lambda index, kind, sector, offset: (
        flash.cut_at(index, outcome) if kind == PROGRAM else None
    )
    with pytest.raises(PowerCutError):
        Pump(flash).write()
    flash.before_operation = None
    flash.power_up()
    # Unless the record is complete and reads right just now.
    assert Journal(flash, SMALL).open() in (BLANK, GOOD if outcome in ("weak", "unstable") else BLANK)


def test_opening_writes_nothing_and_finds_what_was_written():
    pump = Pump(NorFlash(BOARD.sectors), BOARD)
    for _ in range(40):
        pump.write()
        pump.upkeep()
        pump.event()
    pump.commit()
    pump.power_up()
    assert pump.journal.condition == GOOD
    assert pump.journal.latest_event == 40


@pytest.mark.requirement("write-never-waits")
def test_with_upkeep_in_time_a_write_never_waits_for_an_erase():
    pump = Pump()
    pump.write()
    pump.upkeep()
    kinds = kinds_of(pump.flash)
    for number in range(200):
        kinds.clear()
        pump.grant()
        assert kinds == [PROGRAM, PROGRAM]
        if number % 3 == 0:
            kinds.clear()
            pump.event()
            assert ERASE not in kinds
        pump.upkeep()


def test_without_upkeep_a_write_erases_one_sector_and_the_mirror_follows_when_its_own_is_erased():
    pump = Pump()
    pump.write()
    while pump.journal.state is not None and pump.journal.state.sequence % 32 != 31:
        pump.grant()
    kinds = kinds_of(pump.flash)
    pump.grant()
    assert kinds == [ERASE, PROGRAM]
    assert pump.journal.needs_erase()
    kinds.clear()
    pump.journal.erase_one()
    assert kinds == [ERASE, PROGRAM]
    for sector in range(SMALL.state_sectors):
        pump.flash.rot(SMALL.state_a + sector, 0, 4096)
    pump.power_up()


def test_a_reset_while_nothing_is_full_costs_no_erase():
    flash = used_flash(1)
    Pump(flash).upkeep()
    kinds = kinds_of(flash)
    for _ in range(4):
        journal = Journal(flash, SMALL)
        journal.open()
        assert journal.write(last_state(journal))
        assert journal.can_commit() or journal.needs_erase()
    assert ERASE not in kinds


@pytest.mark.requirement("old-or-new-program")
def test_a_program_put_but_not_named_by_a_state_is_none():
    pump = Pump(used_flash())
    journal = pump.journal
    before = program_in(journal)
    journal.write(last_state(journal))
    while journal.needs_erase():
        journal.erase_one()
    assert journal.put_program(program_of(99)) is not None
    again = Journal(pump.flash, SMALL)
    again.open()
    assert program_in(again) == before
    assert not again.can_commit()


def test_a_program_that_is_too_long_is_not_taken():
    journal = Journal(used_flash(), SMALL)
    journal.open()
    journal.write(last_state(journal))
    while journal.needs_erase():
        journal.erase_one()
    assert journal.put_program(bytes(4089)) is None
    assert journal.can_commit()
    assert journal.put_program(bytes(4088)) is not None


@pytest.mark.requirement("event-log-size")
def test_at_least_a_thousand_events_stay_readable():
    journal = Journal(NorFlash(BOARD.sectors, strict=False))
    journal.open()
    for number in range(1, 60 * 128 + 300):
        assert journal.append_event(number, 0, 0, 0, 0, 70_000, 0, 0)
        if journal.needs_erase() and number % 7 == 0:
            journal.erase_one()
    assert journal.latest_event - journal.oldest_event() >= 1000
    for sequence in range(journal.oldest_event(), journal.latest_event + 1):
        assert journal.event(sequence) == (sequence, sequence, 0, 0, 0, 0, 70_000 - 65_536, 0, 0)
    assert journal.event(journal.latest_event + 1) is None
    assert journal.event(journal.oldest_event() - 1) is None


def test_opening_full_rings_takes_few_enough_reads_for_the_board():
    flash = CountingFlash(BOARD.sectors, strict=False)
    pump = Pump(flash, BOARD)
    pump.write()
    for _ in range(60 * 128):
        pump.event()
    for _ in range(33 * 32):
        pump.grant()
        pump.upkeep()
    flash.reads = 0
    pump.power_up()
    flash.reads = 0
    Journal(flash).open()
    print("reads to open:", flash.reads)
    assert flash.reads <= 32 + 32 + 60 + 2 * 32 + 128 + 16
