"""The bridge: after a change of drug or concentration the old drug, which still lies between reservoir and patient,
continues at its own rate until it is used up, and only then does the new program begin.

What counts is volume, not time: stops, alarms and resets put the end off and lose nothing of it. The end is a position
on the line of all that has been prescribed, so it is exact; over a power cut it is known to a microstep, or to a few
where microsteps are so small that 16 bits hold less than a line's worth of them.
"""

from thecal_fw.core.calibration import Calibration
from thecal_fw.core.dead_volume import MOST_CATHETER_NL, PUMP_TUBING_NL
from thecal_fw.core.events import EVENT_BRIDGE_ENDED, PASSED_BRIDGE
from thecal_fw.core.instant import TICKS_PER_SECOND, small
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.metering import step_weight, weight_per_rate
from thecal_fw.core.program import Bridge, Program
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import Position, Settling

_END_MASK = 0xFFFF
_MOST_UNITS_LEFT = 0xF000
"""More than any dead volume has, and no program with a longer bridge is taken (``most_bridge_seconds``): what seems to
be further than this is past."""


class Bridging:
    """end: where the bridge is over, in units of ``Metering`` since this reset; None if there is none."""

    def __init__(
        self,
        time: Timekeeper,
        ledger: Ledger,
        calibration: Calibration,
        orders: Orders,
        reports: Reports,
        changes: Changes,
    ) -> None:
        self._time = time
        self._ledger = ledger
        self._orders = orders
        self._reports = reports
        self._changes = changes
        self._step_weight = step_weight(calibration)
        self._weight_per_rate = weight_per_rate(calibration)
        self._unit_bits = 0
        while (
            calibration.steps_reaching(PUMP_TUBING_NL + MOST_CATHETER_NL) >> self._unit_bits
            >= _MOST_UNITS_LEFT
        ):
            self._unit_bits += 1
        self.end: "int | None" = None

    def connect(self, infusion: "Position", clock_doses: "Settling") -> None:
        self._infusion = infusion
        self._clock_doses = clock_doses

    def put_back(self, end: "int | None") -> None:
        """Put back the bridge of the program before, if there was one, since the program that had begun one is not in
        force after all."""
        self.end = end

    def begin(self, program: Program, tick: int) -> None:
        """Begin the bridge of a program that is about to be committed and takes effect at a tick: the record that
        puts it in force holds its bridge as well. One that was under way is none any more."""
        bridge = program.bridge
        self.end = None
        if bridge is not None:
            units = bridge.rate_nl_per_day * self._weight_per_rate * bridge.seconds * TICKS_PER_SECOND
            self.end = self._infusion.position(tick) + units

    def lead(self, tick: int) -> "tuple[int, int] | None":
        """Return the rate and end tick of the bridge for a timeline that takes over at a tick; None if nothing is
        left of it."""
        bridge = self._bridge()
        if self.end is None or bridge is None or self._orders.wanted() is not self._orders.program:
            return None
        rate_nl_per_day = bridge.rate_nl_per_day
        left = self.end - self._infusion.position(tick)
        if left <= 0:
            self.note_over()
            return None
        return rate_nl_per_day, tick + -(-left // (rate_nl_per_day * self._weight_per_rate))

    def note_over(self) -> None:
        """Note that the old drug is used up."""
        if self.end is not None:
            self._clock_doses.settle(self._time.wall, self._time.ticks_now(), PASSED_BRIDGE)
            self.end = None
            self._reports.record(EVENT_BRIDGE_ENDED, self._ledger.counted)
            self._changes.note()
            # From here on another rate holds, and after a watchdog reset nobody knows that there was a bridge.
            self._changes.note_carried()

    def left_s(self, tick: int) -> int:
        """Return how long the old drug continues yet at its rate, in seconds, rounded up."""
        bridge = self._bridge()
        if self.end is None or bridge is None:
            return 0
        left = self.end - self._infusion.position(tick)
        weight = bridge.rate_nl_per_day * self._weight_per_rate
        return max(0, -(-left // (weight * TICKS_PER_SECOND)))

    def _bridge(self) -> "Bridge | None":
        program = self._orders.program
        return program.bridge if program is not None else None

    # --- over a reset

    def to_store(self) -> int:
        """Return the microstep of all lives on which it is over, in units of so many, its low 16 bits; 0 if there is
        none."""
        if self.end is None:
            return 0
        step = self._ledger.base_steps - (-self.end // self._step_weight)
        return -(-step >> self._unit_bits) & _END_MASK or 1

    def restore(self, stored: int) -> None:
        """Continue from what was stored, with what may have been delivered counted as delivered."""
        if not stored or self._bridge() is None:
            return
        bits = self._unit_bits
        left_steps = small((stored << bits) - self._ledger.base_steps & (_END_MASK + 1 << bits) - 1)
        if 0 < left_steps < _MOST_UNITS_LEFT << bits:
            self.end = left_steps * self._step_weight
        else:
            self._changes.note()
