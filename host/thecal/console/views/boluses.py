"""Boluses on demand: what is under way, and one ordered in two acts: checked by the pump, then given."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from thecal.bolus_order import state_rows
from thecal.console.views.parts import (
    button,
    card,
    choice,
    element,
    facts,
    field,
    form,
    row,
    said_block,
    submit,
)
from thecal.console.views.pump import bolus_under_way
from thecal.console.views.scene import Scene


def boluses_page(scene: Scene) -> list[Element]:
    seen = scene.seen
    nodes = [element("h1", "Boluses")]
    if seen is None:
        return [*nodes, element("p", "No pump yet.")]
    program = seen.program
    grid = [
        card(
            "Under way",
            bolus_under_way(scene, seen) or element("p", "No bolus on demand", class_="calm"),
            facts([*state_rows(seen.boluses, program)[1:], ("meter", seen.boluses.meter_text)]),
        ),
        _ordered(scene) or _single(scene),
    ]
    if scene.desk.bolus is None:
        has_patients = program is not None and program.patient_bolus is not None
        if has_patients:
            grid.append(_patient(scene))
        grid.append(_prime(scene))
    return [*nodes, said_block(scene.said("bolus")), element("div", *grid, class_="grid")]


def _ordered(scene: Scene) -> Element | None:
    checked = scene.desk.bolus
    if checked is None:
        return None
    return card(
        "Give it?",
        element("p", checked.what[:1].upper() + checked.what[1:], class_="hero small"),
        element(
            "p",
            "The pump has checked it against its limits. It comes on top of the basal rate.",
            class_="sub",
        ),
        row(
            button(
                "Give it now",
                "bolus.give",
                {"what": checked.what},
                kind="primary",
                disabled=not scene.can_act,
                id_="give-now",
            ),
            button("Don't give it", "bolus.drop", id_="give-not"),
        ),
        kind="asks",
    )


def _single(scene: Scene) -> Element:
    return card(
        "A single bolus",
        form(
            "bolus.check",
            row(
                _typed(scene, "Dose", "dose", "mcg"),
                _typed(scene, "Over", "minutes", "minutes"),
                kind="fields",
            ),
            row(submit("Check it …", disabled=not scene.can_edit)),
            hidden={"kind": "clinician"},
            id_="clinician-form",
        ),
    )


def _patient(scene: Scene) -> Element:
    return card(
        "The patient's bolus",
        element(
            "p", "As the button on the pump asks for it; dose and lockout are the program's.", class_="sub"
        ),
        row(
            button(
                "Check it …",
                "bolus.check",
                {"kind": "patient"},
                disabled=not scene.can_edit,
                id_="check-patient",
            )
        ),
    )


def _prime(scene: Scene) -> Element:
    ways = [
        ("tubing", "the pump's tubing"),
        ("both", "tubing and catheter"),
        ("catheter", "the catheter alone"),
    ]
    return card(
        "Fill the line",
        element("p", "What is in the line reaches the patient.", class_="sub"),
        form(
            "bolus.check",
            row(
                choice(
                    "What is filled",
                    "prime-what",
                    scene.desk.typed.get("bolus.what", "tubing"),
                    ways,
                    name="what",
                ),
                _typed(scene, "Over", "minutes", "minutes", identity="prime-minutes"),
                kind="fields",
            ),
            row(submit("Check the prime …", disabled=not scene.can_edit)),
            hidden={"kind": "prime"},
            id_="prime-form",
        ),
    )


def _typed(scene: Scene, label: str, name: str, unit: str, identity: str = "") -> Element:
    return field(
        label,
        identity or f"bolus-{name}",
        scene.desk.typed.get(f"bolus.{name}", ""),
        unit=unit,
        name=name,
        numeric=True,
    )
