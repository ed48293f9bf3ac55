"""The board rig with a probe, on two emulated Picos: a scenario's rig in the probe's time, and what the bench does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_hil.bench.bench import BenchError
from thecal_hil.bench.bench_file import open_bench
from thecal_hil.bench.board_rig import BoardRig
from thecal_hil.bench.probed_rig import ProbedBoardRig
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.gate import GateError, check_gate
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import BUZZER, ENABLE, STEP, Capability, ResetCause, SerialPort
from thecal_hil.course.course import OFFSET_MINUTES, Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import EmulatedPico, EmulatedPty
from thecal_hil.emulator.pair import SLICE_NS
from thecal_hil.instruments.probe import Probe
from thecal_hil.rigs.emulated_bench import EmulatedBench, emulated_probe
from thecal_hil.rigs.pico_rig import PicoRig

INPUTS = {"step": STEP, "enable": ENABLE, "buzzer": BUZZER}
SWITCHES = ("run", "power", "sense_cut", "motion_hold", "button")
CRYSTAL_PPB = -45_000
FAST = continuous(24_000_000).program


class Bench:
    """A pump and a probe on a bench; `board_rig` is a rig that knows no more of them than it would of real ones."""

    def __init__(self, probe_uf2: Path) -> None:
        self.pico = PicoRig(image_under_test())
        self.pico.port.close()
        self.emulated = EmulatedBench(self.pico, emulated_probe(probe_uf2), probe_ppb=CRYSTAL_PPB)

    def open_pump(self) -> SerialPort:
        port = self.pico.board.serial
        port.open()
        return port

    def sleep(self, seconds: float) -> None:
        # In long stretches nothing comes back from the probe, so it may lag.
        self.emulated.pair.slice_ns = 10 * SLICE_NS
        self.emulated.pair.run_for(round(seconds * 1e9))
        self.emulated.pair.slice_ns = SLICE_NS

    def board_rig(self, switches: tuple[str, ...] = SWITCHES) -> ProbedBoardRig:
        return ProbedBoardRig(
            image_under_test(),
            self.open_pump,
            Probe(self.emulated.port),
            inputs=INPUTS,
            switches=switches,
            sleep=self.sleep,
        )


@pytest.fixture
def bench(probe_uf2: Path) -> Bench:
    return Bench(probe_uf2)


@pytest.fixture
def board(bench: Bench) -> Iterator[ProbedBoardRig]:
    opened = bench.board_rig()
    yield opened
    opened.close()


def deliver(rig: BoardRig) -> None:
    pump = rig.pump()
    pump.set_time(local_second("2026-03-06 12:00"), OFFSET_MINUTES)
    pump.program(FAST)
    pump.refill(18_000_000)
    pump.start(FAST.digest())


@pytest.mark.requirement("edge-probe")
def test_a_board_that_delivers_passes_the_gate_with_every_step_in_the_record(board, bench):
    course = Course(board)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(24_000_000))
    course.refill(18_000_000)
    course.start()
    board.run_for(20)
    course.stop()
    board.run_for(0.5)
    counted = board.pump().interrogate().counted_steps
    assert len(board.step_times_ns) == counted > 300
    check_gate(board)
    # Distances between steps, against what the emulator itself recorded, in the pump's own nanoseconds.
    truth_ns = bench.pico.step_times_ns[-counted:]
    apart_ns = np.diff(board.step_times_ns) - np.diff(truth_ns)
    record = board.clock_record()
    stretched_ns = record["ratio_uncertainty_ppm"] / 1e6 * np.diff(truth_ns).max()
    assert np.abs(apart_ns).max() <= 2 * board.edge_resolution_ns + stretched_ns
    assert abs(record["ratio_ppm"] - CRYSTAL_PPB / 1_000) <= record["ratio_uncertainty_ppm"]
    offset_ns = board.step_times_ns[0] - (truth_ns[0] - bench.pico.boot_origin_ns)
    # Held against the oracle, with nothing but a common shift and stretch taken out.
    found = course.must_be_ideal()
    assert board.aligned_on > 10
    assert (found.missing, found.extra, found.pulses) == (0, 0, counted)
    print(
        f"{found.worst_edge_ticks} ticks from the oracle; {record}; "
        f"steps are {offset_ns} ns off, intervals {np.abs(apart_ns).max()} ns"
    )
    assert abs(offset_ns) <= board.offset_uncertainty_ns + board.edge_resolution_ns

    # Steps of which half came 50 us late lie where no shift of the whole puts them.
    late_ns = [
        t_ns + 50_000 * (index > counted // 2) for index, t_ns in enumerate(board.step_times_ns.tolist())
    ]
    board.align(lambda count: late_ns[:count])
    assert board.aligned_on == 0
    board.probe.lost += 1
    with pytest.raises(GateError, match="could not place 1 events in time"):
        check_gate(board)


@pytest.mark.campaign
@pytest.mark.requirement("fault-switches-answered")
def test_a_power_cut_by_the_bench_leaves_one_time_and_one_record(board):
    deliver(board)
    board.run_for(3)
    before_ns, steps = board.now_ns, len(board.step_times_ns)
    board.reset(ResetCause.POWER_ON)
    assert board.boot_origin_ns > before_ns
    board.run_for(5)
    assert board.now_ns > before_ns + 5e9
    assert len(board.step_times_ns) > steps
    assert len(board.steps_since_boot_ns()) < len(board.step_times_ns)
    check_gate(board)


@pytest.mark.campaign
def test_a_pump_that_was_delivering_is_stopped_and_starts_afresh(board, bench):
    deliver(board)
    board.run_for(2)
    board.port.close()
    again = bench.board_rig()
    status = again.pump().interrogate()
    assert (status.state, status.counted_steps) == (STATE_STOPPED, 0)
    assert len(again.step_times_ns) == 0
    check_gate(again)


@pytest.mark.requirement("fault-switches-answered")
def test_a_sense_wire_that_is_cut_at_an_instant_raises_its_alarm(board):
    deliver(board)
    board.faults.inject_at(board.now_ns + 2_000_000_000, Fault.SENSE_CUT)
    board.run_for(15)
    with pytest.raises(GateError, match="pulses missing"):
        check_gate(board)
    board.faults.end(Fault.SENSE_CUT)
    assert board.rising_ns(BUZZER).size


def test_a_bench_without_switches_can_not_do_what_they_do(bench):
    rig = bench.board_rig(switches=())
    assert rig.capabilities == {Capability.EXACT_EDGES}
    assert not rig.possible_faults
    with pytest.raises(NotImplementedError, match="can't cause a power_on reset"):
        rig.reset(ResetCause.POWER_ON)
    with pytest.raises(NotImplementedError, match="no a hand at the button"):
        rig.hold_button(True)
    deliver(rig)
    rig.run_for(3)
    # The pump was on before the rig came, and has counted steps of its own.
    check_gate(rig)


@pytest.mark.requirement("fault-switches")
def test_a_rig_that_is_closed_leaves_no_fault_behind(bench):
    rig = bench.board_rig()
    rig.switch("sense_cut", on=True)
    rig.switch("motion_hold", on=True)
    rig.close()
    bench.sleep(0.1)
    assert bench.pico.board.wires[0].connected
    assert not bench.pico.motor.stalled


@pytest.mark.campaign
@pytest.mark.requirement("bench-file")
def test_a_bench_is_opened_from_its_file_over_real_pseudo_terminals(bench, tmp_path):
    bench.open_pump()
    pair = cast(EmulatedPico, bench.emulated.pair)
    with EmulatedPty(pair, also=[bench.emulated.probe.serial]) as ptys:
        path = tmp_path / "bench.toml"
        path.write_text(
            f'[pump]\nport = "{ptys.paths[0]}"\n'
            f'[probe]\nport = "{ptys.paths[1]}"\nswitches = ["run", "sense_cut"]\n'
            'inputs = { step = "step", enable = "enable", buzzer = "buzzer" }\n',
            encoding="utf-8",
        )
        described = open_bench(path)
        assert {Capability.EXACT_EDGES, Capability.POWER_CUT} == described.capabilities
        rig = described.open_rig(image_under_test())
        try:
            assert rig.capabilities == described.capabilities
            deliver(rig)
            rig.run_for(2)
            counted = rig.pump().stop().counted_steps
            rig.run_for(0.1)
            assert len(rig.step_times_ns) == counted > 10
            check_gate(rig)
            with pytest.raises(BenchError, match="in use by process"):
                described.open_rig(image_under_test())
        finally:
            rig.close()
