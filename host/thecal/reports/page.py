"""Pages of HTML, built as a tree: well-formed and escaped by construction, self-contained, and made for A4.

Nothing in a page refers to anything outside of it, so that it can be kept, mailed and printed for years.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

from thecal.printable import printable

BANNER = (
    "Engineering model for bench use. Not a medical device: never to be connected to a person or an animal."
)

_STYLE = """
@page { size: A4; margin: 16mm }
* { box-sizing: border-box }
body { font: 11pt/1.4 "Liberation Sans", Arial, sans-serif; color: #1a1a1a;
  max-width: 178mm; margin: 0 auto; padding: 6mm 0 }
h1 { font-size: 19pt; margin: 0 0 2mm }
h2 { font-size: 13pt; margin: 7mm 0 2mm; border-bottom: 0.3mm solid #9aa4ad; break-after: avoid }
p { margin: 1.5mm 0 }
.banner { border: 0.5mm solid #a33; color: #822; padding: 2mm 3mm; font-weight: bold; margin-bottom: 5mm }
.note { color: #555; font-size: 9.5pt }
.urgent { border-left: 1.5mm solid #a33; padding-left: 3mm; break-inside: avoid }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 1mm 3mm 1mm 0; border-bottom: 0.2mm solid #dde1e5 }
th { font-weight: normal; color: #555; width: 34% }
thead th { font-weight: bold; color: #1a1a1a; width: auto }
td { overflow-wrap: anywhere }
tr { break-inside: avoid }
tr.changed td { font-weight: bold }
.large td { font-size: 13pt; font-weight: bold }
.side { break-after: page; font-size: 10pt; line-height: 1.3 }
.side h2 { margin: 4mm 0 1mm }
.side th, .side td { padding: 0.7mm 3mm 0.7mm 0 }
.side:last-child { break-after: auto }
figure { margin: 3mm 0; break-inside: avoid }
figcaption { font-size: 9.5pt; color: #555 }
svg { width: 100%; height: auto; display: block }
ul { margin: 1mm 0; padding-left: 6mm }
"""


def element(tag: str, *children: str | Element, **attributes: str) -> Element:
    """Return a node of the tree. Names that Python keeps for itself end in an underscore, hyphens are underscores."""
    node = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            node.append(child)
            last = child
        elif last is None:
            node.text = (node.text or "") + printable(child)
        else:
            last.tail = (last.tail or "") + printable(child)
    return node


def facts(rows: Iterable[tuple[str, str]], *, large: bool = False) -> Element:
    """Return a table of names and values."""
    body = [element("tr", element("th", label.strip()), element("td", text)) for label, text in rows]
    table = element("table", element("tbody", *body))
    if large:
        table.set("class", "large")
    return table


def columns(heads: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> Element:
    """Return a table with headings; each row is its cells and whether it stands out."""
    head = element("thead", element("tr", *[element("th", text) for text in heads]))
    body = element("tbody")
    for cells, stands_out in rows:
        row = element("tr", *[element("td", text) for text in cells])
        if stands_out:
            row.set("class", "changed")
        body.append(row)
    return element("table", head, body)


def bullets(lines: Iterable[str]) -> Element:
    return element("ul", *[element("li", line) for line in lines])


def section(title: str, *children: Element) -> Element:
    return element("section", element("h2", title), *children)


def page(title: str, *children: Element) -> str:
    """Return the whole page as text."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", ""),
    )
    style = head[-1]
    style.text = _STYLE
    body = element("body", element("p", BANNER, class_="banner"), element("h1", title), *children)
    root = element("html", head, body, lang="en")
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"
