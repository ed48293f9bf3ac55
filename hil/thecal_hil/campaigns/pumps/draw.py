"""Descriptions of pumps that chance makes: heads of 1 to 1,000 uL a turn, microsteps of 8 to 256, gears, encoders or
none.

Promises: the same seed and number make the same file, and each of them is a description that Thecal takes: its limits
are the least and the greatest that the reader allows.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

from thecal.pumps.description import (
    MOST_BETWEEN_MICROSTEPS_S,
    MOST_MICROSTEPS_PER_S,
    MOST_MICROSTEPS_PER_S_WATCHED,
    MOST_RATE_NL_PER_DAY,
    MOST_RATIO,
    SECONDS_PER_DAY,
)
from thecal.pumps.reader import SHIPPED

GEARS = ("1", "25792/405", "57/11", "3969/289")
_FULL_STEPS = {"1": (200, 400, 48), "25792/405": (32,), "57/11": (200, 48), "3969/289": (200,)}
_MOST_RESERVOIR_ML = 1_000
_FULL_STEPS_PER_S = 400


def drawn(seed: int, number: int) -> str:
    """Return one description, as the text of its file."""
    chance = Random(f"{seed}/{number}")
    gear = GEARS[number % len(GEARS)]
    full_steps = chance.choice(_FULL_STEPS[gear])
    microsteps = chance.choice((8, 16, 32, 64, 128, 256))
    # As evenly over the orders of magnitude as over the numbers of each.
    nl_per_turn = round(1_000 * 1_000 ** chance.random())
    microsteps_per_nl = full_steps * microsteps * Fraction(gear) / nl_per_turn
    has_encoder = chance.random() < 0.5
    of_the_board = MOST_MICROSTEPS_PER_S_WATCHED if has_encoder else MOST_MICROSTEPS_PER_S
    per_s = min(of_the_board, _FULL_STEPS_PER_S * microsteps)
    greatest = min(int(per_s * SECONDS_PER_DAY / microsteps_per_nl), MOST_RATE_NL_PER_DAY)
    least = max(1, -int(-(SECONDS_PER_DAY // MOST_BETWEEN_MICROSTEPS_S) / microsteps_per_nl // 1))
    most_ml = min(_MOST_RESERVOIR_ML, int(MOST_RATIO / microsteps_per_nl / 1_000_000))
    changes = {
        "name": f'"drawn-{seed}-{number}"',
        "full_steps_per_turn": full_steps,
        "microsteps_per_full_step": microsteps,
        "gear": f'"{gear}"',
        "most_full_steps_per_s": _FULL_STEPS_PER_S,
        "nl_per_turn": nl_per_turn,
        "edges_per_motor_turn": full_steps * microsteps,
        "minimum_nl_per_day": least,
        "least_basal_nl_per_day": least,
        "most_basal_nl_per_day": greatest,
        "most_nl_per_day": greatest,
        "most_bolus_nl": 1_000,
        "quantum_nl": max(1_000, -int(-1 / microsteps_per_nl // 1)),
        "reservoirs_ml": [chance.randint(1, most_ml)],
        "least_low_reservoir_nl": 0,
    }
    lines = (SHIPPED / "reference.toml").read_text(encoding="utf-8").splitlines()
    if not has_encoder:
        lines = _without_encoder(lines)
    return "\n".join([_changed(line, changes) for line in lines]) + "\n"


def _changed(line: str, changes: dict[str, object]) -> str:
    key = line.partition(" = ")[0]
    return f"{key} = {changes[key]}" if key in changes else line


def _without_encoder(lines: list[str]) -> list[str]:
    begin = lines.index("[encoder]")
    end = lines.index("", begin)
    return [line for line in [*lines[:begin], *lines[end + 1 :]] if not line.startswith("motion = ")]


def write(seed: int, number: int, folder: Path) -> Path:
    """Return the file of one description in a folder."""
    path = folder / f"drawn-{seed}-{number}.toml"
    path.write_text(drawn(seed, number), encoding="utf-8")
    return path
