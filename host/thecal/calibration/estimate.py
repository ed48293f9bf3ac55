"""Nanolitres a turn from the runs of a calibration, with the uncertainty of it by the rules of the GUM (JCGM 100:2008).

    volume shown = turns k (1 + slope (rate / reference - 1)) - turns lost at a reversal k - evaporated seconds + error

Everything that the runs can show is fitted at once: k, how it goes with the rate where there are several, what a
reversal loses where there is one, what evaporates where there are blank runs. So each correction brings its own
uncertainty. What no run can show (temperature, air, balance, density) is added from what is known of it, and the
coverage factor goes by the degrees of freedom of all together (Welch and Satterthwaite, GUM annex G.4).

Promise: the interval that is stated is of 95 % for a head whose runs scatter by chance. ``judging`` says where they
don't.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, sqrt

from thecal.calibration.least_squares import Fitted, Line, fit, weighted
from thecal.calibration.runs import Run, Setting, reference_rate
from thecal.calibration.student import quantile
from thecal.calibration.water import Air
from thecal.errors import BadInputError

BASE, SLOPE, REVERSAL, EVAPORATED = "nl a turn", "slope", "turns lost at a reversal", "evaporated"
OUTSIDE_OF_95 = 0.05
LEAST_RUNS = 4
_RATES_DIFFER = 1.2
_NL_PER_ML = 1e6
_SECONDS_PER_HOUR = 3_600.0

Column = Callable[[int, Run], float]


@dataclass(frozen=True)
class Model:
    """The terms that the runs can show, and each one's column: what a run has of it, by its place in the order and
    itself."""

    terms: tuple[str, ...]
    columns: tuple[Column, ...]
    reference_turns_per_min: float

    def of(self, at: int, run: Run) -> tuple[float, ...]:
        return tuple(column(at, run) for column in self.columns)

    def index(self, term: str) -> int | None:
        return self.terms.index(term) if term in self.terms else None

    def extended(self, term: str, column: Column) -> Model:
        return replace(self, terms=(*self.terms, term), columns=(*self.columns, column))


@dataclass(frozen=True)
class Part:
    """One part of the uncertainty. u_nl: standard, of nanolitres a turn."""

    name: str
    u_nl: float
    dof: float = inf


@dataclass(frozen=True)
class Estimate:
    """Nanolitres a turn at the reference rate. expanded_nl: covers 95 % with ``factor``. slope: by what part the volume
    of a turn rises from the reference rate to twice that; None where one rate was run. lost_turns: at each reversal.
    evaporated_g_per_h: or millilitres, where volumes are read. scatter: of runs alike, as a part, beyond the
    balance's."""

    nl_per_turn: float
    parts: tuple[Part, ...]
    dof: float
    factor: float
    expanded_nl: float
    reference_turns_per_min: float
    scatter: float
    slope: tuple[float, float] | None
    lost_turns: tuple[float, float] | None
    evaporated_per_h: tuple[float, float] | None
    model: Model
    fitted: Fitted
    lines: tuple[Line, ...]
    runs: tuple[Run, ...]

    @property
    def expanded_percent(self) -> float:
        return 100.0 * self.expanded_nl / self.nl_per_turn

    @property
    def rates(self) -> tuple[float, float]:
        """Return the slowest and the fastest that were run, in turns a minute."""
        rates = [run.turns_per_min for run in self.runs if not run.is_blank]
        return min(rates), max(rates)

    def each_nl(self) -> list[float]:
        """Return nanolitres a turn of each run with turns, with what evaporated and what a reversal lost put right."""
        terms = (self.model.index(EVAPORATED), self.model.index(REVERSAL))
        found = []
        for run, line in zip(self.runs, self.lines, strict=True):
            put_right = sum(line.columns[at] * self.fitted.parameters[at] for at in terms if at is not None)
            if not run.is_blank:
                found.append((line.y - put_right) / run.turns)
        return found

    def at_rate_nl(self, turns_per_min: float) -> float:
        """Return what a turn delivers at another rate of those that were run between."""
        slope = 0.0 if self.slope is None else self.slope[0]
        return self.nl_per_turn * (1.0 + slope * (turns_per_min / self.reference_turns_per_min - 1.0))


def estimate(runs: Sequence[Run], setting: Setting) -> Estimate:
    """Raise BadInputError where there are too few runs to say how far they scatter."""
    turned = [run for run in runs if not run.is_blank]
    if len(turned) < LEAST_RUNS:
        raise BadInputError([f"{len(turned)} runs with turns: {LEAST_RUNS} are needed to know their scatter"])
    model = model_of(runs, setting)
    lines = lines_of(runs, setting, model)
    if len(lines) <= len(model.terms) + 1:
        raise BadInputError(
            [f"{len(lines)} runs for {len(model.terms)} terms ({', '.join(model.terms)}): repeat them"]
        )
    fitted = fit(lines)
    if fitted.parameters[0] <= 0:
        raise BadInputError(
            [
                f"{fitted.parameters[0]:.6g} nL a turn: is the direction, or the sign of the amounts,"
                f" the wrong way round?"
            ]
        )
    return estimate_from(fitted, lines, model, runs, setting)


def foreseen(runs: Sequence[Run], setting: Setting, scatter: float) -> Estimate:
    """Return the estimate expected of runs whose amounts are as expected, if such runs scatter by such a part."""
    model = model_of(runs, setting)
    lines = lines_of(runs, setting, model)
    return estimate_from(weighted(lines, scatter**2), lines, model, runs, setting)


def estimate_from(
    fitted: Fitted, lines: tuple[Line, ...], model: Model, runs: Sequence[Run], setting: Setting
) -> Estimate:
    k = fitted.parameters[0]
    turned = [run for run in runs if not run.is_blank]
    parts = (
        Part("runs: scatter, rate, evaporation", fitted.u(0), fitted.dof),
        *_known_parts(k, turned, setting),
    )
    u_nl = sqrt(sum(part.u_nl**2 for part in parts))
    dof = u_nl**4 / sum(part.u_nl**4 / part.dof for part in parts if part.u_nl)
    factor = quantile(OUTSIDE_OF_95, dof)
    return Estimate(
        nl_per_turn=k,
        parts=parts,
        dof=dof,
        factor=factor,
        expanded_nl=factor * u_nl,
        reference_turns_per_min=model.reference_turns_per_min,
        scatter=sqrt(fitted.excess),
        slope=_of(fitted, model, SLOPE, 1.0 / k),
        lost_turns=_of(fitted, model, REVERSAL, -1.0 / k),
        evaporated_per_h=_of(
            fitted, model, EVAPORATED, -_SECONDS_PER_HOUR / _NL_PER_ML / setting.ml_per_unit()
        ),
        model=model,
        fitted=fitted,
        lines=lines,
        runs=tuple(runs),
    )


def model_of(runs: Sequence[Run], setting: Setting) -> Model:
    """Return the terms that these runs can show."""
    reference = reference_rate(runs, setting)
    turned = [run for run in runs if not run.is_blank]
    model = Model((BASE,), (lambda _, run: run.turns,), reference)
    rates = [run.turns_per_min for run in turned]
    if max(rates) > _RATES_DIFFER * min(rates):
        model = model.extended(SLOPE, lambda _, run: run.turns * (run.turns_per_min / reference - 1.0))
    reversed_at = _reversed_at(runs)
    if reversed_at:
        model = model.extended(REVERSAL, lambda at, _: float(at in reversed_at))
    if any(run.is_blank for run in runs):
        model = model.extended(EVAPORATED, lambda _, run: run.direction * run.seconds)
    return model


def _reversed_at(runs: Sequence[Run]) -> set[int]:
    """Return the places of the runs that turn otherwise than the run with turns before them."""
    turned = [(at, run.direction) for at, run in enumerate(runs) if not run.is_blank]
    return {at for (_, before), (at, direction) in pairwise(turned) if direction != before}


def lines_of(runs: Sequence[Run], setting: Setting, model: Model) -> tuple[Line, ...]:
    """Return the runs as the fit takes them, in nanolitres; what is taken out of the vessel counts as delivered
    backward."""
    turned = [run for run in runs if not run.is_blank]
    delivered_nl = sum(run.direction * setting.ml_of(run) for run in turned) * _NL_PER_ML
    about_nl = delivered_nl / sum(run.turns for run in turned)
    floor = _variance_of_an_amount(runs, setting) * (setting.ml_per_unit() * _NL_PER_ML) ** 2
    return tuple(
        Line(
            run.direction * setting.ml_of(run) * _NL_PER_ML,
            model.of(at, run),
            floor or (1e-9 * about_nl) ** 2,
            (run.turns * about_nl) ** 2,
        )
        for at, run in enumerate(runs)
    )


def _variance_of_an_amount(runs: Sequence[Run], setting: Setting) -> float:
    """Return the variance that the scale is said to have, or the one that the blank runs show if that is more: what
    evaporates is never quite the same, and a balance on a bench never quite what its data sheet says."""
    said = setting.scale.variance_of_a_difference
    blanks = [run for run in runs if run.is_blank]
    if len(blanks) < 2:
        return said
    per_second = sum(run.amount * run.seconds for run in blanks) / sum(run.seconds**2 for run in blanks)
    left = sum((run.amount - per_second * run.seconds) ** 2 for run in blanks)
    return max(said, left / (len(blanks) - 1))


def _of(fitted: Fitted, model: Model, term: str, factor: float) -> tuple[float, float] | None:
    """Return the value and standard uncertainty of a term in other units."""
    index = model.index(term)
    return None if index is None else (factor * fitted.parameters[index], abs(factor) * fitted.u(index))


def _known_parts(k: float, turned: Sequence[Run], setting: Setting) -> list[Part]:
    """Return the parts of uncertainty that no run of these can show."""
    air, scale = setting.air, setting.scale
    if scale.reads_volume:
        mean_ml = sum(abs(run.amount) for run in turned) / len(turned)
        return [Part("measuring cylinder", k * scale.tolerance / sqrt(3.0) / mean_ml)]

    def change(other: Air) -> float:
        return k * abs(setting.ml_per_unit(air=other) / setting.ml_per_unit() - 1.0)

    return [
        Part("temperature", change(replace(air, celsius=air.celsius + setting.u_celsius))),
        Part("air pressure", change(replace(air, hpa=air.hpa + air.u_hpa))),
        Part(
            "humidity", change(replace(air, humidity_percent=air.humidity_percent + air.u_humidity_percent))
        ),
        Part("density", k * setting.liquid.u_relative),
        Part("balance", k * scale.u_relative),
    ]
