"""The way that the shaft really goes, by its encoder, held against what was counted: stalls, and microsteps lost or
too many.

Promises: a stall, its end, and a shaft that is off its count are each reported once; what a stall has cost of the
reservoir's contents is known. A pump without an encoder has a shaft that does what was counted, as far as anybody
knows: none of this is ever reported of it.
"""

from thecal_fw.core import described
from thecal_fw.core.alarms import MOTOR_STALL, OVER_DELIVERY, UNDER_DELIVERY
from thecal_fw.core.counts import MOST_COUNT
from thecal_fw.core.events import EVENT_OFF_COUNT, EVENT_RECOVERED, EVENT_STALLED
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.motor_watch import (
    MOTOR_AHEAD,
    MOTOR_FOLLOWS,
    MOTOR_SHORT,
    MOTOR_STALLED,
    MOTOR_TURNS_AGAIN,
    MotorWatch,
)
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Motion


class Motor:
    """Watches the motor of one pump."""

    def __init__(self, motion: "Motion", ledger: Ledger, reports: Reports, changes: Changes) -> None:
        self._ledger = ledger
        # Without an encoder nobody can know that the shaft does anything but what was counted.
        self._turned = motion.count if described.HAS_ENCODER else self._counted
        self._reports = reports
        self._changes = changes
        self._watch = MotorWatch()
        self._judge = self._watch.judge
        self._finding = MOTOR_FOLLOWS

    def _counted(self) -> int:
        return self._ledger.counted

    def watch(self) -> None:
        """Hold the counts against each other from here on: the motor has just been energised."""
        self._ledger.add_lost(self._standing_steps())
        self._watch.begin(self._ledger.counted, self._turned())

    def is_stalled(self) -> bool:
        return self._watch.is_stalled

    def lost_steps(self) -> int:
        """Return microsteps since the last refill that the motor did not turn for, those of a stall under way among
        them."""
        return min(self._ledger.lost_steps + self._standing_steps(), MOST_COUNT)

    def begin_reservoir(self) -> None:
        """Forget what a stall has cost of the old contents, which does not matter for the new ones."""
        if self._watch.is_stalled:
            self._watch.begin(self._ledger.counted, self._turned())

    def _standing_steps(self) -> int:
        return self._watch.standing_steps(self._ledger.counted, self._turned())

    def may_have_moved(self) -> bool:
        """Return True if the shaft has turned since the reset, though nothing has energised the motor yet."""
        return self._watch.judge(0, self._turned()) != MOTOR_FOLLOWS

    def follows(self) -> bool:
        """Return True if the shaft does what was counted. Takes nothing from the heap; ``check`` reports what it
        found otherwise."""
        finding = self._finding
        if finding == MOTOR_FOLLOWS:
            self._finding = finding = self._judge(self._ledger.counted, self._turned())
        return finding == MOTOR_FOLLOWS

    def check(self, now_s: int, now_us: int) -> None:
        """Report what the shaft does otherwise than was counted."""
        watch, ledger, reports = self._watch, self._ledger, self._reports
        finding, self._finding = self._finding, MOTOR_FOLLOWS
        if finding == MOTOR_FOLLOWS:
            finding = watch.judge(ledger.counted, self._turned())
        if finding == MOTOR_STALLED:
            ledger.note_stall()
            reports.record(EVENT_STALLED, ledger.counted, watch.off_steps)
            reports.set_alarm(MOTOR_STALL, True)
            self._changes.note_carried()
        elif finding == MOTOR_TURNS_AGAIN:
            ledger.add_lost(max(0, watch.off_steps))
            reports.record(EVENT_RECOVERED, ledger.counted, watch.off_steps)
            reports.set_alarm(MOTOR_STALL, False)
            self._changes.note_carried()
        elif finding == MOTOR_SHORT:
            ledger.add_lost(watch.off_steps)
            self._is_off(UNDER_DELIVERY)
        elif finding == MOTOR_AHEAD:
            self._is_off(OVER_DELIVERY)

    def _is_off(self, alarm: int) -> None:
        if not self._reports.alarms.is_active(alarm):
            self._reports.record(EVENT_OFF_COUNT, self._ledger.counted, self._watch.off_steps)
        self._reports.note_alarm(alarm)
