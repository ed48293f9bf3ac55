"""Service and tones as a person meets them."""

import pytest

from host.conftest import EXAMPLES, Bench
from thecal.client import Pump
from thecal_fw.core.service_life import PART_TUBING
from thecal_sim.model import ModelPump

SIMPLE = str(EXAMPLES / "simple_continuous.toml")


@pytest.mark.requirement("service-life")
def test_service_is_told_with_its_dates_and_new_tubing_counts_from_then_on(bench: Bench):
    bench.ok("time", "--set")
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    told = bench.json("service")
    assert told["pump_days"] == told["tubing_days"] == told["tubing_revolutions"] == 0
    assert 365 * 1_440 - 1 <= told["minutes_to_tubing_due"] <= 365 * 1_440
    shown = bench.ok("service", "--new", "tubing")
    for words in ("new tubing by", "replacement due", "end of service"):
        assert words in shown
    assert "'catheter' is no part; there are: tubing, pump, line" in bench.refused(
        2, "service", "--new", "catheter"
    )


@pytest.mark.requirement("check-tone-not-in-alarm")
def test_a_tone_is_sounded_on_demand_and_not_into_another(bench: Bench):
    assert bench.ok("tone", "critical") == "the pump sounds the tones of a critical alarm\n"
    assert "is sounding other tones" in bench.refused(1, "tone", "non-critical")
    assert "no priority" in bench.refused(2, "tone", "loud")


def test_the_client_tells_whether_a_new_part_is_stored():
    model = ModelPump()
    pump = Pump(model.serial, host_nonce=1)
    assert pump.renew_part(PART_TUBING)
    assert pump.service_life().tubing_days == 0
