"""When the buzzer sounds: a repeating pattern for each alarm priority.

Non-critical: one tone of a second, every hour. Critical: six short tones over three seconds, every ten
minutes. A pattern begins at once when its priority becomes audible, so the first tone marks the alarm.
"""

from thecal_fw.core.instant import NEVER_S, is_before

_HALF_PERIOD_US = 250_000

# tones, length of a tone and of the pause after it in microseconds, seconds from pattern to pattern
PATTERNS = (
    (1, 1_000_000, 0, 3_600),
    (6, _HALF_PERIOD_US, _HALF_PERIOD_US, 600),
)


class Annunciation:
    """State of the buzzer. ``next_s``, ``next_us``: when it next has to be looked at."""

    def __init__(self):
        self.is_on = False
        self.next_s = NEVER_S
        self.next_us = 0
        self._priority = -1
        self._edge = 0
        self._pattern_s = 0
        self._pattern_us = 0

    def update(self, now_s: int, now_us: int, priority: int) -> bool:
        """Buzzer level for the audible priority (-1: none) at this instant."""
        if priority != self._priority:
            self._priority = priority
            self._edge = 0
            self._pattern_s, self._pattern_us = now_s, now_us
            self.next_s, self.next_us = now_s, now_us
            if priority < 0:
                self.is_on = False
                self.next_s = NEVER_S
        while not is_before(now_s, now_us, self.next_s, self.next_us):
            self._advance()
        return self.is_on

    def _advance(self) -> None:
        tones, tone_us, pause_us, repeat_s = PATTERNS[self._priority]
        self.is_on = self._edge % 2 == 0
        if self.is_on:
            self._after(tone_us)
        elif self._edge < 2 * tones - 1:
            self._after(pause_us)
        else:
            self._edge = -1
            self._pattern_s += repeat_s
            self.next_s, self.next_us = self._pattern_s, self._pattern_us
        self._edge += 1

    def _after(self, delay_us: int) -> None:
        us = self.next_us + delay_us
        self.next_s += us // 1_000_000
        self.next_us = us % 1_000_000
