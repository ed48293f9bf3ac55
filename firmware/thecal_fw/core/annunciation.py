"""The rhythm of the buzzer: a repeating pattern for each alarm priority, and short ones that answer a person.

Non-critical: one tone of a second, every hour. Critical: six short tones over three seconds, every ten
minutes. A pattern begins at once when its priority becomes audible, and anew when a further alarm of that priority
does, unless its tones are sounding just then: so each alarm is marked by the tones that begin with it. What answers a
person sounds once, never into an alarm's tones, and ends at once for an alarm that becomes audible.
"""

from thecal_fw.core.alarm_sets import NO_ALARMS, SET_BYTES
from thecal_fw.core.instant import NEVER_S, is_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets

_HALF_PERIOD_US = 250_000
_ANSWER_US = 100_000

# tones, length of a tone and of the pause after it in microseconds, seconds from pattern to pattern
PATTERNS = (
    (1, 1_000_000, 0, 3_600),
    (6, _HALF_PERIOD_US, _HALF_PERIOD_US, 600),
    (1, _ANSWER_US, 0, 0),
    (3, _ANSWER_US, _ANSWER_US, 0),
)
ANSWER_GIVEN = 2
ANSWER_REFUSED = 3


class Annunciation:
    """State of the buzzer. ``next_s``, ``next_us``: when it next has to be looked at."""

    def __init__(self) -> None:
        self.is_on = False
        self.next_s = NEVER_S
        self.next_us = 0
        self._priority = -1
        self._audible = bytearray(SET_BYTES)
        self._once = -1
        self._edge = 0
        self._pattern_s = 0
        self._pattern_us = 0

    def update(self, now_s: int, now_us: int, priority: int, audible: "Octets" = NO_ALARMS) -> bool:
        """Return the buzzer level at this instant for the audible priority (-1: none) and the set of its alarms."""
        is_another = self._is_further(audible) and (self._once >= 0 or self._edge == 0)
        if priority != self._priority or is_another:
            self._priority = priority
            self._once = -1
            self._edge = 0
            self._pattern_s, self._pattern_us = now_s, now_us
            self.next_s, self.next_us = now_s, now_us
            if priority < 0:
                self.is_on = False
                self.next_s = NEVER_S
        while not is_before(now_s, now_us, self.next_s, self.next_us):
            self._advance()
        return self.is_on

    def _is_further(self, audible: "Octets") -> bool:
        """Return True if an alarm is among these that was not audible last time."""
        if audible == self._audible:
            return False
        is_further = False
        for place in range(SET_BYTES):
            if audible[place] & ~self._audible[place]:
                is_further = True
            self._audible[place] = audible[place]
        return is_further

    def play_once(self, pattern: int, now_s: int, now_us: int) -> bool:
        """Sound a pattern once, of those that answer or an alarm's; False if tones are sounding already."""
        if self._once >= 0 or self._edge > 0:
            return False
        self._once = pattern
        self.next_s, self.next_us = now_s, now_us
        return True

    def _advance(self) -> None:
        tones, tone_us, pause_us, repeat_s = PATTERNS[self._once if self._once >= 0 else self._priority]
        self.is_on = self._edge % 2 == 0
        if self.is_on:
            self._after(tone_us)
        elif self._edge < 2 * tones - 1:
            self._after(pause_us)
        else:
            self._edge = -1
            if self._once < 0:
                self._pattern_s += repeat_s
            elif is_before(self._pattern_s, self._pattern_us, self.next_s, self.next_us):
                # An alarm's turn came meanwhile: all of its tones sound, only later.
                self._pattern_s, self._pattern_us = self.next_s, self.next_us
            self._once = -1
            self.next_s, self.next_us = self._pattern_s, self._pattern_us
            if self._priority < 0:
                self.next_s = NEVER_S
        self._edge += 1

    def _after(self, delay_us: int) -> None:
        us = self.next_us + delay_us
        self.next_s += us // 1_000_000
        self.next_us = us % 1_000_000
