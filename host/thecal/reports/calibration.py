"""The page of a calibration: result, picture, uncertainty part by part, findings, and every run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element

from thecal.calibration.estimate import Estimate
from thecal.calibration.judging import Finding
from thecal.calibration.sheet import Sheet
from thecal.calibration.verification import Verification
from thecal.reports.calibration_picture import calibration_picture, description
from thecal.reports.page import bullets, columns, element, facts, page, section

_NAMES = {
    "pump": "pump",
    "head": "head",
    "tubing_lot": "lot of the tubing",
    "operator": "operator",
    "balance": "balance",
    "balance_calibrated": "balance calibrated on",
    "note": "note",
}


def calibration_report(
    sheet: Sheet,
    found: Estimate,
    findings: Sequence[Finding],
    made_on: date,
    digest: str,
    verification: Verification | None = None,
) -> str:
    """Return the report as a self-contained page, as every page here."""
    picture = element(
        "figure", calibration_picture(found), element("figcaption", f"{description(found)}. Filled: forward.")
    )
    parts = [
        section("Result", facts(result_rows(found), large=False), *_verdict(findings), picture),
        *([] if verification is None else [section("Verification", facts(_verification_rows(verification)))]),
        section("What was calibrated", facts([*_about(sheet), ("made on", made_on.isoformat())])),
        section("Uncertainty", _budget(found)),
        section(
            "Findings",
            bullets(f"{one.kind}: {one.text}" for one in findings) if findings else element("p", "None."),
        ),
        section("Room, liquid, scale", facts(_setting_rows(sheet))),
        section("Runs", _runs(found)),
        section("Digest of the record", element("p", digest or "no record was written")),
    ]
    return page("Calibration of a pump head", *parts)


def result_rows(found: Estimate) -> list[tuple[str, str]]:
    """Return the result in words, for the page and for the terminal."""
    slow, fast = found.rates
    rows = [
        (
            "nanolitres a turn",
            f"{found.nl_per_turn:.7g} +/- {found.expanded_nl:.2g} ({found.expanded_percent:.2g} %)",
        ),
        ("", f"expanded, covers 95 % (factor {found.factor:.2f}, {found.dof:.0f} degrees of freedom)"),
        ("at", f"{found.reference_turns_per_min:.4g} turns a minute"),
    ]
    if found.slope is not None:
        change = 100 * (found.at_rate_nl(fast) - found.at_rate_nl(slow)) / found.nl_per_turn
        rows.append(("with the rate", f"{change:+.2f} % from {slow:.4g} to {fast:.4g} turns a minute"))
    rows.append(("scatter of runs alike", f"{100 * found.scatter:.2g} % beyond the balance's"))
    if found.evaporated_per_h is not None:
        value, u = found.evaporated_per_h
        rows.append(("lost by evaporation, drift", f"{1_000 * value:.3g} +/- {2_000 * u:.2g} mg an hour"))
    if found.lost_turns is not None:
        value, u = found.lost_turns
        rows.append(("lost at a reversal", f"{value:.3g} +/- {2 * u:.2g} turns"))
    return rows


def _verdict(findings: Sequence[Finding]) -> list[Element]:
    to_see = [one for one in findings if one.must_evaluate]
    if not to_see:
        return [element("p", "Nothing speaks against applying it.")]
    kinds = ", ".join(one.kind for one in to_see)
    return [element("p", f"Not to be applied before a person has looked at: {kinds}.", class_="urgent")]


def _verification_rows(one: Verification) -> list[tuple[str, str]]:
    return [
        ("the record says", f"{one.expected_nl:.7g} +/- {one.expected_expanded_nl:.2g} nL a turn"),
        ("found", f"{one.nl_per_turn:.7g} +/- {one.expanded_nl:.2g} nL a turn"),
        ("verdict", one.text),
    ]


def _about(sheet: Sheet) -> list[tuple[str, str]]:
    return [(_NAMES[name], sheet.about.get(name) or "not stated") for name in _NAMES]


def _budget(found: Estimate) -> Element:
    rows = [
        ((one.name, f"{one.u_nl:.3g}", f"{100 * one.u_nl / found.nl_per_turn:.2g} %"), False)
        for one in found.parts
    ]
    total = found.expanded_nl / found.factor
    rows.append((("together", f"{total:.3g}", f"{100 * total / found.nl_per_turn:.2g} %"), True))
    return columns(("part", "standard uncertainty, nL a turn", "of it"), rows)


def _setting_rows(sheet: Sheet) -> list[tuple[str, str]]:
    setting, air = sheet.setting, sheet.setting.air
    density = setting.liquid.g_per_ml
    unit = "mL" if setting.scale.reads_volume else "g"
    check = setting.liquid.check
    return [
        ("temperature", f"{air.celsius:g} +/- {2 * setting.u_celsius:g} degrees Celsius"),
        ("air", f"{air.hpa:g} hPa, {air.humidity_percent:g} % humidity"),
        ("liquid", "water" if density is None else f"{density:g} g/mL"),
        ("density check", "none" if check is None else f"{check.mass_g:g} g of {check.volume_ml:g} mL"),
        (
            "scale",
            f"digit {setting.scale.digit:g} {unit}, standard deviation of a reading {setting.scale.noise:g} {unit}",
        ),
    ]


def _runs(found: Estimate) -> Element:
    each = iter(found.each_nl())
    rows = [
        (
            (
                str(number),
                f"{run.turns:g}" if run.turns else "blank",
                f"{run.turns_per_min:.4g}" if run.turns else "",
                "" if run.direction > 0 else "backward",
                f"{run.seconds:g}",
                run.typed or f"{run.amount:g}",
                f"{next(each):.6g}" if run.turns else "",
            ),
            False,
        )
        for number, run in enumerate(found.runs, 1)
    ]
    return columns(("run", "turns", "a minute", "", "s", "as read", "nL a turn"), rows)
