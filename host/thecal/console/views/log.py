"""The pump's log in words, filtered, and as text to be saved."""

from __future__ import annotations

import csv
import io
from xml.etree.ElementTree import Element

from thecal.clocks import offset_text
from thecal.console.seen import Seen
from thecal.console.views.parts import button, card, element, field, row, table, tick
from thecal.console.views.scene import Scene
from thecal.reports.interrogation import is_of_sessions
from thecal.reports.status_text import event_name, event_text, event_time

MOST_SHOWN = 200
_HEADS = ("event", "time", "what", "details")


def log_page(scene: Scene) -> list[Element]:
    seen = scene.seen
    nodes = [element("h1", "Log")]
    if seen is None:
        return [*nodes, element("p", "No pump yet.")]
    rows = log_rows(seen, scene.local.get("filter", ""), everything=scene.local.get("sessions", "") == "yes")
    shown = rows[:MOST_SHOWN]
    more = f"; the latest {MOST_SHOWN} are shown" if len(rows) > MOST_SHOWN else ""
    reading = "" if seen.is_log_whole else "The log is being read …"
    nodes.append(
        card(
            "What happened",
            row(
                field("Only with these words", "filter", scene.local.get("filter", ""), do="show.filter"),
                tick(
                    "with each look at the pump",
                    "sessions",
                    name="",
                    is_set=scene.local.get("sessions", "") == "yes",
                    do="show.sessions",
                ),
                button("Save as file", "log.save", id_="log-save"),
                kind="fields",
            ),
            element("p", reading or f"{len(rows)} entries{more}.", class_="hint", role="status"),
            table(
                ("event", f"time (UTC{offset_text(seen.status.offset_minutes)})", "what", "details"),
                [(cells, False) for cells in shown],
                "The pump's log, the latest first",
            ),
            kind="wide",
        )
    )
    return nodes


def log_rows(seen: Seen, wanted: str, *, everything: bool) -> list[tuple[str, str, str, str]]:
    """Return (number, time, what, details), the latest first; those with every word that is wanted."""
    words = wanted.lower().split()
    found: list[tuple[str, str, str, str]] = []
    for event in reversed(seen.log):
        if is_of_sessions(event) and not everything:
            continue
        offset = seen.status.offset_minutes
        cells = (str(event.sequence), event_time(event, offset), event_name(event), event_text(event))
        text = " ".join(cells).lower()
        if all(word in text for word in words):
            found.append(cells)
    return found


def log_csv(seen: Seen, wanted: str, *, everything: bool) -> str:
    """Return the same as a table that any program reads, the earliest first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEADS)
    writer.writerows(reversed(log_rows(seen, wanted, everything=everything)))
    return out.getvalue()
