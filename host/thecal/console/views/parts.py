"""The parts that pages are put together from: cards, facts, buttons, fields with what is beside them.

Everything that a person can act on has an id, so that a page that is drawn anew keeps focus and what is being typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

from thecal.console.desk import Said
from thecal.console.opinion import Beside
from thecal.judgement import Kind
from thecal.reports.page import element

__all__ = ["element"]


def html(*nodes: Element | None) -> str:
    return "".join(tostring(node, encoding="unicode", method="html") for node in nodes if node is not None)


def slug(text: str) -> str:
    """Return an id made of any text; different texts have different ones."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40]
    return plain if plain == text else f"{plain}-{sum(ord(c) * 31**n for n, c in enumerate(text)) % 10**9}"


def card(title: str, *children: Element | None, kind: str = "", id_: str = "") -> Element:
    identity = slug(id_ or title)
    inner = [child for child in children if child is not None]
    return element(
        "section",
        element("h2", title, id=f"{identity}-title"),
        *inner,
        class_=f"card {kind}".strip(),
        id=identity,
        aria_labelledby=f"{identity}-title",
    )


def facts(rows: Iterable[tuple[str, str]]) -> Element:
    """Return a list of names and values."""
    return element(
        "dl",
        *[element("div", element("dt", name.strip()), element("dd", text)) for name, text in rows],
        class_="facts",
    )


def button(
    text: str,
    do: str,
    values: dict[str, str] | None = None,
    *,
    kind: str = "",
    disabled: bool = False,
    id_: str = "",
    label: str = "",
) -> Element:
    node = element(
        "button",
        text,
        type="button",
        id=slug(id_ or f"{do} {text} {json.dumps(values) if values else ''}"),
        class_=f"button {kind}".strip(),
        data_do=do,
        data_values=json.dumps(values or {}),
    )
    if disabled:
        node.set("disabled", "disabled")
    if label:
        node.set("aria-label", label)
    return node


def submit(
    text: str, *, kind: str = "primary", name: str = "", value: str = "", disabled: bool = False
) -> Element:
    node = element(
        "button", text, type="submit", class_=f"button {kind}".strip(), id=slug(f"submit {text} {value}")
    )
    if name:
        node.set("name", name)
        node.set("value", value)
    if disabled:
        node.set("disabled", "disabled")
    return node


def form(do: str, *children: Element | None, hidden: dict[str, str] | None = None, id_: str = "") -> Element:
    fields = [
        element("input", type="hidden", name=name, value=value) for name, value in (hidden or {}).items()
    ]
    return element(
        "form",
        *fields,
        *[child for child in children if child is not None],
        data_do=do,
        id=slug(id_ or f"form {do}"),
        class_="form",
        autocomplete="off",
    )


def field(
    label: str,
    identity: str,
    value: str,
    *,
    unit: str = "",
    hint: str = "",
    beside: Sequence[Beside] = (),
    do: str = "",
    values: dict[str, str] | None = None,
    name: str = "",
    disabled: bool = False,
    numeric: bool = False,
    hide_label: bool = False,
    width: str = "",
    attributes: dict[str, str] | None = None,
) -> Element:
    """Return a text field with its label, unit, and all that is said of it."""
    number = slug(identity)
    box = element("input", type="text", id=number, value=value, spellcheck="false", autocomplete="off")
    if numeric:
        box.set("inputmode", "decimal")
    for key, text in (attributes or {}).items():
        box.set(key, text)
    _wire(box, number, name, do, values, disabled, hint, beside)
    parts = [element("span", box, *([element("span", unit, class_="unit")] if unit else []), class_="box")]
    return _labelled(label, number, parts, hint, beside, hide_label=hide_label, width=width)


def choice(
    label: str,
    identity: str,
    value: str,
    options: Sequence[tuple[str, str]],
    *,
    beside: Sequence[Beside] = (),
    do: str = "",
    values: dict[str, str] | None = None,
    name: str = "",
    disabled: bool = False,
    hide_label: bool = False,
    hint: str = "",
    width: str = "",
) -> Element:
    """Return a choice of options: (value, what is shown)."""
    number = slug(identity)
    box = element("select", id=number)
    for option, text in options:
        node = element("option", text, value=option)
        if option == value:
            node.set("selected", "selected")
        box.append(node)
    _wire(box, number, name, do, values, disabled, hint, beside)
    return _labelled(label, number, [box], hint, beside, hide_label=hide_label, width=width)


def radios(legend: str, name: str, value: str, options: Sequence[tuple[str, str]]) -> Element:
    """Return a choice of one of some, each with its words."""
    rows: list[Element] = []
    for option, text in options:
        identity = slug(f"{name} {option}")
        box = element("input", type="radio", name=name, value=option, id=identity)
        if option == value:
            box.set("checked", "checked")
        rows.append(element("label", box, element("span", text), for_=identity, class_="radio"))
    return element("fieldset", element("legend", legend), *rows, class_="radios")


def tick(text: str, identity: str, *, name: str, is_set: bool = False, do: str = "") -> Element:
    number = slug(identity)
    box = element("input", type="checkbox", id=number, value="yes")
    if name:
        box.set("name", name)
    if is_set:
        box.set("checked", "checked")
    if do:
        box.set("data-do", do)
    return element("label", box, element("span", text), for_=number, class_="radio")


def _wire(
    box: Element,
    number: str,
    name: str,
    do: str,
    values: dict[str, str] | None,
    disabled: bool,
    hint: str,
    beside: Sequence[Beside],
) -> None:
    if name:
        box.set("name", name)
    if do:
        box.set("data-do", do)
        box.set("data-values", json.dumps(values or {}))
    if disabled:
        box.set("disabled", "disabled")
    about = [f"{number}-hint"] * bool(hint) + [f"{number}-said-{at}" for at in range(len(beside))]
    if about:
        box.set("aria-describedby", " ".join(about))
    if any(is_wrong(one) for one in beside):
        box.set("aria-invalid", "true")


def _labelled(
    label: str,
    number: str,
    parts: list[Element],
    hint: str,
    beside: Sequence[Beside],
    *,
    hide_label: bool,
    width: str,
) -> Element:
    name = element("label", label, for_=number, class_="sr" if hide_label else "")
    below = [element("p", hint, class_="hint", id=f"{number}-hint")] if hint else []
    below += [remark(one, f"{number}-said-{at}") for at, one in enumerate(beside)]
    return element("div", name, *parts, *below, class_=f"field {width}".strip())


def is_wrong(beside: Beside) -> bool:
    return beside.finding is None or beside.finding.kind is Kind.HARD


def remark(beside: Beside, identity: str = "") -> Element:
    """Return something that is said of a field, with what it asks for."""
    kind = "wrong" if is_wrong(beside) else "finding"
    head = "" if beside.finding is None else f"{str(beside.finding.kind).capitalize()}: "
    node = element("p", element("b", head), beside.text, class_=f"remark {kind}")
    if identity:
        node.set("id", identity)
    return node


def remarks(beside: Iterable[Beside]) -> Element | None:
    found = [remark(one) for one in beside]
    return element("div", *found, class_="remarks") if found else None


def said_block(said: Iterable[Said]) -> Element:
    """Return what became of what a person did; there before it says anything, so that it is read out when it does."""
    notes = [
        element("p", one.text, class_="note bad" if one.is_problem else "note good", role="status")
        for one in said
    ]
    return element("div", *notes, class_="said", aria_live="polite")


def problems_block(problems: Sequence[str]) -> Element | None:
    if not problems:
        return None
    return element("div", *[element("p", one) for one in problems], class_="note bad", role="alert")


def row(*children: Element | None, kind: str = "") -> Element:
    return element("div", *[child for child in children if child is not None], class_=f"row {kind}".strip())


def table(
    heads: Sequence[str], rows: Iterable[tuple[Sequence[str | Element], bool]], caption: str
) -> Element:
    """Return a table; of each row its cells, the first of which names it, and whether it stands out."""
    head = element("thead", element("tr", *[element("th", text or " ", scope="col") for text in heads]))
    body = element("tbody")
    for (first, *cells), stands_out in rows:
        node = element("tr", element("th", first, scope="row"), *[element("td", cell) for cell in cells])
        if stands_out:
            node.set("class", "changed")
        body.append(node)
    return element(
        "div",
        element("table", element("caption", caption, class_="sr"), head, body),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def dialog(title: str, *children: Element, identity: str) -> Element:
    """Return a dialog, shown above all else; Escape closes it."""
    return element(
        "dialog",
        element("h2", title, id=f"{identity}-title"),
        *children,
        id=identity,
        data_modal="yes",
        aria_labelledby=f"{identity}-title",
    )
