"""Prescriptions: compiled exactly, and every mistake told with its field, its value and what is allowed."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal.day_pattern import Step, steps_of_day
from thecal.errors import BadInputError
from thecal.prescription import load_prescription
from thecal.words import compare, describe, volume_per_day_nl
from thecal_fw.core.program import MODE_FLEX, MODE_STOPPED, Program

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


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
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
            "most_mcg_per_hour = 8.8, but the steps alone give up to 8.8295 mcg",
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
        (changed(FLEX, 'mode = "flex"', 'mode = "flexible"'), "mode = 'flexible', allowed: \"stopped\""),
    ],
)
def test_a_mistake_is_told_in_words_a_person_can_act_on(text, message, tmp_path):
    assert message in problems_of(text, tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path):
    text = changed(changed(SIMPLE, "= 211.9", "= 1"), "_ml = 20", "_ml = 99").replace('"baclofen"', '""')
    told = problems_of(text, tmp_path)
    assert all(field in told for field in ("dose_mcg_per_day", "reservoir.capacity_ml", "drug"))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInputError, match="can't be read: No such file"):
        load_prescription(tmp_path / "none.toml")


@given(st.integers(30_000, 11_999_999), st.integers(100, 2_000))
def test_a_dose_becomes_the_nearest_whole_nanolitre_a_day(tmp_path_factory, dose_milli_mcg, concentration):
    dose = Fraction(dose_milli_mcg, 1_000)
    exact_nl = dose / concentration * 1_000_000
    if not 48_000 <= exact_nl <= 24_000_000:
        return
    text = changed(SIMPLE, "= 500", f"= {concentration}")
    text = changed(text, "= 211.9", f"= {dose_milli_mcg / 1_000:.3f}")
    text = changed(text, "per_hour = 10", f"per_hour = {concentration * 24}")
    text = changed(text, "per_day = 230", f"per_day = {concentration * 24}")
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


def test_a_program_is_put_in_clinical_words():
    told = dict(describe(load_prescription(EXAMPLES / "simple_continuous.toml").program))
    assert told["dose"] == "211.9 mcg/day (0.4238 mL/day)"
    assert told["full to low alarm"] == "42.5 days"
    assert describe(None) == [("mode", "no program")]
    assert describe(Program(MODE_STOPPED)) == [("mode", "stopped")]


def test_a_comparison_marks_what_changes_and_nothing_else():
    flex = load_prescription(EXAMPLES / "paediatric_flex.toml").program
    assert not any(row.changed for row in compare(flex, flex))
    patterns = [list(pattern) for pattern in flex.patterns]
    patterns[0][1] = (360, 800_000)
    new = Program(**{**vars(flex), "mode": MODE_FLEX, "patterns": patterns})
    assert [row.label.strip() for row in compare(flex, new) if row.changed] == [
        "pattern 1",
        "06:00 to 07:30",
        "full to low alarm",
    ]
