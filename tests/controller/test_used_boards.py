"""A board that ran something else before delivers nothing until it is programmed, whatever its flash holds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.journal_condition import BLANK, GOOD, LOST
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_sim.nor_flash import NorFlash

SECTOR_BYTES = NorFlash.SECTOR_BYTES
STATE_SECTORS = range(64)
PROGRAM_SECTORS = range(64, 68)


def file_system(sector: int) -> bytes:
    """Return flash as MicroPython's file system leaves it: a superblock in two places, files here and there, the rest
    erased."""
    if sector < 2:
        begun = sector.to_bytes(4, "little") + b"\xf0\x0f\xff\xf7littlefs\x2f\xe0\x00\x10\x00\x00\x02\x00"
        return begun + b"\xff" * (SECTOR_BYTES - len(begun))
    if sector % 3 == 0:
        return b"import machine\n" * (SECTOR_BYTES // 15) + b"\xff" * (SECTOR_BYTES % 15)
    return b"\xff" * SECTOR_BYTES


def zeros(sector: int) -> bytes:
    return bytes(SECTOR_BYTES)


def anything(sector: int) -> bytes:
    return random.Random(sector).randbytes(SECTOR_BYTES)


def used_pump(content: Callable[[int], bytes]) -> PumpBench:
    """Return a pump whose whole storage holds what something else left, started for the first time."""
    bench = PumpBench()
    chip = bench.pump.board.chip
    for sector in range(chip.sectors):
        for place, value in enumerate(content(sector)):
            chip.rot(sector, place, 1, value)
    bench.reset(events.RESET_POWER_ON)
    return bench


used = pytest.mark.parametrize(
    "content", [file_system, zeros, anything], ids=lambda content: content.__name__
)


@used
@pytest.mark.requirement("never-programmed-delivers-nothing", "never-programmed-no-alarm")
def test_a_used_board_that_was_never_programmed_delivers_nothing_and_raises_no_alarm(content) -> None:
    bench = used_pump(content)
    bench.run_for(3_600)
    status = bench.status()
    assert status["journal_condition"] == BLANK
    assert status["state"] == STATE_STOPPED
    assert not status["active_alarms"]
    assert not len(bench.pump.step_times_ns)


@used
@pytest.mark.requirement("never-programmed-delivers-nothing")
def test_a_used_board_takes_a_program_and_keeps_it_over_a_power_cut(content) -> None:
    bench = used_pump(content)
    bench.run_for(30)
    bench.deliver(continuous(1_000_000))
    bench.run_for(100)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(30)
    assert bench.status()["journal_condition"] == GOOD
    assert bench.status()["rate_nl_per_day"] == 1_000_000


@pytest.mark.requirement("minimum-rate", "journal-lost-minimum")
def test_a_pump_whose_state_and_program_are_gone_delivers_its_minimum_rate_if_its_log_says_that_it_had_one() -> (
    None
):
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    bench.run_for(100)
    for sector in range(PROGRAM_SECTORS.stop):
        bench.pump.board.chip.rot(sector, 0, SECTOR_BYTES)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    assert bench.status()["journal_condition"] == LOST
    assert bench.status()["rate_nl_per_day"] == 6_000
    assert bench.is_active(alarms.PROGRAM_LOST)


@pytest.mark.requirement("never-programmed-delivers-nothing", "never-programmed-no-alarm")
def test_a_pump_whose_state_is_gone_and_that_never_had_a_program_delivers_nothing() -> None:
    bench = PumpBench()
    bench.refill()
    bench.run_for(100)
    for sector in STATE_SECTORS:
        bench.pump.board.chip.rot(sector, 0, SECTOR_BYTES)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    assert bench.status()["journal_condition"] == LOST
    assert bench.status()["state"] == STATE_STOPPED
    assert not bench.is_active(alarms.PROGRAM_LOST)
