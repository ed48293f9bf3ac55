"""A few days of the long run: a fault every few hours, and nothing is wrong in between."""

import pytest

from thecal_fw.pump.keeper import Keeper
from thecal_hil.campaigns.long_run import long_run


@pytest.mark.requirement("long-run")
def test_days_with_faults_every_few_hours_leave_nothing_wrong() -> None:
    run = long_run(days=3, seed=7)
    assert run.wrong == []
    assert run.tried.total() >= 10
    assert run.steps > 70_000


def test_the_same_seed_gives_the_same_run() -> None:
    assert long_run(days=0.7, seed=2) == long_run(days=0.7, seed=2)


def test_a_pump_that_does_not_look_at_its_memory_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeper, "memory_agrees", lambda keeper: True)
    assert any("memory fault: it was not raised" in what for what in long_run(days=3, seed=7).wrong)
