"""The power-on self-test of what can be tested with the motor off.

What it can't test: the memory that the interpreter lives in is in use and only a piece of the heap is tried; the
crystal is held against the ring oscillator, which is accurate to a factor of a few, so only a gross fault shows;
the buzzer's line is read back, not its sound.
"""

import time

import micropython
from machine import Pin
from micropython import const

from thecal_fw.core.self_test import TEST_BUZZER, TEST_CLOCK, TEST_IMAGE, TEST_MEMORY, TEST_SENSE
from thecal_fw.rp2 import pins
from thecal_fw.rp2.image import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_MEMORY_BYTES = const(1024)
_LOOPBACK_PULSES = const(64)
"""A whole electrical cycle at 16 microsteps a step: when the motor is next energised it stands where it stood."""
_CHIRP_MS = const(20)

_CLOCKS = const(0x4000_8000)
_FC0_REF_KHZ = const(0x80 >> 2)
_FC0_MIN_KHZ = const(0x84 >> 2)
_FC0_MAX_KHZ = const(0x88 >> 2)
_FC0_INTERVAL = const(0x90 >> 2)
_FC0_SRC = const(0x94 >> 2)
_FC0_STATUS = const(0x98 >> 2)
_FC0_RESULT = const(0x9C >> 2)
_CRYSTAL_KHZ = const(12_000)
_RING_OSCILLATOR = const(3)
_INTERVAL_250_US = const(8)
_DONE = const(1 << 4)
_LEAST_RING_KHZ = const(1_800)
_MOST_RING_KHZ = const(12_000)
"""The range that the RP2040's data sheet gives for its ring oscillator after reset."""


@micropython.viper
def _ring_khz() -> int:
    """Frequency of the ring oscillator as counted against the crystal."""
    clocks = ptr32(_CLOCKS)
    clocks[_FC0_REF_KHZ] = _CRYSTAL_KHZ
    clocks[_FC0_INTERVAL] = _INTERVAL_250_US
    clocks[_FC0_MIN_KHZ] = 0
    clocks[_FC0_MAX_KHZ] = 0x7FFF
    clocks[_FC0_SRC] = _RING_OSCILLATOR
    tries = 20_000
    while tries and not clocks[_FC0_STATUS] & _DONE:
        tries -= 1
    khz = (clocks[_FC0_RESULT] >> 5) & 0xFFFF
    clocks[_FC0_SRC] = 0
    return khz if tries else 0


@micropython.viper
def _holds_patterns(buffer, words: int) -> bool:
    memory = ptr32(buffer)
    pattern = 0x55
    pattern = (pattern << 8) | pattern
    pattern = (pattern << 16) | pattern
    inverse = 1
    while inverse >= 0:
        for word in range(words):
            memory[word] = pattern
        for word in range(words):
            if memory[word] != pattern:
                return False
        pattern = 0 - 1 - pattern
        inverse -= 1
    for word in range(words):
        memory[word] = word
    for word in range(words):
        if memory[word] != word:
            return False
    return True


class SelfTest:
    """Runs when it is built, before the step generator takes its pin; ``run`` then tells what came of it."""

    def __init__(self, sense, was_bitten: bool):
        self._failed = 0
        image = Image()
        self._check_piece = image.check_piece
        self._note(TEST_IMAGE, image.check())
        self._note(TEST_MEMORY, _holds_patterns(bytearray(_MEMORY_BYTES), _MEMORY_BYTES >> 2))
        self._note(TEST_CLOCK, _LEAST_RING_KHZ <= _ring_khz() <= _MOST_RING_KHZ)
        self._note(TEST_SENSE, self._pulses_come_back(sense))
        self._note(TEST_BUZZER, self._buzzer_follows(was_bitten))

    def run(self) -> int:
        return self._failed

    def go_on(self) -> int:
        if not self._failed & TEST_IMAGE:
            if self._check_piece():
                return 0
            self._failed |= TEST_IMAGE
        return TEST_IMAGE

    def _note(self, test: int, passed: bool) -> None:
        if not passed:
            self._failed |= test

    @staticmethod
    def _pulses_come_back(sense) -> bool:
        step = Pin(pins.STEP, Pin.OUT, value=0)
        sense.restart()
        for _ in range(_LOOPBACK_PULSES):
            step.high()
            step.low()
        time.sleep_us(2)
        counted = sense.count()
        sense.restart()
        return counted == _LOOPBACK_PULSES

    @staticmethod
    def _buzzer_follows(was_bitten: bool) -> bool:
        """A chirp after power-on says that it works; after a watchdog reset the line is only touched."""
        buzzer = Pin(pins.BUZZER, Pin.OUT, value=1)
        went_up = buzzer.value() == 1
        if not was_bitten:
            time.sleep_ms(_CHIRP_MS)
        buzzer.value(0)
        return went_up and buzzer.value() == 0
