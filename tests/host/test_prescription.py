"""Prescriptions: compiled exactly, and every mistake reported with its field, its value and what is allowed."""

import os
import re
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from thecal.day_pattern import Step, steps_of_day
from thecal.errors import BadInputError
from thecal.prescription import WEEKDAYS, load_prescription
from thecal.words import volume_per_day_nl
from thecal_fw.core.program import Program

EXAMPLES = Path(__file__).parents[2] / "examples"
SIMPLE = (EXAMPLES / "simple_continuous.toml").read_text()
FLEX = (EXAMPLES / "paediatric_flex.toml").read_text()


def problems_of(text: str | bytes, tmp_path: Path) -> str:
    file = tmp_path / "prescription.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInputError) as refused:
        load_prescription(file)
    assert all(problem.startswith(str(file)) for problem in refused.value.problems)
    return "\n".join(refused.value.problems).replace(str(file), "FILE")


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    "example",
    sorted(set(EXAMPLES.glob("*.toml")) - set(EXAMPLES.glob("*library.toml"))),
    ids=lambda path: path.stem,
)
def test_every_example_compiles_without_rounding(example):
    assert load_prescription(example).roundings == ()


def test_the_paediatric_example_has_the_shape_it_promises():
    program = load_prescription(EXAMPLES / "paediatric_flex.toml").program
    school, weekend = program.patterns
    assert program.weekdays == (0, 0, 0, 0, 0, 1, 1)
    assert len(school) >= 7
    assert school[0][1] == school[-1][1]
    assert volume_per_day_nl(school) == 437_500
    assert volume_per_day_nl(weekend) == 427_750


@pytest.mark.requirement("units-in-names", "other-unit-refused", "unknown-field-refused")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "FILE: is empty"),
        (b"\xff\xfe", "FILE: is not UTF-8 text (byte 0)"),
        ("mode flex", "FILE: is not valid TOML"),
        (
            changed(SIMPLE, "dose_mcg_per_day", "dose_mg_per_day"),
            "dose_mg_per_day is not known; did you mean dose_mcg",
        ),
        (changed(SIMPLE, "= 211.9", '= "211.9 mcg"'), "is not a number; its unit is in its name"),
        (changed(SIMPLE, "= 211.9", "= true"), "dose_mcg_per_day = True is not a number"),
        (changed(SIMPLE, "= 211.9", "= nan"), "is not a finite number"),
        (changed(SIMPLE, "= 211.9", "= 23.9"), "0.0478 mL/day; the pump delivers 0.048 to 24 mL/day"),
        (changed(SIMPLE, "= 211.9", "= 12001"), "24.002 mL/day; the pump delivers 0.048 to 24 mL/day"),
        (changed(SIMPLE, "= 500", "= 5000"), "concentration_mcg_per_ml = 5000, allowed 1 to 4000"),
        (changed(SIMPLE, "_ml = 20", "_ml = 30"), "reservoir.capacity_ml = 30, allowed 20 or 40"),
        (
            changed(SIMPLE, "= 10", "= 8.8"),
            "most_mcg_per_hour = 8.8, but what it prescribes can come to 8.8295 mcg",
        ),
        (changed(SIMPLE, "[limits]", "[limit]"), "limit is not known; did you mean limits?"),
        (
            changed(FLEX, 'mon = "school day"', 'mon = "schoolday"'),
            "week.mon = 'schoolday', allowed: \"school day\"",
        ),
        (changed(FLEX, 'mon = "school day"\n', ""), "week.mon is missing"),
        (changed(FLEX, '"07:30"', '"07:45"'), "two steps overlap from 07:30 to 07:45"),
        (changed(FLEX, '"07:30"', '"07:15"'), "nothing is prescribed from 07:15 to 07:30; add a step"),
        (changed(FLEX, '"21:30"', '"25:30"'), "from = '25:30', allowed: times of day"),
        (changed(SIMPLE, "= 211.9", "= -inf"), "-Infinity is not a finite number"),
        (changed(SIMPLE, "= 211.9", "= 1e999999999"), "1E+999999999, allowed 0 to 1000000"),
        (changed(SIMPLE, "= 211.9", "= 1e-999999999"), "has more than 12 decimals; round it"),
        (changed(SIMPLE, "= 211.9", "= " + "9" * 5_000), "is not valid TOML"),
        (changed(SIMPLE, "= 211.9", "= 0x" + "f" * 5_000), "an integer of 20000 bits, allowed 0 to 1000000"),
        ("a = " + "[" * 10_000, "is not valid TOML"),
        ("a = " + "[" * 100_000, "characters in a line, allowed: 20,000"),
        (
            changed(SIMPLE, "= 500", "= 500.00001"),
            "concentration_mcg_per_ml = 500.00001 is finer than 1/1000",
        ),
        (changed(SIMPLE, "low_alarm_ml = 2", "low_alarm_ml = 12"), "low_alarm_ml = 12, allowed 1 to 10"),
        (changed(SIMPLE, '"baclofen"', "7"), "drug = 7, allowed: 1 to 16 plain letters"),
        (changed(SIMPLE, '"baclofen"', '" baclofen"'), "allowed: 1 to 16 plain letters"),
        (changed(SIMPLE, "[limits]", "[[limits]]"), "is not a table"),
        (
            changed(SIMPLE, "per_hour = 10", "per_hour = 12001"),
            "most_mcg_per_hour is more than the pump can give",
        ),
        (changed(FLEX, '"06:00"', "06:00:00"), 'to = 06:00:00 needs quotes: write "06:00"'),
        (changed(FLEX, 'from = "06:00"', 'from = "07:30"'), "begins and ends at the same time"),
        (changed(FLEX, "mon = ", "monday = "), "week.monday is not known; did you mean mon?"),
        (changed(FLEX, 'mon = "school day"', "mon = true"), "week.mon = True, allowed"),
        (FLEX + "[pattern.bad]\n", "pattern.bad is not a list; write [[pattern.bad]]"),
        (changed(FLEX, 'mode = "flex"', 'mode = "flexible"'), "mode = 'flexible', allowed: \"stopped\""),
    ],
)
def test_a_mistake_is_told_in_words_a_person_can_act_on(text, message, tmp_path):
    assert message in problems_of(text, tmp_path)


@pytest.mark.requirement("all-24-hours")
def test_a_step_that_can_not_be_read_is_told_without_the_gap_it_leaves(tmp_path):
    told = problems_of(changed(FLEX, 'from = "07:30"', 'from = "half past 7"'), tmp_path)
    assert told.splitlines() == [
        """FILE: pattern "school day", step 3: from = 'half past 7', allowed: times of day from "00:00" to "23:59\""""
    ]


def day_of(steps: int) -> str:
    times = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 20 * steps, 20)] + ["24:00"]
    entries = pairwise(times)
    return "".join(
        f'[[pattern.weekend]]\nfrom = "{begin}"\nto = "{end}"\ndose_mcg_per_day = {200 + at % 2}\n'
        for at, (begin, end) in enumerate(entries)
    )


@pytest.mark.requirement("day-of-48-steps", "day-of-49-steps")
def test_a_day_has_room_for_48_steps_and_no_more(tmp_path):
    head = FLEX[: FLEX.index("[[pattern.weekend]]")]
    told = problems_of(head + day_of(49), tmp_path)
    assert told == 'FILE: pattern "weekend" has 49 steps in a day, the pump has room for 48'
    file = tmp_path / "full.toml"
    file.write_text(head + day_of(48))
    assert len(load_prescription(file).program.patterns[1]) == 48


@pytest.mark.requirement("bad-prescription-harmless")
@given(st.binary(max_size=200))
def test_no_file_at_all_raises_anything_but_bad_input(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(content)
    with pytest.raises(BadInputError):
        load_prescription(file)


def test_a_pattern_of_no_day_is_told(tmp_path):
    text = FLEX.replace('= "weekend"', '= "school day"')
    assert 'pattern "weekend" is on no day; give it to a day' in problems_of(text, tmp_path)


def test_a_limit_too_low_by_less_than_a_nanolitre_is_shown_as_different(tmp_path):
    text = changed(changed(SIMPLE, "= 211.9", "= 200"), "_ml = 500", "_ml = 300")
    told = problems_of(changed(text, "per_day = 230", "per_day = 199.9998"), tmp_path)
    assert "most_mcg_per_day = 199.9998, but what it prescribes can come to 200.0001 mcg" in told


def program_of(text: str, folder: Path) -> Program:
    file = folder / "p.toml"
    file.write_text(text)
    return load_prescription(file).program


def test_a_limit_rounds_up_to_the_nanolitre(tmp_path):
    text = changed(changed(SIMPLE, "= 211.9", "= 60"), "_ml = 500", "_ml = 300")
    text = changed(changed(text, "per_day = 230", "per_day = 61"), "per_hour = 10", "per_hour = 3")
    program = program_of(text, tmp_path)
    # 61 mcg at 300 mcg/mL are 203,333 1/3 nL; 3 mcg are 10,000 nL and stay so.
    assert (program.most_nl_per_day, program.most_nl_per_hour) == (203_334, 10_000)


@given(st.integers(20_000, 1_000_000), st.integers(100, 400))
@example(72_000_001, 3_000).via("a third of a nanolitre above what the pump can give, and rounded down to it")
def test_a_limit_equal_to_the_dose_is_accepted_however_the_rate_rounds(
    tmp_path_factory, dose_milli_mcg, concentration
):
    exact_nl = Fraction(dose_milli_mcg * 1_000, concentration)
    assume(exact_nl >= 48_000)
    text = changed(SIMPLE, "= 500", f"= {concentration}")
    text = changed(text, "= 211.9", f"= {dose_milli_mcg / 1_000:.3f}")
    text = changed(text, "most_mcg_per_day = 230", f"most_mcg_per_day = {dose_milli_mcg / 1_000:.3f}")
    text = changed(
        text, "per_hour = 10", f"per_hour = {Decimal(-(-dose_milli_mcg * 10**9 // 24)).scaleb(-12)}"
    )
    program = program_of(text, tmp_path_factory.getbasetemp())
    assert program.rate_nl_per_day <= program.most_nl_per_day < exact_nl + 1


@given(
    st.lists(st.integers(20_000, 1_000_000), min_size=2, max_size=24).filter(
        lambda doses: all(one != next_one for one, next_one in pairwise([*doses, doses[0]]))
    ),
    st.integers(100, 400),
)
def test_limits_equal_to_what_a_day_of_steps_gives_are_accepted_however_the_rates_round(
    tmp_path_factory, doses_milli_mcg, concentration
):
    """Steps of whole hours: the day gives their mean, the hour the largest of them."""
    assume(all(Fraction(dose * 1_000, concentration) >= 48_000 for dose in doses_milli_mcg))
    lasting = [1] * (len(doses_milli_mcg) - 1) + [25 - len(doses_milli_mcg)]
    per_day = sum(hours * dose for hours, dose in zip(lasting, doses_milli_mcg, strict=True))
    # Both are the least that can be written with twelve decimals and is no less than what is given.
    day_limit = -(-per_day * 10**9 // 24)
    hour_limit = -(-max(doses_milli_mcg) * 10**9 // 24)
    text = changed(SIMPLE, 'mode = "simple continuous"', 'mode = "flex"')
    text = changed(text, "= 500", f"= {concentration}")
    text = re.sub(r"dose_mcg_per_day = .*\n", "", text)
    text = changed(text, "per_day = 230", f"per_day = {Decimal(day_limit).scaleb(-12)}")
    text = changed(text, "per_hour = 10", f"per_hour = {Decimal(hour_limit).scaleb(-12)}")
    begin = 0
    for hours, dose in zip(lasting, doses_milli_mcg, strict=True):
        text += f'''
[[pattern.day]]
from = "{begin:02d}:00"
to = "{begin + hours:02d}:00"
dose_mcg_per_day = {dose / 1_000:.3f}
'''
        begin += hours
    text += "[week]\n" + "".join(f'{day} = "day"\n' for day in WEEKDAYS)
    program = program_of(text, tmp_path_factory.getbasetemp())
    # No more room than a whole nanolitre takes.
    assert program.most_nl_per_day <= -(-per_day * 1_000 // (24 * concentration)) + 1


def test_a_byte_order_mark_says_nothing(tmp_path):
    file = tmp_path / "p.toml"
    file.write_text(SIMPLE, encoding="utf-8-sig")
    simple = load_prescription(EXAMPLES / "simple_continuous.toml")
    assert load_prescription(file).program.digest() == simple.program.digest()


@pytest.mark.requirement("bad-prescription-harmless")
def test_all_mistakes_are_told_at_once(tmp_path):
    text = changed(changed(SIMPLE, "= 211.9", "= 1"), "_ml = 20", "_ml = 99").replace('"baclofen"', '""')
    told = problems_of(text, tmp_path)
    assert all(field in told for field in ("dose_mcg_per_day", "reservoir.capacity_ml", "drug"))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInputError, match="can't be read: No such file"):
        load_prescription(tmp_path / "none.toml")


@pytest.mark.requirement("dose-rounded-to-nearest")
@given(st.integers(30_000, 11_999_999), st.integers(100, 2_000))
def test_a_dose_becomes_the_nearest_whole_nanolitre_a_day(tmp_path_factory, dose_milli_mcg, concentration):
    dose = Fraction(dose_milli_mcg, 1_000)
    exact_nl = dose / concentration * 1_000_000
    if not 48_000 <= exact_nl <= 24_000_000:
        return
    text = changed(SIMPLE, "= 500", f"= {concentration}")
    text = changed(text, "per_hour = 10", f"per_hour = {concentration * 24}")
    text = changed(text, "per_day = 230", f"per_day = {concentration * 24}")
    # The dose comes last: its digits may begin like those of the limits that are looked for.
    text = changed(text, "= 211.9", f"= {dose_milli_mcg / 1_000:.3f}")
    file = tmp_path_factory.mktemp("rounding") / "p.toml"
    file.write_text(text)
    compiled = load_prescription(file)
    assert abs(compiled.program.rate_nl_per_day - exact_nl) <= Fraction(1, 2)
    assert bool(compiled.roundings) == (exact_nl.denominator != 1)


@given(st.sets(st.integers(0, 1_439), min_size=2, max_size=20), st.data())
def test_steps_that_meet_end_to_end_cover_the_day_whatever_crosses_midnight(times, data):
    begins = sorted(times)
    steps = [
        Step(begin, end, data.draw(st.integers(1, 9)))
        for begin, end in zip(begins, [*begins[1:], begins[0]], strict=True)
    ]
    day, problems = steps_of_day(data.draw(st.permutations(steps)))
    assert problems == []
    assert day[0][0] == 0
    for minute in (0, 700, 1_439):
        rate = [rate for start, rate in day if start <= minute][-1]
        holds = [step for step in steps if step.begin_minute <= minute < step.end_minute]
        night = [step for step in steps if step.begin_minute >= step.end_minute]
        assert rate == (holds or night)[0].rate_nl_per_day


BOLUS = """
[patient_bolus]
dose_mcg = {dose}
over_minutes = 10
lockout_minutes = 60
most_per_24_h = 1
"""
PERIODIC = '\n[periodic_bolus]\ndose_mcg = 1\nover_minutes = 5\nfirst = "08:00"\nevery_hours = 6\n'
LIMITED = changed(SIMPLE, "most_mcg_per_hour", "most_mcg_per_bolus = 5\nmost_mcg_per_hour")
MINIMUM = (EXAMPLES / "minimum_rate.toml").read_text()
NIGHT = '\n[[bolus.weekend]]\nat = "{at}"\ndose_mcg = 1\nover_minutes = 60\n'


@pytest.mark.requirement("units-in-names")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            SIMPLE + BOLUS.format(dose=1),
            "limits.most_mcg_per_bolus is missing or 0, and there is a bolus of 1 mcg",
        ),
        (LIMITED + BOLUS.format(dose=0), "so small that the pump gives nothing"),
        (LIMITED + BOLUS.format(dose=9), "a bolus of 9 mcg is more than limits.most_mcg_per_bolus"),
        (MINIMUM + BOLUS.format(dose=1), "patient_bolus goes with"),
        (MINIMUM + PERIODIC, "periodic_bolus goes with"),
        (SIMPLE + NIGHT.format(at="08:00"), '[[bolus.NAME]] goes with mode = "flex"'),
    ],
)
def test_a_fault_of_a_bolus_is_told_in_the_words_of_the_file(text, message, tmp_path):
    told = problems_of(text, tmp_path)
    assert message in told
    assert "nl_per" not in told
    assert "not known" not in told


@pytest.mark.requirement("units-in-names")
def test_a_bolus_past_midnight_into_the_next_days_first_is_told_once_with_both_times(tmp_path):
    text = changed(FLEX, "most_mcg_per_bolus = 8", "most_mcg_per_bolus = 5")
    text += NIGHT.format(at="23:50") + NIGHT.format(at="00:10")
    told = problems_of(text, tmp_path)
    assert told.count("\n") == 0
    assert "the one at 00:10 begins before the last one of the day before is over, at 00:50" in told


def test_a_mode_that_is_mistyped_is_the_only_thing_that_is_told(tmp_path):
    told = problems_of(changed(SIMPLE, '"simple continuous"', '"Simple Continuous"'), tmp_path)
    assert told.count("\n") == 0
    assert "mode = 'Simple Continuous', allowed:" in told


def test_a_file_without_end_is_not_read(tmp_path):
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for endless in (Path("/dev/zero"), pipe):
        with pytest.raises(BadInputError, match="no file but a device, a pipe"):
            load_prescription(endless)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    with pytest.raises(BadInputError, match="more than 1000000 bytes"):
        load_prescription(large)
