"""Everything that the library says of a draft stands beside the field that it is about, in the library's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.test_draft import numbers, opened
from thecal.console.draft import Draft, draft_of_program, with_part, with_value
from thecal.console.opinion import Opinion, opinion_of
from thecal.drug_library import load_library
from thecal.judgement import Kind
from thecal.prescription import load_prescription
from thecal.program_review import review

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNNING = load_prescription(EXAMPLES / "paediatric_flex.toml").program


def judged(draft: Draft) -> Opinion:
    return opinion_of(draft, RUNNING, None, None, "child", None)


def test_a_draft_of_what_runs_changes_nothing() -> None:
    found = judged(draft_of_program(RUNNING))
    assert found.is_running_already
    assert found.remarks == ()


def test_what_is_wrong_stands_beside_its_field() -> None:
    draft = opened()
    second = numbers(draft)[1]
    for place, typed in (
        (("pattern", "school day", second, "dose_mcg_per_day"), "much"),
        (("pattern", "school day", second, "from"), "6.30"),
        (("reservoir", "low_alarm_ml"), "99"),
        (("limits", "most_mcg_per_hour"), "12,5"),
        (("concentration_mcg_per_ml",), "0"),
        (("week", "sat"), "nowhere"),
        (("drug",), "<script>alert(1)</script>"),
    ):
        found = judged(with_value(draft, place, typed))
        assert found.beside(place), (place, found.problems)
        assert found.compiled is None


def test_a_decimal_comma_is_told_what_to_write() -> None:
    place = ("limits", "most_mcg_per_hour")
    (said,) = judged(with_value(opened(), place, "12,5")).beside(place)
    assert "like 12.5" in said.text


def test_a_limit_that_the_day_can_break_is_told_at_the_limit() -> None:
    place = ("limits", "most_mcg_per_day")
    (said,) = judged(with_value(opened(), place, "100")).beside(place)
    assert "raise the limit or lower the doses" in said.text


def test_a_dose_ten_times_as_high_is_to_be_typed_again_at_its_step() -> None:
    draft = with_value(opened(), ("limits", "most_mcg_per_day"), "4000")
    draft = with_value(draft, ("limits", "most_mcg_per_hour"), "400")
    place = ("pattern", "school day", numbers(draft)[1], "dose_mcg_per_day")
    dose = next(step for step in draft["pattern"]["school day"] if step["#"] == place[2])["dose_mcg_per_day"]
    found = judged(with_value(draft, place, f"{dose}0"))
    assert Kind.RETYPE in {said.finding.kind for said in found.beside(place) if said.finding}


def test_a_patients_bolus_without_its_numbers_is_told_at_each_of_them() -> None:
    found = judged(with_part(opened(), "patient_bolus"))
    for key in ("dose_mcg", "over_minutes", "lockout_minutes", "most_per_24_h"):
        assert found.beside(("patient_bolus", key)), found.problems


def test_findings_are_those_of_the_command_line() -> None:
    draft = with_value(opened(), ("concentration_mcg_per_ml",), "2000")
    draft = with_value(draft, ("catheter_ul",), "180")
    found = opinion_of(draft, RUNNING, None, None, "child", None, no_bridge=True)
    assert found.compiled is not None
    assert list(found.findings) == review(RUNNING, found.compiled.program, "child")
    assert found.beside(("concentration_mcg_per_ml",))


def test_a_library_binds_the_draft_as_it_binds_a_file() -> None:
    library = load_library(EXAMPLES / "drug_library.toml")
    draft = with_value(opened(), ("drug",), "water")
    found = opinion_of(draft, RUNNING, None, None, "child", library)
    assert found.compiled is None
    assert any("water" in problem for problem in found.problems)


@pytest.mark.parametrize("left", ["drug", "mode", "reservoir", "limits", "week", "pattern"])
def test_a_file_that_lacks_a_part_is_judged_and_not_stumbled_over(left: str) -> None:
    draft = {key: value for key, value in opened().items() if key != left}
    assert judged(draft).problems
