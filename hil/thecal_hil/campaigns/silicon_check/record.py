"""The record of a measurement: a table for a person, JSON for whoever compares boards."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from .run import Measured
from .verdicts import Assumption, Finding, Reading, Verdict


def all_agree(measured: Measured) -> bool:
    """Return True if nothing differs; what could not be measured shows nothing either way."""
    return all(finding.verdict is not Verdict.DIFFERS for finding in measured.findings)


def board_lines(measured: Measured) -> list[str]:
    return [
        f"board {measured.serial}: RP2040 {measured.chip_revision}, boot ROM {measured.boot_rom_version}, firmware"
        f" {measured.version} ({measured.commit})",
        f"image in flash: SHA-256 {measured.flash_sha256 or 'unknown, a stock image'}",
    ]


def table(measured: Measured) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("row", "assumption", "assumed", "agrees", "measured", "verdict"):
        shown.add_column(heading)
    for finding in measured.findings:
        one = finding.assumption
        shown.add_row(
            one.row,
            one.title,
            _value(one.assumed, one.unit),
            _range(one),
            _reading(finding),
            _verdict(finding),
        )
    return shown


def summary(measured: Measured) -> str:
    counts = {verdict: sum(one.verdict is verdict for one in measured.findings) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)


def as_json(measured: Measured) -> dict[str, Any]:
    return {
        "board": {
            "serial": measured.serial,
            "chip_revision": measured.chip_revision,
            "boot_rom_version": measured.boot_rom_version,
            "version": measured.version,
            "commit": measured.commit,
            "flash_sha256": measured.flash_sha256,
        },
        "all_agree": all_agree(measured),
        "rows": [_row(finding) for finding in measured.findings],
    }


def _row(finding: Finding) -> dict[str, Any]:
    one, reading = finding.assumption, finding.reading
    is_figure = not isinstance(one.assumed, str)
    return {
        "key": one.key,
        "row": one.row,
        "title": one.title,
        "unit": one.unit,
        "assumed": one.assumed,
        "least": one.least if is_figure else None,
        "most": one.most if is_figure else None,
        "measured": None if reading is None else reading.value,
        "uncertainty": None if reading is None or not is_figure else reading.uncertainty,
        "verdict": finding.verdict.value,
        "why": finding.why,
    }


def _value(value: float | str, unit: str) -> str:
    return value if isinstance(value, str) else f"{value:,.6g} {unit}".strip()


def _range(one: Assumption) -> str:
    if isinstance(one.assumed, str):
        return ""
    return f"{one.least:,.6g}" if one.least == one.most else f"{one.least:,.6g} to {one.most:,.6g}"


def _reading(finding: Finding) -> str:
    reading: Reading | None = finding.reading
    if reading is None:
        return "-"
    text = _value(reading.value, finding.assumption.unit)
    return f"{text} +- {reading.uncertainty:.2g}" if reading.uncertainty else text


def _verdict(finding: Finding) -> str:
    return f"{finding.verdict.value}: {finding.why}" if finding.why else finding.verdict.value
