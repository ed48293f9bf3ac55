"""The write budget: how many erases years of therapy cost each sector of the journal, counted on the model."""

from functools import cache

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.store.layout import Layout

MOST_ERASES_IN_TEN_YEARS = 50_000
DAYS_IN_TEN_YEARS = 3_653
DAYS = 1
VISITS = 4
"""A busy day: four times a host sets the time, programs and fills the pump, and reads its log."""


@cache
def erases_in_ten_years(nl_per_day: int) -> dict[str, float]:
    """Return the erases of one sector, by what it holds. A ring takes its sectors in turn, so the mean is what each
    of them gets."""
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(nl_per_day))
    for visit in range(DAYS * VISITS):
        bench.run_for(86_400 / VISITS)
        bench.set_time(MONDAY_UTC_S + (visit + 1) * 86_400 // VISITS)
        bench.commit(continuous(nl_per_day - visit - 1))
        bench.refill()
    layout, chip = Layout(), bench.pump.board.chip
    parts = {
        "state, ring A": range(layout.state_a, layout.state_b),
        "state, ring B": range(layout.state_b, layout.programs),
        "programs": range(layout.programs, layout.events),
        "events": range(layout.events, layout.sectors),
    }
    return {
        name: sum(chip.erases_of(sector) for sector in sectors) / len(sectors) / DAYS * DAYS_IN_TEN_YEARS
        for name, sectors in parts.items()
    }


@pytest.mark.requirement("write-budget")
@pytest.mark.parametrize("nl_per_day", [424_000, 1_000_000, 24_000_000])
def test_ten_years_wear_no_sector_beyond_its_budget(
    nl_per_day: int, capsys: pytest.CaptureFixture[str]
) -> None:
    erases = erases_in_ten_years(nl_per_day)
    with capsys.disabled():
        told = ", ".join(f"{name} {count:,.0f}" for name, count in erases.items())
        print(f"\nerases of a sector in ten years at {nl_per_day:,} nL/day: {told}")
    assert max(erases.values()) <= MOST_ERASES_IN_TEN_YEARS


def test_the_calculation_in_the_documents_is_what_the_model_counts() -> None:
    erases = erases_in_ten_years(1_000_000)
    records_a_day = 64_000 / 48
    sectors_a_day = records_a_day / 32
    calculated = sectors_a_day / 32 * DAYS_IN_TEN_YEARS
    assert calculated == pytest.approx(4_800, rel=0.01)
    assert erases["state, ring A"] == pytest.approx(calculated, rel=0.1)
    assert erases["state, ring B"] == pytest.approx(calculated, rel=0.1)
