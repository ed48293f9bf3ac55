"""The power-on self-test of what can be tested with the motor off.

What it can't test: the memory that the interpreter lives in is in use and only a piece of the heap is tried; the
crystal is held against the ring oscillator, which is accurate to a factor of a few, so only a gross fault shows;
the buzzer's line is read back, not its sound.
"""

import time

import micropython
from machine import Pin
from micropython import const

from thecal_fw.core.self_test import TEST_BUZZER, TEST_CLOCK, TEST_MEMORY, TEST_SENSE
from thecal_fw.rp2 import chip, pins
from thecal_fw.rp2.image import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_MEMORY_BYTES = const(1024)
_LOOPBACK_PULSES = const(64)
"""A whole electrical cycle at 16 microsteps a step: when the motor is next energised it stands where it stood."""
_CHIRP_MS = const(20)


@micropython.viper
def _ring_khz() -> int:
    """Return the frequency of the ring oscillator as counted against the crystal."""
    clocks = ptr32(chip.CLOCKS)
    clocks[chip.FC0_REF_KHZ] = pins.CRYSTAL_KHZ
    clocks[chip.FC0_INTERVAL] = chip.FC0_INTERVAL_250_US
    clocks[chip.FC0_MIN_KHZ] = 0
    clocks[chip.FC0_MAX_KHZ] = chip.FC0_MOST_KHZ
    clocks[chip.FC0_SRC] = chip.FC0_SRC_ROSC
    tries = 20_000
    while tries and not clocks[chip.FC0_STATUS] & chip.FC0_STATUS_DONE:
        tries -= 1
    khz = (clocks[chip.FC0_RESULT] >> chip.FC0_RESULT_KHZ_SHIFT) & chip.FC0_RESULT_KHZ
    clocks[chip.FC0_SRC] = 0
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
    """Runs when it is built, before the step generator takes its pin; ``run`` then reports what came of it."""

    def __init__(self, sense, was_bitten: bool):
        image = Image()
        self._failed = image.check()
        # Each heartbeat asks: not by way of a method of its own.
        self.go_on = image.go_on
        self._note(TEST_MEMORY, _holds_patterns(bytearray(_MEMORY_BYTES), _MEMORY_BYTES >> 2))
        self._note(TEST_CLOCK, chip.LEAST_ROSC_KHZ <= _ring_khz() <= chip.MOST_ROSC_KHZ)
        self._note(TEST_SENSE, self._pulses_come_back(sense))
        self._note(TEST_BUZZER, self._buzzer_follows(was_bitten))

    def run(self) -> int:
        return self._failed

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
        """Return True if the buzzer's line follows. A chirp after power-on says that it works; after a watchdog reset
        the line is only touched."""
        buzzer = Pin(pins.BUZZER, Pin.OUT, value=pins.BUZZER_ON)
        followed = buzzer.value() == pins.BUZZER_ON
        if not was_bitten:
            time.sleep_ms(_CHIRP_MS)
        buzzer.value(1 - pins.BUZZER_ON)
        return followed and buzzer.value() != pins.BUZZER_ON
