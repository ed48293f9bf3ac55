"""A visit, or a change of program alone, as the console carries it out: the library's own visit, which asks its page.

It runs in the session's thread and waits there for a person, while the pump keeps being looked at and can be stopped.
Promises: nothing is answered but by a person, to the very question that is shown; a visit that is broken off, by a
person, by a pump that is gone or by a console that ends, leaves the library's record of what was done and what not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from thecal.clocks import told_wall
from thecal.console.questions import Kind, Question
from thecal.errors import BadInputError, ThecalError
from thecal.judgement import Finding, is_retyped, settle
from thecal.judgement import Kind as FindingKind
from thecal.program_review import review
from thecal.residual_check import need_volumes
from thecal.typed import volume_nl
from thecal.visit.plan import DeclinedError, Plan
from thecal.visit.visit import Visit

if TYPE_CHECKING:
    from thecal.clocks import Clocks
    from thecal.console.session import PumpSession
    from thecal.contacts import Contacts
    from thecal.dose_history import DoseHistory
    from thecal.drug_library import Library
    from thecal.prescription import Compiled
    from thecal.visit.record import Record
    from thecal.words import Row
    from thecal_fw.core.program import Program

CLINIC, FAMILY = "clinic", "family"
_NAMES = {CLINIC: "the clinic's report", FAMILY: "the family's sheet"}


@dataclass(frozen=True)
class Wishes:
    """only_program: the program is to be changed and nothing else. compiled: what is drawn, asked for when it is
    needed; raises BadInputError while something is wrong with it. confirm: what has to be said yes to beside every
    change, where more than one pump is attached."""

    only_program: bool
    compiled: Callable[[], Compiled]
    library: Library | None
    group: str
    contacts: Contacts | None
    no_bridge: bool = False
    confirm: str = ""


class VisitRun:
    """on_change: called whenever there is something else to show."""

    def __init__(self, session: PumpSession, wishes: Wishes, on_change: Callable[[], None]) -> None:
        self.wishes = wishes
        self.question: Question | None = None
        self.told: list[str] = []
        self.rows: list[Row] = []
        self.record: Record | None = None
        self.pages: dict[str, str] = {}
        self.failure = ""
        self.is_over = False
        self.reason = ""
        self._session = session
        self._on_change = on_change
        self._number = 0
        self._given: dict[str, str] | None = None
        self._is_broken_off = False
        plan = Plan(no_bridge=wishes.no_bridge, contacts=wishes.contacts)
        if not wishes.only_program:
            plan.clinic_page, plan.handout_page = Path(CLINIC), Path(FAMILY)
        self._visit = Visit(session.lease, plan, self, self._write)

    # --- called from anywhere

    @property
    def so_far(self) -> Record:
        """Return what has become of it by now."""
        return self._visit.record

    def answer(self, number: int, values: dict[str, str]) -> None:
        if self.question is not None and self.question.number == number and self._given is None:
            self._given = values

    def break_off(self) -> None:
        self._is_broken_off = True

    # --- the job

    def run(self) -> None:
        try:
            self.record = self._visit.run()
        except (ThecalError, OSError) as error:
            # Bad input, before anything was changed.
            self.record, self.failure = self._visit.record, str(error)
        finally:
            self.question, self.is_over = None, True
            self._on_change()

    def _ask(
        self,
        kind: Kind,
        text: str,
        read: Callable[[dict[str, str]], None],
        findings: tuple[Finding, ...] = (),
        clocks: Clocks | None = None,
    ) -> None:
        """Wait for an answer that can be read. read: raises BadInputError for one that can't."""
        problems: tuple[str, ...] = ()
        values: dict[str, str] = {}
        while True:
            self._number += 1
            self._given = None
            self.question = Question(self._number, kind, text, problems, findings, clocks, values)
            self._on_change()
            self._session.serve_until(lambda: self._given is not None or self._is_broken_off)
            if self._is_broken_off:
                self.question = None
                raise DeclinedError("broken off by the person at the console")
            values = dict(self._given or {})
            try:
                read(values)
            except BadInputError as error:
                problems = tuple(error.problems)
            else:
                self.question = None
                self._on_change()
                return

    # --- what the visit asks

    def tell(self, text: str) -> None:
        self.told.append(text)
        self._on_change()

    def show_change(self, rows: list[Row]) -> None:
        self.rows = rows

    def agree(self, question: str) -> None:
        def read(values: dict[str, str]) -> None:
            if values.get("answer") == "no":
                raise DeclinedError("declined by the person at the console")
            if self.wishes.confirm and values.get("confirmed") != "yes":
                raise BadInputError([f"say first that this is right: {self.wishes.confirm}"])

        self._ask(Kind.AGREE, question, read)

    def need_reason(self, why: str) -> None:
        def read(values: dict[str, str]) -> None:
            if not values.get("reason", "").strip():
                raise BadInputError(["give a reason, which is kept with the record, or break off"])
            self.reason = values["reason"].strip()

        if not self.reason:
            self._ask(Kind.REASON, why, read)

    def settle_clocks(self, plan: Plan, clocks: Clocks) -> Clocks:
        settled = clocks

        def read(values: dict[str, str]) -> None:
            nonlocal settled
            if values.get("wall", "").strip():
                plan.wall = told_wall(values["wall"])
                settled = replace(clocks, now=clocks.now + plan.wall.ahead_by, is_told=True)
            elif clocks.doubt:
                raise BadInputError([f"{clocks.fault}. Tell the time on the wall"])
            if not settled.fault:
                return
            if values.get("clock") == "set":
                plan.set_clock = True
            elif values.get("reason", "").strip():
                self.reason = values["reason"].strip()
            else:
                raise BadInputError(["choose to set the pump's clock, or give a reason to leave it"])

        self._ask(Kind.CLOCKS, clocks.fault, read, clocks=clocks)
        return settled

    def settle(self, running: Program | None, new: Program, history: DoseHistory) -> list[Finding]:
        findings = review(running, new, self.wishes.group, self.wishes.library, history)
        if not findings:
            return findings

        def read(values: dict[str, str]) -> None:
            reason = values.get("reason", "").strip() or self.reason
            typed = {
                one.field: values.get(f"again {number}", "")
                for number, one in enumerate(findings)
                if one.kind is FindingKind.RETYPE
            }
            wrong = [
                f"{one.field}: what was typed again is another value; read it off the prescription"
                for one in findings
                if one.kind is FindingKind.RETYPE and not is_retyped(typed[one.field], one.value)
            ]
            if any(one.kind is FindingKind.HARD for one in findings):
                raise BadInputError(["a hard limit stands in the way: break off and change the prescription"])
            if any(one.kind is FindingKind.SOFT for one in findings) and not reason:
                wrong.append("give a reason, which is kept with the record, or break off")
            if wrong:
                raise BadInputError(wrong)
            settle(findings, reason, typed)
            self.reason = reason

        self._ask(Kind.FINDINGS, "The new program against what the pump has", read, findings=tuple(findings))
        return findings

    def wants_start(self, plan: Plan) -> bool:
        wanted = False

        def read(values: dict[str, str]) -> None:
            nonlocal wanted
            wanted = values.get("answer") == "yes"

        self._ask(Kind.START, "The pump stands and gives nothing. Begin delivery now?", read)
        return wanted

    def withdrawn_nl(self, plan: Plan, expected: str, reservoir_nl: int) -> int | None:
        if self.wishes.only_program:
            return None
        found: int | None = None

        def read(values: dict[str, str]) -> None:
            nonlocal found
            text = values.get("withdrawn", "").strip()
            if not text:
                return
            volume = volume_nl(text, "withdrawn")
            need_volumes(volume, None, reservoir_nl)
            found = volume

        self._ask(
            Kind.WITHDRAWN, f"Volume withdrawn in mL (expected {expected}; empty if none was drawn)", read
        )
        return found

    def fill_nl(self, plan: Plan, reservoir_nl: int) -> int | None:
        if self.wishes.only_program:
            return None
        found: int | None = None

        def read(values: dict[str, str]) -> None:
            nonlocal found
            text, back = values.get("fill", "").strip(), values.get("drawn_back", "").strip()
            if back and not text:
                raise BadInputError(["what was drawn back checks what was filled: give the volume filled"])
            if not text:
                return
            volume = volume_nl(text, "filled")
            need_volumes(None, volume, reservoir_nl)
            plan.drawn_back_nl = volume_nl(back, "drawn back") if back else None
            found = volume

        self._ask(Kind.FILL, "Volume filled in mL (empty if it was not refilled)", read)
        return found

    def compiled(self, plan: Plan) -> Compiled | None:
        if self.wishes.only_program:
            return self.wishes.compiled()
        found: Compiled | None = None

        def read(values: dict[str, str]) -> None:
            nonlocal found
            found = self.wishes.compiled() if values.get("program") == "drawn" else None

        self._ask(Kind.PROGRAM, "The program from now on", read)
        return found

    def _write(self, plan: Plan, clinic: str, family: str) -> list[str]:
        self.pages = {CLINIC: clinic, FAMILY: family}
        return list(_NAMES.values())
