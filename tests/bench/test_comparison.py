"""The rivals of the step-timing comparison run on the emulated board as they are meant to."""

from pathlib import Path

import pytest

from thecal_hil.campaigns.comparison.contenders import rival
from thecal_hil.campaigns.comparison.rival_programs import ASYNCIO_TASK, MACHINE_TIMER
from thecal_hil.contract.image import BUILT

STOCK_UF2 = BUILT / "stock.uf2"


@pytest.mark.parametrize("program", [MACHINE_TIMER, ASYNCIO_TASK], ids=["machine.Timer", "asyncio"])
def test_a_rival_steps_ten_times_a_second_and_never_builds_up_an_error(program: str) -> None:
    if not Path(STOCK_UF2).exists():
        pytest.skip("no stock image: build it with `make stock`")
    errors = rival("rival", program, STOCK_UF2, 1.0).errors
    assert errors is not None
    assert errors.steps in (9, 10, 11)
    assert errors.missing == 0
    assert abs(errors.last_us) < 50_000
