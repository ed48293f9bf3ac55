"""One simulated head, calibrated by the product from its files alone, and how that compares with the hidden truth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thecal.calibration.estimate import estimate
from thecal.calibration.judging import findings_of
from thecal.calibration.run_file import read_runs
from thecal.calibration.sheet import read_sheet
from thecal_hil.campaigns.calibration.heads import Session, draw, runs_text, sheet_text, weigh
from thecal_hil.campaigns.calibration.ideal import ideal
from thecal_hil.campaigns.calibration.planted import PLANTED

_SOUND, _FAULTY = 0, 1


@dataclass(frozen=True)
class Outcome:
    """Parts of the truth: off, by which the estimate lies off; half, half the width of its interval; of the product and
    of the ideal estimator. kinds: findings that a person has to look at."""

    seed: tuple[int, ...]
    off: float
    half: float
    ideal_off: float
    ideal_half: float
    kinds: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return abs(self.off) <= self.half

    @property
    def ideal_holds(self) -> bool:
        return abs(self.ideal_off) <= self.ideal_half


def sound_head(seed: int, number: int) -> Outcome:
    return _outcome((seed, _SOUND, number), lambda chance: weigh(draw(chance), chance))


def planted_error(seed: int, row: int, number: int) -> Outcome:
    return _outcome((seed, _FAULTY, row, number), PLANTED[row].make)


def _outcome(seed: tuple[int, ...], make: Callable[[np.random.Generator], Session]) -> Outcome:
    session = make(np.random.default_rng(seed))
    with tempfile.TemporaryDirectory() as folder:
        sheet_file, runs_file = Path(folder) / "sheet.toml", Path(folder) / "runs.csv"
        sheet_file.write_text(sheet_text(session), encoding="utf-8")
        runs_file.write_text(runs_text(session), encoding="utf-8")
        sheet, table = read_sheet(sheet_file), read_runs(runs_file)
    setting = sheet.for_amounts(table.reads_volume, table.digit).setting
    found = estimate(table.runs, setting)
    kinds = tuple(one.kind for one in findings_of(found, setting) if one.must_evaluate)
    truth = session.head.nl_per_turn
    value, half = ideal(session)
    return Outcome(
        seed,
        found.nl_per_turn / truth - 1.0,
        found.expanded_nl / truth,
        value / truth - 1.0,
        half / truth,
        kinds,
    )
