"""The dose last delivered: how much a day, of which concentration, since when and until when.

It outlives the program that gave it, so whoever programs a pump that was stopped can read what its patient had before.
It is part of the record of doses. Promises: only a program that treats is a dose here, and not the minimum rate that
stands in for it; a start, a reset or a commit that leaves the dose as it is begins no other one.
"""

from thecal_fw.core.dose_record import IS_GIVEN, NO_DOSE
from thecal_fw.core.modes import TREATS
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.schedule import MINUTES_PER_WEEK
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.program import Program
    from thecal_fw.core.week import Week
    from thecal_fw.pump.contracts import Delivery, Doses


class LastDose:
    """dose: as ``DoseRecord.last`` has it.

    It is followed whenever the pump has done anything, so until something changes that compares small numbers only."""

    def __init__(self, time: Timekeeper, orders: Orders) -> None:
        self._time = time
        self._orders = orders
        self.dose = NO_DOSE
        # Of the orders that the dose is of; none after a reset.
        self._number = -1

    def connect(self, infusion: "Delivery", doses: "Doses") -> None:
        self._infusion = infusion
        self._doses = doses

    def restore(self, dose: "tuple[int, ...]") -> None:
        """Restore the last dose after a reset, as the record of doses has it."""
        self.dose = dose

    def follow(self) -> None:
        """Note that a dose has begun or ended, once that is so and what its program gives is known."""
        infusion, orders = self._infusion, self._orders
        program = orders.program
        if infusion.state == STATE_STOPPED or program is None:
            self._end()
        elif infusion.state == STATE_DELIVERING and infusion.change_tick < 0:
            if not (orders.stands() and program.has(TREATS)):
                self._end()
            elif (self._number != orders.number or self.dose[5] != IS_GIVEN) and orders.place.week.is_known:
                self._number = orders.number
                self._begin(program, orders.place.week)

    def _end(self) -> None:
        dose = self.dose
        if dose[5] == IS_GIVEN:
            self._note(dose[:5] + (self._time.lifetime_s(),))

    def _begin(self, program: "Program", week: "Week") -> None:
        name = int.from_bytes(self._orders.digest[:4], "big")
        if self.dose[5] == IS_GIVEN and self.dose[0] == name:
            return
        mean_nl = week.total // MINUTES_PER_WEEK
        periodic = program.periodic_bolus
        if periodic is not None:
            mean_nl += periodic.rate_nl_per_day * periodic.minutes // periodic.interval_minutes
        gives = (mean_nl, week.most_nl_in_day, program.concentration_ng_per_ml)
        since = self._time.lifetime_s()
        if self.dose[5] == IS_GIVEN and self.dose[1:4] == gives:
            since = self.dose[4]
        self._note((name,) + gives + (since, IS_GIVEN))

    def _note(self, dose: "tuple[int, ...]") -> None:
        self.dose = dose
        self._doses.note_change()
