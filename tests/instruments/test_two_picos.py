"""The images of pump and probe on two emulated Picos, wired together: what the probe reports is what the pump did."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal.errors import PumpRefusedError
from thecal_fw.core import alarms
from thecal_fw.core.events import RESET_POWER_ON
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.roles import ROLE_CLINICIAN
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import BUZZER, DIRECTION, ENABLE, STEP
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import ResetCause
from thecal_hil.emulator.pair import LAG_NS, SLICE_NS
from thecal_hil.instruments.clock_relation import Bracket, ClockRelation
from thecal_hil.instruments.probe import RESOLUTION_NS, Probe
from thecal_hil.rigs.emulated_bench import EmulatedBench, emulated_probe
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.edge_record import Edge

WIRED = (STEP, ENABLE, BUZZER, DIRECTION)
HIGHEST_RATE = continuous(24_000_000).program
CRYSTAL_PPB = 37_000


class Two:
    """A pump and a probe; ``reported`` grows with each look."""

    def __init__(self, probe_uf2: Path, probe_ppb: int = 0, slice_ns: int = SLICE_NS) -> None:
        self.rig = PicoRig(image_under_test())
        board = emulated_probe(probe_uf2)
        self.bench = EmulatedBench(self.rig, board, probe_ppb=probe_ppb, slice_ns=slice_ns)
        self.probe = Probe(self.bench.port)
        self._seen_before = len(self.rig.edges)
        self.reported: list[Edge] = []

    def run_for(self, seconds: float) -> None:
        self.bench.pair.run_for(round(seconds * 1e9))

    def deliver(self) -> None:
        pump = self.rig.pump()
        pump.program(HIGHEST_RATE)
        pump.refill(18_000_000)
        pump.start(HIGHEST_RATE.digest())

    def happened(self) -> list[Edge]:
        return [edge for edge in self.rig.edges[self._seen_before :] if edge.signal in WIRED]

    def assert_all_reported(self) -> float:
        """Check that every edge of the pump was reported within the resolution; return the worst distance in ns."""
        happened_by_now = self.happened()
        self.run_for(0.01)
        self.reported += self.probe.poll()
        worst_ns = 0
        for signal in WIRED:
            happened = [edge for edge in happened_by_now if edge.signal == signal]
            reported = [edge for edge in self.reported if edge.signal == signal][: len(happened)]
            assert [edge.level for edge in reported] == [edge.level for edge in happened], signal
            for one, other in zip(reported, happened, strict=True):
                worst_ns = max(worst_ns, abs(one.t_ns - self.bench.probe_timer_ns(other.t_ns)))
        assert worst_ns <= RESOLUTION_NS
        assert self.probe.lost == self.probe.unplaced == 0
        assert self.rig.board.backlog_drops == self.bench.probe.backlog_drops == 0
        return worst_ns


@pytest.fixture
def two(probe_uf2: Path) -> Two:
    return Two(probe_uf2)


@pytest.fixture
def two_crystals(probe_uf2: Path) -> Two:
    return Two(probe_uf2, CRYSTAL_PPB)


@pytest.mark.requirement("edge-probe")
def test_every_edge_of_a_pump_that_delivers_is_reported_within_a_microsecond(two_crystals):
    two = two_crystals
    two.deliver()
    for _ in range(10):
        two.run_for(1.5)
        two.reported += two.probe.poll()
    two.rig.pump().stop()
    two.run_for(0.5)
    two.deliver()
    two.run_for(2)
    worst_ns = two.assert_all_reported()
    steps = sum(edge.signal == STEP for edge in two.reported)
    print(f"{len(two.reported)} edges, {steps} of STEP; the worst is {worst_ns:.0f} ns off")
    assert steps > 500
    assert {ENABLE, STEP} <= {edge.signal for edge in two.reported}


@pytest.mark.requirement("edge-probe")
def test_the_clocks_of_pump_and_probe_are_related_without_knowing_either(probe_uf2):
    two, relation = Two(probe_uf2, CRYSTAL_PPB, slice_ns=50_000_000), ClockRelation()
    for _ in range(14):
        two.bench.pair.slice_ns = 50_000_000
        two.run_for(50)
        two.bench.pair.slice_ns = SLICE_NS
        before_ns = two.probe.now_ns()
        reading = two.rig.pump().time()
        pump_ns = reading.boot_s * 10**9 + reading.boot_us * 1_000
        relation.add(Bracket(before_ns, pump_ns, two.probe.now_ns()))
    ratio_ppm, uncertainty_ppm = relation.ratio_ppm
    assert abs(ratio_ppm - CRYSTAL_PPB / 1_000) <= uncertainty_ppm < 20
    origin_ns = two.rig.boot_origin_ns
    pump_ns = two.rig.now_ns - origin_ns
    truth_ns = two.bench.probe_timer_ns(pump_ns + origin_ns)
    error_ns = abs(relation.probe_ns(pump_ns) - truth_ns)
    print(f"{relation.as_record(pump_ns)}; really {error_ns:.0f} ns off")
    assert error_ns <= relation.uncertainty_ns(pump_ns) < 7_000_000


def test_a_pump_whose_run_pin_is_pulled_low_starts_again_and_goes_on_delivering(two):
    two.deliver()
    two.run_for(2)
    two.probe.switch_on("run", 0.1)
    two.run_for(0.05)
    counted = len(two.rig.rising_ns(STEP))
    two.run_for(0.04)
    assert two.rig.board.level(ENABLE) == 1
    assert len(two.rig.rising_ns(STEP)) == counted
    two.run_for(0.1)
    two.rig.recover()
    two.run_for(3)
    assert [reset.cause for reset in two.rig.board.resets[1:]] == [ResetCause.RUN_PIN]
    status = two.rig.pump().interrogate()
    assert status.reset_cause == RESET_POWER_ON
    assert status.state == STATE_DELIVERING
    assert two.bench.pair.worst_return_ns <= SLICE_NS + LAG_NS
    two.assert_all_reported()


@pytest.mark.requirement("fault-switches-answered")
def test_a_pump_whose_power_is_switched_off_comes_back_with_its_program(two):
    two.deliver()
    two.run_for(2)
    two.probe.switch_on("power", 0.2)
    two.run_for(0.4)
    two.rig.recover()
    two.run_for(2)
    assert [reset.cause for reset in two.rig.board.resets[1:]] == [ResetCause.POWER_ON]
    assert two.rig.pump().interrogate().program_digest == HIGHEST_RATE.digest()
    two.assert_all_reported()


@pytest.mark.requirement("fault-switches-answered")
@pytest.mark.parametrize(
    ("line", "alarm"), [("sense_cut", alarms.PULSES_MISSING), ("motion_hold", alarms.MOTOR_STALL)]
)
def test_a_line_that_is_cut_raises_its_alarm_at_the_pump(two, line, alarm):
    two.deliver()
    two.run_for(2)
    assert not two.rig.pump().interrogate().active_alarms >> alarm & 1
    with two.probe.switched_on(line, longest_s=60):
        two.run_for(20)
        assert two.rig.pump().interrogate().active_alarms >> alarm & 1
    two.reported += two.probe.poll()
    assert any(edge.signal == BUZZER for edge in two.reported)
    two.assert_all_reported()


@pytest.mark.requirement("fault-switches-answered")
def test_the_button_is_pressed_by_the_probe_and_let_go(two):
    pump, key = two.rig.pump(), bytes(range(32))
    with pytest.raises(PumpRefusedError, match="button"):
        pump.pair(ROLE_CLINICIAN, key)
    with two.probe.switched_on("button"):
        two.run_for(0.1)
        pump.pair(ROLE_CLINICIAN, key)
