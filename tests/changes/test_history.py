"""The ideal outcome of changes that were promised, and of those that were put off."""

from __future__ import annotations

from fractions import Fraction

import pytest

from thecal_hil.campaigns.changes.history import History, Temporary
from thecal_sim.ideal import Regimen, Span

S = 1_000_000_000
SLOW, FAST = 1_000_000, 9_000_000


@pytest.fixture
def history() -> History:
    """Provide a pump that delivers slowly from the tenth second on."""
    history = History(Regimen.constant(SLOW))
    history.start(9 * S, 10 * S)
    return history


def rates_at(history: History, *seconds: float) -> list[Fraction]:
    return [history.ideal.rate_nl_per_day_at(round(second * S)) for second in seconds]


@pytest.mark.requirement("change-loses-no-pulse", "change-on-a-second")
def test_another_program_holds_from_the_instant_that_was_promised(history):
    history.program(19 * S, 20 * S, Regimen.constant(FAST))
    assert rates_at(history, 19.999, 20) == [SLOW, FAST]


@pytest.mark.requirement("change-loses-no-pulse")
def test_what_held_before_goes_on_until_a_change_that_was_put_off_is_made(history):
    history.program(19 * S, 20 * S, Regimen.constant(FAST))
    history.put_off(round(19.95 * S), 21 * S)
    assert rates_at(history, 20.5, 21) == [SLOW, FAST]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_change_that_is_put_off_twice_is_made_on_the_last_second(history):
    history.program(19 * S, 20 * S, Regimen.constant(FAST))
    history.put_off(round(19.95 * S), 22 * S)
    history.put_off(round(20.95 * S), 22 * S)
    assert rates_at(history, 21.5, 22) == [SLOW, FAST]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_change_asked_for_while_another_is_put_off_is_made_with_it(history):
    history.program(19 * S, 20 * S, Regimen.constant(FAST))
    history.give(round(20.1 * S), Span(21 * S, 25 * S, Fraction(500_000)))
    history.put_off(round(19.95 * S), 21 * S)
    assert rates_at(history, 20.5, 21, 25) == [SLOW, FAST + 500_000, FAST]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_bolus_that_is_put_off_ends_when_it_would_have_ended(history):
    history.give(19 * S, Span(20 * S, 25 * S, Fraction(500_000)))
    history.put_off(round(19.95 * S), 21 * S)
    assert rates_at(history, 20.5, 21, 24.9, 25) == [SLOW, SLOW + 500_000, SLOW + 500_000, SLOW]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_temporary_rate_that_is_put_off_ends_when_it_would_have_ended(history):
    history.set_temporary(19 * S, 20 * S, Temporary(FAST, 25 * S))
    history.put_off(round(19.95 * S), 21 * S)
    assert rates_at(history, 20.5, 21, 24.9, 25) == [SLOW, FAST, FAST, SLOW]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_temporary_rate_that_is_over_before_it_could_begin_is_never_given(history):
    history.set_temporary(19 * S, 20 * S, Temporary(FAST, 21 * S))
    history.put_off(round(19.95 * S), 22 * S)
    assert rates_at(history, 20.5, 21.5, 22.5) == [SLOW, SLOW, SLOW]


@pytest.mark.requirement("change-loses-no-pulse")
def test_another_program_ends_what_was_given_beside_the_one_before(history):
    history.give(19 * S, Span(20 * S, 60 * S, Fraction(500_000)))
    history.set_temporary(29 * S, 30 * S, Temporary(FAST, 90 * S))
    history.program(39 * S, 40 * S, Regimen.constant(SLOW))
    assert rates_at(history, 25, 35, 45) == [SLOW + 500_000, FAST + 500_000, SLOW]


@pytest.mark.requirement("change-loses-no-pulse")
def test_nothing_is_delivered_from_a_stop_to_the_next_start(history):
    history.give(19 * S, Span(20 * S, 60 * S, Fraction(500_000)))
    history.stop(round(25.123 * S), round(25.123 * S))
    history.start(29 * S, 30 * S)
    assert rates_at(history, 25, 26, 31) == [SLOW + 500_000, 0, SLOW]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_change_under_way_is_never_made_once_the_pump_is_stopped(history):
    history.program(19 * S, 20 * S, Regimen.constant(FAST))
    history.stop(round(19.5 * S), round(19.5 * S))
    assert rates_at(history, 19.4, 19.6, 21) == [SLOW, 0, 0]


@pytest.mark.requirement("change-loses-no-pulse")
def test_a_late_change_that_nobody_asked_for_is_an_error(history):
    with pytest.raises(ValueError, match="nobody asked for"):
        history.put_off(50 * S, 51 * S)
