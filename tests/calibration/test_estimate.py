"""Nanolitres a turn from runs whose amounts were worked out forwards, with everything that has to be put right."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from calibration.bench import NL_PER_TURN, PLAIN, TURNS, runs
from thecal.calibration.estimate import estimate, foreseen
from thecal.calibration.runs import Liquid, Run, Scale
from thecal.calibration.water import Air
from thecal.errors import BadInputError

WITHIN = 0.0003 * NL_PER_TURN
"""What is left of the scatter in the mean of 15 runs."""


@pytest.mark.requirement("calibration-corrected")
def test_a_head_is_found_whatever_evaporates_and_however_it_goes_with_the_rate() -> None:
    for loss in (0.0, 0.004):
        for slope in (0.0, -0.01):
            found = estimate(runs(slope=slope, evaporated_g_per_h=loss), PLAIN)
            assert found.nl_per_turn == pytest.approx(NL_PER_TURN, abs=WITHIN)
            assert found.slope is not None
            assert found.slope[0] == pytest.approx(slope, abs=0.0005)
            assert found.at_rate_nl(2.0) == pytest.approx(NL_PER_TURN * (1 + slope), abs=2 * WITHIN)
            assert found.evaporated_per_h is not None
            assert found.evaporated_per_h[0] == pytest.approx(loss, abs=0.0003)


@pytest.mark.requirement("calibration-corrected")
def test_without_a_blank_run_nothing_is_put_right() -> None:
    loss = 0.01
    found = estimate(runs(evaporated_g_per_h=loss, blanks=False, stays=False), PLAIN)
    assert found.evaporated_per_h is None
    assert found.nl_per_turn < NL_PER_TURN * 0.997


@pytest.mark.requirement("calibration-corrected")
def test_a_run_at_another_temperature_counts_with_the_density_of_its_own() -> None:
    warm = tuple(
        replace(run, amount=run.amount * PLAIN.ml_per_unit() / PLAIN.ml_per_unit(30.0), celsius=30.0)
        for run in runs()
    )
    assert estimate(warm, PLAIN).nl_per_turn == pytest.approx(NL_PER_TURN, abs=WITHIN)
    cold = replace(PLAIN, air=Air(30.0))
    assert estimate(runs(), cold).nl_per_turn == pytest.approx(NL_PER_TURN * 1.0021, abs=2 * WITHIN)


@pytest.mark.requirement("calibration-corrected")
def test_buoyancy_is_put_right() -> None:
    heavy = replace(PLAIN, liquid=Liquid(1.0))
    amounts = runs(replace(PLAIN, scale=Scale(reads_volume=True)))  # as many grams as millilitres
    found = estimate(amounts, heavy)
    # Air of 1.19 mg/mL carries that much of the liquid and an eighth of it of the weights.
    assert found.nl_per_turn / NL_PER_TURN == pytest.approx(1.00105, abs=0.0003)


@pytest.mark.requirement("calibration-corrected")
def test_turns_lost_at_a_reversal_cost_no_volume() -> None:
    found = estimate(runs(both_ways=True, lost_turns=0.2), PLAIN)
    assert found.nl_per_turn == pytest.approx(NL_PER_TURN, abs=WITHIN)
    assert found.lost_turns is not None
    assert found.lost_turns[0] == pytest.approx(0.2, abs=0.03)


def test_what_evaporates_is_added_to_what_is_taken_out_backward_with_the_right_sign() -> None:
    found = estimate(runs(both_ways=True, evaporated_g_per_h=0.02), PLAIN)
    assert found.nl_per_turn == pytest.approx(NL_PER_TURN, abs=WITHIN)


@pytest.mark.requirement("calibration-uncertainty")
def test_the_uncertainty_has_every_part_and_is_their_squares_together() -> None:
    found = estimate(runs(), PLAIN)
    parts = {part.name: part.u_nl / NL_PER_TURN for part in found.parts}
    assert parts["balance"] == pytest.approx(0.0001, rel=1e-3)
    assert parts["temperature"] == pytest.approx(0.3 * 0.000227, rel=0.03)
    assert parts["air pressure"] == pytest.approx(15 / 1_013 * 0.0012 * 7 / 8, rel=0.03)
    assert 0 < parts["humidity"] < 1e-5
    # 15 runs and 3 blanks tell three terms; half of the runs scatter by 0.1 %, half by 0.05 %.
    runs_part = parts["runs: scatter, rate, evaporation"]
    assert 0.0008 / sqrt(15) < runs_part < 0.0016 / sqrt(15)
    together = sqrt(sum(part**2 for part in parts.values()))
    assert found.expanded_nl == pytest.approx(found.factor * together * NL_PER_TURN, rel=1e-3)
    assert 1.96 < found.factor < 2.2


@pytest.mark.requirement("calibration-uncertainty")
@pytest.mark.parametrize(
    ("worse", "part", "times"),
    [
        (replace(PLAIN, u_celsius=3.0), "temperature", 10.6),
        (replace(PLAIN, scale=replace(PLAIN.scale, u_relative=0.002)), "balance", 20.0),
        (replace(PLAIN, liquid=Liquid(u_relative=0.001)), "density", 20.0),
    ],
)
def test_what_is_known_worse_makes_its_part_larger(worse, part: str, times: float) -> None:
    first, second = (
        next(one.u_nl for one in estimate(runs(), setting).parts if one.name == part)
        for setting in (PLAIN, worse)
    )
    assert second / first == pytest.approx(times, rel=0.05)


@pytest.mark.requirement("calibration-uncertainty")
def test_a_thermometer_is_as_unsure_where_each_run_has_a_temperature_of_its_own() -> None:
    taken = tuple(replace(run, celsius=22.0) for run in runs())
    first, second = (
        next(one.u_nl for one in estimate(made, PLAIN).parts if one.name == "temperature")
        for made in (runs(), taken)
    )
    assert second == pytest.approx(first)
    warm = PLAIN.ml_per_unit(22.0, replace(PLAIN.air, celsius=23.0))
    assert warm == pytest.approx(PLAIN.ml_per_unit(23.0), rel=1e-5)
    assert warm > PLAIN.ml_per_unit(22.0) * 1.0002


@pytest.mark.requirement("calibration-uncertainty")
def test_more_scatter_and_fewer_runs_make_it_wider() -> None:
    usual = estimate(runs(), PLAIN)
    wild = estimate(runs(scatter=4.0), PLAIN)
    few = estimate(runs(repeats=2), PLAIN)
    assert wild.scatter == pytest.approx(4 * usual.scatter, rel=0.05)
    assert wild.expanded_nl > 3 * usual.expanded_nl
    assert few.expanded_nl > usual.expanded_nl
    assert few.factor > usual.factor


def test_blank_runs_that_differ_more_than_the_balance_is_said_to_widen_it() -> None:
    steady, odd = runs(scatter=0.0), list(runs(scatter=0.0))
    odd[0] = replace(odd[0], amount=odd[0].amount + 0.004)
    odd[-1] = replace(odd[-1], amount=odd[-1].amount - 0.004)
    assert estimate(odd, PLAIN).expanded_nl > 3 * estimate(steady, PLAIN).expanded_nl


def test_volumes_are_read_with_the_tolerance_of_their_cylinder() -> None:
    setting = replace(PLAIN, scale=Scale(reads_volume=True, digit=0.01, noise=0.005, tolerance=0.05))
    found = estimate(runs(setting), setting)
    assert found.nl_per_turn == pytest.approx(NL_PER_TURN, abs=3 * WITHIN)
    cylinder = next(one.u_nl for one in found.parts if one.name == "measuring cylinder")
    assert cylinder == pytest.approx(NL_PER_TURN * 0.05 / sqrt(3) / (TURNS * NL_PER_TURN * 1e-6), rel=0.01)


def test_too_few_runs_and_a_head_that_delivers_backward_are_refused() -> None:
    with pytest.raises(BadInputError, match="3 runs with turns: 4 are needed"):
        estimate(runs(repeats=1), PLAIN)
    # A volume, its slope and what a reversal loses, of four runs: none is left to say how they scatter.
    four = [Run(TURNS, 600.0, 0.96, way, rate) for way, rate in ((1, 1.0), (1, 2.0), (-1, 1.0), (1, 2.0))]
    with pytest.raises(BadInputError, match="4 runs for 3 terms"):
        estimate(four, PLAIN)
    with pytest.raises(BadInputError, match="the wrong way round"):
        estimate([replace(run, amount=-run.amount) for run in runs()], PLAIN)


def test_what_is_foreseen_is_what_comes_of_such_runs() -> None:
    found = estimate(runs(), PLAIN)
    ahead = foreseen(runs(scatter=0.0), PLAIN, found.scatter)
    assert ahead.expanded_nl == pytest.approx(found.expanded_nl, rel=0.02)
    assert foreseen(runs(scatter=0.0), PLAIN, 0.0).expanded_nl < 0.7 * found.expanded_nl
