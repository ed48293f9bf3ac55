"""A dose is changed in published steps, and a slip of the finger by an order of magnitude never gets through."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import valid_programs
from host.conftest import EXAMPLES, Bench
from thecal.cli import run
from thecal.drug_library import load_library
from thecal.judgement import Kind, unsettled
from thecal.magnitude import SUSPICIOUS_FACTOR, Pair, is_suspicious, judge_magnitudes, likely_slip
from thecal.prescription import load_prescription
from thecal.program_review import of_library, review, stop_warning
from thecal.titration import GROUPS, judge_titration
from thecal_fw.core.modes import MODE_MINIMUM_RATE, MODE_STOPPED
from thecal_fw.core.program import PatientBolus, PeriodicBolus, Program

SIMPLE = load_prescription(EXAMPLES / "simple_continuous.toml").program
FLEX = load_prescription(EXAMPLES / "paediatric_flex.toml").program
PERIODIC = load_prescription(EXAMPLES / "periodic_bolus.toml").program
assert PERIODIC.periodic_bolus
assert PERIODIC.patient_bolus
RATE, PATIENT = PERIODIC.periodic_bolus.rate_nl_per_day, PERIODIC.patient_bolus
LIBRARY = load_library(EXAMPLES / "drug_library.toml")
doses = st.fractions(1, 2_000, max_denominator=100)
ORDER = [None, Kind.SOFT, Kind.HARD]


def changed(program: Program, **fields: object) -> Program:
    return Program(**{**vars(program), **fields})  # type: ignore[arg-type]


def step(percent: str, group: str = "child", hours: int | None = None) -> Kind | None:
    found = judge_titration(
        Fraction(200), 200 * (1 + Fraction(percent) / 100), group, None if hours is None else Fraction(hours)
    )
    assert len(found) <= 1
    return found[0].kind if found else None


@pytest.mark.requirement("titration", "titration-refused")
def test_a_child_is_stepped_up_by_15_percent_beyond_with_a_reason_and_never_by_more_than_20():
    assert (step("15"), step("15.01"), step("20"), step("20.01")) == (None, Kind.SOFT, Kind.SOFT, Kind.HARD)


@pytest.mark.requirement("titration")
def test_an_adult_whose_spasticity_is_of_spinal_origin_may_be_stepped_up_by_30_percent():
    assert (step("30", "adult-spinal"), step("31", "adult-spinal")) == (None, Kind.SOFT)
    assert (step("40", "adult-spinal"), step("41", "adult-spinal")) == (Kind.SOFT, Kind.HARD)
    assert step("30", "adult-cerebral") is Kind.HARD


@pytest.mark.requirement("titration")
def test_a_step_down_is_limited_too_since_withdrawal_is_as_dangerous():
    assert (step("-20"), step("-21"), step("-50"), step("-51")) == (None, Kind.SOFT, Kind.SOFT, Kind.HARD)


@pytest.mark.requirement("titration")
def test_a_second_change_within_a_day_needs_a_reason_upwards_and_downwards():
    assert (step("5", hours=23), step("5", hours=24)) == (Kind.SOFT, None)
    assert (step("-5", hours=23), step("-5", hours=24), step("0", hours=1)) == (Kind.SOFT, None, None)
    assert step("30", hours=1) is Kind.HARD


@pytest.mark.requirement("titration", "titration-refused")
@given(doses, doses, doses, st.sampled_from(sorted(GROUPS)))
def test_a_larger_step_in_the_same_direction_is_never_judged_more_leniently(old, one, two, group):
    if (one - old) * (two - old) <= 0:
        return
    smaller, larger = sorted((one, two), key=lambda dose: abs(dose - old))
    worst = [[finding.kind for finding in judge_titration(old, dose, group)] for dose in (smaller, larger)]
    ranks = [ORDER.index(kinds[0]) if kinds else 0 for kinds in worst]
    assert ranks[0] <= ranks[1]


@pytest.mark.requirement("titration")
@given(doses, st.sampled_from((10, 24, 60, 1_000, 1_440)), st.booleans(), st.fractions("2/3", "3/2"))
def test_every_known_slip_is_caught_even_if_the_dose_was_to_change_as_well(old, factor, upwards, meant):
    new = old * meant * factor if upwards else old * meant / factor
    (finding,) = judge_magnitudes([Pair("dose_mcg_per_day", old, new)])
    assert finding.kind is Kind.RETYPE
    assert unsettled([finding], reason="a reason is not enough")
    assert not unsettled([finding], retyped={"dose_mcg_per_day": f"{float(new):.6g}"})
    assert unsettled([finding], retyped={"dose_mcg_per_day": str(float(old))})


@pytest.mark.requirement("titration")
@given(doses, doses)
def test_a_value_is_suspicious_in_both_directions_alike(one, two):
    assert is_suspicious(one, two) == is_suspicious(two, one)
    assert is_suspicious(one, one * SUSPICIOUS_FACTOR)
    assert not is_suspicious(Fraction(0), one)


@pytest.mark.requirement("titration")
def test_another_concentration_on_sale_passes_and_the_usual_slips_are_named():
    assert not is_suspicious(Fraction(500), Fraction(2_000))
    assert likely_slip(Fraction(12), Fraction("0.2")) == "minutes for hours, or hours for minutes"
    assert likely_slip(Fraction(20), Fraction(212)) == "a decimal point in the wrong place"
    assert likely_slip(Fraction(1), Fraction(7)) == ""


@pytest.mark.requirement("titration")
@given(valid_programs, st.sampled_from(sorted(GROUPS)))
def test_a_program_that_changes_nothing_needs_no_second_look_but_at_its_short_intervals(program, group):
    found = review(program, program, group)
    assert {finding.field for finding in found} <= {
        "periodic_bolus.every_minutes",
        "patient_bolus.lockout_minutes",
    }


@pytest.mark.requirement("titration")
@given(valid_programs)
def test_a_tenfold_concentration_of_any_program_is_refused_until_typed_again(program):
    tenfold = changed(program, concentration_ng_per_ml=program.concentration_ng_per_ml * 10)
    fields = {finding.field for finding in review(program, tenfold, "child") if finding.kind is Kind.RETYPE}
    assert "concentration_mcg_per_ml" in fields
    assert any(finding.kind is Kind.HARD for finding in review(program, tenfold, "child"))


@pytest.mark.requirement("titration")
@pytest.mark.requirement("recall-2004-interval")
def test_an_interval_of_minutes_that_was_meant_to_be_one_of_hours_is_refused_until_typed_again():
    short = PeriodicBolus(0, 6, RATE, 5)
    found = {
        finding.field: finding
        for finding in review(PERIODIC, changed(PERIODIC, periodic_bolus=short), "child")
    }
    slip = found["periodic_bolus.every_minutes"]
    assert slip.kind is Kind.RETYPE
    assert "minutes for hours" in slip.text or "Hours typed as minutes?" in slip.text
    first = review(None, changed(PERIODIC, patient_bolus=PatientBolus(100_000, 10, 24, 3)), "child")
    assert [finding.field for finding in first] == ["patient_bolus.lockout_minutes"]


@pytest.mark.requirement("titration")
def test_one_weekday_that_changes_much_is_found_though_the_mean_hardly_moves():
    patterns = [FLEX.patterns[0], [(0, 700_000)]]
    (finding,) = [
        one
        for one in review(FLEX, changed(FLEX, patterns=patterns, boluses=()), "child")
        if one.kind is Kind.HARD
    ]
    assert finding.field == "sat dose_mcg_per_day"


@pytest.mark.requirement("titration")
def test_more_boluses_for_the_patient_are_an_increase_too():
    more = PatientBolus(PATIENT.rate_nl_per_day, PATIENT.minutes, 60, 20)
    found = review(PERIODIC, changed(PERIODIC, patient_bolus=more), "child")
    assert "dose_mcg_in_24_h_with_patient_boluses" in {finding.field for finding in found}


@pytest.mark.requirement("titration")
@pytest.mark.parametrize(
    ("basal_nl_per_day", "boluses"),
    [(163_500, 20), (294_400, 10)],  # 22.5 % less by the clock, and 16 % more
)
def test_what_is_found_of_the_days_hides_no_boluses_of_the_patient(basal_nl_per_day, boluses):
    old = changed(PERIODIC, patient_bolus=PatientBolus(PATIENT.rate_nl_per_day, PATIENT.minutes, 60, 3))
    more = PatientBolus(PATIENT.rate_nl_per_day, PATIENT.minutes, 60, boluses)
    found = review(old, changed(old, rate_nl_per_day=basal_nl_per_day, patient_bolus=more), "child")
    by_field = {finding.field: finding.kind for finding in found}
    assert by_field["mon dose_mcg_per_day"] is Kind.SOFT
    assert by_field["dose_mcg_in_24_h_with_patient_boluses"] is Kind.HARD


@pytest.mark.requirement("titration")
@pytest.mark.parametrize(("group", "percent"), [("child", 20), ("adult-spinal", 40), ("child", 15)])
def test_a_step_at_its_limit_is_within_it_though_both_rates_are_rounded_at_the_lowest_one(group, percent):
    """The old rate half a nanolitre down, the new one half a nanolitre up."""
    exact_new = (48_000 + Fraction(1, 2)) * (100 + percent) / 100
    found = judge_titration(Fraction(24), Fraction(ceil(exact_new), 2_000), group)
    assert [finding.kind for finding in found] == ([] if percent == 15 else [Kind.SOFT])


@pytest.mark.requirement("titration")
def test_a_step_beyond_its_limit_never_reads_as_the_limit_and_a_large_one_is_told_in_plain_figures():
    (finding,) = judge_titration(Fraction(200), Fraction("240.08"), "child")
    assert "increase of 20.04 % to 240.08 mcg/day" in finding.text
    (finding,) = judge_titration(Fraction(30), Fraction(900), "child")
    assert "increase of 2900 %" in finding.text
    (slip,) = judge_magnitudes([Pair("dose_mcg", Fraction(1), Fraction(1_000))])
    assert "1000 is 1000 times more than 1" in slip.text


@pytest.mark.requirement("titration")
def test_a_first_program_whose_step_is_tenfold_its_mean_is_looked_at_again():
    patterns = [[(0, 360_000), (360, 3_600_000), (366, 360_000)]]
    found = review(None, changed(FLEX, patterns=patterns, weekdays=(0,) * 7, boluses=()), "child")
    assert "the mean of this program" in found[0].text
    assert [finding.kind for finding in review(None, FLEX, "child")] == [Kind.SOFT]


@pytest.mark.requirement("titration")
def test_a_therapy_that_falls_to_the_minimum_rate_takes_a_reason_and_a_stop_says_what_it_means():
    minimum = Program(MODE_MINIMUM_RATE, "baclofen", 500_000)
    (finding,) = review(SIMPLE, minimum, "child")
    assert (finding.kind, finding.value) == (Kind.SOFT, 3)
    assert "from 211.9 to 3 mcg/day. A sudden stop means withdrawal" in finding.text
    assert review(minimum, minimum, "child") == review(None, minimum, "child") == []
    assert "withdrawal" in stop_warning(SIMPLE, Program(MODE_STOPPED))
    assert stop_warning(Program(MODE_STOPPED), Program(MODE_STOPPED)) == stop_warning(SIMPLE, FLEX) == ""


@pytest.mark.requirement("titration")
def test_therapy_after_the_minimum_rate_needs_a_reason_and_can_not_be_refused_for_its_ratio():
    for old in (Program(MODE_MINIMUM_RATE, "baclofen", 500_000), Program(MODE_STOPPED)):
        (finding,) = review(old, SIMPLE, "child")
        assert finding.kind is Kind.SOFT
    assert review(SIMPLE, Program(MODE_STOPPED), "child") == []


@pytest.mark.requirement("titration", "drug-library", "drug-library-digest")
def test_the_library_judges_every_bolus_and_the_day_and_its_digest_goes_into_the_program():
    found = review(None, PERIODIC, "child", LIBRARY)
    assert found == []
    large = changed(PERIODIC, patient_bolus=PatientBolus(15_000_000, 10, 240, 3))
    assert {"patient_bolus.dose_mcg"} == {
        finding.field for finding in review(None, large, "child", LIBRARY) if finding.kind is not Kind.RETYPE
    }
    with_digest = of_library(SIMPLE, LIBRARY)
    assert (with_digest.library_digest, with_digest.stability_days) == (LIBRARY.digest(), 180)
    assert of_library(changed(SIMPLE, stability_days=90), LIBRARY).stability_days == 90
    assert of_library(Program(MODE_STOPPED), LIBRARY).library_digest == bytes(8)


def written(tmp_path, name: str, dose: str, concentration: str = "500") -> str:
    """Return a prescription like the simple one, with another dose and limits that leave room for it."""
    text = (EXAMPLES / "simple_continuous.toml").read_text().replace("211.9", dose)
    text = text.replace("most_mcg_per_hour = 10", "most_mcg_per_hour = 100")
    text = text.replace("per_ml = 500", f"per_ml = {concentration}")
    path = tmp_path / f"{name}.toml"
    path.write_text(text.replace("most_mcg_per_day = 230", "most_mcg_per_day = 2000"))
    return str(path)


@pytest.mark.requirement("titration-refused")
def test_the_command_asks_for_a_reason_refuses_a_hard_limit_and_has_a_slip_typed_again(
    bench: Bench, tmp_path
):
    library = str(EXAMPLES / "drug_library.toml")
    committed = bench.json(
        "program", written(tmp_path, "first", "200"), "--library", library, "--yes", "--reason", "a test"
    )
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    held = bench.do(lambda model: model.controller.orders.program)
    assert held.library_digest == LIBRARY.digest()
    soft, hard, slip = (
        written(tmp_path, *given) for given in (("soft", "236"), ("hard", "250"), ("slip", "2000"))
    )
    assert "give a reason with --reason TEXT" in bench.refused(2, "program", soft, "--yes", "--json")
    assert "This is a hard limit" in bench.refused(
        2, "program", hard, "--yes", "--json", "--reason", "spasms"
    )
    refused = bench.refused(2, "program", slip, "--yes", "--json", "--reason", "rest")
    assert '--again "dose_mcg_per_day=VALUE"' in refused
    assert "a decimal point in the wrong place?" in refused
    assert bench.json("interrogate")["program_digest"] == committed["digest"]
    assert bench.json("program", soft, "--yes", "--reason", "spasms at night")["changed"] is True


@pytest.mark.requirement("titration")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--group", "dog"), "--group 'dog', allowed: child, adult-cerebral, adult-spinal"),
        (("--again", "500"), "write it like --again concentration_mcg_per_ml=500"),
        (("--library", "none.toml"), "none.toml: can't be read"),
    ],
)
def test_options_that_can_not_be_meant_are_refused(arguments, message, capfd):
    assert run(["program", str(EXAMPLES / "simple_continuous.toml"), "--show", *arguments]) == 2
    assert message in capfd.readouterr().err


def test_one_slip_is_typed_again_once_however_often_it_stands_in_the_week():
    fast = changed(SIMPLE, rate_nl_per_day=24_000_000)
    retyped = [found for found in review(fast, FLEX, "child", None, None) if found.kind is Kind.RETYPE]
    rates = [found for found in retyped if found.field.endswith("dose_mcg_per_day")]
    assert len(rates) == len({found.value for found in rates})
    prescribed = {rate for pattern in FLEX.patterns for _, rate in pattern}
    assert len(rates) == len(prescribed)
    (school_night,) = [found for found in rates if found.value == 180]
    assert school_night.field.startswith("mon 00:00")
    assert "times of the week" in school_night.text
    settled = {found.field: str(float(found.value)) for found in retyped}
    assert [line for line in unsettled(retyped, "", settled)] == []
