"""``make calibration``: a small one passes and repeats itself, and each way of falling short is reported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from thecal_hil.campaigns.calibration import trial
from thecal_hil.campaigns.calibration.command import main, summary_of
from thecal_hil.campaigns.calibration.planted import PLANTED
from thecal_hil.campaigns.calibration.trial import Outcome, planted_error, sound_head

SOUND = Outcome((0,), 0.0, 0.001, 0.0, 0.001, ())
FOUND = [[replace(SOUND, kinds=(row.findings[0],))] for row in PLANTED]


@pytest.mark.requirement("calibration-truth")
def test_a_small_campaign_passes_and_says_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file in files:
        assert main(["--heads", "40", "--planted", "1", "--seed", "5", "--out", str(file)]) == 0
    first, second = (json.loads(file.read_text("utf-8")) for file in files)
    assert {**first, "seal": ""} == {**second, "seal": ""}
    assert "seed 5, 40 heads" in capsys.readouterr().out
    assert first["inside"] >= 0.85
    assert first["median_width_ratio"] <= 1.3


@pytest.mark.parametrize("inside", [0.93, 0.99])
def test_intervals_that_hold_the_truth_too_seldom_or_too_often_fall_short(inside: float) -> None:
    outside = replace(SOUND, off=0.0011)
    heads = [SOUND if number < 1_000 * inside else outside for number in range(1_000)]
    assert summary_of(heads, FOUND)["wrong"] == [
        f"the truth is inside of {100 * inside:.2f} % of the intervals"
    ]
    within = [SOUND if number < 950 else outside for number in range(1_000)]
    assert summary_of(within, FOUND)["wrong"] == []


def test_intervals_wider_than_the_ideal_ones_missed_errors_and_false_findings_fall_short() -> None:
    heads = [SOUND if number < 950 else replace(SOUND, off=-0.01) for number in range(1_000)]
    wide = [replace(one, ideal_half=0.001 / 1.31) for one in heads]
    assert ["1.310 times" in line for line in summary_of(wide, FOUND)["wrong"]] == [True, True]
    other = [*FOUND[:-1], [replace(SOUND, kinds=("drift",), seed=(7, 1, 9, 3))]]
    assert summary_of(heads, other)["wrong"] == ["digit typed wrong, seed [7, 1, 9, 3]: found ['drift']"]
    false = [replace(one, kinds=("scatter",)) if at < 31 else one for at, one in enumerate(heads)]
    assert summary_of(false, FOUND)["wrong"] == ["31 of 1000 sound heads have a finding"]
    large = [replace(heads[0], half=0.011), *heads[1:]]
    assert "an uncertainty over 1 % is no finding" in summary_of(large, FOUND)["wrong"][0]


@pytest.mark.requirement("calibration-truth")
@pytest.mark.parametrize("row", range(len(PLANTED)), ids=lambda row: f"{row} {PLANTED[row].name}")
def test_a_planted_error_is_found(row: int) -> None:
    for number in range(3):
        assert set(planted_error(77, row, number).kinds) & set(PLANTED[row].findings)


def test_a_product_that_forgets_the_blank_runs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [sound_head(3, number) for number in range(60)]

    def forgets(runs, setting):
        return trial_estimate([run for run in runs if not run.is_blank], setting)

    trial_estimate = trial.estimate
    monkeypatch.setattr(trial, "estimate", forgets)
    wrong = [sound_head(3, number) for number in range(60)]
    assert sum(one.holds for one in wrong) < sum(one.holds for one in right) - 6
    assert all("no blank run" in one.kinds for one in wrong)
