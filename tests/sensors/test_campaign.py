"""The campaign about the fluid measures what it says, passes over nothing that counts, and fails if it falls short."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal_fw.core.fluid.sensor_watch import SensorWatch
from thecal_fw.core.fluid.thresholds import FREE_FLOW_UG
from thecal_fw.core.fluid.weight_watch import FreeFlowWatch
from thecal_sim.fluid import command as campaign
from thecal_sim.fluid import false_alarms
from thecal_sim.fluid.closed_lines import close
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.off_by_weight import off
from thecal_sim.fluid.open_lines import broken, siphon
from thecal_sim.plant.rotor import RotorParameters


@pytest.mark.parametrize("nl_per_kpa", [10.0, 50.0, 264.0])
def test_a_closed_line_is_found_in_time_and_gives_out_no_more_than_the_bound(nl_per_kpa):
    run = close(424_000, nl_per_kpa, 7, RotorParameters(), 1.0)
    assert run.is_in_time
    assert run.released_nl <= min(run.bound_nl, 12_500)
    assert run.released_nl == pytest.approx(run.stored_nl, rel=0.02, abs=20)


def test_a_siphon_and_a_broken_line_are_found():
    found_s = siphon(424_000, 1.0, 5, 1.0)
    assert found_s is not None
    assert 20 < found_s <= 180
    fed_nl = broken(424_000, 0.5, 5, 1.0)
    assert fed_nl is not None
    assert 0 < fed_nl <= 50_000


@pytest.mark.parametrize("sign", [1, -1])
def test_a_head_that_is_off_by_15_percent_is_told_with_its_sign(sign):
    days, is_right = off(15 * sign, 3, 1, 1.0, 2)
    assert days is not None
    assert 0 < days < 9
    assert is_right


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-30_000, 30_000), min_size=20, max_size=200))
def test_flows_that_are_passed_over_in_bulk_are_those_that_the_firmware_finds_none_in(deviations):
    watch = FreeFlowWatch()
    found = [watch.take(value) for value in deviations]
    offs = false_alarms.flow_offs(np.array(deviations))
    assert found[16:] == (offs >= FREE_FLOW_UG).tolist()
    assert not any(found[:16])


@given(st.lists(st.sampled_from([5, 400, 401, 402]), min_size=1, max_size=120))
def test_a_sensor_that_is_passed_over_in_bulk_is_one_that_the_firmware_finds_no_fault_in(samples):
    watch, faults, before = SensorWatch(100, 900), 0, 0
    for sample in samples:
        watch.take(sample)
        faults += watch.fault not in (before, 0)
        before = watch.fault
    assert false_alarms.faults_of(np.array(samples), 100, 900) == faults


def test_four_weeks_of_a_pump_with_nothing_wrong_raise_nothing():
    said = false_alarms.life(2, 424_000, 1.0)
    assert not any(said.times[name] for name in false_alarms.ALARMS)
    assert said.samples > 1_500_000


def test_a_cough_is_a_pressure_that_passes():
    at_ns = np.arange(0, 86_400 * 10**9, 10**9)
    kpa = false_alarms.back_pressure_kpa(at_ns, 1)
    assert kpa.min() == 1.2
    assert 4 < kpa.max() <= 5.2
    assert (kpa > 1.2).mean() < 0.05
    assert false_alarms.risen(np.array([0, 8_000, 9_000, 0, 8_000])) == [(1, 3), (4, 5)]


def test_a_figure_that_falls_short_fails_the_campaign_and_finished_parts_are_kept(
    tmp_path, monkeypatch, capsys
):
    asked = []

    def only(name, holds):
        def measure(*_):
            asked.append(name)
            return [Figure(name, "1", "0", holds)]

        return measure

    for name in ("closed_lines", "siphons", "broken_lines", "off_by_weight", "sensor_faults", "costs"):
        monkeypatch.setattr(campaign, name, only(name, name != "siphons"))
    monkeypatch.setattr(false_alarms, "life", lambda *_: false_alarms.Said(4, 10))
    monkeypatch.setattr("sys.argv", ["fluid", "--weeks", "8", "--folder", str(tmp_path)])
    assert campaign.main() == 1
    first = len(asked)
    assert campaign.main() == 1
    assert len(asked) == first
    assert "FALLS SHORT siphons" in capsys.readouterr().out
    monkeypatch.setattr(campaign, "siphons", only("siphons", True))
    monkeypatch.setattr("sys.argv", ["fluid", "--weeks", "8", "--folder", str(tmp_path), "--afresh"])
    assert campaign.main() == 0


def test_what_would_stop_feeding_by_mistake_falls_short_however_bad_the_sensors():
    said = false_alarms.Said(4)
    said.times["line closed"] = 1
    assert any(figure.holds is False for figure in false_alarms.figures_of(said, Assumed(2.0)))
