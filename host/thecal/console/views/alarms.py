"""Alarms: those that are active with what to do about each, their tones, and the table of all there are."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from thecal.alarm_sets import names_of
from thecal.console.seen import Seen
from thecal.console.views.parts import button, card, element, facts, row, table
from thecal.console.views.scene import Scene
from thecal.reports.status_text import notification_text
from thecal_fw.core.alarms import (
    ALARMS,
    AT_CLEARED_BY,
    AT_LATCHES,
    AT_NAME,
    AT_NUMBER,
    AT_PRIORITY,
    AT_RESPONSE,
    PRIORITY_CRITICAL,
    PRIORITY_NAMES,
    RESPONSE_NAMES,
)


def alarms_page(scene: Scene) -> list[Element]:
    nodes = [element("h1", "Alarms")]
    seen = scene.seen
    if seen is not None:
        found = alarm_cards(scene, seen) or [element("p", "No alarms", class_="calm")]
        every = names_of(seen.status.active_alarms)
        more = [_acknowledge(scene, "Acknowledge all", every, "ack-all")] if len(every) > 1 else []
        nodes.append(card("Active now", *found, *more, kind="alarming" if every else "quiet"))
    return [*nodes, _tones(scene), _all()]


def alarm_cards(scene: Scene, seen: Seen) -> list[Element]:
    """Return a card for each active alarm: how grave, what the pump does about it, what to do."""
    cards: list[Element] = []
    for one in sorted(ALARMS, key=lambda alarm: -alarm[AT_PRIORITY]):
        if not seen.status.active_alarms >> one[AT_NUMBER] & 1:
            continue
        is_silent = bool(seen.status.silenced_alarms >> one[AT_NUMBER] & 1)
        kind = "critical" if one[AT_PRIORITY] == PRIORITY_CRITICAL else "warning"
        cards.append(
            element(
                "div",
                row(
                    element("h3", one[AT_NAME].capitalize()),
                    element("span", PRIORITY_NAMES[one[AT_PRIORITY]], class_=f"pill {kind}"),
                    element("span", "silenced for a while", class_="pill") if is_silent else None,
                ),
                facts(
                    [
                        ("what to do", one[AT_CLEARED_BY]),
                        ("the pump meanwhile", RESPONSE_NAMES[one[AT_RESPONSE]]),
                    ]
                ),
                row(_acknowledge(scene, "Acknowledge", [one[AT_NAME]], f"ack-{one[AT_NUMBER]}")),
                class_=f"alarm {kind}",
            )
        )
    return cards


def _acknowledge(scene: Scene, text: str, names: list[str], identity: str) -> Element:
    return button(
        text,
        "acknowledge",
        {"alarm": "|".join(names)},
        disabled=not scene.can_act,
        id_=identity,
        label=f"{text}: {', '.join(names)}",
    )


def _tones(scene: Scene) -> Element:
    rows = [
        row(
            element("p", element("b", f"{name.capitalize()}: "), notification_text(number)),
            button(
                "Play on the pump",
                "tone",
                {"priority": name},
                disabled=not scene.can_act,
                id_=f"tone-{number}",
                label=f"Play the tones of a {name} alarm on the pump",
            ),
            kind="between",
        )
        for number, name in enumerate(PRIORITY_NAMES)
    ]
    return card("How they sound", *rows)


def _all() -> Element:
    heads = ("alarm", "priority", "what the pump does", "latches", "cleared by")
    rows = [
        (
            (
                one[AT_NAME],
                PRIORITY_NAMES[one[AT_PRIORITY]],
                RESPONSE_NAMES[one[AT_RESPONSE]],
                "yes" if one[AT_LATCHES] else "no",
                one[AT_CLEARED_BY],
            ),
            False,
        )
        for one in ALARMS
    ]
    return card(
        "All there are", table(heads, rows, "Every alarm and what the pump does about it"), kind="wide"
    )
