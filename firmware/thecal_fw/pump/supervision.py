"""Supervision of what comes out: the sense counter against the plan, the shaft against the count, the dose gate, the
reservoir against its thresholds, and memory against the journal.

``is_quiet`` is the short form that each heartbeat takes; it allocates nothing and only finds out whether ``check`` has
something to do.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.counts import MOST_COUNT, MOST_LIFE
from thecal_fw.core.instant import NEVER_S, is_before
from thecal_fw.core.motor_watch import (
    MOTOR_AHEAD,
    MOTOR_FOLLOWS,
    MOTOR_SHORT,
    MOTOR_STALLED,
    MOTOR_TURNS_AGAIN,
    MotorWatch,
)
from thecal_fw.core.program import MODE_STOPPED
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.reservoir import NEVER_STEP

MEMORY_CHECK_S = 600
"""How often what is in memory is held against the journal, one piece each time."""

REMIND_AFTER_S = 1_800
"""A pump that stands though its program is to deliver something reminds of it: programmed and not started, or forgotten
after a visit, which has been reported of pumps of this kind (HSA 2021)."""
STOPPED_LONG_S = 48 * 3_600
"""A withdrawal threatens, and the tubing takes a set where the rollers rest: published for implanted pumps."""


class Supervisor:
    """threshold_s, threshold_us: when the next reservoir threshold is reached, if it is planned already.
    check_s: when memory is next checked. reminder_s: when a pump that stands next has to say so."""

    def __init__(self, pump):
        self._pump = pump
        self._hardware = pump.hardware
        self._ledger = pump.ledger
        self._infusion = pump.infusion
        self._delivery = pump.infusion.delivery
        self._motor = MotorWatch()
        self._finding = MOTOR_FOLLOWS
        self._supply_was_good = True
        self.threshold_s = NEVER_S
        self.threshold_us = 0
        self._threshold_step = NEVER_STEP
        self.check_s = MEMORY_CHECK_S
        self._stands = False
        self._stands_since_s = 0
        self.reminder_s = NEVER_S

    def is_quiet(self, now_s: int, now_us: int) -> bool:
        """Whether there is nothing to report: every pulse so far was seen and the motor has followed."""
        hardware = self._hardware
        if hardware.supply.is_good() != self._supply_was_good or now_s >= self.check_s:
            return False
        ledger = self._ledger
        if self._infusion.state == STATE_DELIVERING:
            counted = hardware.sense.count() + ledger.unseen_steps
            if counted != self._delivery.settle(now_s, now_us):
                return False
            if hardware.train.starved() or hardware.gate.has_tripped():
                return False
            ledger.counted = counted
        if self._finding == MOTOR_FOLLOWS:
            self._finding = self._motor.judge(ledger.counted, hardware.motion.count())
        if self._finding != MOTOR_FOLLOWS:
            return False
        # Nothing is due: time for a piece of the image.
        return hardware.self_test.go_on() & ~self._pump.failed_tests == 0

    def check(self, now_s: int, now_us: int) -> None:
        """Look at everything, and have the pump act on it."""
        self._check_supply()
        if self._infusion.state == STATE_DELIVERING:
            # Both are told: what tripped the gate is most often a count that is wrong, which ends delivery.
            has_tripped = self._hardware.gate.has_tripped()
            self._check_count(now_s, now_us)
            if has_tripped:
                self._gate_tripped()
        if self._infusion.state == STATE_DELIVERING and self._hardware.train.starved():
            self._infusion.generator_ran_dry()
        if self._infusion.state == STATE_DELIVERING and self._pump.keeper.is_used_up():
            self._infusion.hold()
        self._check_motor()
        self._check_image()
        self.check_reservoir()
        self.check_standing(now_s)
        if now_s >= self.check_s:
            self.check_s = now_s + MEMORY_CHECK_S
            self._check_life(now_s)
            self._pump.tell_bursts()
            self._pump.service.check()
            self._check_memory()

    def _check_supply(self) -> None:
        good = self._hardware.supply.is_good()
        if good != self._supply_was_good:
            self._supply_was_good = good
            self._pump.record(
                events.EVENT_SUPPLY_GOOD if good else events.EVENT_SUPPLY_LOW, self._ledger.counted
            )
        self._pump.set_alarm(alarm_table.SUPPLY_LOW, not good)

    # --- a pump that stands

    def check_standing(self, now_s: int) -> None:
        """Raise or clear the alarms of a pump that stands. What counts is from the end of delivery, or from the first
        program that is to deliver something: neither another program nor one more stop puts them off."""
        pump = self._pump
        program = pump.program
        stands = (
            self._infusion.state == STATE_STOPPED and program is not None and program.mode != MODE_STOPPED
        )
        if stands and not self._stands:
            self._stands_since_s = now_s
        self._stands = stands
        since_s = now_s - self._stands_since_s
        pump.set_alarm(alarm_table.PUMP_STOPPED, stands and since_s >= REMIND_AFTER_S)
        pump.set_alarm(alarm_table.STOPPED_LONG, stands and since_s >= STOPPED_LONG_S)
        self.reminder_s = NEVER_S
        if stands and since_s < STOPPED_LONG_S:
            wait_s = REMIND_AFTER_S if since_s < REMIND_AFTER_S else STOPPED_LONG_S
            self.reminder_s = self._stands_since_s + wait_s

    # --- pulses

    def _check_count(self, now_s: int, now_us: int) -> None:
        """Hold what the sense counter saw against what was due."""
        delivery, ledger, hardware = self._delivery, self._ledger, self._hardware
        due = delivery.settle(now_s, now_us)
        counted = hardware.sense.count() + ledger.unseen_steps
        if counted != due:
            # Pulses may have come due since ``now`` was read. Only what lies outside both bounds is wrong.
            clock = hardware.clock
            clock.read()
            latest = delivery.settle(clock.s, clock.us)
            if counted > latest:
                self._count_is_wrong(alarm_table.PULSES_IN_EXCESS, counted, latest)
            elif counted < due:
                self._count_is_wrong(alarm_table.PULSES_MISSING, counted, due)
                # They were commanded and may well have been delivered, so they are never given again.
                ledger.unseen_steps += due - counted
                counted = due
                self._pump.keeper.keep_anchor()
        ledger.counted = counted
        if not is_before(now_s, now_us, self.threshold_s, self.threshold_us):
            self.threshold_s = NEVER_S

    def _count_is_wrong(self, alarm: int, counted: int, due: int) -> None:
        if not self._pump.alarms.is_active(alarm):
            self._pump.record(events.EVENT_COUNT_MISMATCH, counted, due)
        self._pump.note_alarm(alarm)

    def _gate_tripped(self) -> None:
        self._pump.record(events.EVENT_GATE_TRIPPED, self._ledger.counted, self._ledger.granted)
        self._pump.note_alarm(alarm_table.DOSE_GATE)

    # --- motor

    def watch_motor(self) -> None:
        """The motor has just been energised: hold the counts against each other from here on."""
        self._ledger.add_lost(self._standing_steps())
        self._motor.begin(self._ledger.counted, self._hardware.motion.count())

    def is_motor_stalled(self) -> bool:
        return self._motor.is_stalled

    def lost_steps(self) -> int:
        """Microsteps since the last refill that the motor did not turn for, those of a stall under way among them."""
        return min(self._ledger.lost_steps + self._standing_steps(), MOST_COUNT)

    def begin_reservoir(self) -> None:
        """What a stall has cost of the old contents does not matter for the new ones."""
        if self._motor.is_stalled:
            self._motor.begin(self._ledger.counted, self._hardware.motion.count())

    def _standing_steps(self) -> int:
        return self._motor.standing_steps(self._ledger.counted, self._hardware.motion.count())

    def motor_may_have_moved(self) -> bool:
        """Whether the shaft has turned since reset, though nothing has energised the motor yet."""
        return self._motor.judge(0, self._hardware.motion.count()) != MOTOR_FOLLOWS

    def _check_motor(self) -> None:
        pump, motor = self._pump, self._motor
        finding, self._finding = self._finding, MOTOR_FOLLOWS
        if finding == MOTOR_FOLLOWS:
            finding = motor.judge(self._ledger.counted, self._hardware.motion.count())
        if finding == MOTOR_STALLED:
            self._ledger.stalls += 1
            pump.record(events.EVENT_STALLED, self._ledger.counted, motor.off_steps)
            pump.set_alarm(alarm_table.MOTOR_STALL, True)
            pump.keeper.keep_anchor()
        elif finding == MOTOR_TURNS_AGAIN:
            self._ledger.add_lost(max(0, motor.off_steps))
            pump.record(events.EVENT_RECOVERED, self._ledger.counted, motor.off_steps)
            pump.set_alarm(alarm_table.MOTOR_STALL, False)
            pump.keeper.keep_anchor()
        elif finding == MOTOR_SHORT:
            self._ledger.add_lost(motor.off_steps)
            self._motor_is_off(alarm_table.UNDER_DELIVERY)
        elif finding == MOTOR_AHEAD:
            self._motor_is_off(alarm_table.OVER_DELIVERY)

    def _motor_is_off(self, alarm: int) -> None:
        if not self._pump.alarms.is_active(alarm):
            self._pump.record(events.EVENT_OFF_COUNT, self._ledger.counted, self._motor.off_steps)
        self._pump.note_alarm(alarm)

    # --- reservoir

    def check_reservoir(self) -> None:
        """Raise or clear the reservoir's alarms for what has been counted so far."""
        pump, reservoir, counted = self._pump, self._pump.reservoir, self._ledger.counted
        low, empty = counted >= reservoir.low_step, counted >= reservoir.empty_step
        if low != pump.alarms.is_active(alarm_table.LOW_RESERVOIR):
            pump.set_alarm(alarm_table.LOW_RESERVOIR, low)
        if empty != pump.alarms.is_active(alarm_table.EMPTY_RESERVOIR):
            pump.set_alarm(alarm_table.EMPTY_RESERVOIR, empty)
        step = reservoir.empty_step if low else reservoir.low_step
        if empty:
            step = NEVER_STEP
        if step != self._threshold_step or self.threshold_s == NEVER_S:
            self._threshold_step = step
            self.threshold_s = NEVER_S
            if self._delivery.due < step <= self._delivery.planned:
                self.threshold_s, self.threshold_us = self._delivery.instant_of(step)

    def forget_threshold(self) -> None:
        """The plan is another one: the instant has to be found anew."""
        self.threshold_s = NEVER_S

    # --- counts of this life

    def _check_life(self, now_s: int) -> None:
        """Have the watchdog begin another life before the counts of this one leave the board's small integers. Therapy
        goes on over that as over any of its resets, and counts since the reset begin at 0."""
        if max(self._ledger.counted, now_s) >= MOST_LIFE and not self._infusion.must_end_life:
            self._infusion.must_end_life = True
            self._pump.tell_bursts(True)
            self._pump.record(events.EVENT_COUNTS_FULL, self._ledger.counted, now_s)
            self._pump.keeper.write_events()

    # --- memory

    def _check_image(self) -> None:
        pump = self._pump
        failed = self._hardware.self_test.go_on() & ~pump.failed_tests
        if failed:
            pump.failed_tests |= failed
            pump.record(events.EVENT_SELF_TEST, failed)
            pump.set_alarm(alarm_table.SELF_TEST, True)

    def _check_memory(self) -> None:
        keeper = self._pump.keeper
        if keeper.can_compare():
            self._pump.set_alarm(alarm_table.MEMORY_FAULT, not keeper.memory_agrees())
        keeper.scrub()
