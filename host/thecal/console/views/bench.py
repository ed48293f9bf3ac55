"""For the bench: everything that the pump reports, and its parts."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from thecal.console.views.parts import button, card, element, facts, row
from thecal.console.views.scene import Scene
from thecal.reports.status_text import status_rows
from thecal_fw.core.service_life import PART_NAMES


def bench_page(scene: Scene) -> list[Element]:
    seen = scene.seen
    nodes = [element("h1", "Bench")]
    if seen is None:
        return [*nodes, element("p", "No pump yet.")]
    rows = [("board", seen.title)]
    if seen.outlook is not None:
        rows += status_rows(seen.status, seen.outlook, seen.clocks, seen.boluses.bridge_left_s)
    rows.append(("meter", seen.boluses.meter_text))
    status = seen.status
    counters = [
        (
            "steps planned, seen, unseen",
            f"{status.planned_steps}, {status.counted_steps}, {status.unseen_steps}",
        ),
        ("steps granted, quantum", f"{status.granted_steps}, {status.quantum_steps}"),
        ("steps in all of its life", f"{status.lifetime_steps}, resets {status.boots}"),
        ("frames garbled, too long", f"{status.frames_garbled}, {status.frames_overlong}"),
        ("replies dropped", str(status.replies_dropped)),
        ("queued", f"{status.queued_ms} ms"),
        ("longest poll", f"{status.worst_poll_us} us"),
        ("free memory", f"{status.heap_free_bytes} bytes"),
    ]
    return [
        *nodes,
        element(
            "div",
            card("Everything it reports", facts(rows), kind="wide"),
            card("Counters", facts(counters)),
            _parts(scene),
            class_="grid",
        ),
    ]


def _parts(scene: Scene) -> Element:
    seen = scene.seen
    assert seen is not None
    service, now = seen.service, datetime.now(UTC)
    rows = [("service life", "being read …")]
    if service is not None:
        rows = [
            ("pump has served", f"{service.pump_days} days"),
            ("tubing has served", f"{service.tubing_days} days, {service.tubing_revolutions} revolutions"),
            ("new tubing by", _day(service.tubing_due(now))),
            ("replacement due", _day(service.replacement_due(now))),
            ("end of service", _day(service.end_of_service(now))),
        ]
    buttons = [
        button(
            f"New {part} …",
            "show",
            {"dialog": f"part {part}"},
            disabled=not scene.can_act,
            id_=f"part-{part}",
        )
        for part in PART_NAMES
    ]
    return card("Parts", facts(rows), row(*buttons))


def _day(date: datetime | None) -> str:
    return date.strftime("%Y-%m-%d") if date is not None else "never"
