"""Reads a prescription file for the oracle: what is prescribed, as exact rationals in nanolitres.

A reader of its own, apart from the host's, so that a mistake in one of them shows as a disagreement. It
trusts that the file is a good one; telling a person what is wrong with a bad one is the host's task.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from thecal_sim.ideal import Regimen

NL_PER_ML = 1_000_000


@dataclass(frozen=True)
class Prescription:
    """What a file prescribes. Rates are in the regimen."""

    regimen: Regimen
    concentration_mcg_per_ml: Fraction
    reservoir_nl: Fraction
    low_reservoir_nl: Fraction


def volume_rate_nl_per_day(dose_mcg_per_day: Fraction, concentration_mcg_per_ml: Fraction) -> Fraction:
    """The volume rate that gives a dose."""
    return dose_mcg_per_day / concentration_mcg_per_ml * NL_PER_ML


def read_prescription(path: object) -> Prescription:
    raise NotImplementedError
