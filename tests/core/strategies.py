"""Hypothesis strategies for programs, calibrations and times that the pump accepts."""

from hypothesis import strategies as st

from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX
from thecal_fw.core.program import MINUTES_PER_DAY, PatientBolus, PeriodicBolus, Program
from thecal_fw.core.schedule import most_patient_nl
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour

rates_nl_per_day = st.integers(BENCH_LIMITS.least_basal_nl_per_day, BENCH_LIMITS.most_basal_nl_per_day)
calibrations = st.builds(
    Calibration, st.just(1), st.integers(1_000, 1_000_000), st.sampled_from((200, 400, 3_200, 6_400, 51_200))
)


@st.composite
def patterns(draw):
    """Return one day: rising step starts from minute 0 on, each with a rate."""
    starts = sorted(draw(st.sets(st.integers(1, MINUTES_PER_DAY - 1), max_size=47)))
    return [(start, draw(rates_nl_per_day)) for start in [0, *starts]]


def _within_limits(program: Program) -> Program:
    program.most_nl_per_hour = most_nl_in_any_hour(program) + most_patient_nl(program, 60)
    program.most_nl_per_day = most_nl_in_any_day(program) + most_patient_nl(program, 1_440)
    return program


_COMMON = {
    "patient": st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16),
    "drug": st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=16),
    "concentration_ng_per_ml": st.integers(1_000, 4_000_000),
    "calibration_id": st.just(BENCH_CALIBRATION.calibration_id),
    "reservoir_nl": st.sampled_from(BENCH_LIMITS.reservoirs_nl),
    "low_reservoir_nl": st.integers(1_000_000, 10_000_000),
}


@st.composite
def day_boluses(draw):
    """Return scheduled boluses of one day, none of which runs past midnight or into the next one."""
    starts = sorted(draw(st.sets(st.integers(0, MINUTES_PER_DAY - 1), max_size=6)))
    ends = [*starts[1:], MINUTES_PER_DAY]
    return [
        (start, draw(bolus_rates_nl_per_day), min(end - start, draw(st.integers(1, 90))))
        for start, end in zip(starts, ends, strict=False)
    ]


bolus_rates_nl_per_day = st.integers(10_000, 4_000_000)
patient_boluses = st.integers(1, 60).flatmap(
    lambda minutes: st.builds(
        PatientBolus,
        bolus_rates_nl_per_day,
        st.just(minutes),
        st.integers(max(15, minutes), MINUTES_PER_DAY),
        st.integers(1, 12),
    )
)
periodic_boluses = st.integers(1, MINUTES_PER_DAY).flatmap(
    lambda interval: st.builds(
        PeriodicBolus,
        st.integers(0, interval - 1),
        st.just(interval),
        bolus_rates_nl_per_day,
        st.integers(1, min(interval, 90)),
    )
)


@st.composite
def with_boluses(draw, programs):
    """Return programs with boluses of every kind that goes with their mode."""
    program = draw(programs)
    # Their rates leave room for what boluses add.
    program.rate_nl_per_day = min(program.rate_nl_per_day, 3_000_000)
    program.patterns = [[(start, min(rate, 3_000_000)) for start, rate in day] for day in program.patterns]
    program.most_nl_per_bolus = BENCH_LIMITS.most_bolus_nl
    if program.mode == MODE_FLEX:
        program.boluses = [draw(day_boluses()) for _ in program.patterns]
    else:
        program.periodic_bolus = draw(st.none() | periodic_boluses)
    program.patient_bolus = draw(st.none() | patient_boluses)
    return _within_limits(program)


@st.composite
def flex_programs(draw):
    day_patterns = draw(st.lists(patterns(), min_size=1, max_size=7))
    weekdays = draw(st.tuples(*[st.integers(0, len(day_patterns) - 1)] * 7))
    common = {name: draw(values) for name, values in _COMMON.items()}
    return _within_limits(Program(MODE_FLEX, patterns=day_patterns, weekdays=weekdays, **common))


@st.composite
def continuous_programs(draw):
    common = {name: draw(values) for name, values in _COMMON.items()}
    return _within_limits(Program(MODE_CONTINUOUS, rate_nl_per_day=draw(rates_nl_per_day), **common))


valid_programs = st.one_of(continuous_programs(), flex_programs())
bolus_programs = with_boluses(valid_programs)
