"""A pump reduced to its journal, that remembers beside it what it was promised: which states may be found after
the next power cut, what stands in them, and which events were acknowledged."""

import hashlib
import random

from thecal_fw.core.alarm_sets import SET_BYTES
from thecal_fw.core.journal_condition import BLANK, FOREIGN, LOST
from thecal_fw.store.journal import Journal
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import FIELDS, NO_PAIR, State
from thecal_sim.nor_flash import NorFlash, PowerCutError

SMALL = Layout(state_sectors=2, event_sectors=3)
JOURNALS_OWN = ("sequence", "latest_event", "program_pair", "other_pair_erased")
MOST_ERASES = 20


def program_of(number: int) -> bytes:
    """Return an encoded program like no other, long enough for several pages."""
    return random.Random(number).randbytes(700)


def program_in(journal: Journal) -> bytes | None:
    """Return the program that the journal's state names; None if there is none or no copy is right."""
    buffer = bytearray(4096)
    return bytes(buffer[: journal.read_program(buffer)]) or None


def last_state(journal: Journal) -> State:
    """Return the state that a journal wrote last or found, which there must be."""
    assert journal.state is not None
    return journal.state


def state_of(number: int, program: int | None) -> State:
    """Return a state like no other: its number shows in every field. The program's pair is not filled in."""
    state = State()
    for index, name in enumerate(FIELDS):
        setattr(state, name, (number * 40 + index) % 256 if name not in JOURNALS_OWN else 0)
    state.delivering, state.reservoir_known, state.time_source = number % 2, number // 2 % 2, number % 4
    state.stalls = number % 16
    state.counted_steps, state.granted_steps, state.lifetime_s = number, number + 56, 3 * number
    state.filled_at_steps = number // 2
    state.utc_s, state.utc_us = 1_700_000_000 + number, number * 7
    state.active_alarms = bytes([(number + place) % 256 for place in range(SET_BYTES)])
    state.program_pair, state.program_bytes, state.program_digest = NO_PAIR, 0, bytes(32)
    if program is not None:
        encoded = program_of(program)
        state.program_bytes = len(encoded)
        state.program_digest = hashlib.sha256(encoded).digest()
    return state


def told(state: State) -> tuple:
    """Return what a state says, without what the journal itself puts in."""
    return tuple(getattr(state, name) for name in FIELDS if name not in JOURNALS_OWN)


class Pump:
    """A journal in use.

    possible: what the state may be after a power cut, as ``told``; None stands for a pump that was never used.
    """

    def __init__(self, flash: NorFlash | None = None, layout: Layout = SMALL) -> None:
        self.layout = layout
        self.flash = flash or NorFlash(layout.sectors)
        self.possible: dict[tuple | None, int | None] = {None: None}
        self.events: dict[int, int] = {}
        self.numbers_given: set[int] = set()
        self.number = 0
        self.program: int | None = None
        self.pair = NO_PAIR
        self.journal = Journal(self.flash, layout)
        self.journal.open()

    def write(self, program: int | None = None, pair: int | None = None) -> None:
        self.number += 1
        state = state_of(self.number, self.program if program is None else program)
        state.program_pair = self.pair if pair is None else pair
        self._promise(state, program, lambda: self.journal.write(state))

    def grant(self) -> None:
        last = self.journal.state
        if last is None:
            self.write()
            return
        self.number += 1
        counted, number = last.counted_steps, self.number
        expected = state_copy(last)
        values = (counted + 56, counted + 112, 5 * number, 1_700_000_000 + number, number)
        expected.counted_steps, expected.granted_steps, expected.lifetime_s = values[:3]
        expected.utc_s, expected.utc_us = values[3:]
        self._promise(expected, None, lambda: self.journal.write_grant(*values, latest_event=0))

    def _promise(self, state: State, program: int | None, write) -> None:
        named = self.program if program is None else program
        self.possible[told(state)] = named
        assert write()
        self.possible = {told(state): named}
        self.program, self.pair = named, state.program_pair

    def commit(self) -> None:
        self.upkeep()
        if not self.journal.can_commit():
            # The place for a program is erased only once a state of this life is durable.
            self.write()
            self.upkeep()
        assert self.journal.can_commit()
        self.number += 1
        pair = self.journal.put_program(program_of(self.number))
        assert pair is not None
        self.write(self.number, pair)

    def event(self) -> None:
        self.number += 1
        assert self.journal.append_event(self.number, 1, 2, 3, 4, 5, 6, 7)
        sequence = self.journal.latest_event
        assert sequence not in self.numbers_given
        self.numbers_given.add(sequence)
        self.events[sequence] = self.number

    def upkeep(self) -> None:
        erases = 0
        while self.journal.needs_erase():
            self.journal.erase_one()
            erases += 1
            assert erases < MOST_ERASES

    def do(self, action: str) -> None:
        getattr(self, action)()

    def power_up(self) -> None:
        """Give power after a cut: a new journal, which must find what was promised."""
        self.flash.power_up()
        before = self.flash.operation
        self.journal = Journal(self.flash, self.layout)
        condition = self.journal.open()
        assert self.flash.operation == before, "opening writes nothing"
        assert condition not in (LOST, FOREIGN)
        state = self.journal.state
        if state is None:
            assert condition == BLANK
            assert None in self.possible
            return
        found = told(state)
        assert found in self.possible, "a state that was neither acknowledged nor being written"
        self.program, self.pair = self.possible[found], state.program_pair
        if self.program is not None:
            assert program_in(self.journal) == program_of(self.program)
        else:
            assert program_in(self.journal) is None
        self.check_events()

    def check_events(self) -> None:
        for sequence, number in self.events.items():
            if sequence >= self.journal.oldest_event():
                event = self.journal.event(sequence)
                assert event is not None
                assert event[:2] == (sequence, number)


def state_copy(state: State) -> State:
    copy = State()
    for name in FIELDS:
        setattr(copy, name, getattr(state, name))
    return copy


def cut_during(pump: Pump, actions: list[str]) -> bool:
    """Carry out actions until the power fails; whether it did."""
    try:
        for action in actions:
            pump.do(action)
    except PowerCutError:
        return True
    return False


def used_flash(writes: int = 5) -> NorFlash:
    """Return the flash of a pump that has a program and has written some states."""
    pump = Pump()
    pump.write()
    pump.commit()
    for _ in range(writes):
        pump.grant()
    return pump.flash
