"""The page of a visit: its steps, the question it waits with, at the end what was done and what is to be printed."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from thecal.console.questions import Kind, Question
from thecal.console.views.parts import (
    button,
    card,
    element,
    facts,
    field,
    form,
    problems_block,
    radios,
    row,
    said_block,
    submit,
    table,
    tick,
)
from thecal.console.views.scene import Scene
from thecal.console.visit_run import CLINIC, FAMILY, VisitRun
from thecal.judgement import Finding
from thecal.judgement import Kind as FindingKind
from thecal.visit.steps import STEPS, Outcome, State
from thecal.words import Row

_NEVER_OF_A_CHANGE = (State.RESIDUAL, State.REFILL, State.PRINT_OUT)


def visit_page(scene: Scene) -> list[Element]:
    visit = scene.desk.visit
    nodes = [element("h1", "Visit"), said_block(scene.said("visit"))]
    if visit is not None and visit.wishes.only_program:
        link = element("a", "Go on there", href=f"{scene.base}/program", class_="button primary")
        return [*nodes, card("A change of program is under way", element("p", link))]
    if visit is not None:
        return [*nodes, visit_panel(scene, visit)]
    return [*nodes, _begin(scene)]


def _begin(scene: Scene) -> Element:
    seen, contacts = scene.seen, scene.desk.contacts
    who = "" if seen is None else f"Pump {seen.serial}, patient {seen.patient or 'not named in the program'}."
    telephone = (
        f"The family's sheet names {contacts.clinic}, {contacts.telephone}."
        if contacts is not None
        else "The family's sheet has lines to write the telephone numbers on by hand: start the console with"
        " --contacts FILE to have them printed."
    )
    return card(
        "Begin a visit",
        element("p", who, class_="sub"),
        element("ol", *[element("li", str(step).capitalize()) for step in STEPS], class_="steps plain"),
        element("p", "Nothing changes the pump before everything has been looked at, judged and agreed to."),
        element("p", telephone, class_="hint"),
        row(button("Begin", "visit.begin", kind="primary", disabled=not scene.can_act, id_="visit-begin")),
        None if scene.may_change else element("p", "This console only looks.", class_="hint"),
    )


def visit_panel(scene: Scene, visit: VisitRun) -> Element:
    """Return a visit, or a change of program, that is under way or over."""
    question = visit.question
    if visit.is_over:
        now = _over(scene, visit)
    elif question is not None:
        now = _asked(scene, visit, question)
    else:
        now = card("One moment", element("p", "The pump is being asked.", class_="sub", role="status"))
    told = [element("li", text) for text in visit.told]
    return element(
        "div",
        element("div", _progress(visit), class_="aside"),
        element(
            "div",
            now,
            card("So far", element("ul", *told, class_="told"))
            if told and not visit.is_over
            else element("span"),
            class_="body",
        ),
        class_="visit",
    )


def _progress(visit: VisitRun) -> Element:
    record = visit.record or visit.so_far
    rows: list[Element] = []
    was = visit.so_far.before
    if was is not None:
        patient = was.program.patient if was.program is not None else ""
        who = f"{patient or 'Patient not named'}, pump {was.serial}"
    else:
        who = ""
    for step in STEPS:
        if visit.wishes.only_program and step in _NEVER_OF_A_CHANGE:
            continue
        outcome, text = record.steps.get(step, (Outcome.NOT_REACHED, ""))
        is_now = not visit.is_over and record.state is step
        words = "now" if is_now else str(outcome)
        kind = "now" if is_now else outcome.name.lower().replace("_", "-")
        node = element(
            "li", element("b", str(step).capitalize()), element("span", words, class_="outcome"), class_=kind
        )
        if is_now:
            node.set("aria-current", "step")
        if text and visit.is_over:
            node.append(element("p", text))
        rows.append(node)
    return element("div", element("p", element("b", who)), element("ol", *rows, class_="steps"))


def _over(scene: Scene, visit: VisitRun) -> Element:
    record = visit.record
    what = "The change" if visit.wishes.only_program else "The visit"
    close = button("Close", "visit.close", kind="primary", disabled=not scene.can_edit, id_="visit-close")
    if record is None or (visit.failure and not record.steps):
        return card(f"{what} did not begin", element("p", visit.failure, class_="note bad"), row(close))
    nodes: list[Element] = []
    if record.is_finished and record.is_standing:
        title = f"{what} is finished, but THE PUMP STANDS"
    else:
        title = f"{what} is {record.state}"
    failure = visit.failure or (str(record.error) if record.error is not None else "")
    if failure:
        nodes.append(element("p", failure, class_="note bad", role="alert"))
    nodes += [element("p", warning, class_="note warn") for warning in record.warnings]
    if not record.is_finished and not record.program_changed and record.filled_nl is None:
        nodes.append(element("p", _left_alone(visit), class_="note"))
    if record.must_evaluate:
        nodes.append(element("p", "The figures call for evaluation by a person.", class_="note warn"))
    nodes += [
        row(
            *[
                element(
                    "a",
                    text,
                    href=f"{scene.base}/print/{name}.html",
                    target="_blank",
                    class_="button",
                    id=f"print-{name}",
                )
                for name, text in ((CLINIC, "Clinic's report"), (FAMILY, "Family's sheet"))
                if name in visit.pages
            ]
        ),
        row(close),
    ]
    return card(title, *nodes, kind="over")


def _left_alone(visit: VisitRun) -> str:
    record = visit.record
    doubtful = record is not None and any(
        outcome is Outcome.NOT_KNOWN for outcome, _ in record.steps.values()
    )
    done = [
        str(step)
        for step in (State.SET_CLOCK, State.START)
        if record and record.steps.get(step, ("",))[0] is Outcome.DONE
    ]
    if doubtful:
        return "It is not known whether the last step was done: look at the pump and its log before you do it again."
    if done:
        return f"Done: {', '.join(done)}. Program and reservoir are as before."
    return "The pump is as it was."


def _asked(scene: Scene, visit: VisitRun, question: Question) -> Element:
    hidden = {"number": str(question.number)}
    body: list[Element | None] = [problems_block(question.problems)]
    go_on = submit("Go on", disabled=not scene.can_edit)
    title = ""
    if question.kind is Kind.CLOCKS:
        title, fields = "The clocks differ", _clocks(question)
        body += [element("p", question.text, class_="note warn"), *fields]
    elif question.kind is Kind.WITHDRAWN:
        title = "What was withdrawn"
        body += [element("p", question.text, class_="sub"), _field(question, "Withdrawn", "withdrawn", "mL")]
    elif question.kind is Kind.FILL:
        title = "What is filled in"
        body += [
            element("p", question.text, class_="sub"),
            row(
                _field(question, "Filled", "fill", "mL"),
                _field(question, "Drawn back to check it", "drawn_back", "mL", "may be empty"),
                kind="fields",
            ),
        ]
    elif question.kind is Kind.REASON:
        title = "This needs a reason"
        body += [
            element("p", question.text, class_="note warn"),
            _field(question, "Reason to go on all the same", "reason"),
        ]
    elif question.kind is Kind.PROGRAM:
        title = "The program from now on"
        body += [_which_program(scene, question)]
    elif question.kind is Kind.FINDINGS:
        title = "Review"
        body += [*_findings(question), _comparison(visit.rows)]
    elif question.kind is Kind.AGREE:
        title = "Commit"
        confirm = visit.wishes.confirm
        body += [
            _comparison(visit.rows) if visit.rows else None,
            element("p", question.text, class_="hero small"),
            tick(f"This is {confirm}", "confirmed", name="confirmed") if confirm else None,
        ]
        yes = submit("Yes, do it", name="answer", value="yes", disabled=not scene.can_edit)
        go_on = element(
            "span", yes, " ", submit("No", kind="", name="answer", value="no", disabled=not scene.can_edit)
        )
    elif question.kind is Kind.START:
        title = "Delivery"
        body += [element("p", question.text, class_="hero small")]
        yes = submit("Begin delivery", name="answer", value="yes", disabled=not scene.can_edit)
        go_on = element("span", yes, " ", submit("Leave it standing", kind="", name="answer", value="no"))
    break_off = button("Break off", "visit.break", disabled=not scene.can_edit, id_="visit-break")
    return card(
        title,
        form(
            "visit.answer",
            *body,
            row(go_on, break_off, kind="between"),
            hidden=hidden,
            id_=f"question-{question.number}",
        ),
        kind="asks",
    )


def _field(question: Question, label: str, name: str, unit: str = "", hint: str = "") -> Element:
    return field(
        label,
        f"answer-{name}",
        question.answers.get(name, ""),
        unit=unit,
        name=name,
        hint=hint,
        numeric=unit == "mL",
        width="long" if not unit else "",
    )


def _clocks(question: Question) -> list[Element]:
    clocks = question.clocks
    assert clocks is not None
    wall = field(
        "Time on the wall now, like 2026-03-06T12:00",
        "answer-wall",
        question.answers.get("wall", ""),
        name="wall",
        hint="" if clocks.doubt else f"empty if it is {clocks.now:%Y-%m-%dT%H:%M}, as this computer shows",
        width="long",
    )
    which = radios(
        "The pump's clock",
        "clock",
        question.answers.get("clock", "set"),
        [("set", "set it by that"), ("leave", "leave it, for this reason")],
    )
    return [facts(clocks.rows()), wall, which, _field(question, "Reason", "reason")]


def _which_program(scene: Scene, question: Question) -> Element:
    desk = scene.desk
    drawn = f"what is drawn on the Program page ({desk.origin}{', changed' if desk.is_touched else ''})"
    options = [("keep", "the pump keeps its program"), ("drawn", drawn)]
    value = question.answers.get("program", "drawn" if desk.is_touched else "keep")
    hint = element(
        "p",
        "You can go to the Program page now and draw it; the visit waits here.",
        class_="hint",
    )
    return element("div", radios("Which", "program", value, options), hint)


def _findings(question: Question) -> list[Element]:
    nodes: list[Element] = []
    for number, one in enumerate(question.findings):
        nodes.append(_finding(one))
        if one.kind is FindingKind.RETYPE:
            nodes.append(_field(question, f"Type the value of {one.field} again", f"again {number}"))
    if any(one.kind is FindingKind.SOFT for one in question.findings):
        nodes.append(_field(question, "Reason", "reason", hint="is kept with the record"))
    return nodes


def _finding(one: Finding) -> Element:
    kind = "bad" if one.kind is FindingKind.HARD else "warn"
    return element("p", element("b", f"{str(one.kind).capitalize()}: "), str(one), class_=f"note {kind}")


def _comparison(rows: list[Row]) -> Element:
    changed = sum(one.changed for one in rows)
    title = f"{changed} of {len(rows)} lines change" if changed else "Nothing changes"
    return element(
        "div",
        element("h3", title),
        table(
            ("line", "runs now", "new"),
            [((one.label, one.running or "none", one.new or "none"), one.changed) for one in rows],
            "The program that runs and the new one side by side",
        ),
        class_="comparison",
    )
