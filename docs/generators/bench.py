"""The probe's pin numbers from its firmware, and the table of what they are wired to on the bench."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

from generators.text import StaleTextError, need_complete, table
from generators.wiring import header_pin

_PINS_FILE = Path(__file__).resolve().parents[2] / "firmware/probe/thecal_probe/pins.py"

# signal: colour, point on the pump's side, what is in between, note
LINES = {
    "STEP": ("blue", "driver STEP", "1 kOhm", "at the driver's end of the wire"),
    "ENABLE": ("orange", "driver EN", "1 kOhm", "high while the pump is in reset"),
    "BUZZER": ("pink", "pump GP6", "1 kOhm", "on the Pico's side of the base resistor"),
    "DIRECTION": ("teal", "driver DIR", "1 kOhm", ""),
    "MOTION": ("purple", "encoder channel A", "1 kOhm", "behind the divider of a 5 V encoder"),
    "AUXILIARY": ("ink", "anything at 3.3 V", "1 kOhm", "free: a trigger, or a wire soldered to the LED"),
    "RUN": ("red", "pump RUN (pin 30)", "direct", "open drain: low holds the pump in reset"),
    "POWER": ("red", "pump 5 V, in VBUS", "load switch", "high opens it; cut the VBUS wire of its USB cable"),
    "SENSE_CUT": ("purple", "the sense wire", "analogue switch", "high opens it; normally closed"),
    "MOTION_HOLD": (
        "purple",
        "the encoder's wire",
        "analogue switch",
        "high opens it; the line then stays low",
    ),
    "BUTTON": ("green", "across the button", "direct", "open drain: low is pressed"),
}


def pins() -> dict[str, int]:
    """Return the GPIO number of every line, from the firmware; raise StaleTextError if they don't fit the table
    here."""
    constants = runpy.run_path(str(_PINS_FILE))
    inputs, switches = constants["INPUTS"], constants["SWITCHES"]
    first_input, first_switch = constants["FIRST_INPUT"], constants["FIRST_SWITCH"]
    numbers = {name.upper(): first_input + offset for offset, name in enumerate(inputs)}
    numbers |= {name.upper(): first_switch + offset for offset, name in enumerate(switches)}
    need_complete("lines of the probe", LINES, numbers)
    wrong = sorted(name for name, number in numbers.items() if constants[name] != number)
    if wrong:
        raise StaleTextError(
            f"the probe's pins.py has {wrong[0]} on GP{constants[wrong[0]]}, out of its order"
        )
    return numbers


def probe_table() -> str:
    numbers = pins()
    rows = [
        (header_pin(numbers[name]), f"GP{numbers[name]}", name, point, between, note)
        for name, (_, point, between, note) in LINES.items()
    ]
    rows.append((3, "-", "GND", "the pump's GND", "direct", "first to be connected, last to be disconnected"))
    rows.sort(key=lambda row: row[0])
    return table(("probe pin", "GPIO", "line", "on the pump's side", "in between", "note"), rows)


PARTS: dict[str, Callable[[], str]] = {"probe-table": probe_table}
