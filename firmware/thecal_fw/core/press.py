"""Short presses of a push-button, made out from looks at its line.

Promises: contacts that bounce make one press; what is shorter than a finger can be is none; a button held down longer
than a press asks for nothing; one that is held at a reset, for longer than anybody would, or whose line is never at
rest, is faulty until it has been let go of, and asks for nothing meanwhile.
"""

from thecal_fw.core.instant import NEVER_S, is_before

NO_PRESS = -1

LOOK_US = 30_000
"""From look to look while the line moves: longer than a record takes to write, so that one still gets its turn."""
SETTLED_US = 50_000
"""A level counts once it has stood for so long; contacts bounce for less, and a finger is slower."""
LONGEST_PRESS_US = 2_000_000
"""Held for longer it is no press: the button is held that way while a host is given a key."""
STUCK_S = 60
_RESTLESS_LOOKS = 64
_RESTLESS_GAP_US = 50_000
"""Movements that are further apart than this are not one disturbance: spikes that come ten times a second leave the
button usable, and each wakes the pump for a moment."""
_SPENT_WITHIN_US = 200_000
"""A push serves for something else if that came no earlier than this before the push was made out."""
REST_S = 10
"""A line that is never at rest is left alone for so long: it may not keep the pump awake."""


def _us_since(s: int, us: int, now_s: int, now_us: int) -> int:
    return min(now_s - s, 1_000) * 1_000_000 + now_us - us


class Press:
    """One button. is_down: its debounced state. due_s, due_us: when to look next if the line does not move before.

    is_faulty: whether it is stuck or restless.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.is_faulty = False
        self.due_s = NEVER_S
        self.due_us = 0
        self._pressed_s = self._pressed_us = 0
        self._changing_s = NEVER_S
        self._changing_us = 0
        self._moved_s = self._moved_us = 0
        self._moved_looks = 0
        self._spent_s, self._spent_us = -1, 0
        self._rests = self._is_on_trial = False

    def begin(self, is_down: bool, now_s: int, now_us: int) -> None:
        """Begin after a reset. A button that is down then is stuck until it proves otherwise."""
        self.is_down = self.is_faulty = is_down
        self._pressed_s, self._pressed_us = now_s, now_us

    def spend(self, now_s: int, now_us: int) -> None:
        """Spend the push of this moment, settled or not, on something else: its end is no press."""
        self._spent_s, self._spent_us = now_s, now_us

    def look(self, is_down: bool, has_moved: bool, now_s: int, now_us: int) -> int:
        """Take a look at the line, which has moved since the last one or not; milliseconds of a short press that is
        over, or NO_PRESS."""
        if self._rests:
            if is_before(now_s, now_us, self.due_s, self.due_us):
                return NO_PRESS
            self._rests = False
            self._is_on_trial = True
            self._look_again(now_s, now_us)
            return NO_PRESS
        if self._is_restless(is_down, has_moved, now_s, now_us):
            self._rest(now_s, now_us)
            return NO_PRESS
        held_ms = self._debounce(is_down, now_s, now_us)
        if self._changing_s != NEVER_S:
            self._look_again(now_s, now_us)
        elif self.is_down and not self.is_faulty:
            self._wait_for_release(now_s, now_us)
        else:
            self.due_s = NEVER_S
        return held_ms

    def _debounce(self, is_down: bool, now_s: int, now_us: int) -> int:
        if is_down == self.is_down:
            self._changing_s = NEVER_S
            return NO_PRESS
        if self._changing_s == NEVER_S:
            self._changing_s, self._changing_us = now_s, now_us
        if _us_since(self._changing_s, self._changing_us, now_s, now_us) < SETTLED_US:
            return NO_PRESS
        begun_s, begun_us = self._changing_s, self._changing_us
        self._changing_s = NEVER_S
        self.is_down = is_down
        if is_down:
            self._pressed_s, self._pressed_us = begun_s, begun_us
            return NO_PRESS
        held_us = _us_since(self._pressed_s, self._pressed_us, begun_s, begun_us)
        spent_us = _us_since(self._pressed_s, self._pressed_us, self._spent_s, self._spent_us)
        is_spent = spent_us >= -_SPENT_WITHIN_US
        is_press = not self.is_faulty and not is_spent and held_us <= LONGEST_PRESS_US
        self.is_faulty = False
        return held_us // 1_000 if is_press else NO_PRESS

    def _is_restless(self, is_down: bool, has_moved: bool, now_s: int, now_us: int) -> bool:
        if self._is_on_trial:
            self._is_on_trial = False
            if not has_moved:
                # What was debounced before the rest is long past. A button that is down now has to be let go of.
                self.is_down = self.is_faulty = is_down
            return has_moved
        if not has_moved:
            return False
        if _us_since(self._moved_s, self._moved_us, now_s, now_us) > _RESTLESS_GAP_US:
            self._moved_looks = 0
        self._moved_looks += 1
        self._moved_s, self._moved_us = now_s, now_us
        return self._moved_looks >= _RESTLESS_LOOKS

    def _rest(self, now_s: int, now_us: int) -> None:
        self.is_faulty = self._rests = True
        self.due_s, self.due_us = now_s + REST_S, now_us

    def _look_again(self, now_s: int, now_us: int) -> None:
        us = now_us + LOOK_US
        self.due_s, self.due_us = now_s + us // 1_000_000, us % 1_000_000

    def _wait_for_release(self, now_s: int, now_us: int) -> None:
        self.due_s, self.due_us = self._pressed_s + STUCK_S, self._pressed_us
        if not is_before(now_s, now_us, self.due_s, self.due_us):
            self.is_faulty = True
            self.due_s = NEVER_S
