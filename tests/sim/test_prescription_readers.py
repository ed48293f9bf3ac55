"""The oracle's reader of prescriptions: by hand, and against the host's, with which it shares no code."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal import load_prescription
from thecal_fw.core.modes import MODE_FLEX, MODE_NAMES, MODE_STOPPED
from thecal_fw.core.schedule import rate_at
from thecal_sim.ideal import Regimen
from thecal_sim.oracle import read_prescription
from thecal_sim.prescription import prescription_in
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE

EXAMPLES = sorted(
    set((Path(__file__).parents[2] / "examples").glob("*.toml"))
    - set((Path(__file__).parents[2] / "examples").glob("*library.toml"))
)
MONDAY_NS = 20_514 * NS_PER_DAY
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HEADER = """drug = "baclofen"
concentration_mcg_per_ml = {concentration}
mode = "{mode}"
"""
TABLES = """
[reservoir]
capacity_ml = 20
low_alarm_ml = 2.5

[limits]
most_mcg_per_hour = 20
most_mcg_per_day = 400
"""


def assert_same_therapy(path: Path) -> None:
    """Check that at every minute of the week the program's rate is the prescribed one to the nearest nanolitre a
    day."""
    prescribed = read_prescription(path)
    program = load_prescription(path).program
    for weekday in range(7):
        for minute in range(1_440):
            exact, _ = prescribed.regimen.rate_at(MONDAY_NS + weekday * NS_PER_DAY + minute * NS_PER_MINUTE)
            rate = rate_at(program, weekday, minute)
            assert abs(rate - exact) <= Fraction(1, 2), (weekday, minute)
    if program.mode != MODE_STOPPED:
        assert program.reservoir_nl == prescribed.reservoir_nl
        assert program.low_reservoir_nl == prescribed.low_reservoir_nl


def test_there_are_examples_of_every_mode():
    modes = {load_prescription(path).program.mode for path in EXAMPLES}
    assert {MODE_NAMES[mode] for mode in modes} == set(MODE_NAMES)


@pytest.mark.requirement("prescription-reads-as-meant")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_host_and_oracle_read_the_same_therapy_from_an_example(path):
    assert_same_therapy(path)


def test_a_dose_over_a_concentration_is_a_volume():
    text = HEADER.format(concentration=500, mode="simple continuous") + "dose_mcg_per_day = 211.9\n" + TABLES
    prescribed = prescription_in(text)
    assert prescribed.regimen == Regimen.constant(423_800)
    assert (prescribed.reservoir_nl, prescribed.low_reservoir_nl) == (20_000_000, 2_500_000)


def test_a_dose_that_gives_no_whole_nanolitres_stays_exact():
    text = HEADER.format(concentration=3, mode="simple continuous") + "dose_mcg_per_day = 0.1\n" + TABLES
    assert prescription_in(text).regimen == Regimen.constant(Fraction(100_000, 3))


def test_a_step_past_midnight_covers_the_late_evening_and_the_early_morning_of_its_day():
    text = (
        HEADER.format(concentration=1_000, mode="flex")
        + TABLES
        + "[week]\n"
        + "".join(f'{day} = "all"\n' for day in DAYS)
        + '[[pattern.all]]\nfrom = "22:00"\nto = "06:30"\ndose_mcg_per_day = 100\n'
        + '[[pattern.all]]\nfrom = "06:30"\nto = "22:00"\ndose_mcg_per_day = 200\n'
    )
    night, day = Fraction(100_000), Fraction(200_000)
    assert prescription_in(text).regimen.week == (((0, night), (390, day), (1_320, night)),) * 7


@pytest.mark.parametrize("end", ["06:00", "07:00"])
def test_a_day_with_a_gap_or_an_overlap_is_no_prescription(end):
    text = (
        HEADER.format(concentration=1_000, mode="flex")
        + "[week]\n"
        + "".join(f'{day} = "all"\n' for day in DAYS)
        + f'[[pattern.all]]\nfrom = "22:00"\nto = "{end}"\ndose_mcg_per_day = 100\n'
        + '[[pattern.all]]\nfrom = "06:30"\nto = "22:00"\ndose_mcg_per_day = 200\n'
    )
    with pytest.raises(ValueError, match="steps prescribe"):
        prescription_in(text)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@st.composite
def flex_files(draw):
    """Return the text of a good flex prescription: any turning points, the last step running past midnight or up to
    it."""
    text = HEADER.format(concentration=draw(st.sampled_from((500, 333, 2_000))), mode="flex") + TABLES
    names = draw(st.lists(st.sampled_from(("school", "weekend", "holiday")), min_size=1, unique=True))
    week = {day: draw(st.sampled_from(names)) for day in DAYS}
    text += "[week]\n" + "".join(f'{day} = "{name}"\n' for day, name in week.items())
    # A good file has no pattern that is on no day.
    for name in sorted(set(week.values())):
        turns = sorted(draw(st.sets(st.integers(0, 1_439), min_size=2, max_size=8)))
        ends = [*turns[1:], turns[0] or 1_440]
        for begin, end in zip(turns, ends, strict=True):
            dose = draw(st.decimals(100, 300, places=draw(st.integers(0, 3))))
            text += f'[[pattern.{name}]]\nfrom = "{clock(begin)}"\nto = "{clock(end)}"\ndose_mcg_per_day = {dose}\n'
    return text


@pytest.mark.requirement("prescription-reads-as-meant")
@given(text=flex_files())
@settings(max_examples=25, deadline=None)
def test_host_and_oracle_read_the_same_therapy_from_any_good_file(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("prescription") / "flex.toml"
    path.write_text(text, encoding="utf-8")
    assert load_prescription(path).program.mode == MODE_FLEX
    assert_same_therapy(path)
