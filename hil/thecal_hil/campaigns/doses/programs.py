"""The pump's program of plain fields, the same ones that the reference reads for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thecal_fw.core.dead_volume import DEAD_VOLUME_ID
from thecal_fw.core.modes import DELIVERS, MODE_NAMES, OWN_PATTERNS, OWN_RATE, TRAITS
from thecal_fw.core.program import Bridge, PatientBolus, PeriodicBolus, Program

_SHORT_NAMES = {"continuous": "simple continuous"}


def program_of(fields: Mapping[str, Any]) -> Program:
    """Return what is sent to the pump. Raise ValueError if a mode is unknown."""
    mode = MODE_NAMES.index(_SHORT_NAMES.get(fields["mode"], fields["mode"]))
    if not TRAITS[mode] & DELIVERS:
        return Program(mode, calibration_id=1)
    program = Program(
        mode,
        "baclofen",
        500_000,
        1,
        fields.get("rate", 0) if TRAITS[mode] & OWN_RATE else 0,
        40_000_000,
        2_000_000,
        fields["most_per_hour"],
        fields["most_per_day"],
    )
    if TRAITS[mode] & OWN_PATTERNS:
        program.patterns = [[tuple(step) for step in day] for day in fields["patterns"]]
        program.weekdays = tuple(fields.get("weekdays", [0] * 7))
        program.boluses = [[tuple(one) for one in day] for day in fields.get("boluses", [])] or [
            [] for _ in program.patterns
        ]
    program.most_nl_per_bolus = fields.get("most_per_bolus", 0)
    program.catheter_nl = fields.get("catheter", 0)
    if "patient" in fields:
        program.patient_bolus = PatientBolus(*fields["patient"])
    if "periodic" in fields:
        program.periodic_bolus = PeriodicBolus(*fields["periodic"])
    if "bridge" in fields:
        program.bridge = Bridge(*fields["bridge"])
    if program.catheter_nl or program.bridge is not None:
        program.dead_volume_id = DEAD_VOLUME_ID
    return program
