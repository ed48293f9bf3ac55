"""Presses of the button, made out from looks at its line as the pump takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.press import (
    LONGEST_PRESS_US,
    LOOK_US,
    NO_PRESS,
    REST_S,
    SETTLED_US,
    STUCK_S,
    Press,
)

MS = 1_000
SECOND = 1_000_000
END_US = 200 * SECOND


def looks_at(changes: list[int], until_us: int, press: Press | None = None) -> tuple[Press, list[int]]:
    """Return a line that goes down, up, down ... at these instants, looked at when it moves and when the press is
    due; the presses found."""
    press = press or Press()
    found, is_down = [], False
    waiting = sorted(changes)
    now_us = 0
    while True:
        due_us = press.due_s * SECOND + press.due_us
        next_us = min(due_us, waiting[0] if waiting else due_us)
        if next_us > until_us:
            return press, found
        now_us = max(now_us, next_us)
        has_moved = False
        while waiting and waiting[0] <= now_us:
            waiting.pop(0)
            is_down, has_moved = not is_down, True
        held_ms = press.look(is_down, has_moved, now_us // SECOND, now_us % SECOND)
        if held_ms != NO_PRESS:
            found.append(held_ms)


@pytest.mark.requirement("button-press")
@given(
    st.integers(2 * SETTLED_US + LOOK_US, LONGEST_PRESS_US - SETTLED_US),
    st.lists(st.integers(1, SETTLED_US // 10), max_size=4),
    st.lists(st.integers(1, SETTLED_US // 10), max_size=4),
)
def test_a_press_is_one_press_however_its_contacts_bounce(
    held_us: int, closing: list[int], opening: list[int]
) -> None:
    down_us = 5 * SECOND
    changes = [down_us, down_us + held_us]
    for bounces, at_us in ((closing, down_us), (opening, down_us + held_us)):
        for gap_us in bounces:
            changes += [at_us + gap_us, at_us + gap_us + 1]
            at_us += gap_us + 1
    press, found = looks_at(changes, END_US)
    assert len(found) == 1
    assert abs(found[0] - held_us // MS) <= SETTLED_US // MS
    assert (press.is_down, press.is_faulty) == (False, False)


@pytest.mark.requirement("button-short")
@given(st.lists(st.tuples(st.integers(1, SETTLED_US - 1), st.integers(SECOND, 3 * SECOND)), max_size=40))
def test_what_is_shorter_than_a_finger_can_be_is_no_press_however_often(
    pulses: list[tuple[int, int]],
) -> None:
    changes, at_us = [], SECOND
    for length_us, gap_us in pulses:
        changes += [at_us, at_us + length_us]
        at_us += length_us + gap_us
    press, found = looks_at(changes, at_us + SECOND)
    assert found == []
    assert not press.is_faulty


@pytest.mark.requirement("button-long")
def test_a_button_that_is_held_for_longer_asks_for_nothing() -> None:
    assert looks_at([SECOND, SECOND + LONGEST_PRESS_US + 1], END_US)[1] == []
    assert looks_at([SECOND, SECOND + LONGEST_PRESS_US], END_US)[1] == [LONGEST_PRESS_US // MS]


@pytest.mark.requirement("button-held")
def test_a_button_that_is_held_for_a_minute_is_stuck_until_it_is_let_go_of() -> None:
    changes = [SECOND, 100 * SECOND]
    assert not looks_at(changes, (STUCK_S + 1) * SECOND - 1)[0].is_faulty
    assert looks_at(changes, (STUCK_S + 1) * SECOND)[0].is_faulty
    press, found = looks_at([*changes, 110 * SECOND, 110 * SECOND + 300 * MS], 120 * SECOND)
    assert (press.is_faulty, found) == (False, [300])


@pytest.mark.requirement("button-fault", "button-fault-asks-nothing")
def test_a_button_that_is_down_at_a_reset_is_stuck_and_its_release_is_no_press() -> None:
    press = Press()
    press.begin(True, 0, 0)
    assert press.is_faulty
    assert press.look(False, True, 1, 0) == NO_PRESS
    assert press.is_faulty
    assert press.look(False, False, 1, SETTLED_US) == NO_PRESS
    assert not press.is_faulty


@pytest.mark.requirement("button-press")
def test_a_push_that_has_served_for_something_else_is_no_press() -> None:
    press = looks_at([SECOND], 2 * SECOND)[0]
    assert press.is_down
    press.spend(2, 0)
    assert press.look(False, True, 2, 0) == NO_PRESS
    assert press.look(False, False, 2, SETTLED_US) == NO_PRESS
    assert not press.is_down
    # The next one is its own.
    press.look(True, True, 3, 0)
    press.look(True, False, 3, SETTLED_US)
    press.look(False, True, 3, 400 * MS)
    assert press.look(False, False, 3, 400 * MS + SETTLED_US) == 400


@pytest.mark.requirement("button-press")
@pytest.mark.parametrize("after_ms", [0, 20, 45, 60, 300])
def test_a_push_serves_for_one_thing_however_soon_after_its_beginning_that_is(after_ms: int) -> None:
    press = Press()
    press.look(True, True, 5, 0)
    press.spend(5, after_ms * MS)
    press.look(True, False, 5, SETTLED_US)
    press.look(False, True, 5, 400 * MS)
    assert press.look(False, False, 5, 400 * MS + SETTLED_US) == NO_PRESS


@pytest.mark.requirement("button-fault-asks-nothing")
def test_a_line_that_comes_to_rest_pushed_down_is_faulty_until_it_is_let_go_of_and_that_is_no_press() -> None:
    press = Press()
    for look in range(64):
        press.look(look % 2 == 0, True, 0, 10 * MS * look)
    press.look(True, True, press.due_s, press.due_us)
    press.look(True, False, press.due_s, press.due_us)
    assert (press.is_down, press.is_faulty) == (True, True)
    assert press.look(False, True, REST_S + 1, 0) == NO_PRESS
    assert press.look(False, False, REST_S + 1, SETTLED_US) == NO_PRESS
    assert (press.is_down, press.is_faulty) == (False, False)


@pytest.mark.requirement("button-restless")
def test_a_line_that_is_never_at_rest_is_left_alone_and_tried_again_until_it_is() -> None:
    noise_us = 40 * SECOND
    press, looks = Press(), 0
    now_us = 0
    while now_us < noise_us:
        press.look(looks % 3 == 0, True, now_us // SECOND, now_us % SECOND)
        looks += 1
        resting = press.is_faulty and press.due_s - now_us // SECOND > 1
        now_us = press.due_s * SECOND + press.due_us if resting else now_us + 7 * MS
    assert press.is_faulty
    assert looks < 64 + 3 * (noise_us // SECOND // REST_S + 1)
    while press.due_s * SECOND < END_US:
        press.look(False, False, press.due_s, press.due_us)
    assert not press.is_faulty


def noise(press: Press, from_us: int, gap_us: int, looks: int) -> int:
    """Look at a line that has moved before each look, and is up at each; return the instant of the last."""
    last_us = from_us + (looks - 1) * gap_us
    for now_us in range(from_us, last_us + 1, gap_us):
        press.look(False, True, now_us // SECOND, now_us % SECOND)
    return last_us


def test_a_new_button_is_up_sound_and_never_due() -> None:
    press = Press()
    assert (press.is_down, press.is_faulty) == (False, False)
    assert (press.due_s, press.due_us) == (NEVER_S, 0)


@pytest.mark.parametrize("from_us", [0, 5 * SECOND])
@pytest.mark.parametrize("gap_us", [1_000, 50_000])
def test_a_line_is_restless_at_its_64th_movement_in_a_row(from_us: int, gap_us: int) -> None:
    press = Press()
    last_us = noise(press, from_us, gap_us, 63)
    assert not press.is_faulty
    noise(press, last_us + gap_us, gap_us, 1)
    assert press.is_faulty


def test_movements_that_are_further_apart_than_a_twentieth_of_a_second_are_no_disturbance() -> None:
    press = Press()
    noise(press, 5 * SECOND, 50_001, 200)
    assert not press.is_faulty


def test_movements_are_counted_anew_after_a_pause() -> None:
    press = Press()
    last_us = noise(press, 5 * SECOND, 1_000, 63)
    last_us = noise(press, last_us + 200_001, 1_000, 63)
    assert not press.is_faulty
    noise(press, last_us + 1_000, 1_000, 1)
    assert press.is_faulty


def test_a_line_that_is_looked_at_often_but_does_not_move_is_at_rest() -> None:
    press = Press()
    for number in range(200):
        press.look(False, False, 5, number * 1_000)
    assert not press.is_faulty


@pytest.mark.requirement("button-restless")
def test_a_restless_line_is_left_alone_for_ten_seconds_and_then_has_30_ms_to_show_that_it_rests() -> None:
    press = Press()
    last_us = noise(press, 5 * SECOND, 1_000, 64)
    assert (press.due_s, press.due_us) == (15, last_us - 5 * SECOND)
    for now_s in (6, 14):
        # Whatever the line does meanwhile is not looked at.
        assert press.look(True, True, now_s, 0) == NO_PRESS
        assert (press.due_s, press.due_us) == (15, last_us - 5 * SECOND)
    press.look(False, False, 15, last_us - 5 * SECOND)
    assert press.is_faulty
    assert (press.due_s, press.due_us) == (15, last_us - 5 * SECOND + LOOK_US)
    press.look(False, False, press.due_s, press.due_us)
    assert not press.is_faulty
    assert press.due_s == NEVER_S


@pytest.mark.requirement("button-restless")
def test_a_line_that_moves_while_it_is_tried_is_left_alone_again() -> None:
    press = Press()
    noise(press, 5 * SECOND, 1_000, 64)
    press.look(False, False, 16, 0)
    press.look(False, True, 16, LOOK_US)
    assert press.is_faulty
    assert (press.due_s, press.due_us) == (16 + REST_S, LOOK_US)


@pytest.mark.requirement("button-press", "button-fault")
def test_once_the_line_rests_a_press_is_a_press_again() -> None:
    press = Press()
    noise(press, 5 * SECOND, 1_000, 64)
    press.look(False, False, 16, 0)
    press.look(False, False, 16, LOOK_US)
    press.look(True, True, 20, 0)
    press.look(True, False, 20, SETTLED_US)
    press.look(False, True, 20, 300 * MS)
    assert press.look(False, False, 20, 300 * MS + SETTLED_US) == 300


@pytest.mark.requirement("button-fault-asks-nothing")
def test_a_button_that_is_down_when_its_line_comes_to_rest_stays_faulty_until_it_is_let_go_of() -> None:
    press = Press()
    press.look(True, True, 4, 0)
    press.look(True, False, 4, SETTLED_US)
    assert press.is_down
    for number in range(64):
        press.look(True, True, 5, number * MS)
    press.look(True, False, 16, 0)
    press.look(True, False, 16, LOOK_US)
    assert press.is_faulty
    press.look(False, True, 17, 0)
    assert press.look(False, False, 17, SETTLED_US) == NO_PRESS
    assert not press.is_faulty


def press_of_300_ms(press: Press, from_us: int) -> int:
    """Return what comes of a push that begins at an instant."""
    held_ms = NO_PRESS
    for off_us, is_down in ((0, True), (SETTLED_US, True), (300 * MS, False), (300 * MS + SETTLED_US, False)):
        s, us = divmod(from_us + off_us, SECOND)
        held_ms = press.look(is_down, off_us % (300 * MS) == 0, s, us)
    return held_ms


@pytest.mark.requirement("button-press")
@pytest.mark.parametrize("from_us", [0, SECOND])
def test_a_push_right_after_a_reset_that_serves_for_nothing_else_is_a_press(from_us: int) -> None:
    assert press_of_300_ms(Press(), from_us) == 300


@pytest.mark.requirement("button-press")
@pytest.mark.parametrize(("before_us", "found"), [(200_000, NO_PRESS), (200_001, 300), (50 * SECOND, 300)])
def test_a_push_serves_for_what_was_begun_up_to_a_fifth_of_a_second_before_it(
    before_us: int, found: int
) -> None:
    press = Press()
    press.spend(100 - before_us // SECOND - 1, SECOND - before_us % SECOND)
    assert press_of_300_ms(press, 100 * SECOND) == found


@pytest.mark.requirement("button-press")
def test_what_is_begun_during_a_push_however_long_after_its_beginning_has_it_as_its_own() -> None:
    press = Press()
    press.look(True, True, 5, 0)
    press.look(True, False, 5, SETTLED_US)
    press.spend(6, 999_999)
    press.look(False, True, 7, 0)
    assert press.look(False, False, 7, SETTLED_US) == NO_PRESS


@pytest.mark.parametrize(
    ("at_us", "due"), [(969_999, (7, 999_999)), (970_000, (8, 0)), (970_001, (8, 1)), (0, (7, LOOK_US))]
)
def test_a_line_that_moves_is_looked_at_again_30_ms_later(at_us: int, due: tuple[int, int]) -> None:
    press = Press()
    press.look(True, True, 7, at_us)
    assert (press.due_s, press.due_us) == due


@pytest.mark.requirement("button-fault")
def test_a_stuck_button_is_not_looked_at_until_its_line_moves() -> None:
    press = Press()
    press.look(True, True, 7, 5)
    press.look(True, False, 7, 5 + SETTLED_US)
    assert (press.due_s, press.due_us) == (7 + STUCK_S, 5)
    press.look(True, False, 7 + STUCK_S, 5)
    assert press.is_faulty
    assert press.due_s == NEVER_S
