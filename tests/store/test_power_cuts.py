"""The power fails at any instant, and the interrupted operation turns out in any way: the pump knows afterwards what
it had promised to know."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.pump import Pump, cut_during
from thecal_sim.nor_flash import AFTER, BEFORE, ERASE, TORN_ERASE, TORN_PROGRAM, NorFlash

ALL_OUTCOMES = sorted({*TORN_PROGRAM, *TORN_ERASE, BEFORE, AFTER})
SESSION = [
    "grant",
    "event",
    "upkeep",
    "commit",
    "grant",
    "upkeep",
    "event",
    "write",
    "commit",
    "grant",
    "upkeep",
    "grant",
]


def aged(writes: int, seed: int) -> Pump:
    """Return a pump with a program that has written so many states, each followed by upkeep, and some events."""
    pump = Pump(NorFlash(11, seed))
    if writes:
        pump.write()
        pump.commit()
        for number in range(writes):
            pump.grant()
            pump.upkeep()
            if number % 3 == 0:
                pump.event()
    return pump


def kinds_of(writes: int, actions: list[str]) -> list[str]:
    """Return the flash operations that actions make, by kind."""
    pump = aged(writes, 0)
    kinds: list[str] = []
    pump.flash.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
    for action in actions:
        pump.do(action)
    return kinds


def outcomes_of(kind: str) -> tuple[str, ...]:
    return (BEFORE, *(TORN_ERASE if kind == ERASE else TORN_PROGRAM), AFTER)


def every_cut(writes: int) -> Iterator[tuple[int, str]]:
    for index, kind in enumerate(kinds_of(writes, SESSION)):
        for outcome in outcomes_of(kind):
            yield index, outcome


class Cutter:
    """Cuts the power at the operation that is so many operations ahead, in an outcome that fits it."""

    def __init__(self, pump: Pump, ahead: int, wish: str) -> None:
        self._at = pump.flash.operation + ahead
        self._pump = pump
        self._wish = wish
        pump.flash.before_operation = self._look

    def _look(self, index: int, kind: str, sector: int, offset: int) -> None:
        if index == self._at:
            fitting = outcomes_of(kind)
            other = fitting[ALL_OUTCOMES.index(self._wish) % len(fitting)]
            self._pump.flash.cut_at(index, self._wish if self._wish in fitting else other)


# Writes before the session: none, and such that it crosses the middle, the end of a sector, and that of the ring.
@pytest.mark.requirement("state-survives-power-cut")
@pytest.mark.parametrize("writes", [0, 20, 55, 60, 90])
def test_after_a_cut_at_any_operation_the_state_is_the_last_promised_or_the_one_being_written(writes):
    cuts = 0
    for index, outcome in every_cut(writes):
        pump = aged(writes, cuts)
        Cutter(pump, index, outcome)
        assert cut_during(pump, SESSION)
        pump.power_up()
        assert not cut_during(pump, [*SESSION, "upkeep"])
        pump.power_up()
        cuts += 1
    assert cuts > 200


@pytest.mark.requirement("state-survives-second-cut")
@pytest.mark.parametrize("writes", [8, 55])
def test_a_second_cut_during_recovery_changes_nothing(writes):
    chance = random.Random(writes)
    for number, (index, outcome) in enumerate(every_cut(writes)):
        pump = aged(writes, number)
        Cutter(pump, index, outcome)
        assert cut_during(pump, SESSION)
        for ahead in chance.sample(range(12), 3):
            pump.power_up()
            Cutter(pump, ahead, chance.choice(ALL_OUTCOMES))
            cut_during(pump, ["write", "event", "grant", "upkeep", "commit"])
        pump.power_up()
        assert not cut_during(pump, SESSION)
        pump.power_up()


lives = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["write", "grant", "event", "commit", "upkeep"]), min_size=1, max_size=40),
        st.integers(0, 120),
        st.sampled_from(ALL_OUTCOMES),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.requirement("state-survives-power-cut", "state-survives-second-cut")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 70), st.integers(0, 2**32), lives)
def test_through_any_number_of_lives_cut_short_no_promise_is_broken(writes, seed, lives):
    pump = aged(writes, seed)
    for actions, ahead, outcome in lives:
        Cutter(pump, ahead, outcome)
        cut_during(pump, actions)
        pump.power_up()


@pytest.mark.requirement("state-survives-power-cut")
def test_a_cut_that_left_a_slot_blank_to_the_eye_does_not_spoil_what_is_written_next():
    pump = aged(5, 3)
    Cutter(pump, 0, "weak")
    assert cut_during(pump, ["grant"])
    pump.power_up()
    touched: list[tuple[int, int]] = []
    pump.flash.before_operation = lambda index, kind, sector, offset: touched.append((sector, offset))
    pump.write()
    assert touched[0] != touched[2], "the slot after the newest is given up before the next is written"
