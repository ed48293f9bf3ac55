"""The meter's pages in flash: each minute is in twelve of them, and one that is torn or has rotted is not believed."""

from __future__ import annotations

import pytest

from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.meter import Meter
from thecal_fw.store.meter_pages import MINUTES, PAGE_MINUTES, MeterPages
from thecal_sim.nor_flash import NorFlash

SECTORS = 8


def pages_on(flash: NorFlash) -> MeterPages:
    return MeterPages(flash, 0, SECTORS)


def after(minutes: int) -> Meter:
    """Return the pages after each minute counted its own number of portions, up to 99."""
    meter = Meter(BENCH_CALIBRATION, 96_000_000)
    for minute in range(minutes):
        meter.put(minute, minute % 100)
        meter.next_minute()
    return meter


def written(flash: NorFlash, number: int, steps: int = 7_000, held: int = 2) -> MeterPages:
    pages = pages_on(flash)
    pages.ring.erase(number)
    assert pages.write(number, steps, held, after(number * PAGE_MINUTES))
    return pages


@pytest.mark.requirement("meter-over-resets")
def test_a_page_is_read_as_it_was_written() -> None:
    flash = NorFlash(SECTORS)
    written(flash, 50)
    pages = pages_on(flash)
    assert pages.read(50, 9_000)
    assert (pages.steps, pages.held) == (7_000, 2)
    first = 50 * PAGE_MINUTES - MINUTES
    assert list(pages.page) == [minute % 100 for minute in range(first, first + MINUTES)]
    assert not pages.read(49, 9_000)
    assert not pages.read(50 + SECTORS * 64, 9_000)


@pytest.mark.requirement("meter-over-resets")
@pytest.mark.parametrize("later", [0, 1, 100_000, -100])
@pytest.mark.parametrize("steps", [2**32 - 50, 2**32, 2**45 + 7])
def test_a_page_tells_the_count_of_all_lives_beyond_32_bits(steps: int, later: int) -> None:
    flash = NorFlash(SECTORS)
    written(flash, 50, steps)
    pages = pages_on(flash)
    assert pages.read(50, steps + later)
    assert pages.steps == steps


@pytest.mark.requirement("meter-over-resets")
@pytest.mark.parametrize("offset", [0, 4, 12, 40, 63])
def test_a_page_that_has_rotted_is_not_believed(offset: int) -> None:
    flash = NorFlash(SECTORS)
    written(flash, 3)
    flash.rot(0, 3 * 64 + offset, 1)
    assert not pages_on(flash).read(3, 9_000)


def test_after_a_reset_writing_goes_on_behind_the_newest_page() -> None:
    flash = NorFlash(SECTORS)
    written(flash, 5)
    pages = pages_on(flash)
    assert pages.read(5, 9_000)
    # The one right behind may have been begun.
    assert not pages.write(6, 1, 0, after(24))
    assert pages.write(7, 1, 0, after(28))
    assert pages_on(flash).read(7, 9_000)


def test_a_sector_is_erased_each_34_hours() -> None:
    flash = NorFlash(SECTORS)
    pages = pages_on(flash)
    meter = after(0)
    days = 10
    for number in range(1, days * 360):
        if not pages.ring.is_ready(number):
            pages.ring.erase(number)
        assert pages.write(number, number, 0, meter)
    most = max(flash.erases_of(sector) for sector in range(SECTORS))
    assert most <= 8
    in_ten_years = most * 365
    assert in_ten_years < 3_000
