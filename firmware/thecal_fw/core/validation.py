"""The judgement on a program before it is committed: every fault in it, each with its field, value and limits.

Validation never stops at the first fault, so the person programming sees all of them at once.

Looking at the largest program takes the board about a second. So ``checking`` pauses after each step and each bolus,
and continues from there: whoever drives it decides how much of it there is time for.
"""

from thecal_fw.core.bolus_validation import need_therapy
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.limits import Limits
from thecal_fw.core.modes import OWN_PATTERNS, OWN_RATE, TRAITS
from thecal_fw.core.program import (
    DAYS_PER_WEEK,
    DRUG_NAME_BYTES,
    MINUTES_PER_DAY,
    MOST_PATTERNS,
    MOST_STEPS_PER_DAY,
    Program,
)
from thecal_fw.core.program_fault import (
    FIELD_CALIBRATION,
    FIELD_CONCENTRATION,
    FIELD_DRUG,
    FIELD_LOW_RESERVOIR,
    FIELD_MODE,
    FIELD_MOST_PER_DAY,
    FIELD_MOST_PER_HOUR,
    FIELD_PATTERNS,
    FIELD_RATE,
    FIELD_RESERVOIR,
    FIELD_RESOLUTION,
    FIELD_STEP_RATE,
    FIELD_STEP_START,
    FIELD_STEPS,
    FIELD_WEEKDAY,
    FaultList,
    Faults,
)
from thecal_fw.core.schedule import most_patient_nl
from thecal_fw.core.week import Week, turns_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Need = Callable[..., None]

_MINUTES_PER_HOUR = 60


def validate(program: Program, limits: Limits, calibration: Calibration) -> list:
    """Return every fault of a program, in a fixed order; an empty list if it may be committed."""
    faults = FaultList()
    for _ in checking(program, limits, calibration, Week(turns_of(program)), faults):
        pass
    return faults.found


def checking(
    program: Program, limits: Limits, calibration: Calibration, week: Week, faults: Faults
) -> "Iterator[int | None]":
    """Find every fault of a program, and work out its week if there is none; a pause after each piece, see ``advance``.

    week: what the program gives, known at the end of a program whose only faults are of its limits.
    """
    need = faults.need
    need(FIELD_MODE, program.mode, 0, len(TRAITS) - 1)
    need(FIELD_CALIBRATION, program.calibration_id, calibration.calibration_id, calibration.calibration_id)
    if program.delivers():
        need(FIELD_DRUG, len(program.drug), 1, DRUG_NAME_BYTES)
        need(
            FIELD_CONCENTRATION,
            program.concentration_ng_per_ml,
            limits.least_concentration_ng_per_ml,
            limits.most_concentration_ng_per_ml,
        )
    if program.delivers() or program.reservoir_nl or program.low_reservoir_nl:
        _need_reservoir(program, limits, faults)
    least_nl, most_nl = limits.least_basal_nl_per_day, limits.most_basal_nl_per_day
    if program.has(OWN_RATE):
        need(FIELD_RATE, program.rate_nl_per_day, least_nl, most_nl)
    else:
        need(FIELD_RATE, program.rate_nl_per_day, 0, 0)
    if program.has(OWN_PATTERNS):
        yield from _need_patterns(program, least_nl, most_nl, need)
    else:
        need(FIELD_PATTERNS, len(program.patterns), 0, 0)
        for pattern_index in program.weekdays:
            need(FIELD_WEEKDAY, pattern_index, 0, 0)
    if not faults.count:
        yield from need_therapy(program, limits, faults)
    if not faults.count:
        yield from week.working_out(program)
    if not faults.count and program.delivers():
        hour_nl = week.most_nl_in_hour + most_patient_nl(program, _MINUTES_PER_HOUR)
        day_nl = week.most_nl_in_day + most_patient_nl(program, MINUTES_PER_DAY)
        need(FIELD_MOST_PER_HOUR, program.most_nl_per_hour, hour_nl, most_nl)
        need(FIELD_MOST_PER_DAY, program.most_nl_per_day, day_nl, most_nl)
        _need_resolution(calibration, need)


def _need_reservoir(program: Program, limits: Limits, faults: Faults) -> None:
    smallest, largest = min(limits.reservoirs_nl), max(limits.reservoirs_nl)
    if program.reservoir_nl not in limits.reservoirs_nl:
        faults.add(FIELD_RESERVOIR, program.reservoir_nl, smallest, largest)
        return
    least_nl, most_nl = limits.least_low_reservoir_nl, program.reservoir_nl // 2
    faults.need(FIELD_LOW_RESERVOIR, program.low_reservoir_nl, least_nl, most_nl)


def _need_patterns(program: Program, least_nl: int, most_nl: int, need: "Need") -> "Iterator[None]":
    need(FIELD_PATTERNS, len(program.patterns), 1, MOST_PATTERNS)
    for pattern_index, pattern in enumerate(program.patterns):
        need(FIELD_STEPS, len(pattern), 1, MOST_STEPS_PER_DAY, pattern_index)
        earliest_minute = 0
        for step_index in range(len(pattern)):
            start_minute, rate_nl_per_day = pattern[step_index]
            # The first step starts the day and each later one starts later, so the steps cover the day
            # without gap or overlap by construction.
            latest_minute = MINUTES_PER_DAY - 1 if step_index else 0
            need(FIELD_STEP_START, start_minute, earliest_minute, latest_minute, pattern_index, step_index)
            earliest_minute = start_minute + 1
            need(FIELD_STEP_RATE, rate_nl_per_day, least_nl, most_nl, pattern_index, step_index)
            yield
    if len(program.weekdays) != DAYS_PER_WEEK:
        need(FIELD_WEEKDAY, len(program.weekdays), DAYS_PER_WEEK, DAYS_PER_WEEK)
    for weekday, pattern_index in enumerate(program.weekdays):
        need(FIELD_WEEKDAY, pattern_index, 0, max(0, len(program.patterns) - 1), -1, weekday)


def _need_resolution(calibration: Calibration, need: "Need") -> None:
    """Report a fault unless the calibration leaves metering room to keep its steady arithmetic within two words."""
    from thecal_fw.core.metering import MOST_WEIGHT_PER_RATE, weight_per_rate

    need(FIELD_RESOLUTION, weight_per_rate(calibration), 1, MOST_WEIGHT_PER_RATE)
