"""The sensors show what the plant does, with the noise and drift that they state, and fail as they say."""

from dataclasses import replace

import numpy as np
import pytest

from thecal_sim.sensors.chance import generator, random_walk
from thecal_sim.sensors.encoder import Encoder, EncoderParameters, FaultLine
from thecal_sim.sensors.flow import FlowFault, FlowParameters, FlowSensor, check_of
from thecal_sim.sensors.pressure import PressureFault, PressureParameters, PressureSensor
from thecal_sim.sensors.weight import NO_ANSWER, WeightFault, WeightParameters, WeightSensor
from thecal_sim.units import NS_PER_DAY, NS_PER_S

S = NS_PER_S
EXACT = replace(PressureParameters(), zero_error_kpa=0.0, drift_kpa_per_root_day=0.0)


def test_a_drift_adds_up_as_the_root_of_the_time():
    t_ns = np.arange(20_000) * NS_PER_DAY // 4
    walk = random_walk(t_ns, 20.0, generator(3, 0))
    for days in (1, 9):
        assert (walk[4 * days :] - walk[: -4 * days]).std() == pytest.approx(20 * days**0.5, rel=0.1)


def test_a_pressure_is_the_counts_of_its_voltage_behind_the_divider():
    sums = PressureSensor(EXACT, 1).sums(np.arange(4_000) * S, np.full(4_000, 100.0))
    volts = 5 * (0.1 + 0.8 * 100 / 207) * 0.6
    assert sums.mean() == pytest.approx(16 * 4_096 * volts / 3.3, rel=1e-3)
    assert 5 < sums.std() < 40


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(PressureFault.OPEN_WIRE, 0), (PressureFault.SHORT, 59_578), (PressureFault.NO_ANSWER, -1)],
)
def test_a_pressure_sensor_fails_from_its_instant_on(kind, shown):
    sums = PressureSensor(EXACT, 1).sums(np.arange(20) * S, np.full(20, 1.2), 0.0, (kind, 10 * S, 0.0))
    assert set(sums[10:].tolist()) == {shown}
    assert sums[:10].min() > 5_900


def test_the_same_seed_gives_the_same_readings_and_another_gives_others():
    t_ns, kpa = np.arange(50) * S, np.zeros(50)
    usual = PressureParameters()
    first, again, other = (PressureSensor(usual, seed).sums(t_ns, kpa).tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_a_weight_shows_its_mass_late_by_its_creep_and_scattered_by_its_noise():
    parts = replace(WeightParameters(), drift_mg_per_root_day=0.0)
    t_ns = np.arange(4_000) * S
    mass = np.where(t_ns < 2_000 * S, 0.0, 10_000.0)
    shown = WeightSensor(parts, 1).readings(t_ns, mass) / parts.counts_per_mg
    assert shown[:2_000].std() == pytest.approx(10, rel=0.1)
    assert shown[2_000:2_060].mean() == pytest.approx(10_000 - 5, abs=4)
    assert shown[3_500:].mean() == pytest.approx(10_000, abs=2)


def test_a_weight_fails_as_its_fault_says():
    t_ns, mass = np.arange(20) * S, np.zeros(20)
    cell = WeightSensor(WeightParameters(), 1)
    frozen = cell.readings(t_ns, mass, 1, 0.0, (WeightFault.FROZEN, 10 * S, 0.0))
    assert len(set(frozen[10:].tolist())) == 1
    assert set(cell.readings(t_ns, mass, 1, 0.0, (WeightFault.NO_ANSWER, 0, 0.0)).tolist()) == {NO_ANSWER}
    hand = cell.readings(t_ns, mass, 1, 0.0, (WeightFault.HAND, 10 * S, 50_000.0)) / 42
    assert hand[10:].mean() - hand[:10].mean() == pytest.approx(50_000, abs=60)


def test_a_flow_sensor_answers_with_words_that_check_and_garbles_them_when_it_fails():
    # The check of 0xBEEF is 0x92 in the data sheets of sensors with this polynomial.
    assert check_of(b"\xbe\xef") == 0x92
    sensor = FlowSensor(FlowParameters(), 1)
    frame = sensor.frame(50_000.0, has_air=True)
    assert frame is not None
    assert (check_of(frame[:2]), check_of(frame[3:5])) == (frame[2], frame[5])
    assert int.from_bytes(frame[:2], "big", signed=True) == pytest.approx(100, abs=4)
    assert frame[4] == 1
    sensor.fault = FlowFault.GARBLED
    garbled = sensor.frame(0.0)
    assert garbled is not None
    assert check_of(garbled[:2]) != garbled[2]
    sensor.fault = FlowFault.NO_ANSWER
    assert sensor.frame(0.0) is None


def test_an_encoder_changes_one_channel_at_a_time_and_tells_the_direction():
    levels = Encoder(EncoderParameters()).levels(np.arange(3_200))
    changes = np.abs(np.diff(levels, axis=0)).sum(axis=1)
    quarters = np.diff(np.arange(3_200) * 4_000 // 3_200)
    assert (changes == np.where(quarters == 2, 2, 1)).all()
    rising_a = np.flatnonzero((np.diff(levels[:, 0]) == 1) & (quarters == 1))
    assert not levels[rising_a, 1].any()
    swapped = Encoder(EncoderParameters(is_swapped=True)).levels(np.arange(3_200))
    assert (swapped == levels[:, ::-1]).all()
    assert set(Encoder(EncoderParameters(stuck=(1, 1))).levels(np.arange(3_200))[:, 1].tolist()) == {1}


def test_a_fault_line_goes_low_after_its_delay_and_a_cut_one_never():
    assert FaultLine().is_high(5_000, 0)
    assert not FaultLine().is_high(20_000, 0)
    assert FaultLine().is_high(20_000, None)
    assert FaultLine(is_cut=True).is_high(20_000, 0)
