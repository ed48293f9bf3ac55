"""The power-on self-test on the emulated chip: it passes on a sound board, and each part of it can fail."""

from __future__ import annotations

import struct

import pytest

from thecal_fw.core.self_test import TEST_BUZZER, TEST_CLOCK, TEST_IMAGE, TEST_SENSE
from thecal_hil.emulator.pins import Wire

from .conftest import Bench

RUN = """
from thecal_fw.rp2.retained import Retained
retained = Retained(False)
from thecal_fw.rp2.sense import Sense
sense = Sense()
from thecal_fw.rp2.self_test import SelfTest
print(SelfTest(sense, False).run(), sense.count())
"""


@pytest.mark.requirement("self-test-passes", "self-test-motor-off")
def test_a_sound_board_passes_with_the_motor_off_and_counts_from_zero_afterwards(bench: Bench):
    assert bench.numbers(RUN) == [0, 0]
    # A whole electrical cycle of the motor, for which it is not energised.
    assert len(bench.rises_ns()) == 64
    assert bench.pico.level("enable") == 1
    assert len(bench.rises_ns("buzzer")) == 1
    assert bench.pico.level("buzzer") == 0


@pytest.mark.requirement("self-test-image")
@pytest.mark.requirement("self-test")
def test_a_byte_of_the_image_that_has_changed_is_found(bench: Bench):
    bench.run(RUN)
    chip = bench.pico.chip
    length = struct.unpack_from("<I", bytes(chip.flash[0x9FF08:0x9FF0C]))[0]
    # A place that the test itself does not run from.
    chip.flash[length - 5] ^= 0x10
    assert bench.numbers("print(SelfTest(sense, False).run())") == [TEST_IMAGE]


AGAIN = """
import micropython
test = SelfTest(sense, False)
def again(pieces):
    found = 0
    for _ in range(pieces):
        found |= test.go_on()
    return found
again(3)
micropython.heap_lock()
found = again(512)
micropython.heap_unlock()
print(found)
"""


@pytest.mark.requirement("image-tested-again")
def test_the_image_is_tested_again_piece_by_piece_and_takes_nothing_from_the_heap(bench: Bench):
    bench.run(RUN)
    assert bench.numbers(AGAIN) == [0]
    chip = bench.pico.chip
    length = struct.unpack_from("<I", bytes(chip.flash[0x9FF08:0x9FF0C]))[0]
    chip.flash[length - 5] ^= 0x10
    assert bench.numbers("print(again(512))") == [TEST_IMAGE]
    assert bench.numbers("print(again(1))") == [TEST_IMAGE]


@pytest.mark.requirement("self-test-clock")
@pytest.mark.requirement("self-test")
@pytest.mark.parametrize("ring_khz", [1_000, 20_000])
def test_a_crystal_that_is_off_by_a_factor_is_found(bench: Bench, ring_khz: int):
    bench.pico.chip.clocks.ring_khz = ring_khz
    assert bench.numbers(RUN)[0] == TEST_CLOCK


@pytest.mark.requirement("self-test-sense", "self-test", "self-test-sense-stuck")
@pytest.mark.parametrize("stuck", [None, 0, 1])
def test_a_sense_line_that_is_cut_or_stuck_is_found(bench: Bench, stuck: int | None):
    wire = bench.pico.wires[0]
    if stuck is None:
        wire.connected = False
    else:
        wire.stuck = stuck
    assert bench.numbers(RUN)[0] == TEST_SENSE


@pytest.mark.requirement("self-test-buzzer")
@pytest.mark.requirement("self-test")
def test_a_buzzer_line_that_does_not_follow_is_found(bench: Bench):
    wire: Wire = bench.pico.wires[1]
    wire.stuck = 0
    assert bench.numbers(RUN)[0] == TEST_BUZZER
