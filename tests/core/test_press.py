"""Presses of the button, made out from looks at its line as the pump takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    """A line that goes down, up, down ... at these instants, looked at when it moves and when the press is due; the
    presses found."""
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


@pytest.mark.requirement("button-press")
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


@pytest.mark.requirement("button-press")
def test_a_button_that_is_held_for_longer_asks_for_nothing() -> None:
    assert looks_at([SECOND, SECOND + LONGEST_PRESS_US + 1], END_US)[1] == []
    assert looks_at([SECOND, SECOND + LONGEST_PRESS_US], END_US)[1] == [LONGEST_PRESS_US // MS]


@pytest.mark.requirement("button-fault")
def test_a_button_that_is_held_for_a_minute_is_stuck_until_it_is_let_go_of() -> None:
    changes = [SECOND, 100 * SECOND]
    assert not looks_at(changes, (STUCK_S + 1) * SECOND - 1)[0].is_faulty
    assert looks_at(changes, (STUCK_S + 1) * SECOND)[0].is_faulty
    press, found = looks_at([*changes, 110 * SECOND, 110 * SECOND + 300 * MS], 120 * SECOND)
    assert (press.is_faulty, found) == (False, [300])


@pytest.mark.requirement("button-fault")
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


@pytest.mark.requirement("button-fault")
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


@pytest.mark.requirement("button-fault")
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
