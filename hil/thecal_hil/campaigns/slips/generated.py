"""Slips by the thousand: an honest change of a drawn program, and one thing of it typed wrong.

Promise: the same seed draws the same slips. An honest change is of at most 10 % either way, so it is nothing that the
rules would ask about by itself, but for a therapy that begins again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from thecal_hil.campaigns.slips.judged import Case
from thecal_hil.campaigns.slips.written import Written

_LEAST_MCG = {500: 24, 1_000: 48, 2_000: 96}
"""The lowest basal rate as a dose."""
_UNITS = (24, Fraction(1, 24), 1_000, Fraction(1, 1_000))
"""An hour for a day, milligrams for micrograms, and both the other way round."""


@dataclass(frozen=True)
class Slip:
    kind: str
    what: str
    typed: Case
    intended: Case


def drawn_slips(seed: int, count: int) -> list[Slip]:
    random = Random(seed)
    kinds = list(_DRAWN)
    return [_DRAWN[kinds[number % len(kinds)]](random) for number in range(count)]


def _therapy(random: Random) -> Written:
    concentration = random.choice(tuple(_LEAST_MCG))
    dose = _round(random.uniform(2.5 * _LEAST_MCG[concentration], 700))
    written: Written = {"concentration": concentration}
    shape = random.choice(("constant", "steps", "periodic", "patient"))
    if shape == "steps":
        starts = sorted({0, *random.sample(range(1, 48), random.randint(1, 7))})
        written["steps"] = [
            [f"{at // 2:02d}:{30 * (at % 2):02d}", _round(dose * random.uniform(0.6, 1.4))] for at in starts
        ]
        return written
    written["dose"] = dose
    if shape == "periodic":
        hours, over = random.choice((4, 6, 8, 12)), random.choice((5, 10, 30))
        written["periodic"] = {"dose": _round(dose * 0.05), "every_hours": hours, "over": over}
    if shape == "patient":
        written["patient"] = _patient(random, dose)
    return written


def _patient(random: Random, dose: float) -> Written:
    lockout, over = random.choice((180, 240, 360, 480)), random.choice((5, 10, 20))
    return {
        "dose": _round(dose * 0.03),
        "over": over,
        "lockout_minutes": lockout,
        "most": random.choice((2, 3, 4)),
    }


def _changed(random: Random, running: Written) -> Written:
    """Return the prescription with up to 10 % more or less of the basal dose."""
    factor = random.uniform(0.9, 1.1)
    new = copy.deepcopy(running)
    if "steps" in new:
        new["steps"] = [[start, _round(dose * factor)] for start, dose in new["steps"]]
    else:
        new["dose"] = _round(new["dose"] * factor)
    return new


def _mistyped(random: Random, meant: Written, factor: Fraction | float) -> tuple[Written, str]:
    """Return the prescription with one of its doses, or of its steps, times this."""
    typed = copy.deepcopy(meant)
    places = [name for name in ("dose", "steps", "periodic", "patient") if name in typed]
    place = random.choice(places)
    if place == "dose":
        typed["dose"] = _round(typed["dose"] * float(factor))
    elif place == "steps":
        step = random.choice(typed["steps"])
        step[1] = _round(step[1] * float(factor))
    else:
        typed[place]["dose"] = _round(typed[place]["dose"] * float(factor))
    return typed, f"{place} times {float(factor):g}"


def _by(kind: str, factors: tuple[Fraction | int, ...]) -> Callable[[Random], Slip]:
    def draw(random: Random) -> Slip:
        running = _therapy(random)
        meant = _changed(random, running)
        typed, what = _mistyped(random, meant, random.choice(factors))
        return Slip(kind, what, Case(running, typed), Case(running, meant))

    return draw


def _interval(random: Random) -> Slip:
    """Return a slip of hours for minutes, or minutes for hours, of whatever time the program has."""
    running = _therapy(random)
    while "periodic" not in running and "patient" not in running:
        running = _therapy(random)
    meant = _changed(random, running)
    typed = copy.deepcopy(meant)
    if "periodic" in typed:
        place = random.choice(("every_hours", "over_minutes"))
        if place == "every_hours":
            typed["periodic"]["every_hours"] = random.choice((0.25, typed["periodic"]["every_hours"] / 60))
        else:
            typed["periodic"]["over"] *= 60
    else:
        place = random.choice(("lockout_minutes", "over_minutes"))
        if place == "lockout_minutes":
            typed["patient"]["lockout_minutes"] = random.choice(
                (15, typed["patient"]["lockout_minutes"] // 60)
            )
        else:
            typed["patient"]["over"] *= 60
    return Slip("interval", place, Case(running, typed), Case(running, meant))


def _stopped_between(random: Random) -> Slip:
    last = _therapy(random)
    while "dose" not in last:
        last = _therapy(random)
    meant = _changed(random, last)
    factor = random.choice((5, 10, 24))
    typed = copy.deepcopy(meant)
    typed["dose"] = _round(typed["dose"] * factor)
    stopped: Written = {"stopped": True}
    return Slip(
        "stopped in between", f"dose times {factor}", Case(stopped, typed, last), Case(stopped, meant, last)
    )


def _first_program(random: Random) -> Slip:
    """Return a slip in a first program; meant is what is published for the first day."""
    meant: Written = {"dose": _round(random.uniform(50, 200))}
    factor = random.choice((5, 10, 24, Fraction(1, 5), Fraction(1, 10), Fraction(1, 24)))
    typed: Written = {"dose": _round(meant["dose"] * float(factor))}
    return Slip("first program", f"dose times {float(factor):g}", Case(None, typed), Case(None, meant))


def _library_left(random: Random) -> Slip:
    running = _therapy(random)
    while "dose" not in running or running["dose"] > 600:
        running = _therapy(random)
    running["library"] = True
    meant = _changed(random, running)
    typed = {name: value for name, value in meant.items() if name != "library"}
    return Slip("library left", "none given", Case(running, typed), Case(running, meant))


def _round(dose: float) -> float:
    return round(dose, 1)


_DRAWN = {
    "10x": _by("10x", (10, Fraction(1, 10))),
    "5x": _by("5x", (5, Fraction(1, 5))),
    "unit": _by("unit", _UNITS),
    "interval": _interval,
    "stopped in between": _stopped_between,
    "first program": _first_program,
    "library left": _library_left,
}
