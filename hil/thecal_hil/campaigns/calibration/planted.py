"""Errors as benches have them, put into a simulated head's calibration, each large enough to matter.

Promise: what is planted spoils the result or a run by at least the part that is stated here; which finding names it is
stated as well, so that some other finding counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from thecal_hil.campaigns.calibration.heads import Session, draw, weigh


@dataclass(frozen=True)
class Planted:
    """findings: kinds of which one has to be found."""

    name: str
    make: Callable[[np.random.Generator], Session]
    findings: tuple[str, ...]


def _one_way(chance: np.random.Generator) -> Session:
    """Return a session for a planted error, which are all sessions with a density check, whole turns as the procedure
    asks, and forward alone."""
    session = draw(chance, whole_turns=True)
    return replace(session, tasks=tuple(replace(task, direction=1) for task in session.tasks))


def _evaporation_without_blank(chance: np.random.Generator) -> Session:
    """Return a session in which nobody made a blank run, and 2 to 6 % of the slowest run are lost."""
    session = _evaporating(_one_way(chance), chance)
    return weigh(replace(session, tasks=tuple(task for task in session.tasks if task.turns)), chance)


def _evaporation_with_covered_blank(chance: np.random.Generator) -> Session:
    """Return a session in which the vessel was covered for the blank runs alone, and 2 to 6 % of the slowest run are
    lost."""
    session = _evaporating(_one_way(chance), chance)
    return weigh(replace(session, bench=replace(session.bench, blanks_evaporate=0.02)), chance)


def _evaporating(session: Session, chance: np.random.Generator) -> Session:
    slowest = max((task for task in session.tasks if task.turns), key=lambda task: task.seconds)
    run_g = slowest.turns * session.head.nl_per_turn * 1e-6
    lost_g_per_h = run_g * float(chance.uniform(0.02, 0.06)) / (slowest.seconds / 3_600.0)
    return replace(session, bench=replace(session.bench, evaporated_g_per_h=lost_g_per_h))


def _drift(chance: np.random.Generator) -> Session:
    """Return a session in which the tube wears in or creeps: 1.5 to 4 % from the first turn to the last."""
    session = _one_way(chance)
    part = float(chance.uniform(0.015, 0.04)) * float(chance.choice([-1.0, 1.0]))
    return weigh(replace(session, head=replace(session.head, wear_part=part)), chance)


def _other_liquid(chance: np.random.Generator) -> Session:
    """Return a session in which what was pumped is 0.5 to 3 % denser than the water it was taken for, as saline is."""
    session = _one_way(chance)
    part = float(chance.uniform(0.005, 0.03))
    return weigh(replace(session, bench=replace(session.bench, liquid_part=part)), chance)


def _density_typed_wrong(chance: np.random.Generator) -> Session:
    """Return a session of water, and a density of it that is 0.5 to 10 % off."""
    session = _one_way(chance)
    typed = 0.998 * (1.0 + float(chance.uniform(0.005, 0.1)) * float(chance.choice([-1.0, 1.0])))
    return weigh(replace(session, bench=replace(session.bench, typed_g_per_ml=typed)), chance)


def _slipping(chance: np.random.Generator) -> Session:
    """Return a session in which, from some run in the first half on, the tube slips in about every second one, which
    loses 2 to 8 %."""
    session = _one_way(chance)
    count = sum(1 for task in session.tasks if task.turns)
    begins = int(chance.integers(0, count // 2))
    slips = [
        float(chance.uniform(0.02, 0.08)) if at >= begins and chance.random() < 0.5 else 0.0
        for at in range(count)
    ]
    slips[begins] = slips[count // 2 + 1] = 0.05
    return weigh(replace(session, head=replace(session.head, slips=tuple(slips))), chance)


def _mistyped(chance: np.random.Generator) -> Session:
    """Return a session in which a digit of one mass is another, or two neighbours are exchanged: off by 2 % and
    more."""
    session = weigh(replace(_one_way(chance), writes_both=False), chance)
    decimals = 4 if session.bench.digit_g < 0.000_5 else 3
    at = int(chance.choice([at for at, one in enumerate(session.weighed) if one.task.turns]))
    one = session.weighed[at]
    right = f"{one.after_g - one.before_g:.{decimals}f}"
    while True:
        wrong = list(right)
        place = int(chance.integers(0, len(right)))
        if chance.random() < 0.5 and place + 1 < len(right):
            wrong[place], wrong[place + 1] = wrong[place + 1], wrong[place]
        else:
            wrong[place] = str(chance.integers(0, 10))
        text = "".join(wrong)
        if (
            text.count(".") == 1
            and text[0] != "."
            and text[-1] != "."
            and abs(float(text) / float(right) - 1) >= 0.02
        ):
            return replace(session, mistyped={at: text})


PLANTED = (
    Planted("evaporation, no blank run", _evaporation_without_blank, ("evaporation",)),
    Planted("evaporation, blank runs covered", _evaporation_with_covered_blank, ("evaporation",)),
    Planted("drift", _drift, ("drift",)),
    Planted("drift", _drift, ("drift",)),
    Planted("another liquid", _other_liquid, ("density",)),
    Planted("density typed wrong", _density_typed_wrong, ("density",)),
    Planted("slipping tube", _slipping, ("scatter", "outlying run")),
    Planted("slipping tube", _slipping, ("scatter", "outlying run")),
    Planted("digit typed wrong", _mistyped, ("outlying run",)),
    Planted("digit typed wrong", _mistyped, ("outlying run",)),
)
