"""The page of the pump: who it is for, what it does now and next, what it holds, what it complains of."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from thecal.ahead import Next, next_dose, next_rate
from thecal.amounts import dose_mcg, plain
from thecal.bolus import kind_name
from thecal.clocks import duration_text
from thecal.console.seen import Seen, as_interrogation
from thecal.console.views.alarms import alarm_cards
from thecal.console.views.day_chart import Day, day_charts
from thecal.console.views.parts import button, card, element, facts, row
from thecal.console.views.scene import Scene
from thecal.given import given_lately
from thecal.overview import overview_rows, since_last_refill
from thecal.program_figures import gives_therapy
from thecal.refill_dates import RefillDates
from thecal.reports.day_picture import basal_steps, boluses_of_day, describe_day
from thecal.reports.handout import date_text
from thecal.reports.status_text import dose_now
from thecal_fw.core.modes import MODE_NAMES

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def pump_page(scene: Scene) -> list[Element]:
    seen = scene.seen
    if seen is None:
        return [_nobody(scene)]
    cards = [
        _now(scene, seen),
        _alarms(scene, seen),
        _reservoir(seen),
        _lately(seen),
        _today(seen),
        _who(seen),
        _fitted(seen),
        _happened(seen),
    ]
    grid = element(
        "div",
        *[one for one in cards if one is not None],
        class_="grid four" if scene.is_live else "grid four old",
    )
    return [element("h1", "Pump", class_="sr"), grid]


def _nobody(scene: Scene) -> Element:
    lines = (scene.why or "Looking for a pump on this computer's ports.").split("\n")
    return element(
        "div",
        element("h1", "No pump yet"),
        *[element("p", line) for line in lines],
        class_="card empty",
    )


def _now(scene: Scene, seen: Seen) -> Element:
    status, boluses = seen.status, seen.boluses
    if not status.is_delivering:
        start = button(
            "Begin delivery …",
            "show",
            {"dialog": "start"},
            kind="primary",
            id_="start",
            disabled=not scene.can_act,
        )
        return card(
            "Now",
            element("p", status.state_name.capitalize(), class_="hero"),
            element("p", "The pump gives nothing.", class_="sub"),
            row(start) if seen.program is not None and seen.program.delivers() else None,
            kind="now standing",
        )
    children: list[Element | None] = []
    if boluses.bridge_left_s or not status.has_program:
        children.append(element("p", dose_now(status, boluses.bridge_left_s), class_="hero small"))
    else:
        children.append(
            element(
                "p",
                element("span", plain(status.dose_mcg_per_day, 4), class_="figure"),
                " ",
                element("span", "mcg/day", class_="per"),
                class_="hero",
                id="rate-now",
            )
        )
        children.append(element("p", f"{status.rate_nl_per_day / 1e6:g} mL/day, all together", class_="sub"))
    if status.change_pending:
        children.append(element("p", "A change is about to take effect.", class_="sub"))
    children.append(bolus_under_way(scene, seen))
    rows = [
        ("next rate", _next(next_rate(status, seen.program))),
        ("next bolus", _next(next_dose(status, seen.program))),
    ]
    if boluses.temporary_rate_nl_per_day:
        rows.insert(
            0,
            (
                "temporary rate",
                f"{boluses.temporary_rate_nl_per_day / 1e6:g} mL/day, {duration_text(boluses.temporary_left_s)} left",
            ),
        )
    children.append(facts([(name, text) for name, text in rows if text] or [("next", "goes on like this")]))
    return card("Now", *children, kind="now delivering")


def _next(coming: Next | None) -> str:
    return "" if coming is None else f"{coming.text} {coming.when}"


def bolus_under_way(scene: Scene, seen: Seen) -> Element | None:
    boluses, program = seen.boluses, seen.program
    if not boluses.under_way or program is None:
        return None
    concentration = program.concentration_ng_per_ml
    given, whole = (
        plain(dose_mcg(nl, concentration), 4) for nl in (boluses.bolus_given_nl, boluses.bolus_nl)
    )
    part = 100 * boluses.bolus_given_nl / boluses.bolus_nl if boluses.bolus_nl else 0
    words = f"{kind_name(boluses.bolus_kind).capitalize()} bolus: {given} of {whole} mcg given"
    bar = element(
        "div",
        element("div", style=f"width:{part:.1f}%"),
        class_="bar",
        role="progressbar",
        aria_valuenow=f"{part:.0f}",
        aria_valuemin="0",
        aria_valuemax="100",
        aria_label=words,
    )
    end = button(
        "End it …",
        "show",
        {"dialog": "cancel bolus"},
        kind="small",
        id_="end-bolus",
        disabled=not scene.can_act,
    )
    return element("div", row(element("p", words), end, kind="between"), bar, class_="bolus-now")


def _alarms(scene: Scene, seen: Seen) -> Element:
    if not seen.status.active_alarms:
        return card("Alarms", element("p", "No alarms", class_="calm"), kind="quiet")
    return card("Alarms", *alarm_cards(scene, seen), kind="alarming")


def _reservoir(seen: Seen) -> Element:
    status = seen.status
    read = as_interrogation(seen)
    if not status.fill_known:
        return card(
            "Reservoir", element("p", "Not known", class_="hero small"), element("p", "Tell it at a visit.")
        )
    left, whole = status.residual_nl / 1e6, status.fill_nl / 1e6
    part = 100 * status.residual_nl / status.fill_nl if status.fill_nl else 0
    low = 100 * status.low_reservoir_nl / status.fill_nl if status.fill_nl else 0
    kind = "bar low" if part <= low else "bar"
    return card(
        "Reservoir",
        element(
            "p",
            element("span", f"{left:.1f}", class_="figure"),
            " ",
            element("span", f"mL of {whole:g}", class_="per"),
            class_="hero",
        ),
        element(
            "div",
            element("div", style=f"width:{part:.1f}%"),
            element("i", style=f"left:{low:.1f}%"),
            class_=kind,
            role="img",
            aria_label=f"{part:.0f} percent left by calculation, alarm at {low:.0f} percent",
        ),
        _dates(None if read is None else read.dates),
    )


def _dates(dates: RefillDates | None) -> Element:
    if dates is None:
        return facts([("refill by", "not known yet")])
    return facts(
        [
            ("refill by", date_text(dates.refill_by)),
            ("low-reservoir alarm", date_text(dates.low)),
            ("empty, calculated", date_text(dates.empty)),
        ]
    )


def _lately(seen: Seen) -> Element:
    """Return what was delivered against what was prescribed, over a time in which the two can be held against each
    other."""
    given = given_lately(seen.status, seen.boluses, seen.program, seen.log) if seen.is_log_whole else None
    if given is None:
        counted = f"{seen.boluses.metered_day_nl / 1e3:.1f} microlitres counted in the last 24 h"
        return card(
            "Delivered",
            element("p", "Not comparable", class_="hero small"),
            element("p", counted, class_="sub"),
            element(
                "p",
                "What was due in this time is not only the program's: there was a stop, a restart or a change.",
                class_="hint",
            ),
        )
    since = "in the last 24 hours" if given.is_whole_day else f"since {given.since:%H:%M}"
    rows = [("prescribed", f"{plain(given.prescribed_mcg, 3)} mcg")]
    if given.on_demand_mcg:
        rows.append(("of that on demand", f"{plain(given.on_demand_mcg, 3)} mcg"))
    return card(
        "Delivered",
        element(
            "p",
            element("span", plain(given.delivered_mcg, 3), class_="figure"),
            " ",
            element("span", f"mcg {since}", class_="per"),
            class_="hero",
        ),
        facts(rows),
    )


def _today(seen: Seen) -> Element | None:
    program, local = seen.program, seen.status.local_time
    if program is None or not gives_therapy(program):
        return None
    weekday = local.weekday() if local is not None else 0
    now = 60 * local.hour + local.minute if local is not None else None
    day = Day(basal_steps(program, weekday), boluses=boluses_of_day(program, weekday), now=now)
    title = (
        f"{_WEEKDAYS[weekday]} by the program"
        if local is not None
        else "The program's Monday; the time is not known"
    )
    return card(title, day_charts(day, describe_day(program, weekday), "today"), kind="wide", id_="today")


def _who(seen: Seen) -> Element:
    status = seen.status
    drug = f"{status.drug}, {status.concentration_ng_per_ml / 1e3:g} mcg/mL" if status.drug else "none"
    program = (
        f"{MODE_NAMES[status.mode]}, {status.program_digest[:4].hex()}" if status.has_program else "none"
    )
    return card(
        "Who",
        facts(
            [
                ("patient", seen.patient or "not named in the program"),
                ("drug", drug),
                ("program", program),
                *seen.clocks.rows(),
            ]
        ),
        element("p", seen.clocks.fault, class_="note bad") if seen.clocks.fault else None,
        kind="broad",
    )


def _fitted(seen: Seen) -> Element:
    status, service = seen.status, seen.service
    access = "not asked yet" if seen.access is None else seen.access.name
    rows = [
        ("pump", f"{seen.board} {seen.serial}"),
        ("firmware", f"{seen.version} ({seen.commit})"),
        ("port", seen.port + (", a practice pump" if seen.is_practice else "")),
        (
            "calibration",
            f"{status.calibration_id}: {status.nl_per_rev} nL in {status.microsteps_per_rev} microsteps",
        ),
        ("keys", access),
    ]
    if service is not None:
        rows.append(
            ("tubing has served", f"{service.tubing_days} days, {service.tubing_revolutions} revolutions")
        )
    rows.append(
        ("self-test", ", ".join(status.failed_test_names) + " failed" if status.failed_tests else "passed")
    )
    return card("Fitted", facts(rows), kind="broad")


def _happened(seen: Seen) -> Element | None:
    read = as_interrogation(seen)
    if read is None:
        return None
    look = [text for name, text in overview_rows(read) if name == "look at"]
    rows = since_last_refill(read) or [("nothing to tell", "")]
    return card(
        "Since the last refill",
        *[element("p", text, class_="note bad") for text in look],
        facts(rows),
        kind="wide",
    )
