"""The sounds of the buzzer: the tones of the alarms that are not silenced, and answers to somebody at the pump."""

from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Annunciator, Clock


class Sounder:
    """The buzzer of one pump."""

    def __init__(self, annunciator: "Annunciator", clock: "Clock", alarms: Alarms) -> None:
        self._annunciator = annunciator
        self._clock = clock
        self._alarms = alarms
        self.annunciation = Annunciation()
        self._is_on = False

    def update(self, now_s: int, now_us: int) -> None:
        """Have the buzzer sound what it has to at this instant."""
        alarms = self._alarms
        on = self.annunciation.update(now_s, now_us, alarms.audible_priority(), alarms.audible())
        if on != self._is_on:
            self._is_on = on
            self._annunciator.buzzer(on)

    def answer(self, pattern: int) -> bool:
        """Have the buzzer sound a pattern once, for somebody at the pump; False if it is sounding already."""
        return self.annunciation.play_once(pattern, self._clock.s, self._clock.us)
