"""The driver of the balance against a simulated one, through pyserial over a real pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal_hil.instruments import balance as driver
from thecal_hil.instruments.balance import (
    Balance,
    BalanceAnswerError,
    BalanceError,
    BalanceRefusedError,
    BalanceSilentError,
    OutOfRangeError,
    Reading,
)
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance


class Pan:
    """A weight that lies there, or swings."""

    def __init__(self) -> None:
        self.grams, self.is_stable = 0.0, True

    def reading_g(self, _t_ns: int) -> tuple[float, bool]:
        return self.grams, self.is_stable


@pytest.fixture
def pan() -> Pan:
    return Pan()


@pytest.fixture
def simulated(pan: Pan) -> Iterator[SimulatedBalance]:
    with SimulatedBalance(MtSics(pan, serial_number="B123456789", stable_within_s=0.3)) as balance:
        yield balance


@pytest.fixture
def balance(simulated: SimulatedBalance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Balance]:
    monkeypatch.setattr(driver, "_QUICK_ANSWER_S", 0.5)
    with serial.Serial(simulated.path, timeout=1, write_timeout=1, exclusive=True) as port:
        yield Balance(port, stable_within_s=1.0)


def test_a_balance_says_who_it_is(balance):
    assert balance.cancel() == "B123456789"
    assert balance.serial_number() == "B123456789"
    assert balance.model() == "Simulated 120 g"


@pytest.mark.requirement("balance-readings", "balance-stable")
def test_a_weight_has_the_digits_of_the_display_and_says_whether_it_is_stable(balance, pan):
    pan.grams = 18.00004
    assert balance.weigh_stable() == Reading(Decimal("18.0000"), "g", is_stable=True)
    pan.grams, pan.is_stable = 17.12345, False
    reading = balance.weigh()
    assert (reading.value, reading.is_stable) == (Decimal("17.1234"), False)
    assert reading.resolution_g == Decimal("0.0001")


@pytest.mark.requirement("balance-stable")
def test_a_weight_that_does_not_come_to_rest_is_refused_and_not_passed_off_as_stable(balance, pan):
    pan.is_stable = False
    with pytest.raises(BalanceRefusedError, match="did not become stable in time"):
        balance.weigh_stable()


@pytest.mark.requirement("balance-errors")
@pytest.mark.parametrize(("grams", "is_over"), [(130.0, True), (-5.0, False)])
def test_a_pan_out_of_range_gives_no_weight(balance, pan, grams, is_over):
    pan.grams = grams
    for action in (balance.weigh, balance.weigh_stable, balance.tare, balance.zero):
        with pytest.raises(OutOfRangeError) as found:
            action()
        assert found.value.is_over is is_over


def test_what_stands_on_the_pan_is_tared_away(balance, pan):
    pan.grams = 20.5
    assert balance.tare().value == Decimal("20.5000")
    pan.grams = 20.75
    assert balance.weigh_stable().grams == Decimal("0.2500")
    pan.grams = 21.5
    assert balance.weigh_stable().value == Decimal("1.0000")
    balance.zero()
    assert balance.weigh_stable().value == 0


def test_weights_come_repeatedly_until_enough_of_them_have(balance, pan):
    pan.grams = 1.5
    readings = balance.repeat()
    assert [reading.value for reading in islice(readings, 3)] == [Decimal("1.5000")] * 3
    readings.close()
    assert balance.serial_number() == "B123456789"


def test_a_repetition_that_another_program_left_behind_is_ended(balance, simulated):
    simulated.balance.push(b"SIR\r\n", 0)
    assert balance.cancel() == "B123456789"
    assert balance.weigh_stable().value == 0


@pytest.mark.requirement("balance-errors")
def test_a_balance_that_goes_silent_is_told_within_the_time_allowed(balance, simulated):
    assert balance.weigh().value == 0
    simulated.balance.is_silent = True
    for action in (balance.weigh, balance.weigh_stable, balance.cancel, balance.zero):
        with pytest.raises(BalanceSilentError, match="sent nothing within the time allowed"):
            action()
    simulated.balance.is_silent = False
    assert balance.weigh().value == 0


@pytest.mark.requirement("balance-errors")
@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (b"S S     1.2", BalanceSilentError, r"sent only b'S S     1.2' within"),
        (b"\xff\x00\x12\r\n", BalanceAnswerError, "answers SI with"),
        (b"\r\n", BalanceAnswerError, "with an empty line"),
        (b"S S      1.O g\r\n", BalanceAnswerError, "no number in"),
        (b"S S       NaN g\r\n", BalanceAnswerError, "no number in"),
        (b"S S     1.0000\r\n", BalanceAnswerError, "no weight"),
        (b"S X     1.0000 g\r\n", BalanceAnswerError, "no weight"),
        (b"T S     1.0000 g\r\n", BalanceAnswerError, "answers SI with"),
        (300 * b"\x55", BalanceAnswerError, "check its baud rate"),
        (b"ES\r\n", BalanceRefusedError, "does not know the command: SI"),
        (b"ET\r\n", BalanceRefusedError, "fault in transmission"),
        (b"EL\r\n", BalanceRefusedError, "wrong parameter"),
        (b"S L\r\n", BalanceRefusedError, "not its parameter"),
    ],
)
def test_what_is_no_weight_is_told_as_what_it_is(balance, simulated, monkeypatch, noise, error, message):
    simulated.balance.is_silent = True
    send = balance._send

    def answered_by_noise(command: str) -> None:
        send(command)
        simulated.send(noise)

    monkeypatch.setattr(balance, "_send", answered_by_noise)
    with pytest.raises(error, match=message):
        balance.weigh()


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(balance, simulated, pan):
    pan.grams = 3.0
    simulated.send(b"S S     9.9999 g\r\n")
    assert balance.weigh().value == Decimal("3.0000")


def test_a_balance_in_its_menu_refuses_everything_but_its_name(balance, simulated):
    simulated.balance.is_locked = True
    for action in (balance.weigh, balance.weigh_stable, balance.zero, balance.tare):
        with pytest.raises(BalanceRefusedError, match="busy"):
            action()
    assert balance.serial_number() == "B123456789"


@pytest.mark.requirement("balance-readings")
@pytest.mark.parametrize(
    ("unit", "value", "grams"), [("mg", "12.5", "0.0125"), ("kg", "0.5", "500"), ("ug", "7", "0.000007")]
)
def test_other_units_of_mass_are_turned_into_grams(unit, value, grams):
    assert Reading(Decimal(value), unit, is_stable=True).grams == Decimal(grams)


@pytest.mark.requirement("balance-errors")
def test_a_unit_that_is_no_mass_is_refused_with_its_name():
    with pytest.raises(BalanceError, match="weighs in 'pcs'; set it to one of g, kg"):
        _ = Reading(Decimal(3), "pcs", is_stable=True).grams


SICS_COMMANDS = (b"@", b"I2", b"I4", b"S", b"SI", b"SIR", b"Z", b"ZI", b"T", b"TI")


@settings(deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.binary(max_size=90), st.sampled_from(SICS_COMMANDS).map(lambda c: c + b"\r\n"))))
def test_whatever_a_balance_is_sent_it_answers_with_whole_lines(pieces):
    sics = MtSics(Pan())
    for number, piece in enumerate(pieces):
        answer = sics.push(piece, number * 10**8) + sics.poll(number * 10**8)
        assert not answer or answer.endswith(b"\r\n")
    sics.push(b"\r\n", 10**12)
    assert sics.push(b"@\r\n", 10**12) == b'I4 A "0000000001"\r\n'


@pytest.mark.parametrize(("line", "answer"), [(b"X1", b"ES"), (b"SI 3", b"EL"), (90 * b"x", b"ET")])
def test_an_unknown_command_is_answered_with_its_error(line, answer):
    assert MtSics(Pan()).push(line + b"\r\n", 0).split(b"\r\n")[0] == answer
