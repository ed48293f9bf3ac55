"""The uncertain volume after a power cut: the quantum's size, by the highest rate of the program."""

import pytest

from controller.pump_bench import PumpBench, continuous


@pytest.mark.requirement("power-cut-quantum")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 3_000_000, 24_000_000])
def test_the_quantum_is_a_microlitre_or_twenty_seconds_of_the_highest_rate(nl_per_day: int) -> None:
    bench = PumpBench()
    bench.deliver(continuous(nl_per_day))
    steps_in_20_s = nl_per_day * 3_200 // 50_000 * 20 / 86_400
    # A few microsteps more leave room for those that come while a grant is being written.
    assert 64 <= bench.status()["quantum_steps"] <= max(64, steps_in_20_s + 20)
