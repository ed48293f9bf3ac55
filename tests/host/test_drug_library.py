"""A drug library refuses beyond its hard limits, asks beyond its soft ones, and is named by what it says."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.conftest import EXAMPLES
from thecal.amounts import dose_mcg
from thecal.cli import run
from thecal.drug_library import FIGURES, Entry, Figure, Library, load_library
from thecal.errors import BadInputError
from thecal.judgement import Finding, Kind, is_retyped, settle, unsettled

FILE = EXAMPLES / "drug_library.toml"
LIBRARY = load_library(FILE)
BACLOFEN = LIBRARY.entry("baclofen", 500_000)
# No finer than what the rounding of rates makes of a dose.
doses = st.fractions(0, 5_000, max_denominator=1_000)


def kinds(findings: list[Finding]) -> list[Kind]:
    return [finding.kind for finding in findings]


def changed(tmp_path: Path, old: str, new: str, count: int = 1) -> Path:
    text = FILE.read_text()
    assert old in text
    path = tmp_path / "library.toml"
    path.write_text(text.replace(old, new, count))
    return path


def faults_of(path: Path) -> str:
    with pytest.raises(BadInputError) as raised:
        load_library(path)
    return str(raised.value)


@pytest.mark.requirement("drug-library")
def test_every_figure_of_the_example_has_a_source_or_says_that_it_is_a_bench_default():
    for entry in LIBRARY.entries:
        assert set(entry.figures) == set(FIGURES)
        assert all(figure.source for figure in entry.figures.values())


@pytest.mark.requirement("drug-library", "drug-library-soft")
@given(doses)
def test_a_daily_dose_is_refused_exactly_beyond_the_hard_limits_and_asked_about_beyond_the_soft(dose):
    found = kinds(BACLOFEN.judge_daily_dose(dose, dose))
    if dose < BACLOFEN["hard_least_mcg_per_day"] or dose > BACLOFEN["hard_most_mcg_per_day"]:
        assert found == [Kind.HARD]
    elif dose < BACLOFEN["soft_least_mcg_per_day"] or dose > BACLOFEN["soft_most_mcg_per_day"]:
        assert found == [Kind.SOFT]
    else:
        assert found == []


@pytest.mark.requirement("drug-library")
def test_a_bolus_and_a_change_at_their_limits_pass_and_just_beyond_do_not():
    assert BACLOFEN.judge_bolus(Fraction(25)) == []
    assert kinds(BACLOFEN.judge_bolus(Fraction("25.001"))) == [Kind.SOFT]
    assert kinds(BACLOFEN.judge_bolus(Fraction("100.001"))) == [Kind.HARD]
    assert BACLOFEN.judge_change(Fraction(100), Fraction(130)) == []
    assert kinds(BACLOFEN.judge_change(Fraction(100), Fraction(69))) == [Kind.SOFT]
    assert kinds(BACLOFEN.judge_change(Fraction(100), Fraction(151))) == [Kind.HARD]
    assert BACLOFEN.judge_change(Fraction(0), Fraction(100)) == []


@pytest.mark.requirement("drug-library")
def test_a_dose_prescribed_at_its_limit_is_within_it_though_its_rate_is_rounded_up():
    """25 mcg at 500 mcg/mL over 11 minutes is 6,545,454.5... nL/day, given as 6,545,455."""
    rate, minutes = 6_545_455, 11
    assert BACLOFEN.judge_bolus(dose_mcg(Fraction(rate * minutes, 1_440), 500_000)) == []
    (finding,) = BACLOFEN.judge_bolus(Fraction("25.002"))
    assert "25.002 mcg in one bolus is more than 25" in finding.text


@pytest.mark.requirement("drug-library")
def test_a_value_beyond_its_limit_never_reads_as_the_limit():
    (finding,) = BACLOFEN.judge_daily_dose(Fraction(500), Fraction("1000.003"))
    assert "1000.003 mcg in 24 hours is more than 1000," in finding.text
    (finding,) = BACLOFEN.judge_change(Fraction(200), Fraction("300.08"))
    assert "changes by 50.04 %, more than 50 %" in finding.text


@pytest.mark.requirement("drug-library")
def test_a_finding_names_field_value_limit_and_source():
    (finding,) = BACLOFEN.judge_bolus(Fraction(30), "patient_bolus.dose_mcg")
    assert str(finding).startswith(
        "patient_bolus.dose_mcg: 30 mcg in one bolus is more than 25, soft_most_bolus_mcg"
    )
    assert "25 mcg in a sensitive adult" in str(finding)


@pytest.mark.requirement("drug-library-digest")
def test_comments_and_the_order_of_entries_change_no_digest_and_every_figure_and_source_does(tmp_path):
    assert len(LIBRARY.digest()) == 8
    assert LIBRARY.full_digest().startswith(LIBRARY.digest())
    text = FILE.read_text()
    head, *entries = text.split("[[drug.baclofen]]")
    turned = tmp_path / "turned.toml"
    turned.write_text(
        "# other words\n" + "[[drug.baclofen]]".join([head, *(entry + "\n" for entry in entries[::-1])])
    )
    assert load_library(turned).full_digest() == LIBRARY.full_digest()
    for old, new in (
        ("value = 145", "value = 150"),
        ("largest screening bolus", "a guess"),
        ("version = 1", "version = 2"),
    ):
        assert load_library(changed(tmp_path, old, new)).full_digest() != LIBRARY.full_digest()


figures = st.fixed_dictionaries(
    {
        name: st.builds(Figure, st.fractions(least, most, max_denominator=100), st.text(max_size=3))
        for name, (least, most) in FIGURES.items()
    }
)


@pytest.mark.requirement("drug-library-digest")
@settings(max_examples=25)
@given(figures, st.sampled_from(sorted(FIGURES)), st.fractions(0, 100))
def test_no_two_libraries_of_different_figures_share_a_digest(figure_set, name, other):
    changed_set = {**figure_set, name: Figure(other, figure_set[name].source)}
    one, two = (Library("bench", 1, (Entry("baclofen", one),)) for one in (figure_set, changed_set))
    assert (one.digest() == two.digest()) == (figure_set[name].value == other)


@pytest.mark.requirement("drug-library")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            ', source = "bench default" }',
            " }",
            "hard_least_mcg_per_day.source is missing; give where the figure is from",
        ),
        ('source = "bench default"', 'source = " "', "source = ' ', allowed: where the figure is from"),
        ("value = 145", "value = 14.5", "accuracy_permille.value = 14.5, allowed: whole numbers"),
        ("value = 25,", "value = 250,", "soft_most_bolus_mcg = 250 is more than hard_most_bolus_mcg = 100"),
        ('value = 1000, source = "G', 'value = 500, source = "G', "baclofen at 500 mcg/mL is there twice"),
        ("stability_days", "stability_weeks", "stability_weeks is not known; did you mean stability_days?"),
        ("version = 1", "version = 1.5", "version = 1.5, allowed: whole numbers from 1 on"),
        ("value = 12,", 'value = "12",', "its unit is in its name already"),
        ("[[drug.baclofen]]", '[[drug."a drug of a long name"]]', "allowed: 1 to 16 plain letters"),
    ],
)
def test_a_faulty_library_is_refused_with_what_to_do(tmp_path, old, new, message):
    assert message in faults_of(changed(tmp_path, old, new))


@pytest.mark.requirement("drug-library")
def test_a_drug_that_nobody_agreed_on_is_refused_and_what_there_is_is_told():
    with pytest.raises(
        BadInputError, match=r"morphine at 500 mcg/mL is not in drug library bench version 1, which has: b"
    ):
        LIBRARY.entry("morphine", 500_000)
    with pytest.raises(BadInputError, match=r"baclofen at 750 mcg/mL is not in"):
        LIBRARY.entry("baclofen", 750_000)


@pytest.mark.requirement("drug-library-digest")
def test_check_and_show_tell_the_digest_and_every_source(capfd):
    assert run(["library", "check", str(FILE)]) == 0
    assert f"digest {LIBRARY.digest().hex()}, 3 concentrations: no fault found" in capfd.readouterr().out
    assert run(["library", "show", str(FILE), "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["digest"] == LIBRARY.digest().hex()
    assert shown["entries"][0]["accuracy_permille"]["value"] == 145
    assert run(["library", "show", str(FILE)]) == 0
    assert "bench default" in capfd.readouterr().out
    assert run(["library", "check", "none.toml"]) == 2
    assert "none.toml: can't be read" in capfd.readouterr().err


@pytest.mark.requirement("drug-library", "drug-library-soft")
def test_a_hard_finding_is_settled_by_nothing_a_soft_one_by_a_reason_and_a_slip_by_typing_again():
    hard, soft, slip = (
        Finding(kind, "dose_mcg", Fraction("30.5"), "too much")
        for kind in (Kind.HARD, Kind.SOFT, Kind.RETYPE)
    )
    assert unsettled([hard], "because", {"dose_mcg": "30.5"}) == [
        "dose_mcg: too much. This is a hard limit: change the prescription"
    ]
    assert "--reason TEXT" in unsettled([soft], " ")[0]
    assert not unsettled([soft], "rebound after a cold")
    assert '--again "dose_mcg=VALUE"' in unsettled([slip], "because", {"dose_mcg": "30"})[0]
    assert not unsettled([slip], "", {"dose_mcg": " 30.50 "})
    with pytest.raises(BadInputError):
        settle([soft, slip])
    settle([])


@pytest.mark.requirement("drug-library")
@given(st.text(max_size=12))
def test_whatever_is_typed_again_only_the_same_number_counts(typed):
    if is_retyped(typed, Fraction(30)):
        assert Fraction(typed.strip().replace("_", "")) == 30
