"""The worst case of a campaign, done again: on any rig the same pump and the same course to the last microstep."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from campaign.inline import InlineWorkers
from thecal_hil.campaigns.weeks.command import main
from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.replay import BY_THE_INSTANT, alike
from thecal_hil.campaigns.weeks.report import write_report
from thecal_hil.campaigns.weeks.results import Results
from thecal_hil.campaigns.weeks.run import carry_out
from thecal_hil.campaigns.weeks.store import Store
from thecal_hil.campaigns.weeks.week import NL_PER_DAY, columns_drawn, run_week, what_is_wrong
from thecal_hil.contract.rig import Rig
from thecal_hil.rigs.model_rig import ModelRig

BALANCE_DIGITS_NL = 500
"""Five digits of 0.1 mg: four readings, each with noise and rounding."""


@pytest.fixture
def worst(tmp_path: Path) -> dict[str, str | int | float]:
    """Provide the worst of a campaign of two days by its overall error, as the report names it."""
    store = Store(tmp_path / "campaign", Plan(runs=2, days=1, first_seed=70))
    carry_out(store, InlineWorkers())
    return write_report(tmp_path / "campaign", Results(store.results))["worst"]["overall_error_percent"][0]


@pytest.mark.needs("plant")
@pytest.mark.campaign_on("pico")
def test_the_first_hour_of_the_worst_case_is_on_every_rig_what_it_is_on_the_model(
    rig: Rig, worst: dict[str, int]
) -> None:
    on_rig = run_week(rig, worst["seed"], 1, hours=1)
    on_model = run_week(ModelRig(), worst["seed"], 1, hours=1)
    assert what_is_wrong(on_rig) == ()
    assert alike(on_rig, on_model)
    of_an_hour_percent = 100 * BALANCE_DIGITS_NL / (NL_PER_DAY / 24)
    assert on_rig["weighed_error_percent"] == pytest.approx(
        on_model["weighed_error_percent"], abs=of_an_hour_percent
    )


@pytest.mark.campaign
def test_the_command_that_a_campaign_prints_for_its_worst_case_runs_to_its_end_on_the_emulated_board(
    worst: dict[str, str], tmp_path: Path
) -> None:
    python, *arguments = worst["pico"].split()
    assert python == "python"
    sources = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if Path(entry).is_dir())
    done = subprocess.run(
        [sys.executable, *arguments, "--hours", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {worst['seed']}, the first 1 h of 1 days on the pico rig" in done.stdout
    on_model = run_week(ModelRig(), int(worst["seed"]), 1, hours=1)
    told = dict(re.findall(r"^(\w+) +(-?[\d.]+) +-?[\d.]+", done.stdout, re.MULTILINE))
    assert told.keys() == on_model.keys() - set(columns_drawn())
    for name in told.keys() - set(BY_THE_INSTANT):
        assert float(told[name]) == pytest.approx(on_model[name], abs=1e-5), name
    assert re.findall(r"^(\w+).*differs", done.stdout, re.MULTILINE) in ([], list(BY_THE_INSTANT))


def test_a_campaign_is_of_whole_days(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--hours", "2", "--to", str(tmp_path / "none")]) == 2
    assert "--replay" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
