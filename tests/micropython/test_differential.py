"""``core``, ``link`` and ``store`` give the same answers on MicroPython as on CPython, case for case."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("cases.py")
CASE_COUNT = 6_000


def answers_of(interpreter: Path, firmware_folder: Path, seed: int) -> list[str]:
    firmware = str(firmware_folder)
    environment = {**os.environ, "PYTHONPATH": firmware, "MICROPYPATH": firmware}
    command = [interpreter, CASES, str(seed), str(CASE_COUNT)]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()


@pytest.mark.requirement("same-on-both-interpreters", "same-link-on-both", "same-store-on-both")
@pytest.mark.parametrize("seed", [1, pytest.param(20_261_123, marks=pytest.mark.campaign)])
def test_thousands_of_generated_cases_give_the_same_answers_on_both_interpreters(
    micropython_unix, firmware_folder, seed
):
    reference = answers_of(Path(sys.executable), firmware_folder, seed)
    assert len(reference) == CASE_COUNT + 1
    board = answers_of(micropython_unix, firmware_folder, seed)
    differing = [pair for pair in zip(reference, board, strict=True) if pair[0] != pair[1]]
    assert not differing, f"{len(differing)} of {CASE_COUNT} cases differ, the first: {differing[0]}"


def test_a_difference_would_be_seen(micropython_unix, firmware_folder, tmp_path):
    wrong = tmp_path / "cases.py"
    wrong.write_text(CASES.read_text().replace("numbers.bytes(300)", "numbers.bytes(299)"))
    environment = {**os.environ, "MICROPYPATH": str(firmware_folder)}
    board = subprocess.run(
        [micropython_unix, wrong, "1", "40"], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert board != answers_of(Path(sys.executable), firmware_folder, 1)[:41]
