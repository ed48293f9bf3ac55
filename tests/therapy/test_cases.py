"""The smallest sequences that have gone wrong on a pump, each held against the reference of therapy.

A file in ``cases`` is one sequence; ``python -m thecal_hil.doses FILE`` runs it alone, on any rig.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.doses.player import ViolationError, play
from thecal_hil.doses.sequence import read_sequence
from thecal_hil.model_rig import ModelRig

CASES = Path(__file__).parent / "cases"
NOT_YET = frozenset(
    {
        "d01_patient_bolus_over_a_hang_and_a_power_cut",
        "d01_refused_before_a_reset_and_after",
        "d01_temporary_rate_cancelled_during_a_bolus",
        "d02_hang_over_the_begin_of_a_scheduled_bolus",
        "d02_hang_over_the_end_of_a_bolus",
        "d03_bolus_beside_a_temporary_rate",
        "d03_made_up_beside_a_bolus",
        "d04_made_up_before_the_next",
        "d04_scheduled_bolus_after_a_commit_with_narrower_limits",
        "d05_given_twice_after_a_commit",
        "d05_given_twice_after_a_stop",
        "d06_offset_wrong_by_its_sign",
        "d06_set_back_over_minutes_never_lived_through",
        "d06_slip_of_half_a_day_corrected",
        "d07_kind_16",
        "d07_kind_255",
        "d07_kind_5",
        "d07_no_seconds",
        "d08_bridge_larger_than_the_line",
        "d09_periodic_boluses_while_the_time_is_unknown",
        "d10_clock_set_and_stopped_in_one_second",
        "d10_commits_one_after_the_other_as_a_bolus_begins",
        "d10_third_watchdog_reset_in_a_bolus",
        "d11_summer_time_with_periodic_boluses",
        "d12_power_cut_in_a_scheduled_bolus",
        "d12_prime_ended_by_a_power_cut",
        "d13_primes_into_a_full_line",
        "d15_many_hellos_before_a_power_cut",
        "d16_forward_over_three_boluses",
        "d16_stopped_before_what_is_made_up_begins",
    }
)
"""Those that the firmware does not pass yet. One that it passes must be taken off this list."""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(raises=ViolationError, strict=True)] if name in NOT_YET else []


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=_marks(path.stem)) for path in sorted(CASES.glob("*.toml"))],
)
def test_what_is_given_and_told_is_as_the_reference_has_it(path: Path) -> None:
    play(read_sequence(path), ModelRig())
