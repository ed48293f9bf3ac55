"""Everything that a person can do in the console, by name: the page sends the name with what was typed.

An act that could change the pump, or what is on the desk, needs control of the console. Nothing waits here: what is
asked of the pump is done by the session, and what became of it is said on the desk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from thecal import bolus_order, questions, typed
from thecal.console import draft as drafts
from thecal.console.control import Control
from thecal.console.desk import CheckedBolus, Desk, Said
from thecal.console.places import place_of
from thecal.console.session import ConsoleChanges, LookOnlyError, PumpSession
from thecal.console.views.log import log_csv
from thecal.console.visit_run import VisitRun, Wishes
from thecal.errors import ThecalError
from thecal.reports.status_text import dose_now
from thecal.starting import status_once_begun
from thecal.titration import GROUPS
from thecal.toml_file import toml_in
from thecal_fw.core.alarms import ALARM_NAMES, PRIORITY_NAMES
from thecal_fw.core.service_life import PART_NAMES

if TYPE_CHECKING:
    from thecal.client import Pump

T = TypeVar("T")
Values = dict[str, str]


@dataclass
class Window:
    """name: which window, over a reload too. local: what only this window shows, such as a dialog."""

    name: str = ""
    local: dict[str, str] = field(default_factory=dict)
    download: Callable[[str, str], None] = lambda _name, _text: None


class Acts:
    """later: runs something in the server's own thread, and has every window drawn anew."""

    def __init__(
        self, desk: Desk, session: PumpSession, control: Control, later: Callable[[Callable[[], None]], None]
    ) -> None:
        self._desk, self._session, self._control, self._later = desk, session, control, later
        self._local: dict[str, Callable[[Window, Values], None]] = {
            "show": lambda window, values: window.local.update(values),
            "close": _close,
            "control.take": lambda window, _: control.take(window.name),
            "show.filter": lambda window, values: window.local.update(filter=values["value"]),
            "show.sessions": lambda window, values: window.local.update(sessions=values["value"]),
            "draft.save": self._save,
            "log.save": self._save_log,
        }
        self._acts: dict[str, Callable[[Window, Values], None]] = {
            "go_on": lambda _window, _values: session.go_on(),
            "type": self._type,
            "stop": self._stop,
            "start": self._start,
            "acknowledge": self._acknowledge,
            "tone": self._tone,
            "draft.set": self._set,
            "draft.mode": lambda _, values: desk.change(drafts.with_mode(desk.draft, values["value"])),
            "draft.group": self._group,
            "draft.step": lambda _, values: desk.change(drafts.with_step(desk.draft, values["pattern"])),
            "draft.bolus": lambda _, values: desk.change(drafts.with_bolus(desk.draft, values["pattern"])),
            "draft.part": lambda _, values: desk.change(drafts.with_part(desk.draft, values["part"])),
            "draft.drop": lambda _, values: desk.change(
                drafts.without(desk.draft, place_of(values["place"]))
            ),
            "draft.pattern": self._pattern,
            "draft.drag": self._drag,
            "draft.drag_begin": lambda _window, _values: desk.undone.append((desk.draft, desk.origin)),
            "draft.undo": lambda _window, _values: desk.undo(),
            "draft.pump": self._from_pump,
            "draft.new": lambda _window, _values: desk.change(drafts.empty_draft(), "a new prescription"),
            "draft.open": self._open,
            "draft.bridge": self._bridge,
            "visit.begin": lambda window, _: self._begin_visit(window, only_program=False),
            "change.begin": lambda window, _: self._begin_visit(window, only_program=True),
            "visit.answer": self._answer,
            "visit.break": lambda _window, _values: desk.visit.break_off() if desk.visit else None,
            "visit.close": self._close_visit,
            "bolus.check": self._check_bolus,
            "bolus.drop": self._drop_bolus,
            "bolus.give": self._give_bolus,
            "bolus.cancel": self._cancel_bolus,
            "part": self._renew_part,
        }

    def do(self, window: Window, name: str, values: Values) -> None:
        """Do what a person asked for; what is refused is said, and nothing else."""
        area = name.partition(".")[0]
        try:
            if name in self._local:
                self._local[name](window, values)
                return
            act = self._acts.get(name)
            if act is None:
                return
            self._control.need(window.name)
            self._desk.said.pop(area, None)
            act(window, values)
        except (ThecalError, LookupError) as error:
            self._desk.said[area] = Said(str(error), is_problem=True)

    # --- asked of the pump

    def _ask(self, area: str, job: Callable[[Pump], T], done: Callable[[T], str]) -> None:
        """Have the session do it, and say what became of it."""
        changes: ConsoleChanges = self._session.changes
        doubts = len(changes.in_doubt)

        def tell(future: Any) -> None:
            error = future.exception()
            if error is None:
                text, is_problem = done(future.result()), False
            else:
                text, is_problem = str(error), True
                if len(changes.in_doubt) > doubts:
                    text += f". NOT KNOWN whether {changes.in_doubt[-1]}: look at the pump and its log first"
            self._later(lambda: self._desk.said.update({area: Said(text, is_problem=is_problem)}))

        self._session.ask(job).add_done_callback(tell)

    def _need_changes(self) -> None:
        if not self._session.changes.may_change:
            raise LookOnlyError

    def _stop(self, window: Window, values: Values) -> None:
        window.local.pop("dialog", None)
        self._need_changes()
        self._ask(
            "stop",
            lambda pump: pump.stop(),
            lambda stopped: f"Delivery has stopped.{_unless_stored(stopped.is_stored)}",
        )

    def _start(self, window: Window, values: Values) -> None:
        window.local.pop("dialog", None)
        self._need_changes()

        def start(pump: Pump) -> tuple[str, bool]:
            program = bolus_order.program_of(pump)
            started = pump.start(program.digest())
            status = status_once_begun(pump)
            dose = dose_now(status, pump.boluses().bridge_left_s) if status.rate_nl_per_day else "nothing yet"
            return f"The pump is {status.state_name}: {dose}.", started.is_stored

        self._ask("start", start, lambda found: f"{found[0]}{_unless_stored(found[1])}")

    def _acknowledge(self, window: Window, values: Values) -> None:
        self._need_changes()
        bits = sum(1 << ALARM_NAMES.index(name) for name in values.get("alarm", "").split("|") if name)

        def acknowledge(pump: Pump) -> str:
            before = pump.interrogate().active_alarms
            done = pump.acknowledge(bits)
            rows = questions.acknowledged_rows(before, done.active_alarms, done.silenced_alarms)
            return "; ".join(f"{label}: {text}" for label, text in rows) + _unless_stored(done.is_stored)

        self._ask("acknowledge", acknowledge, str)

    def _tone(self, window: Window, values: Values) -> None:
        self._need_changes()
        priority = values["priority"]

        def sounded(sounds: bool) -> str:
            if not sounds:
                return "The pump is sounding other tones; try again in a few seconds."
            return f"The pump sounds the tones of a {priority} alarm."

        self._ask("tone", lambda pump: pump.check_tone(PRIORITY_NAMES.index(priority)), sounded)

    def _renew_part(self, window: Window, values: Values) -> None:
        window.local.pop("dialog", None)
        self._need_changes()
        part = values["part"]
        self._ask(
            "part",
            lambda pump: pump.renew_part(PART_NAMES.index(part)),
            lambda is_stored: f"The pump was told of the new {part}.{_unless_stored(is_stored)}",
        )

    def _check_bolus(self, window: Window, values: Values) -> None:
        """Report what the pump would give, in its own words; nothing is given."""
        desk, kind = self._desk, values["kind"]
        desk.typed.update({f"bolus.{key}": text for key, text in values.items()})
        desk.bolus = None

        def check(pump: Pump) -> CheckedBolus:
            program = bolus_order.program_of(pump)
            if kind == "patient":
                order = bolus_order.patient_order()
            elif kind == "clinician":
                dose = typed.dose_mcg(values.get("dose", "").strip())
                minutes = typed.whole_minutes(values.get("minutes", "").strip(), "over")
                order = bolus_order.clinician_order(program, dose, minutes)
            else:
                minutes = typed.whole_minutes(values.get("minutes", "").strip(), "over")
                what = values.get("what", "tubing")
                order = bolus_order.prime_order(
                    program, minutes, tubing=what != "catheter", catheter=what != "tubing"
                )
            return CheckedBolus(order, bolus_order.checked(pump, program, order)[1])

        def checked(found: CheckedBolus) -> str:
            self._later(lambda: setattr(desk, "bolus", found))
            return ""

        self._ask("bolus", check, checked)

    def _drop_bolus(self, window: Window, values: Values) -> None:
        self._desk.bolus = None

    def _give_bolus(self, window: Window, values: Values) -> None:
        self._need_changes()
        checked, self._desk.bolus = self._desk.bolus, None
        if checked is None or checked.what != values.get("what"):
            raise ThecalError("the bolus that was shown is not the one that was checked: check it again")
        order = checked.order

        def give(pump: Pump) -> str:
            digest = bolus_order.program_of(pump).digest()
            pump.give_bolus(digest, order.kind, order.rate_nl_per_day, order.seconds)
            return f"The pump gives {checked.what}."

        self._ask("bolus", give, str)

    def _cancel_bolus(self, window: Window, values: Values) -> None:
        window.local.pop("dialog", None)
        self._need_changes()

        def cancel(pump: Pump) -> str:
            was = pump.boluses()
            is_stored = pump.cancel_bolus().is_stored
            text = "The bolus has been ended; the log tells how much of it was given."
            return (text if was.under_way else "No bolus was under way.") + _unless_stored(is_stored)

        self._ask("bolus", cancel, str)

    # --- the draft

    def _type(self, window: Window, values: Values) -> None:
        self._desk.typed.update(values)

    def _set(self, window: Window, values: Values) -> None:
        place = place_of(values["place"])
        self._desk.change(drafts.with_value(self._desk.draft, place, values["value"]))

    def _group(self, window: Window, values: Values) -> None:
        if values["value"] in GROUPS:
            self._desk.group = values["value"]

    def _bridge(self, window: Window, values: Values) -> None:
        self._desk.no_bridge = values["value"] == "yes"

    def _pattern(self, window: Window, values: Values) -> None:
        name = values.get("name", "")
        self._desk.change(drafts.with_pattern(self._desk.draft, name, values["like"]))
        window.local["pattern"] = name.strip()
        self._desk.typed.pop("pattern name", None)

    def _drag(self, window: Window, values: Values) -> None:
        """Move a handle of the drawing to a time of day or a dose."""
        place = place_of(values["place"])
        self._desk.drag(drafts.with_value(self._desk.draft, place, values["value"]))

    def _from_pump(self, window: Window, values: Values) -> None:
        seen = self._session.seen
        if seen is not None:
            self._desk.change(drafts.draft_of_program(seen.program), "the pump's own program")

    def _open(self, window: Window, values: Values) -> None:
        name = values.get("name", "the file")
        text = values.get("text", "")
        self._desk.change(drafts.draft_of_fields(toml_in(text, name)), name)

    def _save(self, window: Window, values: Values) -> None:
        window.download("prescription.toml", drafts.toml_of_draft(self._desk.draft))

    def _save_log(self, window: Window, values: Values) -> None:
        seen = self._session.seen
        if seen is not None:
            wanted, everything = window.local.get("filter", ""), window.local.get("sessions", "") == "yes"
            window.download(f"log-{seen.serial}.csv", log_csv(seen, wanted, everything=everything))

    # --- the visit

    def _begin_visit(self, window: Window, *, only_program: bool) -> None:
        self._need_changes()
        desk, seen = self._desk, self._session.seen
        if desk.visit is not None and not desk.visit.is_over:
            raise ThecalError("a visit or a change is under way already: end that first")
        confirm = ""
        if seen is not None and seen.boards_attached > 1:
            confirm = f"pump {seen.serial}, patient {seen.patient or 'not named in the program'}"
        wishes = Wishes(
            only_program, desk.compiled, desk.library, desk.group, desk.contacts, desk.no_bridge, confirm
        )
        visit = VisitRun(self._session, wishes, lambda: self._later(self._look_at_visit))
        desk.visit = visit
        self._session.ask(lambda _pump: visit.run()).add_done_callback(
            lambda future: self._later(lambda: self._visit_never_began(visit, future.exception()))
        )

    def _look_at_visit(self) -> None:
        """Look at the visit after each step; the draft that the pump has by then follows the pump again."""
        visit = self._desk.visit
        if visit is not None and visit.is_over and visit.record is not None and visit.record.program_changed:
            self._desk.is_committed()

    @staticmethod
    def _visit_never_began(visit: VisitRun, error: BaseException | None) -> None:
        if error is not None and not visit.is_over:
            visit.failure, visit.is_over = str(error), True

    def _answer(self, window: Window, values: Values) -> None:
        if self._desk.visit is not None and values.get("number", "").isdigit():
            self._desk.visit.answer(int(values["number"]), values)

    def _close_visit(self, window: Window, values: Values) -> None:
        if self._desk.visit is not None and self._desk.visit.is_over:
            self._desk.visit = None


def _close(window: Window, values: Values) -> None:
    window.local.pop("dialog", None)


def _unless_stored(is_stored: bool) -> str:
    return "" if is_stored else f" Warning: {questions.NOT_STORED}."
