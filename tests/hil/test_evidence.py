"""Measurements are declared before they are taken; one that is never taken, or is no number, fails."""

import json
from pathlib import Path

import pytest

from thecal_hil.evidence.measurements import Evidence, Measurement, figure_text, write_json

EDGE = Measurement("edge", "worst edge", "ticks", most=1)
SPEED = Measurement("speed", "speed", "x", reach=500)


def test_a_figure_within_its_limits_passes_and_one_beyond_fails() -> None:
    for value, passes in ((0.0, True), (1.0, True), (1.0001, False)):
        evidence = Evidence((EDGE,))
        evidence.take("edge", value)
        assert evidence.passed is passes


def test_a_measurement_that_is_never_taken_fails_and_is_named() -> None:
    evidence = Evidence((EDGE,))
    assert not evidence.passed
    assert evidence.failures() == ["worst edge: never taken, limit <= 1"]


def test_a_figure_that_is_no_number_fails() -> None:
    evidence = Evidence((EDGE,))
    evidence.take("edge", float("nan"))
    assert not evidence.passed


def test_a_figure_without_limits_is_noted_but_has_to_be_taken() -> None:
    evidence = Evidence((SPEED,))
    assert not evidence.passed
    evidence.take("speed", 3)
    assert evidence.passed
    assert [outcome.verdict() for outcome in evidence] == ["noted"]


def test_what_was_not_declared_can_not_be_taken() -> None:
    with pytest.raises(KeyError, match="never declared"):
        Evidence((EDGE,)).take("volume", 1)


def test_nothing_is_measured_twice() -> None:
    evidence = Evidence((EDGE,))
    evidence.take("edge", 0)
    with pytest.raises(ValueError, match="taken twice"):
        evidence.take("edge", 0)
    with pytest.raises(ValueError, match="declared under one key"):
        Evidence((EDGE, EDGE))


def test_figures_are_written_as_a_person_reads_them() -> None:
    assert [figure_text(value) for value in (None, 28_456, 0.5, 12_345.678)] == [
        "-",
        "28,456",
        "0.5",
        "12,345.7",
    ]


def test_a_report_replaces_the_one_before_whole(tmp_path: Path) -> None:
    path = tmp_path / "evidence" / "verify.json"
    for pulses in (1, 2):
        write_json(path, {"pulses": pulses})
    assert json.loads(path.read_text()) == {"pulses": 2}
    assert [file.name for file in path.parent.iterdir()] == ["verify.json"]
