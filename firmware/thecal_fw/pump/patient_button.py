"""The button on the pump: a short press asks for the patient bolus of the program, and a tone answers.

Promises: a press at the button meets the same rules as a host's request; each is logged, with the reason if it is
refused; a button that is faulty asks for nothing and proves nothing. Nobody needs a key for it: who presses is at the
pump, and the program says what they may have. While nobody touches it, it costs a heartbeat one look at a register.
"""

from thecal_fw.core.alarms import BUTTON_FAULT
from thecal_fw.core.annunciation import ANSWER_GIVEN, ANSWER_REFUSED
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSED_NOT
from thecal_fw.core.events import EVENT_PRESSED
from thecal_fw.core.instant import is_before
from thecal_fw.core.press import NO_PRESS, Press
from thecal_fw.pump.memory import Memory
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.sounder import Sounder
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Button
    from thecal_fw.pump.contracts import Hurry, OnDemand

_ANSWER_US = 150_000
"""More than answering a press takes, with all that the bolus needs written."""


class PatientButton:
    """press: what the looks at the line have made out. waits: whether a movement has to be looked at, or a press
    waits for an answer."""

    def __init__(
        self, line: "Button", time: Timekeeper, reports: Reports, memory: Memory, sounder: Sounder
    ) -> None:
        self._line = line
        self._time = time
        self._reports = reports
        self._memory = memory
        self._sounder = sounder
        self.press = Press()
        self.waits = False
        self._has_moved = False
        self._asks = False

    def connect(self, infusion: "Hurry", on_demand: "OnDemand") -> None:
        self._infusion = infusion
        self._on_demand = on_demand

    def begin(self) -> bool:
        """Begin after a reset; return True if the button is held down, which nobody has a reason to do then."""
        clock = self._time.clock
        self._line.has_moved()
        self.press.begin(self._line.is_held(), clock.s, clock.us)
        return self.press.is_faulty

    def is_held(self) -> bool:
        """Return True if somebody holds the button down. A button that is stuck is held by nobody. This push then
        serves for what was asked, and does not ask for a bolus as well, also if it has only just begun."""
        clock = self._time.clock
        self.press.spend(clock.s, clock.us)
        return not self.press.is_faulty and self._line.is_held()

    def note_moved(self) -> None:
        """Note that the line has moved: it shows whoever asks first, and nobody after that."""
        self._has_moved = self.waits = True

    def check(self, now_s: int, now_us: int) -> None:
        """Look at the button if it is time to. While a change of therapy is near a press waits, as requests do."""
        press = self.press
        has_moved, self._has_moved = self._has_moved or self._line.has_moved(), False
        if has_moved or not is_before(now_s, now_us, press.due_s, press.due_us):
            held_ms = press.look(self._line.is_held(), has_moved, now_s, now_us)
            self._reports.set_alarm(BUTTON_FAULT, press.is_faulty)
            if held_ms != NO_PRESS:
                self._reports.record(EVENT_PRESSED, held_ms)
                self._asks = True
        if self._asks and not self._infusion.is_change_within(_ANSWER_US):
            self._asks = False
            self._sounder.answer(ANSWER_GIVEN if self._ask() else ANSWER_REFUSED)
        self.waits = self._asks

    def _ask(self) -> bool:
        """Return True if the bolus is given. Want of memory ends the press, and never delivery."""
        try:
            self._memory.need()
            return self._ask_for_bolus()
        except MemoryError:
            self._memory.note_want(0)
            return False

    def _ask_for_bolus(self) -> bool:
        boluses = self._on_demand
        bolus = boluses.wanted(KIND_PATIENT, 0, 0)
        refusal = boluses.refusal(bolus)
        if refusal != REFUSED_NOT:
            boluses.refuse(bolus, refusal)
            return False
        return boluses.give(bolus)
