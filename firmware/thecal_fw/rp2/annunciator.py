"""Buzzer and status LED."""

from machine import Pin

from thecal_fw.rp2 import pins


class Annunciator:
    """See ``thecal_fw.ports``. Silent and dark from construction on."""

    def __init__(self):
        self._buzzer = Pin(pins.BUZZER, Pin.OUT, value=1 - pins.BUZZER_ON)
        if pins.HAS_LED:
            self._led = Pin(pins.LED, Pin.OUT, value=1 - pins.LED_ON)

    def buzzer(self, on: bool) -> None:
        self._buzzer.value(on if pins.BUZZER_ON else not on)

    def led(self, on: bool) -> None:
        if pins.HAS_LED:
            self._led.value(on if pins.LED_ON else not on)
