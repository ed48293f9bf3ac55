"""A program's bytes are canonical, and every fault in it is named before it can be committed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import valid_programs
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.metering import MOST_WEIGHT_PER_RATE, weight_per_rate
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX, MODE_MINIMUM_RATE, MODE_NAMES, MODE_STOPPED
from thecal_fw.core.program import MOST_PROGRAM_BYTES, Program, ProgramFormatError, decode
from thecal_fw.core.validation import validate


def faults_of(program: Program, calibration: Calibration = BENCH_CALIBRATION) -> list[str]:
    return [repr(fault) for fault in validate(program, BENCH_LIMITS, calibration)]


def continuous(**changes) -> Program:
    """Return a program without fault, but for the changes."""
    fields = {
        "drug": "baclofen",
        "concentration_ng_per_ml": 500_000,
        "calibration_id": 1,
        "rate_nl_per_day": 423_800,
        "reservoir_nl": 20_000_000,
        "low_reservoir_nl": 2_000_000,
        "most_nl_per_hour": 20_000,
        "most_nl_per_day": 500_000,
    }
    return Program(MODE_CONTINUOUS, **{**fields, **changes})


def flex(patterns, **changes) -> Program:
    program = continuous(rate_nl_per_day=0, most_nl_per_hour=1_000_000, most_nl_per_day=24_000_000, **changes)
    return Program(**{**vars(program), "mode": MODE_FLEX, "patterns": patterns})


@pytest.mark.requirement("program-digest", "digest-names-program")
@given(valid_programs)
def test_decoding_and_encoding_again_gives_the_same_bytes_and_digest(program):
    encoded = program.encode()
    assert decode(encoded).encode() == encoded
    assert decode(encoded).digest() == program.digest() == hashlib.sha256(encoded).digest()


@given(valid_programs)
def test_a_program_within_every_limit_has_no_fault(program):
    assert faults_of(program) == []


@pytest.mark.requirement("damaged-program-refused")
@given(valid_programs, st.binary(min_size=1, max_size=30))
def test_any_bytes_behind_a_whole_program_are_refused(program, behind):
    with pytest.raises(ProgramFormatError):
        decode(program.encode() + behind)


@pytest.mark.requirement("damaged-program-refused", "refused-bytes-harmless")
@given(st.binary(max_size=400))
def test_bytes_that_are_no_program_are_refused_and_nothing_else_happens(data):
    try:
        decoded = decode(data)
    except ProgramFormatError:
        return
    assert decoded.encode() == data


@given(valid_programs, st.data())
def test_validation_of_any_well_formed_program_ends_in_a_list_of_faults(program, data):
    encoded = bytearray(program.encode())
    encoded[data.draw(st.integers(1, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        damaged = decode(encoded)
    except ProgramFormatError:
        return
    assert isinstance(validate(damaged, BENCH_LIMITS, BENCH_CALIBRATION), list)


@pytest.mark.requirement("damaged-program-refused")
@pytest.mark.parametrize("cut", [0, 10, 40, -7, -1])
def test_a_program_cut_short_is_refused(cut):
    encoded = flex([[(0, 100_000), (600, 200_000)]]).encode()
    with pytest.raises(ProgramFormatError):
        decode(encoded[:cut])


@pytest.mark.requirement("damaged-program-refused")
def test_a_program_cut_short_is_refused_with_the_part_that_it_ends_in():
    encoded = continuous().encode()
    header_bytes = 54
    with pytest.raises(ProgramFormatError, match=r"^program is 53 bytes, its header alone has 54$"):
        decode(encoded[: header_bytes - 1])
    for end in (header_bytes, len(encoded) - 1):
        with pytest.raises(ProgramFormatError, match=r"^program ends inside its settings$"):
            decode(encoded[:end])


def test_a_day_without_steps_can_be_read_so_that_its_fault_can_be_named():
    assert decode(flex([[(0, 100_000)], []]).encode()).patterns == [[(0, 100_000)], []]


@pytest.mark.requirement("other-layout-refused")
def test_another_layout_version_is_refused_by_name():
    encoded = bytearray(continuous().encode())
    encoded[0] = 9
    with pytest.raises(ProgramFormatError, match="layout 9, this firmware has 3"):
        decode(encoded)


@pytest.mark.requirement(
    "basal-rate-range",
    "every-fault-named",
    "concentration-range",
    "low-reservoir-range",
    "fault-with-value",
    "fault-with-limits",
)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate_nl_per_day": 47_999}, "rate_nl_per_day is 47999, allowed 48000 to 24000000"),
        ({"rate_nl_per_day": 24_000_001}, "rate_nl_per_day is 24000001, allowed 48000 to 24000000"),
        ({"drug": ""}, "drug is 0, allowed 1 to 16"),
        ({"concentration_ng_per_ml": 999}, "concentration_ng_per_ml is 999, allowed 1000 to 4000000"),
        ({"calibration_id": 2}, "calibration_id is 2, allowed 1 to 1"),
        ({"reservoir_nl": 30_000_000}, "reservoir_nl is 30000000, allowed 20000000 to 40000000"),
        ({"low_reservoir_nl": 10_000_001}, "low_reservoir_nl is 10000001, allowed 1000000 to 10000000"),
        ({"most_nl_per_hour": 17_658}, "most_nl_per_hour is 17658, allowed 17659 to 24000000"),
        ({"most_nl_per_day": 423_799}, "most_nl_per_day is 423799, allowed 423800 to 24000000"),
        ({"weekdays": (0, 0, 0, 1, 0, 0, 0)}, "weekday_pattern is 1, allowed 0 to 0"),
    ],
)
def test_one_value_out_of_range_is_named_with_what_is_allowed(changes, message):
    assert faults_of(continuous(**changes)) == [message]


@pytest.mark.requirement("every-fault-named")
def test_every_fault_is_reported_at_once():
    assert (
        len(faults_of(continuous(rate_nl_per_day=1, drug="", concentration_ng_per_ml=0, calibration_id=7)))
        == 4
    )


@pytest.mark.requirement("all-24-hours", "day-without-overlap")
@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([], "patterns is 0, allowed 1 to 7"),
        ([[]], "steps in pattern 0 is 0, allowed 1 to 48"),
        ([[(30, 100_000)]], "step_start_minute in pattern 0, step 0 is 30, allowed 0 to 0"),
        (
            [[(0, 100_000), (60, 90_000), (60, 80_000)]],
            "step_start_minute in pattern 0, step 2 is 60, allowed 61 to 1439",
        ),
        (
            [[(0, 100_000), (1440, 90_000)]],
            "step_start_minute in pattern 0, step 1 is 1440, allowed 1 to 1439",
        ),
        (
            [[(0, 100_000), (60, 0)]],
            "step_rate_nl_per_day in pattern 0, step 1 is 0, allowed 48000 to 24000000",
        ),
    ],
)
def test_a_flex_day_that_leaves_a_gap_overlaps_or_stands_still_is_refused(patterns, message):
    assert faults_of(flex(patterns)) == [message]


@pytest.mark.requirement("day-of-48-steps", "day-of-49-steps")
def test_a_flex_day_of_48_steps_is_accepted_and_one_of_49_is_not():
    steps = [(30 * index, 100_000) for index in range(48)]
    assert faults_of(flex([steps])) == []
    assert faults_of(flex([[*steps, (1439, 100_000)]])) == ["steps in pattern 0 is 49, allowed 1 to 48"]


@pytest.mark.requirement("limit-in-any-hour")
def test_an_hourly_limit_that_a_single_step_breaks_is_a_fault_of_the_program():
    program = flex([[(0, 100_000), (600, 4_800_000), (660, 100_000)]])
    program.most_nl_per_hour = 199_999
    assert faults_of(program) == ["most_nl_per_hour is 199999, allowed 200000 to 24000000"]


def test_a_calibration_too_fine_to_meter_exactly_is_refused():
    assert faults_of(continuous(), Calibration(1, 49_999, 3_200 * 7_919)) == []
    assert faults_of(continuous(), Calibration(1, 49_999, 536_870_909)) != []


@pytest.mark.requirement("minimum-rate-without-rate")
def test_minimum_rate_and_stopped_programs_need_no_rate():
    fields = {**vars(continuous(rate_nl_per_day=0)), "mode": MODE_MINIMUM_RATE}
    assert faults_of(Program(**fields)) == []
    assert faults_of(Program(MODE_STOPPED, calibration_id=1)) == []


def test_the_largest_program_is_seven_days_of_48_steps_and_24_boluses():
    program = flex([[(30 * index, 100_000) for index in range(48)]] * 7)
    program.boluses = [[(60 * index, 100_000, 1) for index in range(24)]] * 7
    assert len(program.encode()) == MOST_PROGRAM_BYTES


@pytest.mark.requirement("no-default-dose")
def test_a_program_that_is_told_nothing_asks_for_nothing():
    program = vars(Program(MODE_STOPPED))
    assert program.pop("drug") == program.pop("patient") == ""
    assert program.pop("patterns") == []
    assert program.pop("weekdays") == (0,) * 7
    assert program.pop("boluses") == []
    assert program.pop("library_digest") == bytes(8)
    assert program.pop("accuracy_permille") == 145
    assert set(program.values()) == {0, None}


def test_a_drug_name_is_printable_ascii_from_space_to_tilde():
    assert decode(continuous(drug=" ~").encode()).drug == " ~"
    for character in "\x1f\x7f":
        with pytest.raises(ProgramFormatError, match="not printable"):
            decode(continuous(drug=character).encode())


@pytest.mark.requirement("damaged-program-refused")
def test_bytes_after_the_last_pattern_are_counted_and_refused():
    with pytest.raises(ProgramFormatError, match=r"^program has 3 bytes too many$"):
        decode(continuous().encode() + bytes(3))


def test_a_program_that_ends_before_a_pattern_it_announces_is_refused_as_such():
    encoded = flex([[(0, 100_000)], [(0, 200_000)]]).encode()
    with pytest.raises(ProgramFormatError, match="before its last pattern"):
        decode(encoded[: -1 - 6])


@pytest.mark.requirement("other-layout-refused")
def test_an_older_layout_is_refused_like_a_newer_one():
    with pytest.raises(ProgramFormatError, match="layout 0, this firmware has 3"):
        decode(bytes(1) + continuous().encode()[1:])


@pytest.mark.requirement("unknown-mode")
@pytest.mark.parametrize("mode", [-1, len(MODE_NAMES)])
def test_an_unknown_mode_is_a_fault_beside_those_of_a_program_that_delivers(mode):
    assert faults_of(Program(mode, calibration_id=1)) == [
        f"mode is {mode}, allowed 0 to {len(MODE_NAMES) - 1}",
        "drug is 0, allowed 1 to 16",
        "concentration_ng_per_ml is 0, allowed 1000 to 4000000",
        "reservoir_nl is 0, allowed 20000000 to 40000000",
    ]
    patterns = faults_of(Program(mode, patterns=[[(0, 100_000)]], calibration_id=1))
    assert "patterns is 1, allowed 0 to 0" in patterns


@pytest.mark.requirement("one-mode")
def test_a_rate_or_patterns_that_the_mode_has_no_use_for_are_faults():
    fields = {**vars(continuous(rate_nl_per_day=1)), "mode": MODE_MINIMUM_RATE}
    assert faults_of(Program(**fields)) == ["rate_nl_per_day is 1, allowed 0 to 0"]
    assert faults_of(continuous(patterns=[[(0, 100_000)]])) == ["patterns is 1, allowed 0 to 0"]


def test_a_program_that_delivers_needs_a_reservoir_and_a_stopped_one_may_not_name_a_wrong_one():
    wrong = "reservoir_nl is 0, allowed 20000000 to 40000000"
    assert faults_of(continuous(reservoir_nl=0, low_reservoir_nl=0)) == [wrong]
    assert faults_of(Program(MODE_STOPPED, calibration_id=1, low_reservoir_nl=1)) == [wrong]
    assert faults_of(Program(MODE_STOPPED, calibration_id=1, reservoir_nl=1)) == [wrong.replace("0", "1", 1)]
    assert faults_of(continuous(low_reservoir_nl=10_000_000)) == []


@pytest.mark.parametrize("days", [6, 8])
def test_a_week_has_seven_days(days):
    assert faults_of(flex([[(0, 100_000)]], weekdays=(0,) * days)) == [
        f"weekday_pattern is {days}, allowed 7 to 7"
    ]


@pytest.mark.requirement("weekday-patterns")
def test_a_weekday_names_a_pattern_there_is():
    one, two = [[(0, 100_000)]], [[(0, 100_000)]] * 2
    sunday = (0, 0, 0, 0, 0, 0, 1)
    assert faults_of(flex(two, weekdays=sunday)) == []
    assert faults_of(flex(one, weekdays=sunday)) == ["weekday_pattern, step 6 is 1, allowed 0 to 0"]
    assert "weekday_pattern, step 6 is 1, allowed 0 to 0" in faults_of(flex([], weekdays=sunday))


def test_a_fault_has_no_pattern_or_step_where_its_field_has_none():
    program = continuous(rate_nl_per_day=0, reservoir_nl=0)
    faults = validate(program, BENCH_LIMITS, BENCH_CALIBRATION)
    assert {(fault.pattern, fault.step) for fault in faults} == {(-1, -1)}
    assert len(faults) == 2
    [fault] = validate(
        flex([[(0, 100_000)]], weekdays=(0, 0, 0, 0, 0, 0, 1)), BENCH_LIMITS, BENCH_CALIBRATION
    )
    assert (fault.pattern, fault.step) == (-1, 6)
    [text] = faults_of(flex([[(0, 100_000)], []]))
    assert text == "steps in pattern 1 is 0, allowed 1 to 48"


def test_a_calibration_too_fine_is_refused_with_the_resolution_that_there_is():
    too_fine = Calibration(1, 50_000, 536_870_909)
    assert weight_per_rate(too_fine) == 536_870_909
    assert faults_of(continuous(), too_fine) == [
        f"resolution is 536870909, allowed 1 to {MOST_WEIGHT_PER_RATE}"
    ]
