"""The findings about a calibration, of what is wrong with it or may be: each finding with its figure and what to look
at.

A finding that has to be looked at keeps a calibration from being applied until a person has; a note does not. Tests of
chance are at a probability that raises one in a few hundred calibrations of a sound head.

Promise: nothing is left out of a calibration or put right here. Whoever types a number anew, or leaves out a run, does
so in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt

from thecal.calibration.estimate import EVAPORATED, REVERSAL, Estimate, Model, lines_of
from thecal.calibration.least_squares import Fitted, SameColumnsError, fit
from thecal.calibration.mistyped import likely_meant
from thecal.calibration.runs import Run, Setting
from thecal.calibration.student import two_sided_p
from thecal.calibration.water import water_g_per_ml

MOST_EXPANDED_PERCENT = 1.0
MOST_SCATTER_PERCENT = 0.8
"""Of runs alike, standard deviation beyond the balance's own. Sound heads stay below 0.5 %."""
MOST_SLOPE_PERCENT = 3.0
"""Between the slowest and the fastest rate that were run."""
_CHANCE = 0.002
_LEAST_DRIFT_PERCENT = 0.15
_LEAST_EVAPORATED_PERCENT = 0.1
"""Of what the slowest run delivers: less is no reason to look at it again."""
_DENSITY_SIGMAS = 3.0
_DENSITY_OF_WATER_OFF = 0.002
_LEAST_DIGITS = 200


@dataclass(frozen=True)
class Finding:
    """kind: one word or two, the same for the same trouble. must_evaluate: a person has to look at it."""

    kind: str
    text: str
    must_evaluate: bool = True


def findings_of(found: Estimate, setting: Setting) -> list[Finding]:
    """Return the findings in the order in which they are best looked at: a number mistyped makes others look wrong
    too."""
    return [
        *_outlying_run(found),
        *_scatter(found),
        *_drift(found, setting),
        *_evaporation(found, setting),
        *_rate(found),
        *_direction(found, setting),
        *_density(setting),
        *_amounts(found, setting),
        *_expanded(found),
    ]


def _outlying_run(found: Estimate) -> list[Finding]:
    """Return the run that the others contradict most, if chance would not."""
    worst_p, worst = 1.0, None
    for at, run in enumerate(found.runs):
        rest = [*found.lines[:at], *found.lines[at + 1 :]]
        try:
            without = fit(rest)
        except ValueError:
            continue
        line = found.lines[at]
        expected, variance = without.predicted(line.columns)
        spread = sqrt(variance + line.floor + without.excess * line.share)
        p = two_sided_p((line.y - expected) / spread, without.dof) * len(found.lines)
        if p < worst_p:
            worst_p, worst = p, (run, line.y, expected, spread)
    if worst is None or worst_p > _CHANCE:
        return []
    run, shown, expected, spread = worst
    off = f"{100 * (shown / expected - 1):+.2f} %" if run.turns else f"{(shown - expected) / 1e6:+.4g} mL"
    meant = likely_meant(run.typed, expected / shown, spread / abs(shown)) if shown else ""
    hint = f" If it was typed wrong, {meant} was meant." if meant else ""
    return [
        Finding(
            "outlying run",
            f"{run.place or 'a run'}: {run.typed or f'{run.amount:g}'} is {off} off what the other runs say, and chance"
            f" is not that wide: a number typed wrong, a bubble, a drop, a tube that slipped.{hint}"
            " Type it anew, or repeat the run",
        )
    ]


def _scatter(found: Estimate) -> list[Finding]:
    percent = 100 * found.scatter
    if percent <= MOST_SCATTER_PERCENT:
        return []
    return [
        Finding(
            "scatter",
            f"runs alike differ by {percent:.2g} % (standard deviation) beyond what the balance"
            f" explains, and sound heads"
            " by less than half a percent: look for a tube that slips or creeps, bubbles, a loose head",
        )
    ]


def _drift(found: Estimate, setting: Setting) -> list[Finding]:
    """Return a finding if the volume of a turn changes from run to run, in the order of the file."""
    ends = list(accumulate(run.turns for run in found.runs))
    column_of = found.model.extended(
        "drift", lambda at, run: run.turns * ((ends[at] - run.turns / 2) / ends[-1] - 0.5)
    )
    tested = _tested(found.runs, setting, column_of)
    if tested is None:
        return []
    value, p, fitted = tested
    percent = 100 * value / fitted.parameters[0]
    if p > _CHANCE or abs(percent) < _LEAST_DRIFT_PERCENT:
        return []
    return [
        Finding(
            "drift",
            f"a turn delivers {percent:+.2g} % at the last run against the first: the tube is not run in or creeps, the"
            " liquid warms, or the balance drifts. Let it run for an hour and begin anew",
        )
    ]


def _evaporation(found: Estimate, setting: Setting) -> list[Finding]:
    """Return a finding if slow runs lose more than the blank runs say, or anything where there are none."""
    findings = []
    if found.model.index(EVAPORATED) is None:
        findings.append(
            Finding(
                "no blank run",
                "nothing is known of what evaporates, nor of the balance's drift: add a run of no turns as long as the"
                " slowest one, and at best one at the beginning and one at the end",
            )
        )
    column_of = found.model.extended(
        "lost in runs", lambda _, run: -run.direction * run.seconds if run.turns else 0.0
    )
    tested = _tested(found.runs, setting, column_of)
    if tested is None:
        return findings
    value, p, _ = tested
    slowest = max((run for run in found.runs if run.turns), key=lambda run: run.seconds)
    percent = 100 * abs(value) * slowest.seconds / (slowest.turns * found.nl_per_turn)
    if p > _CHANCE or percent < _LEAST_EVAPORATED_PERCENT:
        return findings
    per_hour = value * 3_600 / 1e6 / setting.ml_per_unit() * 1_000
    unit = "uL" if setting.scale.reads_volume else "mg"
    beyond = "" if findings else " beyond what the blank runs show"
    findings.append(
        Finding(
            "evaporation",
            f"{per_hour:+.3g} {unit} an hour are lost in the runs{beyond}, {percent:.2g} % of the"
            f" slowest one: cover the"
            " vessel in runs and blank runs alike, or look for a leak; a volume that bends with the rate"
            " looks like it too",
        )
    )
    return findings


def _rate(found: Estimate) -> list[Finding]:
    rates = [run.turns_per_min for run in found.runs if run.turns]
    if found.slope is None:
        return [
            Finding(
                "one rate",
                f"one rate was run, {rates[0]:.3g} turns a minute: how the volume of a turn goes with it is not known",
                False,
            )
        ]
    slow, fast = found.at_rate_nl(min(rates)), found.at_rate_nl(max(rates))
    percent = 100 * (fast - slow) / found.nl_per_turn
    p = two_sided_p(found.slope[0] / found.slope[1], found.fitted.dof)
    if p > _CHANCE:
        return []
    return [
        Finding(
            "rate",
            f"a turn delivers {percent:+.2g} % at {max(rates):.3g} turns a minute against"
            f" {min(rates):.3g}; the constant is"
            f" for {found.reference_turns_per_min:.3g}",
            abs(percent) > MOST_SLOPE_PERCENT,
        )
    ]


def _direction(found: Estimate, setting: Setting) -> list[Finding]:
    """Return findings about what a reversal loses, and whether a turn backward takes as much as one forward gives."""
    if found.lost_turns is None or found.model.index(REVERSAL) is None:
        return []
    findings = []
    lost, u_lost = found.lost_turns
    if two_sided_p(lost / u_lost, found.fitted.dof) < _CHANCE:
        findings.append(
            Finding(
                "direction lost",
                f"each reversal loses {lost:.3g} turns ({lost * found.nl_per_turn:.3g} nL)",
                False,
            )
        )
    column_of = found.model.extended("backward", lambda _, run: run.turns if run.direction < 0 else 0.0)
    tested = _tested(found.runs, setting, column_of)
    if tested is not None and tested[1] < _CHANCE:
        percent = 100 * tested[0] / found.nl_per_turn
        findings.append(
            Finding(
                "direction",
                f"a turn backward moves {percent:+.2g} % against one forward; the constant is of both",
            )
        )
    return findings


def _density(setting: Setting) -> list[Finding]:
    liquid, air = setting.liquid, setting.air
    if setting.scale.reads_volume:
        return []
    water = water_g_per_ml(air.celsius)
    used = water if liquid.g_per_ml is None else liquid.g_per_ml
    check = liquid.check
    if check is None:
        if liquid.g_per_ml is None or abs(used / water - 1) < _DENSITY_OF_WATER_OFF:
            return [Finding("density", "the density was not checked by weighing a known volume", False)]
        return [
            Finding(
                "density",
                f"{used:g} g/mL is taken on trust, {100 * (used / water - 1):+.2g} % off water's at"
                f" {air.celsius:g} degrees:"
                " weigh a known volume of the liquid and add it as density_check",
            )
        ]
    weighed_ml = check.mass_g * setting.ml_per_unit()
    off = weighed_ml / check.volume_ml - 1
    scale = setting.scale
    u_off = sqrt(
        (check.tolerance_ml / check.volume_ml) ** 2 / 6
        + scale.variance_of_a_difference / check.mass_g**2
        + (0.000_25 * setting.u_celsius) ** 2
        + scale.u_relative**2
    )
    if abs(off) <= _DENSITY_SIGMAS * u_off:
        return []
    return [
        Finding(
            "density",
            f"{check.mass_g:g} g of {check.volume_ml:g} mL is {100 * off:+.2g} % off the density taken"
            f" ({used:.5g} g/mL):"
            " is it that liquid, at that temperature, and typed right?",
        )
    ]


def _amounts(found: Estimate, setting: Setting) -> list[Finding]:
    least = min(abs(run.amount) for run in found.runs if run.turns)
    digits = least / setting.scale.digit if setting.scale.digit else 1e9
    if digits >= _LEAST_DIGITS:
        return []
    return [
        Finding(
            "small amounts", f"the smallest run is {digits:.0f} digits of the scale: let it turn more", False
        )
    ]


def _expanded(found: Estimate) -> list[Finding]:
    if found.expanded_percent <= MOST_EXPANDED_PERCENT:
        return []
    return [
        Finding(
            "uncertainty",
            f"the expanded uncertainty is {found.expanded_percent:.2g} %, over {MOST_EXPANDED_PERCENT:g}"
            f" %: more runs, longer"
            " ones, or a finer balance",
        )
    ]


def _tested(runs: Sequence[Run], setting: Setting, model: Model) -> tuple[float, float, Fitted] | None:
    """Return the value of a model's last term, the probability of one so large by chance, and the fit; None if that
    can't be found."""
    try:
        fitted = fit(lines_of(runs, setting, model))
    except (SameColumnsError, ValueError):
        return None
    value, u = fitted.parameters[-1], fitted.u(-1)
    return value, two_sided_p(value / u, fitted.dof), fitted
