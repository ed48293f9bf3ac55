"""The emulated Pico with the shipped firmware and another ``main.py`` that makes life hard for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from serial import SerialException

from thecal.alarm_sets import acknowledged_in
from thecal_fw.version import VERSION
from thecal_hil.contract.gate import check_gate
from thecal_hil.contract.image import REPOSITORY, FirmwareImage
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.drills import heap_bytes_per_pulse
from thecal_hil.course.therapy import continuous, flex
from thecal_hil.emulator import ResetCause as EmulatedResetCause
from thecal_hil.rigs.pico_rig import PicoRig

VARIANTS = Path(__file__).parent / "variants"
VARIANT_COMMIT = "variant"

pytestmark = pytest.mark.skipif(
    "THECAL_UF2" in os.environ, reason="a stock image is used, so nothing is built"
)


def image_with_main(main: Path, folder: Path) -> FirmwareImage:
    """Return the firmware as it is now with another ``main.py`` frozen in; built only if it is new."""
    uf2 = folder / f"{main.stem}.uf2"
    build = [sys.executable, str(REPOSITORY / "firmware/board/build.py")]
    subprocess.run(
        [*build, "--extra-main", str(main), "--out", str(uf2), "--commit", VARIANT_COMMIT], check=True
    )
    return FirmwareImage(uf2, VERSION, VARIANT_COMMIT, sha256="")


@pytest.fixture
def variant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PicoRig]:
    """Provide a board with the ``main.py`` of the name that the test asks for."""
    opened = PicoRig(image_with_main(VARIANTS / f"{request.param}.py", tmp_path))
    yield opened
    opened.close()


_MOST_BYTES_FOR_A_GRANT = 600
_BLOCKS_IN_BETWEEN = 3
"""A block spans a minute, and the warm-up ends within one."""


@pytest.mark.requirement("collection-moves-no-pulse")
@pytest.mark.parametrize("variant", ["collect_at_every_wake"], indirect=True)
def test_collecting_garbage_at_every_wake_moves_no_pulse(variant: PicoRig) -> None:
    course = Course(variant)
    course.set_time(local_second("2026-03-06 23:59:40"))
    course.prescribe(flex([("00:00", 8_000_000)], [("00:00", 24_000_000), ("00:01", 424_000)]))
    course.refill(2_060_000)
    course.start()
    for _ in range(8):
        variant.run_for(13.7)
        course.pump.interrogate()
    assert course.must_be_ideal().pulses > 1_000
    check_gate(variant)


@pytest.mark.requirement("steady-heap")
@pytest.mark.parametrize("variant", ["count_allocations"], indirect=True)
@pytest.mark.parametrize("nl_per_day", [424_000, pytest.param(24_000_000, marks=pytest.mark.campaign)])
def test_steady_delivery_takes_nothing_from_the_heap(variant: PicoRig, nl_per_day: int) -> None:
    course = Course(variant)
    course.set_time(local_second("2026-03-06 12:00:10"))
    course.prescribe(continuous(nl_per_day))
    course.refill(18_000_000)
    course.start()
    variant.run_for(5)
    warm = course.pump.interrogate()
    variant.run_for(115)
    steady = course.pump.interrogate()
    pulses = steady.counted_steps - warm.counted_steps
    assert pulses > 30
    # Telling the journal of another grant, and another block, takes a little each time; no pulse takes anything.
    taken = steady.heap_free_bytes - warm.heap_free_bytes
    grants = pulses // (steady.quantum_steps // 2) + 1
    assert taken <= _MOST_BYTES_FOR_A_GRANT * (grants + _BLOCKS_IN_BETWEEN)
    course.must_be_ideal()


@pytest.mark.requirement("steady-heap", "alarm-numbers")
@pytest.mark.parametrize("variant", ["hold_64_alarms"], indirect=True)
def test_no_pulse_takes_anything_from_the_heap_while_alarms_31_to_63_are_active_or_silenced(
    variant: PicoRig,
) -> None:
    course = Course(variant)
    course.set_time(local_second("2026-03-06 12:00:10"))
    course.prescribe(continuous(2_000_000))
    course.refill(18_000_000)
    course.start()
    variant.run_for(5)
    these = (1 << 64) - (1 << 31)
    status = course.pump.interrogate()
    assert (status.active_alarms & these, status.silenced_alarms) == (these, 0)
    assert heap_bytes_per_pulse(variant) == 0
    assert course.pump.acknowledge(these).silenced_alarms == these
    variant.run_for(5)
    assert heap_bytes_per_pulse(variant) == 0
    acknowledged = [acknowledged_in(event.code, event.first, event.second) for event in course.pump.log()]
    assert [found for found in acknowledged if found] == [(1 << 31, 0), (these - (1 << 31), 0)]
    course.must_be_ideal()


def _tries_the_prompt(rig: PicoRig) -> bytes:
    """Return what somebody at the port gets who takes it for MicroPython's."""
    port = rig.board.serial
    # Open already, unless the board has been reset since; and it may be reset in the middle of this.
    with suppress(SerialException):
        port.open()
    with suppress(SerialException):
        port.write(b"\r\x03\r\nprint(6*7)\r\n")
        rig.board.run_for(500_000_000)
        return port.read(port.in_waiting)
    return b""


@pytest.mark.requirement("no-open-prompt")
@pytest.mark.parametrize("variant", ["fail_to_start"], indirect=True)
def test_a_board_whose_hardware_fails_to_start_is_reset_and_never_leaves_an_open_prompt(
    variant: PicoRig,
) -> None:
    # The watchdog was not started by the hardware that failed: it has 8.3 s from then on.
    for _ in range(8):
        assert b"42" not in _tries_the_prompt(variant)
        variant.board.run_for(1_000_000_000)
    causes = [reset.cause for reset in variant.board.resets[1:]]
    assert causes
    assert set(causes) == {EmulatedResetCause.WATCHDOG}


@pytest.mark.requirement("no-open-prompt-after-report")
@pytest.mark.parametrize("variant", ["fail_to_report"], indirect=True)
def test_memory_that_is_gone_even_for_the_report_ends_in_a_reset_and_never_in_an_open_prompt(
    variant: PicoRig,
) -> None:
    course = Course(variant)
    course.set_time(local_second("2026-03-06 12:00:10"))
    course.prescribe(continuous(24_000_000))
    course.refill(18_000_000)
    course.start()
    variant.run_for(12)
    stood_ns = variant.now_ns
    for _ in range(5):
        assert b"42" not in _tries_the_prompt(variant)
        variant.board.run_for(1_000_000_000)
    assert [reset.cause for reset in variant.board.resets[1:]] == [EmulatedResetCause.WATCHDOG]
    assert all(t_ns < stood_ns or t_ns > variant.board.resets[-1].t_ns for t_ns in variant.step_times_ns)
