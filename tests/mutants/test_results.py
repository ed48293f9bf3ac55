"""Results of mutants hold until what they rest on changes, and only if they are what was written."""

from dataclasses import replace
from pathlib import Path

import pytest

from mutants.campaign import cost_minutes, drawn
from mutants.fields import modules, source_of
from mutants.mutant import Mutant, Name
from mutants.results import REPOSITORY, ModuleResults, Result, read_results, score_percent, write_results

NAME = Name("core/metering", "def due", "a < b", "a <= b", 0)
FOUND = {"core/metering": ModuleResults("a digest", [Result(NAME, "comparison", 7, "a test", "", 0.25)], 9)}


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "mutants.json"
    write_results(path, FOUND)
    assert read_results(path) == FOUND


def test_results_that_were_changed_or_cut_short_hold_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mutants.json"
    write_results(path, FOUND)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"a test"', '"another"'), encoding="utf-8")
    assert read_results(path) == {}
    assert "is not what was written; everything is tried anew" in capsys.readouterr().err
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    assert read_results(path) == {}


def test_what_was_tried_for_its_explanation_alone_counts_for_no_score() -> None:
    noticed = Result(NAME, "comparison", 7, "a test", "", 0.25)
    explained = Result(NAME, "comparison", 7, "", "a reason", 0.25, is_drawn=False)
    assert score_percent([noticed, explained]) == 100
    assert score_percent([noticed, replace(explained, is_drawn=True)]) == 50


def test_a_draw_of_mutants_follows_from_its_seed_and_the_module() -> None:
    mutants = [Mutant(replace(NAME, nth=number), "comparison", 7, "") for number in range(200)]
    first = drawn(mutants, "core/metering", 150, 1)
    assert len(first) == 150
    assert first == drawn(mutants, "core/metering", 150, 1)
    assert first != drawn(mutants, "core/metering", 150, 2)
    assert first != drawn(mutants, "core/ledger", 150, 1)
    assert len(drawn(mutants, "core/metering", 0, 1)) == 200
    assert len(drawn(mutants[:99], "core/metering", 150, 1)) == 99


def test_the_cost_of_every_module_can_be_told_beforehand() -> None:
    assert cost_minutes(modules(["core"])) < cost_minutes(modules([]))


_DECIDE_NOTHING = ("__init__", "main", "not_running", "ports", "contracts", "octets", "flash_chip", "version")
"""The start is the board's own, and the rest holds types, constants or a version."""


def test_every_module_of_the_firmware_that_decides_anything_is_in_a_field() -> None:
    """But what only runs on the board, and what the type checker alone reads."""
    firmware = REPOSITORY / "firmware/thecal_fw"
    there = {path for path in firmware.rglob("*.py") if path.parent.name != "rp2"}
    assert {source_of(module) for module in modules([])} >= {
        path for path in there if path.stem not in _DECIDE_NOTHING
    }
