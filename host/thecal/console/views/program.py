"""The page of the program: the day drawn and typed, what is said of it beside its fields, and its way to the pump."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

from thecal.amounts import dose_mcg, plain
from thecal.console.draft import (
    MODES,
    NUMBER_OF,
    Draft,
    Place,
    drawn_boluses,
    drawn_steps,
    minute_of,
    number_of,
    value_at,
    with_ends,
)
from thecal.console.opinion import Opinion
from thecal.console.places import written
from thecal.console.views.day_chart import Day, Handle, day_charts
from thecal.console.views.parts import (
    button,
    card,
    choice,
    element,
    field,
    form,
    remarks,
    row,
    said_block,
    slug,
    submit,
    tick,
)
from thecal.console.views.scene import Scene
from thecal.console.views.visit import visit_panel
from thecal.day_pattern import clock
from thecal.judgement import Kind
from thecal.prescription import WEEKDAYS
from thecal.program_figures import gives_therapy
from thecal.reports.day_picture import basal_steps, boluses_of_day
from thecal.titration import GROUPS
from thecal.words import WEEKDAY_WORDS, volume_of_day_nl
from thecal_fw.core.program import MINUTES_PER_DAY

_MODE_WORDS = {
    "flex": "flex: a day of steps",
    "simple continuous": "simple continuous: one rate",
    "minimum rate": "minimum rate",
    "stopped": "stopped: gives nothing",
}


def program_page(scene: Scene) -> list[Element]:
    desk = scene.desk
    nodes = [element("h1", "Program")]
    if desk.visit is not None and desk.visit.wishes.only_program:
        return [*nodes, visit_panel(scene, desk.visit)]
    opinion = desk.opinion(scene.seen)
    editor = _Editor(scene, opinion)
    return [
        *nodes,
        editor.tools(),
        said_block(scene.said("draft", "change")),
        editor.verdict(),
        *editor.cards(),
    ]


class _Editor:
    """The fields of one draft, each with what is said of it."""

    def __init__(self, scene: Scene, opinion: Opinion) -> None:
        self.scene, self.opinion = scene, opinion
        self.draft: Draft = scene.desk.draft
        self.locked = not scene.can_edit

    # --- above all

    def tools(self) -> Element:
        desk = self.scene.desk
        pick = element(
            "input", type="file", id="open-file", accept=".toml", class_="sr", data_do="draft.open"
        )
        pick.set("tabindex", "-1")
        pick.set("aria-hidden", "true")
        if self.locked:
            pick.set("disabled", "disabled")
        opener = element(
            "button", "Open …", type="button", class_="button", id="open", data_opens="open-file"
        )
        if self.locked:
            opener.set("disabled", "disabled")
        changed = ", changed" if desk.is_touched else ""
        return row(
            element("p", f"On the desk: {desk.origin}{changed}", class_="sub"),
            row(
                pick,
                opener,
                button("Save as file", "draft.save", id_="save"),
                button("Undo", "draft.undo", disabled=self.locked or not desk.undone, id_="undo"),
                button("As the pump has it", "draft.pump", disabled=self.locked, id_="from-pump"),
                button("New", "draft.new", disabled=self.locked, id_="new"),
                kind="tools",
            ),
            kind="between",
        )

    def verdict(self) -> Element:
        """Return what stands in the way, or the way to the pump."""
        opinion = self.opinion
        hard = [one for one in opinion.findings if one.kind is Kind.HARD]
        if opinion.compiled is None or hard:
            count = len(opinion.remarks) if opinion.compiled is None else len(hard)
            head, kind = f"{count} {'thing' if count == 1 else 'things'} to put right", "bad"
        elif opinion.is_running_already:
            head, kind = "The pump has this program", "good"
        elif opinion.findings:
            count = len(opinion.findings)
            head, kind = (
                f"Can be reviewed: {count} {'finding' if count == 1 else 'findings'} to settle",
                "warn",
            )
        else:
            head, kind = "Can be reviewed: nothing found", "good"
        ready = opinion.compiled is not None and not hard and not opinion.is_running_already
        review = button(
            "Review …",
            "change.begin",
            kind="primary",
            disabled=not (ready and self.scene.can_act),
            id_="review",
        )
        why = (
            ""
            if self.scene.may_change
            else "This console only looks: save it as a file, or start it with --changes."
        )
        return element(
            "div",
            row(element("p", element("b", head), role="status"), review, kind="between"),
            element("p", why, class_="hint") if why else element("span"),
            remarks(opinion.elsewhere) or element("span"),
            element("p", opinion.warning, class_="hint") if opinion.warning else element("span"),
            class_=f"verdict {kind}",
        )

    def cards(self) -> list[Element]:
        mode = value_at(self.draft, ("mode",))
        nodes = [self._what(mode)]
        if mode == "stopped":
            return nodes
        if mode == "flex":
            nodes.append(self._day())
        elif mode == "simple continuous":
            nodes.append(
                card("The rate", row(self.number("Dose", ("dose_mcg_per_day",), "mcg/day"), kind="fields"))
            )
        nodes.append(self._bounds())
        if mode != "minimum rate":
            nodes.append(self._more_boluses(mode))
        return nodes

    # --- fields

    def number(
        self,
        label: str,
        place: Place,
        unit: str = "",
        *,
        hint: str = "",
        hide_label: bool = False,
        enter: str = "",
    ) -> Element:
        return self.text(label, place, unit, hint=hint, hide_label=hide_label, numeric=True, enter=enter)

    def text(
        self,
        label: str,
        place: Place,
        unit: str = "",
        *,
        hint: str = "",
        hide_label: bool = False,
        numeric: bool = False,
        width: str = "",
        is_first: bool = False,
        enter: str = "",
    ) -> Element:
        """Return a field of text. is_first: where a person types next in what they have just added. enter: what that
        key does besides."""
        attributes = {"data-first": "yes"} if is_first else {}
        if enter:
            attributes["data-enter"] = enter
        return field(
            label,
            f"draft-{written(place)}",
            value_at(self.draft, place),
            unit=unit,
            hint=hint,
            beside=self.opinion.beside(place),
            do="draft.set",
            values={"place": written(place)},
            disabled=self.locked,
            numeric=numeric,
            hide_label=hide_label,
            width=width,
            attributes=attributes,
        )

    def _what(self, mode: str) -> Element:
        desk = self.scene.desk
        kinds = choice(
            "Mode",
            "draft-mode",
            mode,
            [(one, _MODE_WORDS[one]) for one in MODES],
            do="draft.mode",
            disabled=self.locked,
            beside=self.opinion.beside(("mode",)),
        )
        if mode == "stopped":
            return card("What", row(kinds, kind="fields"))
        group = choice(
            "Judged as",
            "draft-group",
            desk.group,
            [(one, one) for one in GROUPS],
            do="draft.group",
            disabled=self.locked,
        )
        return card(
            "What",
            row(
                self.text("Drug", ("drug",)),
                self.number("Concentration", ("concentration_mcg_per_ml",), "mcg/mL"),
                self.text("Patient", ("patient_id",), hint="as the clinic names them"),
                kinds,
                group,
                kind="fields",
            ),
        )

    # --- the day

    def _day(self) -> Element:
        names = list(self.draft.get("pattern", {}))
        shown = self.scene.local.get("pattern", "")
        name = shown if shown in names else (names[0] if names else "")
        tabs = [_tab(one, is_shown=one == name, total=self._total(index)) for index, one in enumerate(names)]
        more = form(
            "draft.pattern",
            field(
                "Another day, named",
                "pattern-name",
                self.scene.desk.typed.get("pattern name", ""),
                name="name",
                disabled=self.locked,
            ),
            submit("Add it as a copy", kind="", disabled=self.locked),
            hidden={"like": name},
            id_="pattern-form",
        )
        return card(
            "The day",
            element("div", *tabs, class_="tabs", role="group", aria_label="Days of the program"),
            remarks(self.opinion.beside(("pattern", name))),
            remarks(self.opinion.beside(("bolus", name))),
            element(
                "div",
                element("div", self._drawing(name), _legend(), class_="drawing"),
                self._steps(name),
                class_="daygrid",
            ),
            self._boluses(name),
            element("h3", "Weekdays"),
            row(*[self._weekday(day, names) for day in range(7)], kind="week"),
            row(
                more,
                button(
                    f'Remove the day "{name}"',
                    "draft.drop",
                    {"place": written(("pattern", name))},
                    disabled=self.locked or len(names) < 2,
                    id_="drop-pattern",
                ),
                kind="between",
            ),
            kind="wide",
        )

    def _total(self, index: int) -> str:
        compiled = self.opinion.compiled
        if compiled is None or index >= len(compiled.program.day_patterns()):
            return ""
        total = dose_mcg(volume_of_day_nl(compiled.program, index), compiled.program.concentration_ng_per_ml)
        return f"{plain(total, 5)} mcg"

    def _weekday(self, day: int, names: list[str]) -> Element:
        return choice(
            WEEKDAY_WORDS[day],
            f"week-{WEEKDAYS[day]}",
            value_at(self.draft, ("week", WEEKDAYS[day])),
            [(one, one) for one in names],
            do="draft.set",
            values={"place": written(("week", WEEKDAYS[day]))},
            disabled=self.locked,
            beside=self.opinion.beside(("week", WEEKDAYS[day])),
        )

    def _drawing(self, name: str) -> Element:
        after = drawn_steps(self.draft, name)
        boluses = [(minute, dose) for minute, _, dose in drawn_boluses(self.draft, name)]
        weekday = next(
            (at for at, day in enumerate(WEEKDAYS) if value_at(self.draft, ("week", day)) == name), 0
        )
        before, boluses_before = [], []
        running = self.scene.seen.program if self.scene.seen is not None else None
        if running is not None and gives_therapy(running):
            before, boluses_before = basal_steps(running, weekday), boluses_of_day(running, weekday)
        words = ", ".join(
            f"{clock(begin)} to {clock(end)} {plain(dose)} mcg/day" for begin, end, dose in after
        )
        top = number_of(self.scene.local.get("top", "")) or Fraction(0)
        day = Day(
            after,
            before,
            boluses,
            boluses_before,
            handles=() if self.locked else self._handles(name),
            least_top=top,
        )
        return day_charts(day, f"The day {name}: {words or 'nothing drawn yet'}", "day")

    def _handles(self, name: str) -> list[Handle]:
        steps: list[dict[str, Any]] = self.draft.get("pattern", {}).get(name, [])
        begins = [minute_of(step["from"]) for step in steps]
        handles: list[Handle] = []
        for at, (step, whole) in enumerate(zip(steps, with_ends(steps) if steps else [], strict=True)):
            begin, end = begins[at], minute_of(whole["to"])
            dose = number_of(step.get("dose_mcg_per_day", ""))
            if begin is None or end is None or dose is None:
                continue
            place: Place = ("pattern", name, step[NUMBER_OF])
            length = (end - begin) % MINUTES_PER_DAY or MINUTES_PER_DAY
            middle = (begin + length // 2) % MINUTES_PER_DAY
            handles.append(
                Handle("y", (*place, "dose_mcg_per_day"), f"Dose from {step['from']}", middle, dose)
            )
            if begin:
                least = begins[at - 1] if at else 0
                most = begins[at + 1] if at + 1 < len(steps) else MINUTES_PER_DAY
                handles.append(
                    Handle(
                        "x",
                        (*place, "from"),
                        f"Beginning of the step of {plain(dose)} mcg/day",
                        begin,
                        dose,
                        (least or 0) + 5,
                        (most or MINUTES_PER_DAY) - 5,
                    )
                )
        return handles

    def _steps(self, name: str) -> Element:
        steps: list[dict[str, Any]] = self.draft.get("pattern", {}).get(name, [])
        rows: list[Element] = []
        for at, (step, whole) in enumerate(zip(steps, with_ends(steps) if steps else [], strict=True), 1):
            place: Place = ("pattern", name, step[NUMBER_OF])
            rows.append(
                element(
                    "li",
                    self.text(
                        f"Step {at} from", (*place, "from"), hide_label=True, width="time", is_first=True
                    ),
                    element("span", f"to {whole['to'] or '?'}", class_="until"),
                    self.number(
                        f"Step {at} dose",
                        (*place, "dose_mcg_per_day"),
                        "mcg/day",
                        hide_label=True,
                        enter="add-step",
                    ),
                    _remove(f"Remove step {at}", place, disabled=self.locked or len(steps) < 2),
                    id=slug(f"entry-{written(place)}"),
                )
            )
        return element(
            "div",
            element("h3", "Steps"),
            element("ol", *rows, class_="entries", id="steps"),
            button("Add a step", "draft.step", {"pattern": name}, disabled=self.locked, id_="add-step"),
            class_="half",
        )

    def _boluses(self, name: str) -> Element:
        entries: list[dict[str, Any]] = self.draft.get("bolus", {}).get(name, [])
        rows: list[Element] = []
        for at, entry in enumerate(entries, 1):
            place: Place = ("bolus", name, entry[NUMBER_OF])
            rows.append(
                element(
                    "li",
                    self.text(f"Bolus {at} at", (*place, "at"), hide_label=True, width="time", is_first=True),
                    self.number(f"Bolus {at} dose", (*place, "dose_mcg"), "mcg", hide_label=True),
                    self.number(
                        f"Bolus {at} over",
                        (*place, "over_minutes"),
                        "minutes",
                        hide_label=True,
                        enter="add-bolus",
                    ),
                    _remove(f"Remove bolus {at}", place, disabled=self.locked),
                    id=slug(f"entry-{written(place)}"),
                )
            )
        return element(
            "div",
            element("h3", "Boluses by the clock"),
            element("ol", *rows, class_="entries", id="day-boluses")
            if rows
            else element("p", "None.", class_="hint"),
            button("Add a bolus", "draft.bolus", {"pattern": name}, disabled=self.locked, id_="add-bolus"),
            class_="half",
        )

    # --- the rest

    def _bounds(self) -> Element:
        limits = row(
            self.number("A single bolus", ("limits", "most_mcg_per_bolus"), "mcg"),
            self.number("Any hour", ("limits", "most_mcg_per_hour"), "mcg"),
            self.number("Any 24 hours", ("limits", "most_mcg_per_day"), "mcg"),
            kind="fields",
        )
        reservoir = row(
            self.number("It holds", ("reservoir", "capacity_ml"), "mL"),
            self.number("Low alarm at", ("reservoir", "low_alarm_ml"), "mL"),
            self.number("Drug is stable for", ("reservoir", "stability_days"), "days", hint="may be empty"),
            self.number(
                "Accuracy reckoned with", ("reservoir", "accuracy_percent"), "%", hint="may be empty"
            ),
            self.number("Catheter holds", ("catheter_ul",), "microlitres", hint="may be empty"),
            kind="fields",
        )
        bridge = tick(
            "Tubing and catheter hold the new drug already: no bridge",
            "no-bridge",
            name="",
            is_set=self.scene.desk.no_bridge,
            do="draft.bridge",
        )
        return card(
            "Limits and reservoir",
            element("h3", "At most"),
            limits,
            element("h3", "Reservoir"),
            reservoir,
            bridge,
        )

    def _more_boluses(self, mode: str) -> Element:
        parts: list[Element | None] = [self._part("patient_bolus", "Bolus that the patient may ask for")]
        if mode == "simple continuous":
            parts.append(self._part("periodic_bolus", "Bolus at an interval"))
        return card("More boluses", *parts)

    def _part(self, part: str, title: str) -> Element:
        if part not in self.draft:
            add = button("Add it", "draft.part", {"part": part}, disabled=self.locked, id_=f"add-{part}")
            return row(element("p", title), add, kind="between")
        fields = [
            self.number("Dose", (part, "dose_mcg"), "mcg"),
            self.number("Over", (part, "over_minutes"), "minutes"),
        ]
        if part == "patient_bolus":
            fields.append(self.number("Lockout", (part, "lockout_minutes"), "minutes"))
            fields.append(self.number("Most in 24 hours", (part, "most_per_24_h")))
        else:
            fields.append(self.text("First at", (part, "first"), width="time"))
            fields.append(self.number("Every", (part, "every_hours"), "hours"))
        return element(
            "div",
            row(
                element("h3", title),
                _remove(f"Remove: {title}", (part,), disabled=self.locked),
                kind="between",
            ),
            row(*fields, kind="fields"),
        )


def _legend() -> Element:
    return element(
        "p",
        element("span", "", class_="key after"),
        "drawn here ",
        element("span", "", class_="key before"),
        "runs in the pump. Drag a grip, or move it with the arrow keys; Shift for small steps.",
        class_="hint legend",
    )


def _tab(name: str, *, is_shown: bool, total: str) -> Element:
    node = button(name, "show", {"pattern": name}, kind="tab", id_=f"tab-{name}")
    node.set("aria-pressed", "true" if is_shown else "false")
    if total:
        node.append(element("span", total, class_="total"))
    return node


def _remove(label: str, place: Place, *, disabled: bool) -> Element:
    return button(
        "\u00d7", "draft.drop", {"place": written(place)}, kind="remove", disabled=disabled, label=label,
        id_=f"drop-{written(place)}",
    )  # fmt: skip
