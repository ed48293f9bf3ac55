"""Plays a sequence on a rig and holds it, after every step, against the reference of therapy and against the pulses.

Promises: a sequence is played the same way on every rig; the reference gets only what was asked for, what the pump
answered and which instants it named; the first thing that differs ends the run as ``ViolationError``, with its step.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from thecal.alarm_sets import EVERY_ALARM
from thecal_fw.core.service_life import PART_LINE, PART_TUBING
from thecal_fw.link import messages
from thecal_hil.campaigns.doses.programs import program_of
from thecal_hil.campaigns.doses.pulse_windows import PulseWindows
from thecal_hil.campaigns.doses.pump_words import Event, PumpWords, RefusedError, SilentError, kind_number
from thecal_hil.campaigns.doses.sequence import Sequence, Step
from thecal_hil.campaigns.doses.told_doses import ToldDoses
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import ResetCause, Rig
from thecal_sim.therapy.alarm_responses import FAULTS, RESPONSES
from thecal_sim.therapy.dose import Kind
from thecal_sim.therapy.plan import Plan, plan_of
from thecal_sim.therapy.reference import Therapy
from thecal_sim.therapy.state import Response
from thecal_sim.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, NS_PER_US

FILL_NL = 40_000_000
EARLIEST_UTC_S, LATEST_UTC_S = 1_704_067_200, 4_102_444_800
"""1 January 2024 and 2100: an earlier or later time is a mistake."""
MOST_OFFSET_MINUTES = 14 * 60
_NOTICE_NS = 150 * NS_PER_MS
"""A change takes effect no sooner than this after it was asked for."""
_LATEST_CHANGE_NS = 1_300 * NS_PER_MS
_SETTLED_S = 2.0
"""After a start or a reset: what follows from it has happened."""
_MOST_PUT_OFF = 5
"""A change that comes late is put off, by a second or two each time."""
_WATCHDOG_WITHIN_S = 10
_LOOK_S = 0.25
_LOGGED_WITHIN_NS = 50 * NS_PER_MS
"""From what takes effect to the instant of its event, where a poll takes time."""
_MORE_THAN_THE_WATCHDOG_MS = 60_000
_REFUSALS_LOGGED = 4
"""Of the same reason in an hour: a press that is refused after so many may be counted and not logged by itself."""
_OWED_STEPS = Fraction(102, 50)
"""Between pulses and curve after a restart: one owed besides the usual one."""


class ViolationError(AssertionError):
    """A pump did otherwise than the reference, or broke an invariant. step: number of the step, from 1; 0 before."""

    def __init__(self, step: int, what: str, differences: list[str]) -> None:
        super().__init__(f"step {step}, {what}: " + "; ".join(differences))
        self.step = step
        self.differences = differences


class Player:
    """One sequence on one rig. therapy: the reference beside it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._words = PumpWords(rig)
        self.therapy = Therapy()
        self._told = ToldDoses()
        self._alarms: set[str] = set()
        self._plan: Plan | None = None
        self._digest = bytes(32)
        self._offset_minutes = 0
        self._recorded_ns = rig.now_ns
        self._is_stale: Response | None = None
        self._logged_within_ns = 0 if rig.name == "model" else _LOGGED_WITHIN_NS
        status = self._words.ask(messages.INTERROGATE)
        self._nl_per_step = Fraction(status["nl_per_rev"], status["microsteps_per_rev"])
        self._doubt_nl = Fraction(0)
        self._windows = PulseWindows(self._nl_per_step)
        self._differences: list[str] = []
        self._refusals = 0
        self._does: dict[str, Callable[[Step], object]] = {
            "wait": lambda step: self._rig.run_for(step["seconds"]),
            "give": self._give,
            "press": self._press,
            "cancel": self._cancel,
            "commit": lambda step: self._commit(step["program"]),
            "refused commit": self._commit_another,
            "start": lambda _: self._start(),
            "stop": lambda _: self._stop(),
            "refill": lambda step: self._refill(step["nl"]),
            "shift clock": self._shift_clock,
            "set offset": lambda step: self._set_clock_by(0, step["minutes"]),
            "set time": lambda step: self._set_time(step["utc_s"], 0, step["minutes"]),
            "acknowledge": lambda _: self._ask(messages.ACKNOWLEDGE, EVERY_ALARM),
            "new tubing": lambda _: self._empty_line(PART_TUBING),
            "rinse": lambda _: self._empty_line(PART_LINE),
            "hello": self._hello,
            "watchdog": lambda _: self._reset_by_watchdog(),
            "hang": lambda _: self._hang(),
            "power cut": lambda _: self._cut_power(),
            "supply low": lambda _: self._supply(is_low=True),
            "supply good": lambda _: self._supply(is_low=False),
        }

    def play(self, sequence: Sequence) -> None:
        """Play the sequence; raise ViolationError at the first step that differs."""
        step_number, what = 0, "before the first step"
        try:
            self._begin(sequence)
            self._look(step_number, what)
            for step_number, step in enumerate(sequence.steps, 1):
                what = step["do"]
                self._does[what](step)
                self._look(step_number, what)
            step_number, what = step_number + 1, "after the last step"
            self._rig.run_for(_SETTLED_S)
            self._look(step_number, what)
        except SilentError as silent:
            raise ViolationError(step_number, what, [f"no answer to {silent}"]) from silent

    def _begin(self, sequence: Sequence) -> None:
        self._set_time(sequence.utc_s, 0, sequence.offset_minutes)
        self._commit(sequence.program)
        self._refill(FILL_NL)
        if self._plan is not None and self._plan.delivers:
            self._start()
        self._rig.run_for(_SETTLED_S)

    # --- what a host and a patient do

    def _ask(self, message: messages.Message, *values: object) -> dict[str, Any] | None:
        """Return the answer; None if the pump refuses, which changes nothing and is right only while its supply is
        low."""
        try:
            answer = self._words.ask(message, *values)
        except RefusedError as refused:
            if not self.therapy.state.is_supply_low:
                self._differences.append(f"{message.name} is refused: {refused}")
            return None
        if answer.get("is_stored", 1):
            self._recorded_ns = self._rig.now_ns
        return answer

    def _set_time(self, utc_s: int, utc_us: int, offset_minutes: int) -> None:
        if not EARLIEST_UTC_S <= utc_s < LATEST_UTC_S or abs(offset_minutes) > MOST_OFFSET_MINUTES:
            self._must_refuse("a time that no pump has", messages.SET_TIME, utc_s, utc_us, offset_minutes)
            return
        answer = self._ask(messages.SET_TIME, utc_s, utc_us, offset_minutes)
        if answer is None:
            return
        reading = self._words.ask(messages.GET_TIME)
        utc_ns = reading["utc_s"] * NS_PER_S + reading["utc_us"] * NS_PER_US
        t_ns = self._words.instant_ns(answer)
        self._offset_minutes = offset_minutes
        local_ns = utc_ns + offset_minutes * NS_PER_MINUTE - self._words.instant_ns(reading, "")
        self.therapy.set_clock(t_ns, local_ns)
        self._windows.breaks.append(t_ns)

    def _set_clock_by(self, seconds: int, offset_minutes: int) -> None:
        reading = self._words.ask(messages.GET_TIME)
        self._set_time(max(0, reading["utc_s"] + seconds), reading["utc_us"], offset_minutes)

    def _shift_clock(self, step: Step) -> None:
        self._set_clock_by(step["seconds"], self._offset_minutes)

    def _commit(self, fields: dict[str, Any]) -> None:
        program, plan = program_of(fields), plan_of(fields)
        digest = self._words.stage(program)
        if plan.fault is not None:
            self._must_refuse(f"a program though {plan.fault}", messages.COMMIT, digest)
            return
        answer = self._ask(messages.COMMIT, digest)
        if answer is None:
            return
        t_ns = self._words.instant_ns(answer)
        self._plan, self._digest = plan, digest
        self.therapy.commit(t_ns, plan)
        if plan.delivers:
            self._windows.limits_are(t_ns, plan.most_nl_per_hour, plan.most_nl_per_day)

    def _commit_another(self, _: Step) -> None:
        """Name a program that is not the one staged."""
        self._must_refuse("a commit of a program that was never staged", messages.COMMIT, bytes(32))

    def _must_refuse(self, what: str, message: messages.Message, *values: object) -> None:
        try:
            self._words.ask(message, *values)
            self._differences.append(f"the pump accepts {what}")
        except RefusedError:
            pass

    def _start(self) -> None:
        state = self.therapy.state
        can_start = self._plan is not None and self._plan.delivers and not state.is_delivering
        if state.alarm is Response.STOP or not can_start:
            self._must_refuse("a start", messages.START, self._digest)
            return
        answer = self._ask(messages.START, self._digest)
        if answer is not None:
            self.therapy.start(self._words.instant_ns(answer))

    def _stop(self) -> None:
        answer = self._ask(messages.STOP)
        if answer is not None:
            self.therapy.stop(self._words.instant_ns(answer))

    def _refill(self, fill_nl: int) -> None:
        if self._ask(messages.REFILL, fill_nl) is not None:
            self.therapy.refill(self._rig.now_ns)

    def _empty_line(self, part: int) -> None:
        if self._ask(messages.RENEW_PART, part) is not None:
            self.therapy.line_is_empty(self._rig.now_ns)

    def _hello(self, step: Step) -> None:
        for _ in range(step["times"]):
            self._words.connect()

    def _give(self, step: Step) -> None:
        asked_ns, number = self._rig.now_ns, kind_number(step["kind"])
        kind = list(Kind)[number] if number < len(Kind) else None
        wanted = (kind, step["rate"], step["seconds"])
        refusal, begin_ns = None, 0
        try:
            answer = self._words.ask(messages.GIVE_BOLUS, self._digest, number, step["rate"], step["seconds"])
            begin_ns = self._words.instant_ns(answer)
            self._recorded_ns = self._rig.now_ns
        except RefusedError as refused:
            refusal = refused.reason
        self._judge(asked_ns, refusal, begin_ns, *wanted)

    def _judge(
        self, asked_ns: int, refusal: str | None, begin_ns: int, kind: Kind | None, rate: int, seconds: int
    ) -> None:
        """Hold the pump's answer against the reference's, and begin there what it gives."""
        begins_ns = (begin_ns,)
        if refusal is not None:
            self._refusals += 1
            begins_ns = (asked_ns + _NOTICE_NS, self._rig.now_ns + _LATEST_CHANGE_NS)
        verdict = self.therapy.verdict(asked_ns, begins_ns, kind, rate, seconds)
        if not verdict.allows(refusal):
            said = "given" if refusal is None else f"refused for {refusal!r}"
            against = ", ".join(sorted(verdict.certain)) or "nothing"
            self._differences.append(
                f"{kind or 'unknown kind'} of {rate:,} nL/day over {seconds} s is {said}; {against} speaks against it"
            )
        if refusal is None and kind is not None and kind is not Kind.SCHEDULED:
            self.therapy.begin(begin_ns, kind, rate, seconds)

    def _press(self, step: Step) -> None:
        """Press the button, and find in the log what comes of it."""
        self._rig.hold_button(True)
        self._rig.run_for(step["seconds"])
        self._rig.hold_button(False)
        asked_ns = self._rig.now_ns
        self._rig.run_for(_SETTLED_S)
        is_press = 0.1 <= step["seconds"] <= 1.9
        log = self._read_log()
        answers = [
            event
            for event in log
            if event.name in ("bolus begun", "bolus refused") and event.kind == Kind.PATIENT
        ]
        is_counted = not answers and self._refusals >= _REFUSALS_LOGGED
        if len(answers) != is_press and not is_counted:
            self._differences.append(f"{len(answers)} answers to a press of {step['seconds']} s")
        for event in answers[:1]:
            if event.name == "bolus refused":
                self._judge(asked_ns, event.refusal, 0, Kind.PATIENT, 0, 0)
            else:
                self._judge(asked_ns, None, self._change_after(event, log), Kind.PATIENT, 0, 0)

    def _cancel(self, step: Step) -> None:
        answer = self._ask(messages.CANCEL_BOLUS, step["is_temporary_rate"])
        if answer is not None:
            self.therapy.cancel(self._words.instant_ns(answer), step["is_temporary_rate"])

    # --- what happens to a pump

    def _reset_by_watchdog(self) -> None:
        self._let_changes_come()
        self._rig.reset(ResetCause.WATCHDOG)
        self._after_reset(was_power_cut=False)

    def _hang(self) -> None:
        self._let_changes_come()
        origin_ns = self._rig.boot_origin_ns
        self._rig.faults.inject(Fault.PROGRAM_PAUSES, _MORE_THAN_THE_WATCHDOG_MS)
        for _ in range(int(_WATCHDOG_WITHIN_S / _LOOK_S)):
            self._rig.run_for(_LOOK_S)
            if self._rig.boot_origin_ns != origin_ns:
                break
        self._rig.recover()
        self._after_reset(was_power_cut=False)

    def _cut_power(self) -> None:
        self._let_changes_come()
        self.therapy.power_cut(self._rig.now_ns, self._recorded_ns)
        self._windows.breaks.append(self._rig.now_ns)
        self._rig.reset(ResetCause.POWER_ON)
        self._after_reset(was_power_cut=True)

    def _after_reset(self, was_power_cut: bool) -> None:
        self._rig.run_for(_SETTLED_S)
        self._words.connect()
        if was_power_cut:
            self._doubt_nl += self._words.ask(messages.INTERROGATE)["uncertain_steps"] * self._nl_per_step
        else:
            self.therapy.watchdog_reset()
            # What came in the gap of the restart is not known to a microstep.
            self._windows.begin_anew(self._rig.now_ns, self._rig.step_times_ns, _OWED_STEPS)
        self._read_log()
        self._recorded_ns = self._rig.now_ns

    def _let_changes_come(self) -> None:
        """Let changes come that were asked for: when it does so after a reset, nobody has promised.

        A pump restarts with a good supply only.
        """
        if self.therapy.state.is_supply_low:
            self._supply(is_low=False)
            self._read_log()
        self._rig.run_until(self.therapy.state.now_ns + _NOTICE_NS)

    def _supply(self, is_low: bool) -> None:
        """Turn the supply low or good. A start that has not taken effect by then waits for it."""
        self._set_supply(is_low)
        state = self.therapy.state
        if is_low and state.is_delivering and self._rig.now_ns < state.delivering_from_ns:
            self.therapy.wait_to_start()
        self._rig.run_for(_SETTLED_S)

    def _set_supply(self, is_low: bool) -> None:
        self.therapy.advance(self._rig.now_ns)
        if is_low:
            self._rig.faults.inject(Fault.SUPPLY_LOW)
        elif self.therapy.state.is_supply_low:
            self._rig.faults.end(Fault.SUPPLY_LOW)
        self.therapy.state.is_supply_low = is_low

    # --- what is looked at after each step

    def _look(self, number: int, what: str) -> None:
        self._read_log()
        now_ns = self._rig.now_ns
        self.therapy.advance(now_ns)
        state = self.therapy.state
        found, self._differences = self._differences, []
        found += self._told.differences(state.doses, now_ns)
        found += self._windows.differences(self._rig.step_times_ns, state, now_ns)
        found += [f"alarm {alarm!r} that nothing caused" for alarm in sorted(self._alarms & FAULTS)]
        if found:
            raise ViolationError(number, what, found)

    def _read_log(self) -> list[Event]:
        """Return the new events, each followed by the reference as far as it says when something took effect."""
        events = list(self._words.new_events())
        for event in events:
            self._told.note(event)
            self._follow(event)
        if self._is_stale is not None:
            # A change that an alarm asks for takes effect within the second.
            self._rig.run_for(_LATEST_CHANGE_NS / NS_PER_S)
            events += self._read_log()
        return events

    def _follow(self, event: Event) -> None:
        t_ns = event.t_ns
        if event.name in ("alarm raised", "alarm cleared", "alarm acknowledged", "upper alarm acknowledged"):
            self._alarms = (self._alarms | event.raised) - event.cleared
            response = max(
                (RESPONSES.get(alarm, Response.NONE) for alarm in self._alarms), default=Response.NONE
            )
            if response is not self.therapy.state.alarm:
                self._respond(response)
        elif t_ns is None:
            return
        elif event.name in ("program took effect", "delivery stopped") and self._is_stale is not None:
            self._respond_at(t_ns)
            if event.name == "program took effect" and self.therapy.state.is_waiting_for_power:
                self._resumed(t_ns)
        elif event.name == "program took effect" and self.therapy.state.is_waiting_for_power:
            self._resumed(t_ns)
        elif event.name == "bridge ended" and self.therapy.state.is_bridge_doubtful:
            self._judge_bridge(self.therapy.bridge_over(t_ns))
        elif event.name == "delivery held":
            self.therapy.held(t_ns, self._logged_within_ns)

    def _resumed(self, t_ns: int) -> None:
        """Resume delivery after a power cut or a hold. A microstep may be owed."""
        self.therapy.resumed(t_ns)
        if self.therapy.state.is_bridge_doubtful and not self._words.ask(messages.BOLUSES)["bridge_left_s"]:
            # What may have come counts as come, and that was all that was left.
            self._judge_bridge(self.therapy.bridge_over(t_ns))
        self._windows.begin_anew(t_ns, self._rig.step_times_ns, _OWED_STEPS)

    def _judge_bridge(self, left_nl: Fraction) -> None:
        if not -2 * self._nl_per_step <= left_nl <= self._doubt_nl + 2 * self._nl_per_step:
            self._differences.append(f"a bridge ended with {float(left_nl):.3f} nL left of it")

    def _respond(self, response: Response) -> None:
        state = self.therapy.state
        if not state.is_delivering or state.now_ns < state.delivering_from_ns:
            state.alarm = response
        else:
            self._is_stale = response

    def _respond_at(self, t_ns: int) -> None:
        response, self._is_stale = self._is_stale, None
        assert response is not None
        doubt_ns, since_reset_ns = self._logged_within_ns, t_ns - self._rig.boot_origin_ns
        if since_reset_ns < NS_PER_S:
            # Raised by the reset itself: from then on, at some instant of the restart.
            doubt_ns = since_reset_ns
        self.therapy.alarms(t_ns, response, doubt_ns)
        if self._logged_within_ns:
            self._windows.begin_anew(self._rig.now_ns, self._rig.step_times_ns, _OWED_STEPS)
        self._windows.breaks.append(t_ns)

    def _change_after(self, begun: Event, log: list[Event]) -> int:
        """Return when a dose begins that the log has begun: on the whole second of the clock at which the change that
        follows took effect."""
        following = log[log.index(begun) + 1 :]
        for _ in range(_MOST_PUT_OFF):
            for event in following:
                if event.name == "program took effect" and event.t_ns is not None:
                    return self._next_whole_second_ns(event.t_ns - _LOGGED_WITHIN_NS)
            self._rig.run_for(_SETTLED_S)
            following = self._read_log()
        raise AssertionError("a dose began in the log, and no change followed")

    def _next_whole_second_ns(self, t_ns: int) -> int:
        """Return the first whole second of the pump's clock at an instant or later."""
        reading = self._words.ask(messages.GET_TIME)
        utc_ns = reading["utc_s"] * NS_PER_S + reading["utc_us"] * NS_PER_US
        shown_ns = utc_ns + t_ns - self._words.instant_ns(reading, "")
        return t_ns + -shown_ns % NS_PER_S


def play(sequence: Sequence, rig: Rig) -> None:
    """Play a sequence on a rig that has just been started. ViolationError if anything differs."""
    Player(rig).play(sequence)
