"""The drug library is held against each day of a week, so that no day hides behind another one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from host.conftest import EXAMPLES
from thecal.drug_library import load_library
from thecal.judgement import Finding, Kind
from thecal.program_review import review
from thecal_fw.core.modes import MODE_FLEX
from thecal_fw.core.program import Program

LIBRARY = load_library(EXAMPLES / "drug_library.toml")
MCG_PER_ML = 500
WEEKDAYS = range(7)


def week(*doses_mcg: int) -> Program:
    """Return a program with a constant rate of its own on each weekday, Monday first, in mcg/day of 500 mcg/mL."""
    rates = [dose * 1_000_000 // MCG_PER_ML for dose in doses_mcg]
    return Program(
        MODE_FLEX,
        "baclofen",
        MCG_PER_ML * 1_000,
        1,
        patterns=[[(0, rate)] for rate in rates],
        weekdays=tuple(WEEKDAYS),
    )


def of_the_library(old: Program | None, new: Program) -> list[Finding]:
    return [one for one in review(old, new, "adult-spinal", LIBRARY) if "drug library" in one.text]


@pytest.mark.requirement("drug-library", "drug-library-least")
@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_one_day_below_the_least_dose_is_refused_however_much_the_others_give(weekday: int) -> None:
    doses = [200] * 7
    doses[weekday] = 10
    (found,) = of_the_library(None, week(*doses))
    assert (found.kind, found.value) == (Kind.HARD, Fraction(10))
    doses[weekday] = 20
    (found,) = of_the_library(None, week(*doses))
    assert (found.kind, found.value) == (Kind.SOFT, Fraction(20))


@pytest.mark.requirement("drug-library", "drug-library-soft")
@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_one_day_above_the_most_is_found_however_little_the_others_give(weekday: int) -> None:
    doses = [200] * 7
    doses[weekday] = 2_100
    assert [one.kind for one in of_the_library(None, week(*doses))] == [Kind.HARD]
    doses[weekday] = 1_100
    assert [one.kind for one in of_the_library(None, week(*doses))] == [Kind.SOFT]


@pytest.mark.requirement("drug-library", "drug-library-change")
@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_the_largest_change_of_any_day_is_what_the_library_judges(weekday: int) -> None:
    before, after = [200] * 7, [200] * 7
    after[weekday] = 310
    # Another day changes less, but beyond the soft limit.
    after[(weekday + 1) % 7] = 270
    (found,) = of_the_library(week(*before), week(*after))
    assert (found.kind, found.value) == (Kind.HARD, Fraction(55))
    after[weekday] = 200
    (found,) = of_the_library(week(*before), week(*after))
    assert (found.kind, found.value) == (Kind.SOFT, Fraction(35))
    after[(weekday + 1) % 7] = 200
    assert of_the_library(week(*before), week(*after)) == []
