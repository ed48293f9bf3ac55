"""Results of mutants hold until what they rest on changes, and only if they are what was written."""

from pathlib import Path

import pytest

from mutants.mutant import Name
from mutants.results import ModuleResults, Result, read_results, write_results

NAME = Name("core/metering", "def due", "a < b", "a <= b", 0)
FOUND = {"core/metering": ModuleResults("a digest", [Result(NAME, "comparison", 7, "a test", "", 0.25)])}


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
