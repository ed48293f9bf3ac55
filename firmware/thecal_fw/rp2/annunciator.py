"""Buzzer and status LED."""

from machine import Pin

from thecal_fw.rp2 import pins


class Annunciator:
    """See ``thecal_fw.ports``. Silent and dark from construction on."""

    def __init__(self):
        self._buzzer = Pin(pins.BUZZER, Pin.OUT, value=0)
        self._led = Pin(pins.LED, Pin.OUT, value=0)

    def buzzer(self, on: bool) -> None:
        self._buzzer.value(on)

    def led(self, on: bool) -> None:
        self._led.value(on)
