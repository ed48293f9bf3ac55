"""Sequences of faults, requests, presses, clocks and resets on the model: does the pump ever go deaf, silent or wrong?

Promises: after each action a hello is answered within `ANSWERS_WITHIN_S`; an alarm that a person should hear is heard
within `HEARD_WITHIN_S` and again within `HEARD_AGAIN_S`; once every fault is over and a person has done what each alarm
asks for, delivery is exact to the microstep. The same case gives the same course.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Final

import numpy as np
from serial import SerialException

from thecal.alarm_sets import EVERY_ALARM, bits_in
from thecal.errors import ThecalError
from thecal_fw.core import alarms
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_TEMPORARY
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.service_life import PART_PUMP, PART_TUBING
from thecal_fw.store.layout import Layout
from thecal_hil.campaigns.changes.case import FAULTS, Case
from thecal_hil.campaigns.changes.steps import Step, drawn_rate
from thecal_hil.contract.faults import PLANT_FAULTS, Fault
from thecal_hil.contract.rig import BUZZER, ResetCause
from thecal_hil.course.course import MICROSTEPS_PER_NL, OFFSET_MINUTES, local_second
from thecal_hil.course.therapy import continuous, with_patient_bolus
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.units import NS_PER_S

ACTIONS_EACH: Final = 20
ANSWERS_WITHIN_S: Final = 12
"""The watchdog bites 8.3 s after a program has hung, and the pump starts again."""
HEARD_WITHIN_S: Final = 10
"""A heartbeat of 7 s finds the cause, and the first tone follows."""
HEARD_AGAIN_S: Final = {alarms.PRIORITY_CRITICAL: 615, alarms.PRIORITY_NON_CRITICAL: 3_615}
EXACT_FOR_S: Final = 1_000
_LEAST_TONE_NS: Final = 200_000_000
"""What answers a person sounds for a tenth of a second, an alarm's shortest tone for a quarter."""

_UTC_S: Final = local_second("2026-03-06 08:00")
_FULL_NL: Final = 18_000_000
_LAST = continuous(1_000_000)
_PATIENT: Final = PatientBolus(6_000_000, 1, 15, 12)
_REPLY_TIMEOUT_S: Final = 1.0
_ANY: Final = bits_in(EVERY_ALARM)
_HOST: Final = (
    "wait", "commit", "stop", "start", "refill", "set the time", "acknowledge", "bolus", "temporary rate", "cancel",
    "press", "hold the button", "ask", "power cut", "watchdog reset", "end of a fault",
)  # fmt: skip
_LASTING: Final = (
    Fault.MOTOR_STALLS, Fault.MOTOR_SLIPS, Fault.MOTOR_RUNS_AHEAD, Fault.DRIVER_STICKS_ENABLED,
    Fault.DRIVER_STICKS_DISABLED, Fault.SENSE_CUT, Fault.SENSE_STUCK, Fault.SUPPLY_LOW, Fault.FLASH_IS_WORN_OUT,
    Fault.CRYSTAL_FAILS, Fault.BUZZER_STUCK,
)  # fmt: skip
_OVER_AT_ONCE: Final = tuple(fault for fault in Fault if fault not in _LASTING and fault not in PLANT_FAULTS)


@dataclass
class Outcome:
    """wrong: what did not hold, in words. worst_answer_s: longest until a hello was answered. unheard: alarms that
    should have been heard, by what they were."""

    wrong: list[str] = field(default_factory=list)
    worst_answer_s: float = 0.0
    actions: int = 0


def drawn_case(seed: int) -> Case:
    """Return the sequence of a seed."""
    draw = Random(f"faults {seed}")
    faults = [fault.value for fault in (*_LASTING, *_OVER_AT_ONCE)]
    steps = [
        Step(draw.choice(_HOST if draw.random() < 0.6 else faults), draw.getrandbits(32))
        for _ in range(ACTIONS_EACH)
    ]
    return Case(FAULTS, "", str(seed), tuple(steps))


def run_sequence(case: Case) -> Outcome:
    """Return what comes of a sequence."""
    run = _Sequence()
    try:
        run.live(case.steps)
    except AssertionError as error:
        run.outcome.wrong.append(str(error))
    return run.outcome


class _Sequence:
    """One pump on the model, and what is true of it."""

    def __init__(self) -> None:
        self.rig = ModelRig()
        self.outcome = Outcome()
        self._lasting: set[Fault] = set()
        self._audible_since_ns: dict[int, int] = {}
        self._looked_ns = 0
        self._program = continuous(424_000).program

    def live(self, steps: Iterable[Step]) -> None:
        pump = self.rig.pump()
        pump.set_time(_UTC_S, OFFSET_MINUTES)
        pump.program(self._program)
        pump.refill(_FULL_NL)
        pump.start(self._program.digest())
        for step in steps:
            try:
                self._act(step)
            except (ThecalError, SerialException):
                self._find_again()
            self._must_answer()
            self._must_be_heard()
            self.outcome.actions += 1
        self._end_all_faults()
        try:
            self._put_in_order()
        except ThecalError as error:
            raise AssertionError(f"it can't be put in order: {error}") from error
        self._must_be_exact()

    # --- actions

    def _act(self, step: Step) -> None:
        amount = step.amount
        if step.what in _HOST:
            self._host_actions(amount)[step.what]()
            return
        fault = Fault(step.what)
        if fault is Fault.MEMORY_CHANGES and self.rig.pump().read_program() is None:
            return
        self.rig.faults.inject(fault, _amount_of(fault, amount))
        if fault in _LASTING:
            self._lasting.add(fault)

    def _host_actions(self, amount: int) -> dict[str, Callable[[], object]]:
        rig, draw = self.rig, Random(amount)
        return {
            "wait": lambda: rig.run_for(round(10 ** draw.uniform(-2, 3.3), 3)),
            "commit": lambda: self._commit(drawn_rate(amount)),
            "stop": lambda: rig.pump().stop(),
            "start": lambda: rig.pump().start(self._program.digest()),
            "refill": lambda: rig.pump().refill(draw.choice((3_000, 2_100_000, _FULL_NL))),
            "set the time": lambda: rig.pump().set_time(_UTC_S + draw.randrange(2_000_000), OFFSET_MINUTES),
            "acknowledge": lambda: rig.pump().acknowledge(_ANY),
            "bolus": lambda: rig.pump().give_bolus(
                self._program.digest(), draw.choice((KIND_CLINICIAN, KIND_PATIENT)), drawn_rate(amount), 30
            ),
            "temporary rate": lambda: rig.pump().give_bolus(
                self._program.digest(), KIND_TEMPORARY, drawn_rate(amount), draw.randrange(5, 600)
            ),
            "cancel": lambda: rig.pump().cancel_bolus(is_temporary_rate=bool(amount & 1)),
            "press": lambda: self._hold_button(0.3),
            "hold the button": lambda: self._hold_button(40),
            "ask": lambda: rig.pump().log(),
            "power cut": lambda: rig.reset(ResetCause.POWER_ON),
            "watchdog reset": lambda: rig.reset(ResetCause.WATCHDOG),
            "end of a fault": self._end_a_fault,
        }

    def _commit(self, nl_per_day: int) -> None:
        program = with_patient_bolus(continuous(nl_per_day), _PATIENT).program
        self.rig.pump().program(program)
        self._program = program

    def _hold_button(self, seconds: float) -> None:
        self.rig.hold_button(True)
        self.rig.run_for(seconds)
        self.rig.hold_button(False)

    def _end_a_fault(self) -> None:
        for fault in sorted(self._lasting)[:1]:
            self._end(fault)

    def _end(self, fault: Fault) -> None:
        self.rig.faults.end(fault)
        self._lasting.discard(fault)

    # --- what always holds

    def _find_again(self) -> None:
        """Open the port anew, as a person does whose pump has been reset by itself."""
        serial = self.rig.model.serial
        serial.close()
        serial.open()
        serial.timeout = serial.write_timeout = _REPLY_TIMEOUT_S
        self.rig.talk_with(None)  # type: ignore[arg-type]

    def _must_answer(self) -> None:
        begin_ns = self.rig.now_ns
        while True:
            try:
                self.rig.fresh_pump()
                break
            except (ThecalError, SerialException):
                took_s = (self.rig.now_ns - begin_ns) / NS_PER_S
                assert took_s <= ANSWERS_WITHIN_S + 3 * _REPLY_TIMEOUT_S, (
                    f"deaf: no hello is answered in {took_s} s"
                )
                self._find_again()
        took_s = (self.rig.now_ns - begin_ns) / NS_PER_S
        self.outcome.worst_answer_s = max(self.outcome.worst_answer_s, took_s)

    def _must_be_heard(self) -> None:
        """Report a violation unless whatever a person should hear has been heard since it became audible, and
        lately."""
        rig = self.rig
        before_ns, self._looked_ns = self._looked_ns, rig.now_ns
        audible = self._audible()
        if any(priority not in self._audible_since_ns for priority in audible):
            rig.run_for(HEARD_WITHIN_S)
            audible = self._audible()
        self._audible_since_ns = {
            priority: self._audible_since_ns.get(priority, before_ns) for priority in audible
        }
        for priority, since_ns in self._audible_since_ns.items():
            latest_ns = self._heard_ns(since_ns)
            name = alarms.PRIORITY_NAMES[priority]
            assert latest_ns is not None, f"silent: {name} alarms {self._active_names()} have not been heard"
            silent_s = (rig.now_ns - latest_ns) / NS_PER_S
            assert silent_s <= HEARD_AGAIN_S[priority], (
                f"silent: {name} alarms not heard for {silent_s:.0f} s"
            )

    def _heard_ns(self, since_ns: int) -> int | None:
        """Return when the latest tone since an instant began; None if there was none. One that an alarm's tone
        follows on without a pause counts for what sounds of it from that instant on."""
        t_ns, levels = self.rig.levels_of(BUZZER)
        ends_ns = np.append(t_ns[1:], self.rig.now_ns)
        begins_ns = np.maximum(t_ns, since_ns)
        tones_ns = begins_ns[(levels == 1) & (ends_ns - begins_ns >= _LEAST_TONE_NS)]
        return int(tones_ns[-1]) if len(tones_ns) else None

    def _audible(self) -> set[int]:
        status = self.rig.pump().interrogate()
        bits = status.active_alarms & ~status.silenced_alarms
        heard = [row[alarms.AT_PRIORITY] for alarm, row in enumerate(alarms.ALARMS) if bits >> alarm & 1]
        return {max(heard)} if heard else set()

    def _active_names(self) -> str:
        bits = self.rig.pump().interrogate().active_alarms
        return ", ".join(name for bit, name in enumerate(alarms.ALARM_NAMES) if bits >> bit & 1)

    # --- the end

    def _end_all_faults(self) -> None:
        for fault in sorted(self._lasting):
            self._end(fault)
        # A self-test that failed is passed by a restart.
        self._find_again()
        self._must_answer()
        self.rig.reset(ResetCause.POWER_ON)
        self._must_answer()

    def _put_in_order(self) -> None:
        """Do what a person does once the faults are gone."""
        rig = self.rig
        pump = rig.pump()
        pump.acknowledge(_ANY)
        pump.set_time(_UTC_S, OFFSET_MINUTES)
        pump.renew_part(PART_PUMP)
        pump.renew_part(PART_TUBING)
        pump.program(_LAST.program)
        pump.refill(_FULL_NL)
        for _ in range(3):
            pump.acknowledge(_ANY)
            rig.run_for(10)
            if not pump.interrogate().is_delivering:
                pump.start(_LAST.program.digest())
            rig.run_for(70)
        pump.acknowledge(_ANY)
        rig.run_for(10)

    def _must_be_exact(self) -> None:
        rig = self.rig
        status = rig.fresh_pump().interrogate()
        assert status.is_delivering, f"once in order it does not deliver: {self._active_names()}"
        assert not status.active_alarms, f"once in order there are alarms: {self._active_names()}"
        before = len(rig.step_times_ns)
        turned = rig.model.board.motor.turned_steps
        rig.run_for(EXACT_FOR_S)
        due = Fraction(_LAST.program.rate_nl_per_day * EXACT_FOR_S, 86_400) * MICROSTEPS_PER_NL
        for what, came in (
            ("pulses came", len(rig.step_times_ns) - before),
            ("steps were turned", rig.model.board.motor.turned_steps - turned),
        ):
            assert abs(came - due) <= 1, f"once in order {came} {what} in place of {float(due):.2f}"


def _amount_of(fault: Fault, amount: int) -> int:
    """Return how much of a fault, within what it can be."""
    draw = Random(amount)
    match fault:
        case Fault.MOTOR_SLIPS | Fault.MOTOR_RUNS_AHEAD:
            return draw.randrange(2, 12)
        case Fault.SENSE_STUCK:
            return draw.randrange(2)
        case Fault.SENSE_NOISE:
            return draw.randrange(1, 4)
        case Fault.PROGRAM_PAUSES:
            return round(10 ** draw.uniform(1, 3.9))
        case Fault.FLASH_ROTS:
            # Damaged keys take nothing but the button and a new key, which tests/store/test_keys.py is about.
            return draw.randrange(Layout().keys)
        case Fault.PUMP_IS_OLDER:
            return draw.randrange(1, 3_000)
        case _:
            return 0
