"""The firmware's pin numbers, checked against the Pico's header, and the table of the bench wiring."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

from generators.text import StaleTextError, table

_PINS_FILE = Path(__file__).resolve().parents[2] / "firmware/thecal_fw/rp2/pins.py"

GPIO_AT = {
    **dict(zip((1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20), range(16), strict=True)),
    **dict(
        zip((21, 22, 24, 25, 26, 27, 29, 31, 32, 34), (16, 17, 18, 19, 20, 21, 22, 26, 27, 28), strict=True)
    ),
}
POWER_AT = {
    **dict.fromkeys((3, 8, 13, 18, 23, 28, 38), "GND"),
    30: "RUN",
    33: "AGND",
    35: "ADC_VREF",
    36: "3V3",
    37: "3V3_EN",
    39: "VSYS",
    40: "VBUS",
}
LED_GPIO = 25
"""The Pico's own LED; not on the pin header."""

# signal: colour, goes to, level, note
SIGNALS = {
    "STEP": (
        "blue",
        "driver STEP",
        "3.3 V, one microstep each rising edge",
        "low at reset: the RP2040 pulls its pins down",
    ),
    "DIR": (
        "teal",
        "driver DIR",
        "3.3 V, always high",
        "swap one motor coil if the head turns the wrong way",
    ),
    "ENABLE": (
        "orange",
        "driver EN",
        "3.3 V, low = motor energised",
        "4.7 kOhm to 3V3 keeps it off during reset",
    ),
    "SENSE": (
        "purple",
        "driver STEP, through 1 kOhm",
        "3.3 V, input with pull-down",
        "take it at the driver's end of the STEP wire",
    ),
    "BUZZER": (
        "pink",
        "NPN base, through 1 kOhm",
        "3.3 V, high = sounding",
        "active buzzer, switched to ground",
    ),
    "BUTTON": (
        "green",
        "button to GND",
        "low = pressed",
        "short press: patient bolus; held: a host gives a key",
    ),
    "MOTION": (
        "purple",
        "shaft encoder, channel A",
        "3.3 V, input with pull-down",
        "1,600 lines a turn: one edge for each microstep; a 5 V encoder needs a divider",
    ),
    "SUPPLY_GOOD": (
        "orange",
        "supply supervisor, open drain",
        "high = good, input with pull-up",
        "goes low before the 3.3 V supply gives way; left open it reads as good",
    ),
}


def pins() -> dict[str, int]:
    """Return the GPIO number of every signal, from the firmware; raise StaleTextError if they don't fit the tables
    here."""
    constants = runpy.run_path(str(_PINS_FILE))
    numbers = {name: constants[name] for name in constants["SIGNALS"]}
    expected = {*SIGNALS, "LED"}
    if set(numbers) != expected:
        raise StaleTextError(f"pins.py names {sorted(numbers)}, the wiring explains {sorted(expected)}")
    if len(set(numbers.values())) != len(numbers):
        raise StaleTextError(f"pins.py uses a pin twice: {numbers}")
    if numbers["LED"] != LED_GPIO:
        raise StaleTextError(f"the LED is on GP{numbers['LED']}, the Pico's own is on GP{LED_GPIO}")
    absent = sorted(set(numbers.values()) - set(GPIO_AT.values()) - {LED_GPIO})
    if absent:
        raise StaleTextError(f"pins.py uses GP{absent[0]}, which the Pico's header does not have")
    return numbers


def header_pin(gpio: int) -> int:
    return next(pin for pin, number in GPIO_AT.items() if number == gpio)


def pin_table() -> str:
    numbers = pins()
    rows: list[tuple[object, ...]] = [
        (header_pin(numbers[signal]), f"GP{numbers[signal]}", signal, goes_to, level, note)
        for signal, (_, goes_to, level, note) in SIGNALS.items()
    ]
    rows.append(
        ("-", f"GP{numbers['LED']}", "LED", "the Pico's own LED", "high = lit", "lit while delivering")
    )
    rows.append(
        (36, "-", "3V3", "driver VDD (VIO), EN pull-up, MS pins", "3.3 V", "logic supply; not for the motor")
    )
    rows.append((40, "-", "VBUS", "buzzer +", "5 V from USB", ""))
    rows.append(
        ("3, 8", "-", "GND", "driver GND, 12 V supply -, button, transistor", "0 V", "one common ground")
    )
    rows.sort(key=lambda row: row[0] if isinstance(row[0], int) else 99)
    return table(("Pico pin", "GPIO", "signal", "goes to", "level", "note"), rows)


PARTS: dict[str, Callable[[], str]] = {"pin-table": pin_table}
