"""A visit as it is carried out: step after step by the table, with a record of what became of each.

Promises: the pump is not changed before the review has been passed; each change is whole or not there; and after a
failure the record says of each step whether it was done. Where the link was lost in the middle of a change, the pump
is asked over a new one, and only if that fails too is the answer "not known".
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from thecal.amounts import millilitres
from thecal.bridge import bridge_left_s, bridged, is_another_drug, named
from thecal.clocks import clocks_of, offset_minutes_of, offset_text
from thecal.dose_history import dose_history
from thecal.errors import BadInputError, PumpRefusedError, ThecalError
from thecal.interruption import Interruption
from thecal.program_review import stop_warning
from thecal.reports.clinic import VisitRecord, clinic_report
from thecal.reports.handout import date_text, handout
from thecal.reports.interrogation import Interrogation, interrogate
from thecal.residual_check import judge_fill, judge_residual, need_volumes
from thecal.starting import status_once_begun
from thecal.visit.plan import DeclinedError, Plan, Talk
from thecal.visit.record import Record
from thecal.visit.steps import TABLE, Outcome, State, after
from thecal.words import comparison
from thecal_fw.core.events import EVENT_REFILLED
from thecal_fw.core.program import USUAL_ACCURACY_PERMILLE, Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING

if TYPE_CHECKING:
    from thecal.client import Pump

Connect = Callable[[], AbstractContextManager["Pump"]]
PageWriter = Callable[[Plan, str, str], list[str]]


class Visit:
    """One visit. ``run`` carries it out and returns its record, whatever happens on the way but bad input."""

    def __init__(self, connect: Connect, plan: Plan, talk: Talk, write: PageWriter) -> None:
        self._connect = connect
        self._plan = plan
        self._talk = talk
        self._write = write
        self.record = Record()
        self._digest: bytes | None = None
        self._prescribed: Program | None = None
        self._was_done: dict[State, Callable[[Pump], bool]] = {
            State.SET_CLOCK: self._clock_was_set,
            State.REFILL: self._was_refilled,
            State.REPROGRAM: self._was_programmed,
            State.START: self._was_started,
        }
        self._do: dict[State, Callable[[Pump], str | None]] = {
            State.INTERROGATE: self._interrogate,
            State.CLOCK: self._look_at_clocks,
            State.RESIDUAL: self._check_residual,
            State.REVIEW: self._review,
            State.SET_CLOCK: self._set_clock,
            State.REFILL: self._refill,
            State.REPROGRAM: self._reprogram,
            State.START: self._start,
            State.DATES: self._confirm_dates,
            State.PRINT_OUT: self._print_out,
        }

    def run(self) -> Record:
        record = self.record
        try:
            with self._connect() as pump:
                while record.state in TABLE:
                    self._step(pump, record.state)
        except (OSError, Interruption) as error:
            # A port that has gone fails once more on being closed.
            record.error = record.error or error
        except ThecalError as error:
            if isinstance(error, BadInputError) and not self._has_changed_something():
                raise
            record.error = record.error or error
        if not record.is_finished:
            self._break_off()
        return record

    def _step(self, pump: Pump, state: State) -> None:
        record = self.record
        try:
            text = self._do[state](pump)
        except (ThecalError, OSError, Interruption) as error:
            record.error = error
            record.steps[state] = (Outcome.FAILED, str(error))
            if TABLE[state].changes_pump and not isinstance(error, PumpRefusedError | DeclinedError):
                record.steps[state] = (Outcome.NOT_KNOWN, str(error))
            raise
        outcome = Outcome.SKIPPED if text is None else Outcome.DONE
        record.steps[state] = (outcome, text or "")
        record.state = after(state, outcome)

    def _has_changed_something(self) -> bool:
        """Return True if anything changed the pump, or may have."""
        harmless = (Outcome.SKIPPED, Outcome.FAILED)
        return any(
            TABLE[state].changes_pump and outcome not in harmless
            for state, (outcome, _) in self.record.steps.items()
        )

    def _break_off(self) -> None:
        record = self.record
        state, record.state = record.state, State.BROKEN_OFF
        if state not in record.steps:
            record.steps[state] = (Outcome.FAILED, str(record.error))
        outcome, text = record.steps[state]
        if outcome is Outcome.NOT_KNOWN:
            record.steps[state] = self._found_out(state, text)
        self._warn_about_concentration()

    def _found_out(self, state: State, text: str) -> tuple[Outcome, str]:
        """Ask the pump over a new link whether a change was carried out whose answer did not come."""
        try:
            with self._connect() as pump:
                was_done = self._was_done[state](pump)
        except (ThecalError, OSError, Interruption) as error:
            look = "look with `thecal interrogate` and `thecal log` before you do it again"
            return Outcome.NOT_KNOWN, f"{text}; asked again: {error}; {look}"
        if not was_done:
            return Outcome.FAILED, f"{text}; the pump was asked again: it was not carried out"
        if state is State.REFILL:
            self.record.filled_nl = self._plan.fill_nl
        if state is State.REPROGRAM:
            self.record.program_changed = True
        return Outcome.DONE, "its answer was lost; the pump was asked again: it was carried out"

    def _clock_was_set(self, pump: Pump) -> bool:
        return clocks_of(pump.interrogate(), self._plan.wall.now()).agree

    def _was_refilled(self, pump: Pump) -> bool:
        before = self.record.before
        assert before is not None
        events = pump.log(before.status.latest_event + 1)
        return any(one.code == EVENT_REFILLED and one.first == self._plan.fill_nl for one in events)

    def _was_programmed(self, pump: Pump) -> bool:
        return pump.interrogate().program_digest == self._digest

    def _was_started(self, pump: Pump) -> bool:
        return pump.interrogate().state in (STATE_STARTING, STATE_DELIVERING)

    # --- the steps: a sentence each, or None for what was not asked for

    def _interrogate(self, pump: Pump) -> str:
        read = interrogate(pump, self._plan.wall)
        self.record.before = self.record.now = read
        alarms = ", ".join(read.status.alarm_names) or "no alarms"
        text = f"{read.board} {read.serial}, {read.status.state_name}, {alarms}"
        self._talk.tell(text)
        return text

    def _look_at_clocks(self, pump: Pump) -> str:
        clocks = self._before.clocks
        if clocks.fault:
            self._talk.tell(clocks.fault)
            clocks = self._talk.settle_clocks(self._plan, clocks)
        text = "; ".join(f"{name}: {shown}" for name, shown in clocks.rows())
        self._talk.tell(text)
        return text

    def _set_clock(self, pump: Pump) -> str | None:
        if not self._plan.set_clock:
            return None
        now = self._plan.wall.now()
        offset = offset_minutes_of(now)
        us = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        set_to = pump.set_time(us // 1_000_000, offset, us % 1_000_000)
        self._warn_unless_stored(set_to.is_stored, "its clock")
        text = f"the pump's clock was set to {now:%a %Y-%m-%d %H:%M} (UTC{offset_text(offset)})"
        self._talk.tell(text)
        return text

    def _check_residual(self, pump: Pump) -> str | None:
        status = self._before.status
        expected = f"{status.residual_nl / 1e6:.3f} mL" if status.fill_known else "not known to the pump"
        withdrawn_nl = self._talk.withdrawn_nl(self._plan, expected, self._capacity_nl)
        if withdrawn_nl is None:
            return None
        need_volumes(withdrawn_nl, None, self._capacity_nl)
        if not status.fill_known:
            text = f"withdrawn {millilitres(withdrawn_nl)} mL; the pump did not know what to expect"
            self._talk.tell(text)
            return text
        unsure_nl: Fraction = status.uncertain_nl + status.lost_nl
        program = self._before.program
        accuracy = program.accuracy_permille if program is not None else USUAL_ACCURACY_PERMILLE
        check = judge_residual(status.fill_nl, status.residual_nl, withdrawn_nl, accuracy, unsure_nl)
        self.record.residual = check
        self._talk.tell(check.text())
        if check.must_evaluate:
            self._talk.need_reason(check.text())
        return check.text()

    def _review(self, pump: Pump) -> str | None:
        """Review everything that can be refused here, where the pump is still as it was."""
        plan, talk = self._plan, self._talk
        plan.compiled = talk.compiled(plan)
        if plan.compiled is not None:
            self._prescribed = plan.compiled.program
            plan.compiled = replace(plan.compiled, program=self._bridged(pump, plan.compiled.program))
        running, new = self._before.program, plan.compiled.program if plan.compiled is not None else None
        capacity_nl = new.reservoir_nl if new is not None and new.reservoir_nl else self._capacity_nl
        plan.fill_nl = talk.fill_nl(plan, capacity_nl)
        need_volumes(None, plan.fill_nl, capacity_nl)
        self._check_fill(capacity_nl)
        if new is None or (running is not None and running.digest() == new.digest()):
            if plan.fill_nl is not None or plan.set_clock:
                clock, fill = self._to_do()
                talk.agree(f"{' and '.join(filter(None, (clock, fill))).capitalize()}?")
            return None if new is None else "the pump has this program already"
        talk.show_change(comparison(running, new))
        history = dose_history(self._before.status, self._before.last_dose)
        self.record.findings = talk.settle(running, new, history)
        self._digest = pump.stage(new)
        more = "".join(f", {what}" for what in self._to_do() if what)
        talk.agree(f"{stop_warning(running, new)}Make this the pump's program{more}?")
        return f"program {self._digest[:4].hex()} is agreed to and was checked by the pump"

    def _to_do(self) -> tuple[str, str]:
        """Return what is done beside a change of program, for the question."""
        fill_nl = self._plan.fill_nl
        return (
            "set the pump's clock" if self._plan.set_clock else "",
            f"set the reservoir to {millilitres(fill_nl)} mL" if fill_nl is not None else "",
        )

    def _check_fill(self, capacity_nl: int) -> None:
        """Find drug that may lie beside the pump, before the pump is set to it or programmed for it."""
        plan = self._plan
        if plan.fill_nl is None or plan.drawn_back_nl is None:
            return
        check = judge_fill(plan.fill_nl, plan.drawn_back_nl, capacity_nl)
        self.record.fill = check
        if check.must_evaluate:
            self._talk.need_reason(check.text())

    def _bridged(self, pump: Pump, new: Program) -> Program:
        """Return the program with its bridge, for another drug or concentration: what lies in tubing and catheter has
        to be used up first."""
        if self._plan.no_bridge:
            return new
        running = self._before.program
        return bridged(running, new, bridge_left_s(pump, running))

    def _refill(self, pump: Pump) -> str | None:
        fill_nl = self._plan.fill_nl
        if fill_nl is None:
            return None
        refilled = pump.refill(fill_nl)
        self.record.filled_nl = fill_nl
        self._warn_unless_stored(refilled.is_stored, "the refill")
        text = f"the pump counts from {millilitres(fill_nl)} mL"
        if self.record.fill is not None:
            text = f"{text}; {self.record.fill.text()}"
        self._talk.tell(text)
        return text

    def _reprogram(self, pump: Pump) -> str | None:
        if self._digest is None or self._prescribed is None:
            return None
        running = self._before.program
        if running is not None and running.bridge is not None:
            # A bridge under way has gone on while a person read, filled and agreed.
            self._digest = pump.stage(self._bridged(pump, self._prescribed))
        pump.commit_staged(self._digest)
        self.record.program_changed = True
        text = f"the pump has program {self._digest[:4].hex()}"
        self._talk.tell(text)
        return text

    def _start(self, pump: Pump) -> str | None:
        """Do the step that is forgotten: programmed, and start never pressed."""
        program = pump.read_program()
        if program is None or not program.delivers() or self._was_started(pump):
            return None
        if not self._talk.wants_start(self._plan):
            return None
        self._warn_unless_stored(pump.start(program.digest()).is_stored, "the start")
        text = f"the pump is {status_once_begun(pump).state_name}"
        self._talk.tell(text)
        return text

    def _confirm_dates(self, pump: Pump) -> str | None:
        self.record.now = read = interrogate(pump, self._plan.wall)
        if self.record.filled_nl is not None and read.status.fill_nl != self.record.filled_nl:
            raise ThecalError(f"the pump counts from {read.status.fill_nl} nL instead of what was set")
        if self._digest is not None and read.status.program_digest != self._digest:
            raise ThecalError("the pump has another program than the one agreed to; interrogate it")
        if self.record.is_standing:
            self.record.warnings.append(
                f"the pump is {read.status.state_name} and gives NOTHING; `thecal start` begins delivery"
            )
        if read.dates is None:
            text = "no dates: no program that delivers, or it is not known what the reservoir holds"
            self._talk.tell(text)
            return text
        text = f"refill by {date_text(read.dates.refill_by)}, low-reservoir alarm {date_text(read.dates.low)}"
        self._talk.tell(text)
        if not read.outlook.alarm_protects:
            self.record.warnings.append(
                "the alarm may come after the reservoir is dry: book the refill by the refill-by date"
            )
        return text

    def _print_out(self, pump: Pump) -> str | None:
        if self._plan.clinic_page is None and self._plan.handout_page is None:
            return None
        record, read = self.record, self.record.now
        assert read is not None
        visit = VisitRecord(
            [(name, text) for name, text in record.lines() if name != State.PRINT_OUT],
            record.program_changed,
            self._before.program,
            record.residual,
            record.fill,
            record.filled_nl,
            record.findings,
            self._talk.reason,
            self._before.status.latest_event + 1,
        )
        record.written = self._write(
            self._plan, clinic_report(read, visit), handout(read, self._plan.contacts)
        )
        return f"wrote {', '.join(record.written)}"

    @property
    def _before(self) -> Interrogation:
        assert self.record.before is not None
        return self.record.before

    @property
    def _capacity_nl(self) -> int:
        """Return what the reservoir holds, as far as anybody has said: the program's, the new program's, or the last
        fill."""
        programs: list[Program | None] = [self._before.program]
        if self._plan.compiled is not None:
            programs.append(self._plan.compiled.program)
        for program in programs:
            if program is not None and program.reservoir_nl:
                return program.reservoir_nl
        return self._before.status.fill_nl or 40_000_000

    def _warn_unless_stored(self, is_stored: bool, what: str) -> None:
        if not is_stored:
            self.record.warnings.append(
                f"the pump could not write {what} to its memory: a power cut undoes it"
            )

    def _warn_about_concentration(self) -> None:
        """Warn about the one order that must not be left half-way: another drug in the reservoir under the old
        program.

        A person fills before they report it, so this holds from the moment that a fill is reported, whatever came
        after.
        """
        record, compiled = self.record, self._plan.compiled
        running = record.before.program if record.before is not None else None
        is_filled = record.filled_nl is not None or self._plan.fill_nl is not None
        if compiled is None or running is None or not is_filled or record.program_changed:
            return
        if is_another_drug(running, compiled.program):
            record.warnings.append(
                f"the refill was for {named(compiled.program)} and the pump still doses for {named(running)}:"
                " program it now, or draw the new drug out again"
            )
