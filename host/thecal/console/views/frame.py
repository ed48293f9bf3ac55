"""The frame of every page: whose pump it is, what it does, whether what is shown is live, and the way to stop it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from thecal import questions
from thecal.amounts import plain
from thecal.console.control import Hold
from thecal.console.seen import Link
from thecal.console.views.parts import button, dialog, element, row, said_block
from thecal.console.views.scene import STALE_AFTER_S, Scene
from thecal.reports.page import BANNER
from thecal_fw.core.service_life import PART_NAMES

PAGES = (
    ("pump", "Pump"),
    ("program", "Program"),
    ("visit", "Visit"),
    ("boluses", "Boluses"),
    ("alarms", "Alarms"),
    ("log", "Log"),
    ("bench", "Bench"),
)


def head(scene: Scene) -> list[Element]:
    """Return everything above the page itself."""
    nodes = [
        element("a", "Skip to the page", href="#content", class_="skip"),
        element("header", _brand(scene), _who(scene), _state(scene), _stop_button(scene), class_="top"),
        _navigation(scene),
        _banner(scene),
    ]
    return [*nodes, *_dialogs(scene)]


def _brand(scene: Scene) -> Element:
    parts = [element("b", "Thecal"), element("span", "console")]
    if scene.seen is not None and scene.seen.is_practice:
        parts.append(element("span", "practice pump", class_="pill practice"))
    return element("div", *parts, class_="brand")


def _who(scene: Scene) -> Element:
    seen = scene.seen
    if seen is None:
        return element("div", element("b", "No pump yet"), class_="who")
    status = seen.status
    drug = (
        f"{status.drug} {status.concentration_ng_per_ml / 1e3:g} mcg/mL" if status.drug else "no drug named"
    )
    return element(
        "div",
        element("b", seen.patient or "Patient not named"),
        element("span", drug),
        element("span", f"pump {seen.serial}", class_="mono"),
        class_="who",
    )


def _state(scene: Scene) -> Element:
    seen = scene.seen
    if seen is None or scene.link is not Link.LIVE:
        word = "Looking for it" if scene.link is Link.LOOKING else "Not live"
        return element("div", element("b", word), class_="state cut")
    status = seen.status
    if not scene.is_live:
        return element("div", element("b", "No answer"), class_="state cut")
    kind = "delivering" if status.is_delivering else "standing"
    parts = [element("b", status.state_name.capitalize())]
    if status.rate_nl_per_day and status.has_program and not seen.boluses.bridge_left_s:
        parts.append(element("span", f"{plain(status.dose_mcg_per_day, 4)} mcg/day"))
    if status.active_alarms:
        count = status.active_alarms.bit_count()
        parts.append(element("span", "1 alarm" if count == 1 else f"{count} alarms", class_="pill alarm"))
    return element("div", *parts, class_=f"state {kind}")


def _stop_button(scene: Scene) -> Element:
    return element(
        "div",
        button(
            "Stop …", "show", {"dialog": "stop"}, kind="stop", id_="stop", label="Stop delivery, asks first"
        ),
        class_="stopper",
    )


def _navigation(scene: Scene) -> Element:
    links: list[Element] = []
    for name, title in PAGES:
        link = element("a", title, href=f"{scene.base}/{name}", id=f"nav-{name}")
        if name == scene.page:
            link.set("aria-current", "page")
        links.append(element("li", link))
    return element("nav", element("ul", *links), _rights(scene), aria_label="Pages")


def _rights(scene: Scene) -> Element:
    if not scene.may_change:
        return element("div", element("span", "looks only", class_="pill"), class_="rights")
    if scene.hold is Hold.HERE:
        return element("div", element("span", "this window may act", class_="pill here"), class_="rights")
    words = "another window acts" if scene.hold is Hold.ELSEWHERE else "no window acts"
    return element(
        "div",
        element("span", words, class_="pill"),
        button("Take control", "control.take", kind="small", id_="take"),
        class_="rights",
    )


def _banner(scene: Scene) -> Element:
    """Return the one thing that nobody may overlook; empty while all is well."""
    text, action = _trouble(scene)
    inner: list[Element] = []
    if text:
        inner.append(element("p", element("b", text[0]), " ", text[1]))
    if action is not None:
        inner.append(action)
    return element(
        "div",
        element("div", *inner, class_="banner" if text else "banner none", role="alert"),
        said_block(scene.said("stop", "start", "control", "acknowledge", "tone", "part")),
        class_="banners",
    )


def _trouble(scene: Scene) -> tuple[tuple[str, str] | None, Element | None]:
    seen = scene.seen
    old = "What is shown was read before." if seen is not None else ""
    if scene.link is Link.LOOKING:
        return ("Looking for the pump.", scene.why), None
    if scene.link is Link.GONE:
        return ("The pump is gone.", f"{old} {scene.why}"), None
    if scene.link is Link.OTHER_HOST:
        take = button("Talk to the pump again", "go_on", kind="small", id_="go-on")
        return ("Another program has the pump.", f"{old} {scene.why}"), take
    if scene.link is Link.OTHER_PUMP:
        take = button("Go on with this pump", "go_on", kind="small", id_="go-on")
        return ("Another pump is attached.", f"{old} {scene.why}"), take
    if scene.silent_s >= STALE_AFTER_S:
        return ("The pump does not answer.", f"{old} For {scene.silent_s:.0f} s now."), None
    return None, None


def _dialogs(scene: Scene) -> list[Element]:
    shown = scene.local.get("dialog", "")
    if shown == "stop":
        return [_stop_dialog(scene)]
    if shown == "start" and scene.seen is not None:
        return [_start_dialog(scene)]
    if shown == "cancel bolus":
        return [
            _ask(
                "End the bolus?",
                questions.CANCEL_BOLUS + " The basal rate goes on.",
                button("End the bolus now", "bolus.cancel", kind="danger", id_="cancel-now"),
                "Let it go on",
            )
        ]
    part = shown.removeprefix("part ")
    if part in PART_NAMES:
        tell = button("It is new", "part", {"part": part}, kind="primary", id_="part-now")
        return [_ask(f"New {part}", f"Tell the pump that this is new: {part}?", tell, "No")]
    return []


def _stop_dialog(scene: Scene) -> Element:
    if not scene.may_change:
        why = "This console only looks. `thecal stop` stops the pump, `thecal console --changes` may do so as well."
        return _ask("Stop delivery", why, None, "Close")
    if scene.hold is Hold.ELSEWHERE:
        take = button("Take control", "control.take", kind="primary", id_="take-to-stop")
        return _ask(
            "Stop delivery", "Another window of this console acts. Take control to stop here.", take, "Close"
        )
    if scene.link is not Link.LIVE:
        return _ask("Stop delivery", f"The pump can't be asked: {scene.why}", None, "Close")
    stop = button("Stop delivery now", "stop", kind="danger", id_="stop-now")
    return _ask("Stop delivery", questions.STOP, stop, "Go on delivering")


def _start_dialog(scene: Scene) -> Element:
    seen = scene.seen
    assert seen is not None
    who = seen.patient or "a patient who is not named in the program"
    program = seen.status.program_digest[:4].hex()
    start = button("Begin delivery now", "start", kind="primary", id_="start-now", disabled=not scene.can_act)
    text = f"Begin to deliver program {program}, {seen.status.drug}, for {who}, on pump {seen.serial}?"
    return _ask("Begin delivery", text, start, "Leave it standing")


def _ask(title: str, text: str, act: Element | None, no: str) -> Element:
    close = button(no, "close", id_="dialog-close")
    return dialog(title, element("p", text), row(act, close, kind="end"), identity="dialog")


def foot() -> Element:
    return element("footer", BANNER, class_="foot")
