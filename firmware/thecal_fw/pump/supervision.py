"""Supervision of what comes out: the sense counter against the plan, the dose gate, the supply, and memory against the
journal. The shaft, the reservoir and a pump that stands have modules of their own and are looked at from here.

Promises: what is found is reported, each finding once. Whether there is anything to find is what ``Heartbeat`` looks
for.
"""

from thecal_fw.core.alarms import (
    BUTTON_FAULT,
    BUZZER_FAULT,
    DOSE_GATE,
    MEMORY_FAULT,
    OVER_DELIVERY,
    PULSES_IN_EXCESS,
    PULSES_MISSING,
    SELF_TEST,
    SUPPLY_LOW,
)
from thecal_fw.core.counts import MOST_LIFE
from thecal_fw.core.events import (
    EVENT_COUNT_MISMATCH,
    EVENT_COUNTS_FULL,
    EVENT_GATE_TRIPPED,
    EVENT_SELF_TEST,
    EVENT_SUPPLY_GOOD,
    EVENT_SUPPLY_LOW,
)
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.self_test import TEST_BUTTON, TEST_BUZZER
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.motor import Motor
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.reservoir_watch import ReservoirWatch
from thecal_fw.pump.standing import Standing
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import Aging, MemoryChecks, SupervisedDelivery, UsedUp

MEMORY_CHECK_S = 600
"""How often what is in memory is held against the journal, one piece each time."""


class Supervisor:
    """check_s: when memory is next checked. supply_was_good: as it was reported last. failed_tests: bits of
    ``core.self_test`` that failed since this reset. checks: what to look at, one after the other; each takes the
    instant, and what it raises is answered before the next."""

    def __init__(
        self,
        hardware: "Hardware",
        time: Timekeeper,
        ledger: Ledger,
        reports: Reports,
        changes: Changes,
        motor: Motor,
        reservoir: ReservoirWatch,
        standing: Standing,
    ) -> None:
        self._hardware = hardware
        self._time = time
        self._ledger = ledger
        self._reports = reports
        self._changes = changes
        self._motor = motor
        self._reservoir = reservoir
        self.supply_was_good = True
        self._has_tripped = False
        self.failed_tests = 0
        self.check_s = MEMORY_CHECK_S
        self.checks = (
            self._check_supply,
            self._check_count,
            self._check_gate,
            self._check_generator,
            self._check_grant,
            motor.check,
            self._check_image,
            reservoir.check,
            standing.check,
            self.check_now_and_then,
        )

    def connect(
        self, infusion: "SupervisedDelivery", keeper: "MemoryChecks", grants: "UsedUp", service: "Aging"
    ) -> None:
        self._infusion = infusion
        self._delivery = infusion.delivery
        self._keeper = keeper
        self._grants = grants
        self._service = service

    # --- self-tests

    def note_failed(self, tests: int) -> None:
        """Note that tests of this reset have failed."""
        self.failed_tests |= tests

    def judge_self_test(self) -> None:
        """Report what the tests of this reset have found."""
        failed, reports = self.failed_tests, self._reports
        if failed:
            reports.record(EVENT_SELF_TEST, failed)
        reports.set_alarm(SELF_TEST, failed & ~(TEST_BUZZER | TEST_BUTTON) != 0)
        reports.set_alarm(BUTTON_FAULT, failed & TEST_BUTTON != 0)
        reports.set_alarm(BUZZER_FAULT, failed & TEST_BUZZER != 0)
        if self._motor.may_have_moved():
            reports.note_alarm(OVER_DELIVERY)

    def _check_image(self, now_s: int, now_us: int) -> None:
        failed = self._hardware.self_test.go_on() & ~self.failed_tests
        if failed:
            self.failed_tests |= failed
            self._reports.record(EVENT_SELF_TEST, failed)
            self._reports.set_alarm(SELF_TEST, True)

    # --- supply, pulses, gate

    def _check_supply(self, now_s: int, now_us: int) -> None:
        good = self._hardware.supply.is_good()
        if good != self.supply_was_good:
            self.supply_was_good = good
            self._reports.record(EVENT_SUPPLY_GOOD if good else EVENT_SUPPLY_LOW, self._ledger.counted)
        self._reports.set_alarm(SUPPLY_LOW, not good)

    def _check_count(self, now_s: int, now_us: int) -> None:
        """Hold what the sense counter saw against what was due."""
        if self._infusion.state != STATE_DELIVERING:
            return
        delivery, ledger, hardware = self._delivery, self._ledger, self._hardware
        # Asked first: what tripped the gate is most often a count that is wrong, which ends delivery, and both are
        # reported.
        self._has_tripped = hardware.gate.has_tripped()
        due = delivery.settle(now_s, now_us)
        counted = hardware.sense.count() + ledger.unseen_steps
        if counted != due:
            # Pulses may have come due since ``now`` was read. Only what lies outside both bounds is wrong.
            clock = hardware.clock
            clock.read()
            latest = delivery.settle(clock.s, clock.us)
            if counted > latest:
                self._count_is_wrong(PULSES_IN_EXCESS, counted, latest)
            elif counted < due:
                self._count_is_wrong(PULSES_MISSING, counted, due)
                # They were commanded and may well have been delivered, so they are never given again.
                ledger.note_unseen(due - counted)
                counted = due
                self._changes.note_carried()
        ledger.note_counted(counted)
        self._reservoir.pass_over(now_s, now_us)

    def _count_is_wrong(self, alarm: int, counted: int, due: int) -> None:
        if not self._reports.alarms.is_active(alarm):
            self._reports.record(EVENT_COUNT_MISMATCH, counted, due)
        self._reports.note_alarm(alarm)

    def _check_gate(self, now_s: int, now_us: int) -> None:
        has_tripped, self._has_tripped = self._has_tripped, False
        if has_tripped:
            self._reports.record(EVENT_GATE_TRIPPED, self._ledger.counted, self._ledger.granted)
            self._reports.note_alarm(DOSE_GATE)

    def _check_generator(self, now_s: int, now_us: int) -> None:
        if self._infusion.state == STATE_DELIVERING and self._hardware.train.starved():
            self._infusion.generator_ran_dry()

    def _check_grant(self, now_s: int, now_us: int) -> None:
        if self._infusion.state == STATE_DELIVERING and self._grants.is_used_up():
            self._infusion.hold()

    # --- what is looked at every few minutes

    def check_now_and_then(self, now_s: int, now_us: int) -> None:
        """Look at what changes slowly, if it is time to."""
        if now_s < self.check_s:
            return
        self.check_s = now_s + MEMORY_CHECK_S
        self._check_life(now_s)
        self._reports.tell_bursts()
        self._service.check()
        if self._keeper.can_compare():
            self._reports.set_alarm(MEMORY_FAULT, not self._keeper.memory_agrees())
        self._keeper.scrub()

    def _check_life(self, now_s: int) -> None:
        """Have the watchdog begin another life before the counts of this one leave the board's small integers. Therapy
        continues over that as over any of its resets, and counts since the reset begin at 0."""
        if max(self._ledger.counted, now_s) >= MOST_LIFE and not self._infusion.must_end_life:
            self._infusion.end_life()
            self._reports.tell_bursts(True)
            self._reports.record(EVENT_COUNTS_FULL, self._ledger.counted, now_s)
            self._keeper.events.write()
