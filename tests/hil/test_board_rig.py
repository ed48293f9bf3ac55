"""The board rig over a real pseudo-terminal, with a model pump in the board's place."""

from collections.abc import Iterator
from time import monotonic

import pytest

from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.version import COMMIT, VERSION
from thecal_hil.bench.board_rig import BoardRig
from thecal_hil.contract.gate import GateError, check_gate
from thecal_hil.contract.image import DEFAULT_UF2, FirmwareImage
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import OFFSET_MINUTES, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.pty import EmulatedPty
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

IMAGE = FirmwareImage(DEFAULT_UF2, VERSION, COMMIT, sha256="")


@pytest.fixture
def pty() -> Iterator[EmulatedPty]:
    with model_pty(ModelPump()) as bridge:
        yield bridge


@pytest.fixture
def board(pty: EmulatedPty) -> Iterator[BoardRig]:
    rig = BoardRig(IMAGE, pty.path)
    yield rig
    rig.close()


def test_waiting_lasts_as_long_as_the_pump_says(board: BoardRig) -> None:
    began_s, began_ns = monotonic(), board.now_ns
    board.run_for(1.2)
    assert board.now_ns - began_ns >= 1.2e9
    assert monotonic() - began_s >= 1.1


def test_a_board_that_delivers_and_stops_passes_the_gate(board: BoardRig) -> None:
    program = continuous(24_000_000).program
    pump = board.pump()
    pump.set_time(local_second("2026-03-06 12:00"), OFFSET_MINUTES)
    pump.program(program)
    pump.refill(18_000_000)
    pump.start(program.digest())
    board.run_for(2)
    assert pump.stop().counted_steps > 0
    check_gate(board)


def test_a_pump_that_is_found_delivering_is_stopped_first(board: BoardRig, pty: EmulatedPty) -> None:
    program = continuous(24_000_000).program
    board.pump().program(program)
    board.pump().start(program.digest())
    board.close()
    again = BoardRig(IMAGE, pty.path)
    assert again.pump().interrogate().state == STATE_STOPPED
    again.close()


def test_only_what_goes_wrong_during_a_test_counts_against_it(board: BoardRig, pty: EmulatedPty) -> None:
    board.port.write(b"no frame" + bytes(1))
    with pytest.raises(GateError, match="1 garbled frames"):
        check_gate(board)
    board.close()
    again = BoardRig(IMAGE, pty.path)
    check_gate(again)
    again.close()


def test_what_the_rig_can_not_do_is_said(board: BoardRig) -> None:
    with pytest.raises(NotImplementedError, match="can't cause a power_on reset"):
        board.reset(ResetCause.POWER_ON)
    assert not board.capabilities
