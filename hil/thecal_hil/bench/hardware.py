"""The hardware that a measurement was made with: the pump by its serial number and lots, and instruments with the day
that their calibration is due.

Promise: plain values, read from the bench's file; an instrument is overdue from the day after the one it was due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from thecal.table import Table


@dataclass(frozen=True)
class Instrument:
    """calibration_due: None for one that nobody calibrates, as a probe whose crystal is held against the pump's."""

    kind: str
    serial: str
    calibration_due: date | None = None

    def is_overdue(self, today: date) -> bool:
        return self.calibration_due is not None and today > self.calibration_due


@dataclass(frozen=True)
class Hardware:
    """unit: the pump's serial number, as it is written on it. Empty where the bench's file does not say."""

    unit: str = ""
    head_lot: str = ""
    tubing_lot: str = ""
    instruments: tuple[Instrument, ...] = ()

    def overdue(self, today: date) -> list[str]:
        """Return a line for each instrument whose calibration is overdue."""
        return [
            f"the calibration of the {one.kind} {one.serial} was due on {one.calibration_due}"
            for one in self.instruments
            if one.is_overdue(today)
        ]

    def told(self, board: str, today: date) -> dict[str, Any]:
        """Return it as a record has it."""
        return {
            "board": board,
            "unit": self.unit,
            "head_lot": self.head_lot,
            "tubing_lot": self.tubing_lot,
            "instruments": [
                {
                    "kind": one.kind,
                    "serial": one.serial,
                    "calibration_due": str(one.calibration_due or ""),
                    "overdue": one.is_overdue(today),
                }
                for one in self.instruments
            ],
        }


UNKNOWN = Hardware()
"""Stands for the hardware of a bench whose file says nothing of it."""


def read_hardware(table: Table) -> Hardware:
    """Read ``[unit]`` and each ``[[instrument]]`` of a board; the table collects what is wrong."""
    unit = head = tubing = ""
    if table.has("unit") and (part := table.part("unit")) is not None:
        unit = part.string("serial", "the pump's serial number")
        head = part.string("head_lot", "the lot of its head") if part.has("head_lot") else ""
        tubing = part.string("tubing_lot", "the lot of its tubing") if part.has("tubing_lot") else ""
    entries = table.entries("instrument") if table.has("instrument") else []
    return Hardware(unit, head, tubing, tuple(_instruments(entries)))


def _instruments(entries: Sequence[Table]) -> Iterator[Instrument]:
    for entry in entries:
        kind = entry.string("kind", "what it is, as balance")
        serial = entry.string("serial", "its serial number")
        due = None
        if entry.has("calibration_due"):
            due = entry.value("calibration_due", "a day")
            if not isinstance(due, date) or isinstance(due, datetime):
                entry.complain(
                    f"{entry.name('calibration_due')} = {due!s}, allowed: a day without quotes, as 2027-03-01"
                )
                due = None
        yield Instrument(kind, serial, due)
