"""The bounds of what a pump may answer: fields that name something, and those that others are divided by, within
their bounds.

Looked at where answers are read, by the fields' names, which mean the same in every message; so nothing behind it
meets a state, a mode or an offset that there is none of.
"""

from __future__ import annotations

from collections.abc import Mapping

from thecal.errors import BadAnswerError
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.events import RESET_NAMES
from thecal_fw.core.journal_condition import CONDITION_NAMES
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import MODE_NAMES
from thecal_fw.core.program import Program, decode
from thecal_fw.core.program_fault import (
    FIELD_INTERVAL,
    FIELD_MODE,
    FIELD_NAMES,
    FIELD_PATTERNS,
    FIELD_STEP_START,
    FIELD_STEPS,
    FIELD_WEEKDAY,
)
from thecal_fw.core.pump_state import STATE_NAMES
from thecal_fw.core.roles import ACCESS_NAMES
from thecal_fw.core.validation import validate
from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES, TIME_SOURCE_NAMES

_SHAPE = (FIELD_MODE, FIELD_PATTERNS, FIELD_STEPS, FIELD_STEP_START, FIELD_WEEKDAY)
"""Fields of a program that others are found by."""
_ALLOWED: dict[str, tuple[int, int]] = {
    "state": (0, len(STATE_NAMES) - 1),
    "mode": (0, len(MODE_NAMES) - 1),
    "time_source": (0, len(TIME_SOURCE_NAMES) - 1),
    "reset_cause": (0, len(RESET_NAMES) - 1),
    "journal_condition": (0, len(CONDITION_NAMES) - 1),
    "access": (0, len(ACCESS_NAMES) - 1),
    "offset_minutes": (-MOST_OFFSET_MINUTES, MOST_OFFSET_MINUTES),
    "microsteps_per_rev": (1, 0xFFFFFFFF),
    "nl_per_rev": (1, 0xFFFFFFFF),
    "accuracy_permille": (0, 999),
}


def check(request: str, fields: Mapping[str, object]) -> None:
    """Raise BadAnswerError for the first field that can't be what it says."""
    for name, (least, most) in _ALLOWED.items():
        value = fields.get(name, least)
        if not isinstance(value, int) or not least <= value <= most:
            raise BadAnswerError(
                f"what answers has {name} = {value} for {request}, and there are only {least} to {most}: it is not a"
                " Thecal pump of this version, or something on the way changes what it says"
            )


def program_in(encoded: bytes) -> Program:
    """Return the program in an answer; raise BadAnswerError for bytes that are none, or that do not hold together.

    Whether its figures are within limits is not looked at: the pump's may be other ones than this computer knows.
    """
    try:
        program = decode(encoded)
        faults = [
            fault for fault in validate(program, BENCH_LIMITS, BENCH_CALIBRATION) if fault.field in _SHAPE
        ]
    except Exception as error:
        # Bytes from outside: whatever it is that they do to whoever reads them, they are no program.
        raise BadAnswerError(f"what answers as the pump's program is none: {error}") from error
    periodic = program.periodic_bolus
    if faults or (periodic is not None and not periodic.interval_minutes):
        what = FIELD_NAMES[faults[0].field if faults else FIELD_INTERVAL]
        raise BadAnswerError(f"what answers as the pump's program does not hold together: see its {what}")
    return program
