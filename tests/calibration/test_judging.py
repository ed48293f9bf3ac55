"""Every fault of a calibration is found, and named for what it is; a sound one has nothing to look at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from calibration.bench import CHECKED, PLAIN, runs
from thecal.calibration.estimate import estimate
from thecal.calibration.judging import Finding, findings_of
from thecal.calibration.mistyped import likely_meant
from thecal.calibration.runs import DensityCheck, Liquid, Run, Setting


def judged(made: Sequence[Run], setting: Setting = CHECKED) -> dict[str, Finding]:
    return {one.kind: one for one in findings_of(estimate(made, setting), setting)}


def to_look_at(made: Sequence[Run], setting: Setting = CHECKED) -> set[str]:
    return {kind for kind, one in judged(made, setting).items() if one.must_evaluate}


def figure(finding: Finding) -> float:
    """Return the first figure of a finding's words that has a sign, or the first one."""
    signed = re.search(r"(?<![\w.])[-+]\d+(\.\d+)?", finding.text)
    found = signed or re.search(r"\d+(\.\d+)?", finding.text)
    assert found is not None
    return float(found[0])


@pytest.mark.requirement("calibration-sound")
@pytest.mark.parametrize("loss", [0.0, 0.004])
@pytest.mark.parametrize("slope", [0.0, -0.004])
@pytest.mark.parametrize("both_ways", [False, True])
def test_a_sound_calibration_has_nothing_to_look_at(loss: float, slope: float, both_ways: bool) -> None:
    made = runs(evaporated_g_per_h=loss, slope=slope, both_ways=both_ways, lost_turns=0.05)
    assert to_look_at(made) == set()


@pytest.mark.requirement("calibration-mistyped")
@pytest.mark.parametrize("at", [3, 10])
def test_a_mass_typed_wrong_is_named_with_its_line_and_what_was_meant(at: int) -> None:
    made = list(runs())
    right = made[at].typed
    place = right.index(".") + 2
    wrong = right[:place] + str((int(right[place]) + 3) % 10) + right[place + 1 :]
    made[at] = replace(made[at], amount=float(wrong), typed=wrong)
    found = judged(made)["outlying run"]
    assert found.must_evaluate
    assert made[at].place in found.text
    assert wrong in found.text
    meant = re.search(r"(\S+) was meant", found.text)
    assert meant is not None
    assert float(meant[1]) == pytest.approx(float(right), rel=0.003)


def test_what_was_meant_is_the_nearest_slip_of_a_key_and_nothing_else() -> None:
    assert likely_meant("1.0243", 1.0423 / 1.0243, 0.0005) == "1.0423"
    assert likely_meant("10,243", 10.743 / 10.243, 0.0001) == "10,743"
    assert likely_meant("1.0243", 1.3333 / 1.0243, 0.0005) == ""
    assert likely_meant("0.9512 to 1.9512", 1.1, 0.01) == ""


@pytest.mark.requirement("calibration-slips")
def test_a_tube_that_slips_now_and_then_shows_in_the_scatter() -> None:
    made = [
        replace(run, amount=run.amount * (0.96 if run.turns and at % 3 == 0 else 1.0))
        for at, run in enumerate(runs())
    ]
    found = judged(made)["scatter"]
    assert found.must_evaluate
    assert "slips" in found.text


@pytest.mark.requirement("calibration-drift")
@pytest.mark.parametrize("drift", [0.015, -0.03])
def test_a_head_that_changes_from_run_to_run_is_found_with_how_much(drift: float) -> None:
    found = judged(runs(drift=drift))["drift"]
    assert found.must_evaluate
    assert figure(found) == pytest.approx(100 * drift, abs=0.2)
    assert to_look_at(runs(drift=0.0005)) == set()


@pytest.mark.requirement("calibration-evaporation")
def test_what_evaporates_in_runs_and_not_in_blank_runs_is_found() -> None:
    found = judged(runs(evaporated_g_per_h=0.04, blanks_g_per_h=0.0))["evaporation"]
    assert found.must_evaluate
    assert figure(found) == pytest.approx(40, abs=2)
    assert "mg an hour" in found.text


@pytest.mark.requirement("calibration-evaporation")
def test_without_a_blank_run_nothing_is_applied_unseen() -> None:
    assert to_look_at(runs(blanks=False)) == {"no blank run"}
    assert to_look_at(runs(blanks=False, evaporated_g_per_h=0.04)) >= {"no blank run", "evaporation"}


@pytest.mark.requirement("calibration-density")
@pytest.mark.parametrize("part", [0.006, -0.006])
def test_another_liquid_shows_when_a_known_volume_is_weighed(part: float) -> None:
    mass_g = 50.0 / CHECKED.ml_per_unit() * (1 + part)
    setting = replace(CHECKED, liquid=Liquid(check=DensityCheck(50.0, 0.06, mass_g)))
    found = judged(runs(), setting)["density"]
    assert found.must_evaluate
    assert figure(found) == pytest.approx(100 * part, abs=0.02)


@pytest.mark.requirement("calibration-density")
def test_a_density_that_is_not_waters_is_not_taken_on_trust() -> None:
    assert to_look_at(runs(), replace(PLAIN, liquid=Liquid(1.005))) == {"density"}
    unchecked = judged(runs(), PLAIN)["density"]
    assert not unchecked.must_evaluate


@pytest.mark.requirement("calibration-uncertainty")
def test_an_uncertainty_over_one_percent_is_a_finding() -> None:
    wide = replace(CHECKED, scale=replace(CHECKED.scale, u_relative=0.0052))
    assert to_look_at(runs(), wide) == {"uncertainty"}
    just = replace(CHECKED, scale=replace(CHECKED.scale, u_relative=0.0049))
    assert to_look_at(runs(), just) == set()


@pytest.mark.requirement("calibration-rate")
def test_how_the_volume_goes_with_the_rate_is_told_and_too_much_of_it_is_looked_at() -> None:
    told = judged(runs(slope=-0.01))["rate"]
    assert not told.must_evaluate
    assert figure(told) == pytest.approx(-1.5, abs=0.1)
    assert to_look_at(runs(slope=-0.03)) == {"rate"}
    one_rate = judged(runs(rates=(1.0,), repeats=15))
    assert "one rate" in one_rate
    assert not one_rate["one rate"].must_evaluate


@pytest.mark.requirement("calibration-direction")
def test_turns_lost_at_a_reversal_are_told_and_a_head_that_differs_backward_is_looked_at() -> None:
    told = judged(runs(both_ways=True, lost_turns=0.3))["direction lost"]
    assert figure(told) == pytest.approx(0.3, abs=0.02)
    assert not told.must_evaluate
    uneven = [
        replace(run, amount=run.amount * (0.98 if run.direction < 0 else 1.0)) for run in runs(both_ways=True)
    ]
    found = judged(uneven)["direction"]
    assert found.must_evaluate
    assert figure(found) == pytest.approx(-2, abs=0.1)


def test_amounts_of_few_digits_are_told() -> None:
    coarse = replace(CHECKED, scale=replace(CHECKED.scale, digit=0.01))
    assert figure(judged(runs(), coarse)["small amounts"]) == pytest.approx(95.6, abs=1)
