"""The firmware on a stock MicroPython image: compiled modules on the file system instead of an image of our own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_NAMES, KIND_PATIENT, KIND_SCHEDULED
from thecal_fw.link import messages
from thecal_fw.link.frames import FrameReader
from thecal_fw.version import VERSION
from thecal_hil.campaigns.memory.command import LEAST_FREE_BYTES_ON_STOCK
from thecal_hil.campaigns.memory.stock import EXAMPLES, run_stock_life
from thecal_hil.contract.gate import check_gate
from thecal_hil.contract.image import REPOSITORY, FirmwareImage, image_under_test
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.raw_link import frame_bytes
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.pico_rig import PicoRig, bench_board
from thecal_sim.units import NS_PER_S

FASTEST_NL_PER_DAY = 24_000_000
NL_PER_STEP = 15.625


@pytest.fixture(scope="module")
def stock_image(stock_uf2: Path) -> Iterator[FirmwareImage]:
    """Provide a stock image with what ``make mpy`` makes of the present sources."""
    subprocess.run([sys.executable, REPOSITORY / "firmware/board/build.py", "mpy"], check=True)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("THECAL_UF2", str(stock_uf2))
        yield image_under_test()


def at_the_fastest_rate(rig: PicoRig) -> Course:
    """Return the course of a pump that has delivered for some seconds."""
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(FASTEST_NL_PER_DAY))
    course.refill(18_000_000)
    course.start()
    rig.run_for(4)
    return course


@pytest.mark.requirement("stock-image")
def test_a_stock_board_with_the_compiled_firmware_delivers_to_the_tick(stock_image: FirmwareImage) -> None:
    rig = PicoRig(stock_image)
    pump = rig.pump()
    assert rig.starts_from_files
    assert pump.version == VERSION
    course = at_the_fastest_rate(rig)
    assert course.must_be_ideal().pulses > 30
    check_gate(rig)
    rig.close()


@pytest.mark.requirement("stock-image")
@pytest.mark.parametrize("cause", [ResetCause.POWER_ON, ResetCause.WATCHDOG])
def test_a_stock_board_that_delivers_goes_on_after_a_reset(
    stock_image: FirmwareImage, cause: ResetCause
) -> None:
    rig = PicoRig(stock_image)
    course = at_the_fastest_rate(rig)
    course.reset(cause)
    rig.run_for(6)
    if cause is ResetCause.POWER_ON:
        # Its start takes seconds; after a bite what was due meanwhile is missed.
        course.must_be_ideal()
    came = [t_ns for t_ns in rig.step_times_ns if t_ns > rig.now_ns - 2 * NS_PER_S]
    assert len(came) == pytest.approx(2 * FASTEST_NL_PER_DAY / 86_400 / NL_PER_STEP, abs=1)
    assert len(rig.board.resets) == 2
    rig.close()


@pytest.mark.requirement("stock-image")
@pytest.mark.requirement("room-of-an-image")
def test_a_stock_board_delivers_every_example_and_refuses_what_it_has_no_room_for(
    stock_image: FirmwareImage,
) -> None:
    # `make memory` restarts it with each of them.
    life = run_stock_life(stock_image, restarted=EXAMPLES[:1])
    assert (life.wrong, life.resets, life.out_of_memory) == ([], 0, 0)
    assert (life.examples, life.refused) == (len(EXAMPLES), 2)
    for kind in (KIND_SCHEDULED, KIND_CLINICIAN, KIND_PATIENT):
        assert life.boluses[KIND_NAMES[kind]] > 0
    assert life.largest_free_bytes >= LEAST_FREE_BYTES_ON_STOCK


@pytest.mark.requirement("failed-start-is-reported")
@pytest.mark.parametrize("taken_bytes", [60_000, 90_000, 190_000])
def test_a_board_without_the_memory_to_start_sounds_the_alarm_and_says_so_to_hosts(
    stock_image: FirmwareImage, tmp_path: Path, taken_bytes: int
) -> None:
    files = tmp_path / "files"
    assert stock_image.files is not None
    shutil.copytree(stock_image.files, files)
    (files / "boot.py").write_text(
        f"import builtins\nbuiltins.taken = [bytearray(10_000) for _ in range({taken_bytes // 10_000})]\n"
    )
    board = bench_board(replace(stock_image, files=files))
    board.run_for(5_000_000_000)
    board.serial.timeout = 1
    board.serial.open()
    hello = messages.HELLO.request.pack(messages.schema_hash(), 1)
    board.serial.write(frame_bytes(messages.HELLO.kind, 0, 7, hello))
    board.run_for(1_000_000_000)
    reader = FrameReader()
    frames = [reader.push(byte) for byte in board.serial.read(board.serial.in_waiting)]
    errors = [messages.ERROR.unpack(frame.payload) for frame in frames if frame]
    assert {
        "kind": messages.HELLO.kind,
        "code": messages.ERROR_NOT_RUNNING,
        "detail": 1,
        "tail": b"",
    } in errors
    tones = [edge.t_ns for edge in board.edges if edge.signal == "buzzer" and edge.level]
    assert len([t_ns for t_ns in tones if t_ns > board.now_ns - 2_000_000_000]) >= 3
    assert board.level("enable") == 1
