"""Slips after published incidents are caught, drawn ones too, and right changes pass with one question at most."""

import pytest

from host.conftest import EXAMPLES
from thecal.dose_history import DoseHistory, LastDose
from thecal.drug_library import load_library
from thecal.judgement import Kind
from thecal.prescription import load_prescription
from thecal.program_review import of_library, review
from thecal_fw.core.modes import MODE_STOPPED
from thecal_fw.core.program import Program
from thecal_hil.campaigns.slips.dates import print_pages
from thecal_hil.campaigns.slips.generated import drawn_slips
from thecal_hil.campaigns.slips.incidents import questions_of, right_changes, slip_is_caught, slips
from thecal_hil.campaigns.slips.judged import is_caught

LIBRARY = load_library(EXAMPLES / "drug_library.toml")
SIMPLE = load_prescription(EXAMPLES / "simple_continuous.toml").program


def changed(program: Program, **fields: object) -> Program:
    return Program(**{**vars(program), **fields})  # type: ignore[arg-type]


@pytest.mark.requirement("titration")
@pytest.mark.parametrize("slip", slips(), ids=lambda slip: slip["id"])
def test_a_slip_that_was_published_is_caught(slip):
    assert slip_is_caught(slip, LIBRARY)


@pytest.mark.parametrize("change", right_changes(), ids=lambda change: change["id"])
def test_a_right_change_is_asked_about_once_at_most(change):
    questions = questions_of(change, LIBRARY)
    assert questions is not None
    assert questions <= 1


@pytest.mark.requirement("titration")
def test_slips_that_are_drawn_are_caught():
    assert [slip for slip in drawn_slips(7, 70) if not is_caught(slip.typed, slip.intended, LIBRARY)] == []


@pytest.mark.requirement("dates-by-the-wall")
def test_no_page_has_a_wrong_date_beside_a_wrong_clock():
    printed = print_pages(3, 12)
    assert printed.wrong == []
    assert printed.pages["person"] == 12


@pytest.mark.requirement("last-dose")
def test_a_dose_after_a_stopped_program_is_held_against_the_one_delivered_before_it():
    tenfold = changed(SIMPLE, rate_nl_per_day=4_238_000)
    history = DoseHistory(True, LastDose(0, 423_800, 423_800, 500_000, 0, 60), has_given=True)
    found = review(Program(MODE_STOPPED), tenfold, "child", None, history)
    assert {Kind.HARD, Kind.RETYPE, Kind.SOFT} == {finding.kind for finding in found}
    assert any("the dose last delivered" in finding.text for finding in found)
    same = review(Program(MODE_STOPPED), SIMPLE, "child", None, history)
    assert [finding.kind for finding in same] == [Kind.SOFT]
    unknown = review(Program(MODE_STOPPED), SIMPLE, "child", None, DoseHistory(has_given=True))
    assert any("could not be held against it" in finding.text for finding in unknown)


@pytest.mark.requirement("first-dose")
@pytest.mark.parametrize(
    ("mcg_per_day", "kind"),
    [(50, None), (200, None), (49, Kind.SOFT), (201, Kind.SOFT), (881, Kind.RETYPE), (2_004, Kind.HARD)],
)
def test_a_first_dose_is_held_against_what_is_published_for_the_first_day(mcg_per_day, kind):
    found = review(None, changed(SIMPLE, rate_nl_per_day=2_000 * mcg_per_day), "child")
    assert [finding.kind for finding in found] == ([] if kind is None else [kind])


@pytest.mark.requirement("library-binds")
def test_the_library_binds_what_may_be_given_on_demand_and_is_not_left_without_a_reason():
    wide = changed(SIMPLE, most_nl_per_bolus=800_000)
    found = [
        one for one in review(SIMPLE, wide, "child", LIBRARY) if one.field == "limits.most_mcg_per_bolus"
    ]
    assert [finding.kind for finding in found] == [Kind.HARD]
    day = changed(SIMPLE, most_nl_per_day=4_600_000)
    assert Kind.HARD in {one.kind for one in review(SIMPLE, day, "child", LIBRARY)}
    held = of_library(SIMPLE, LIBRARY)
    assert [(one.kind, one.field) for one in review(held, SIMPLE, "child")] == [(Kind.SOFT, "library")]
    assert review(held, held, "child", LIBRARY) == []
