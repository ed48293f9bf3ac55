"""Drawing of the bench wiring, made from the firmware's own pin numbers."""

from __future__ import annotations

from collections.abc import Iterator

from generators.drawing import Drawing
from generators.wiring import GPIO_AT, POWER_AT, SIGNALS, header_pin, pins

_PITCH = 26
_BOARD_LEFT, _BOARD_RIGHT, _BOARD_TOP = 64, 268, 84
_PIN_1_Y = 636
_BOARD_BOTTOM = _PIN_1_Y + 44
_DRIVER = (640, 470, 220, 300)


def _place(pin: int) -> tuple[float, float]:
    """Return where a pin of the header is; the USB connector is at the bottom."""
    if pin <= 20:
        return _BOARD_RIGHT, _PIN_1_Y - _PITCH * (pin - 1)
    return _BOARD_LEFT, _PIN_1_Y - _PITCH * (40 - pin)


def _signal_y(numbers: dict[str, int], signal: str) -> float:
    return _place(header_pin(numbers[signal]))[1]


def drawing() -> str:
    numbers = pins()
    sheet = Drawing(
        1180,
        830,
        "Wiring of the Thecal bench pump",
        "Raspberry Pi Pico to stepper driver, sense wire, buzzer, button and supplies; every connection is listed in "
        "the table of docs/wiring.md.",
    )
    sheet.text(32, 40, "Thecal bench pump: wiring", 20, bold=True)
    sheet.text(32, 62, "Pico seen from above, USB connector at the bottom", 13, "soft")
    encoder, supervisor = numbers["MOTION"], numbers["SUPPLY_GOOD"]
    sheet.text(
        430,
        62,
        f"Not drawn: shaft encoder on GP{encoder}, supply supervisor on GP{supervisor}",
        13,
        "soft",
    )
    _draw_pico(sheet, numbers)
    _draw_driver(sheet, numbers)
    _draw_motor(sheet)
    _draw_supply(sheet)
    _draw_buzzer(sheet, numbers)
    _draw_button(sheet, numbers)
    _draw_notes(sheet)
    return sheet.svg()


def _pads(numbers: dict[str, int]) -> Iterator[tuple[int, str, str]]:
    """Yield every pin of the header with its name and the colour of what it carries."""
    colour_of = {numbers[signal]: row[0] for signal, row in SIGNALS.items()}
    used_power = {3: "ink", 8: "ink", 36: "gold", 40: "red"}
    for pin in range(1, 41):
        if pin in GPIO_AT:
            yield pin, f"GP{GPIO_AT[pin]}", colour_of.get(GPIO_AT[pin], "")
        else:
            yield pin, POWER_AT[pin], used_power.get(pin, "")


def _draw_pico(sheet: Drawing, numbers: dict[str, int]) -> None:
    sheet.box(_BOARD_LEFT, _BOARD_TOP, _BOARD_RIGHT - _BOARD_LEFT, _BOARD_BOTTOM - _BOARD_TOP, "board")
    middle = (_BOARD_LEFT + _BOARD_RIGHT) / 2
    sheet.text(middle, 106, "Raspberry Pi Pico", 15, at="middle", bold=True)
    for pin, name, colour in _pads(numbers):
        x, y = _place(pin)
        sheet.circle(x, y, 6, colour or "paper", colour or "edge")
        inward = -12 if pin <= 20 else 12
        sheet.text(
            x + inward, y + 4, name, 12, colour or "soft", "end" if pin <= 20 else "start", bold=bool(colour)
        )
        sheet.text(
            x + inward + (-48 if pin <= 20 else 80),
            y + 4,
            str(pin),
            10,
            "soft",
            "end" if pin <= 20 else "start",
        )
    for pin, name, colour, reach in (
        (3, "GND", "ink", 20),
        (8, "GND", "ink", 20),
        (36, "3V3", "gold", -14),
        (40, "5 V", "red", -14),
    ):
        x, y = _place(pin)
        _flag(sheet, x + (6 if reach > 0 else -6), y, name, colour, reach)
    sheet.box(middle - 28, _BOARD_BOTTOM - 8, 56, 30, "panel")
    sheet.text(middle, _BOARD_BOTTOM + 13, "USB", 13, at="middle", bold=True)
    sheet.line([(middle, _BOARD_BOTTOM + 22), (middle, 736)], "ink", width=4)
    sheet.box(middle - 102, 736, 204, 58)
    sheet.text(middle, 760, "Host", 14, at="middle", bold=True)
    sheet.text(middle, 780, "data, and 5 V for the Pico", 12, "soft", "middle")


def _flag(sheet: Drawing, x: float, y: float, name: str, colour: str, reach: float) -> None:
    """Draw a supply by name, at the end of a short line from (x, y)."""
    end = x + reach
    sheet.line([(x, y), (end, y)], colour)
    sheet.text(
        end + (5 if reach > 0 else -5), y + 4, name, 12, colour, "start" if reach > 0 else "end", bold=True
    )


def _ground(sheet: Drawing, x: float, y: float) -> None:
    for number, half in enumerate((11, 7, 3)):
        sheet.line([(x - half, y + 4 * number), (x + half, y + 4 * number)], "ink")


def _resistor(sheet: Drawing, x: float, y: float, upright: bool = False) -> None:
    width, height = (12, 30) if upright else (30, 12)
    sheet.box(x - width / 2, y - height / 2, width, height, "paper", "ink")


def _draw_driver(sheet: Drawing, numbers: dict[str, int]) -> None:
    left, top, width, height = _DRIVER
    right = left + width
    sheet.box(left, top, width, height)
    sheet.text((left + right) / 2, top + 24, "Stepper driver", 15, at="middle", bold=True)
    sheet.text((left + right) / 2, top + 42, "TMC2209 or A4988", 12, "soft", "middle")
    for signal, label in (("ENABLE", "EN"), ("DIR", "DIR"), ("STEP", "STEP")):
        colour = SIGNALS[signal][0]
        y = _signal_y(numbers, signal)
        sheet.line([(_BOARD_RIGHT + 6, y), (left, y)], colour)
        sheet.text(left + 10, y + 4, label, 13, colour, bold=True)
        sheet.text(_BOARD_RIGHT + 18, y - 6, signal, 12, colour, bold=True)
    rows = (("MS1, MS2", "3V3"), ("MS3", "3V3"), ("RST - SLP", ""), ("VDD (VIO)", "3V3"), ("GND", "GND"))
    y = _signal_y(numbers, "STEP") + 38
    for label, supply in rows:
        sheet.text(left + 10, y + 4, label, 13)
        if supply == "3V3":
            _flag(sheet, left, y, "3V3", "gold", -36)
        elif supply == "GND":
            sheet.line([(left, y), (left - 36, y), (left - 36, y + 14)], "ink")
            _ground(sheet, left - 36, y + 14)
        if label in ("MS3", "RST - SLP"):
            note = "A4988 only" if label == "MS3" else "A4988: joined"
            sheet.text(left + 82, y + 4, note, 11, "soft")
        y += 32
    _draw_pull_up(sheet, _signal_y(numbers, "ENABLE"))
    _draw_sense(sheet, numbers)


def _draw_pull_up(sheet: Drawing, enable_y: float) -> None:
    x = 590
    sheet.dot(x, enable_y, "orange")
    sheet.line([(x, enable_y), (x, enable_y - 26)], "orange")
    sheet.line([(x, enable_y - 56), (x, enable_y - 74)], "gold")
    _resistor(sheet, x, enable_y - 41, upright=True)
    sheet.text(x - 14, enable_y - 38, "4.7 kOhm", 12, at="end")
    sheet.text(x, enable_y - 80, "3V3", 12, "gold", "middle", bold=True)


def _draw_sense(sheet: Drawing, numbers: dict[str, int]) -> None:
    sense_y, step_y = _signal_y(numbers, "SENSE"), _signal_y(numbers, "STEP")
    tap = 612
    sheet.dot(tap, step_y, "blue")
    below = step_y + 30
    turn = 400
    sheet.line([(_BOARD_RIGHT + 6, sense_y), (turn, sense_y), (turn, below), (448, below)], "purple")
    sheet.line([(478, below), (tap, below), (tap, step_y)], "purple")
    _resistor(sheet, 463, below)
    sheet.text(_BOARD_RIGHT + 18, sense_y - 6, "SENSE", 12, "purple", bold=True)
    sheet.text(463, below + 22, "1 kOhm", 12, at="middle")
    sheet.lines_of_text(
        352,
        below + 60,
        ("Sense wire: from the driver's end", "of STEP to a counter of its own"),
        12,
        "purple",
    )


def _draw_motor(sheet: Drawing) -> None:
    left, top, width, _ = _DRIVER
    right = left + width
    for number, label in enumerate(("2B", "2A", "1A", "1B")):
        y = top + 150 + 28 * number
        sheet.text(right - 10, y + 4, label, 13, at="end")
        sheet.line([(right, y), (950, y)], "ink")
    sheet.box(950, top + 130, 200, 170)
    sheet.text(1050, top + 154, "NEMA 17 stepper", 14, at="middle", bold=True)
    sheet.text(1050, top + 172, "with peristaltic head", 12, "soft", "middle")
    x, y = 1050, top + 226
    sheet.path(
        f"M{x - 78},{y + 42} L{x - 34},{y + 42} A42,42 0 1 1 {x + 34},{y + 42} L{x + 78},{y + 42}", "teal", 4
    )
    sheet.circle(x, y + 14, 30, "paper", "ink")
    for dx, dy in ((0, -18), (-16, 9), (16, 9)):
        sheet.circle(x + dx, y + 14 + dy, 8, "panel", "ink")


def _draw_supply(sheet: Drawing) -> None:
    left, top, width, _ = _DRIVER
    right = left + width
    vmot, ground = top + 66, top + 100
    sheet.text(right - 10, vmot + 4, "VMOT", 13, "red", "end", bold=True)
    sheet.text(right - 10, ground + 4, "GND", 13, at="end")
    plus, minus = 1000, 1100
    sheet.box(950, 350, 200, 64)
    sheet.text(1050, 374, "Motor supply", 14, at="middle", bold=True)
    sheet.text(1050, 392, "12 V, with a switch", 12, "soft", "middle")
    sheet.text(plus, 409, "+", 14, "red", "middle", bold=True)
    sheet.text(minus, 409, "-", 14, "ink", "middle", bold=True)
    sheet.line([(right, vmot), (plus, vmot), (plus, 488)], "red")
    sheet.line([(plus, 458), (plus, 414)], "red")
    _resistor(sheet, plus, 473, upright=True)
    sheet.text(plus - 14, 477, "fuse", 12, at="end")
    sheet.line([(right, ground), (minus, ground), (minus, 414)], "ink")
    sheet.dot(minus, 470)
    sheet.line([(minus, 470), (minus + 30, 470), (minus + 30, 482)], "ink")
    _ground(sheet, minus + 30, 482)
    # The capacitor stands as close to the driver as it can.
    capacitor, middle = right + 32, (vmot + ground) / 2
    sheet.dot(capacitor, vmot, "red")
    sheet.dot(capacitor, ground)
    sheet.line([(capacitor, vmot), (capacitor, middle - 4)], "red")
    sheet.line([(capacitor - 11, middle - 4), (capacitor + 11, middle - 4)], "red", width=3)
    sheet.line([(capacitor - 11, middle + 4), (capacitor + 11, middle + 4)], "ink", width=3)
    sheet.line([(capacitor, middle + 4), (capacitor, ground)], "ink")
    sheet.text(capacitor + 18, middle + 4, "100 uF", 12)


def _draw_buzzer(sheet: Drawing, numbers: dict[str, int]) -> None:
    y, base = _signal_y(numbers, "BUZZER"), 330
    sheet.text(_BOARD_RIGHT + 18, y - 6, "BUZZER", 12, "pink", bold=True)
    sheet.line([(_BOARD_RIGHT + 6, y), (372, y), (372, base), (404, base)], "pink")
    _resistor(sheet, 419, base)
    sheet.text(419, base + 22, "1 kOhm", 12, at="middle")
    x = 490
    sheet.circle(x + 10, base, 27, "paper")
    sheet.line([(434, base), (x, base)], "pink")
    sheet.line([(x, base - 14), (x, base + 14)], "ink", width=3)
    sheet.line([(x, base - 7), (x + 22, base - 22), (x + 22, base - 48)], "ink")
    sheet.line([(x, base + 7), (x + 21, base + 21)], "ink", arrow=True)
    sheet.line([(x + 22, base + 22), (x + 22, base + 44)], "ink")
    _ground(sheet, x + 22, base + 44)
    sheet.text(x + 46, base + 5, "NPN", 12)
    sheet.circle(x + 22, base - 72, 24, "panel")
    sheet.path(f"M{x + 14},{base - 78} h6 l8,-6 v24 l-8,-6 h-6 z", "ink")
    sheet.text(x + 56, base - 76, "Active buzzer", 14, bold=True)
    sheet.text(x + 56, base - 58, "5 V, at most 50 mA", 12, "soft")
    sheet.line([(x + 22, base - 96), (x + 22, base - 116)], "red")
    sheet.text(x + 22, base - 122, "5 V", 12, "red", "middle", bold=True)


def _draw_button(sheet: Drawing, numbers: dict[str, int]) -> None:
    y, level = _signal_y(numbers, "BUTTON"), 140
    sheet.text(_BOARD_RIGHT + 18, y - 6, "BUTTON", 12, "green", bold=True)
    sheet.line([(_BOARD_RIGHT + 6, y), (352, y), (352, level), (480, level)], "green")
    sheet.dot(480, level, "green")
    sheet.dot(524, level)
    sheet.line([(480, level - 12), (524, level - 12)], "ink", width=3)
    sheet.line([(502, level - 12), (502, level - 22)], "ink", width=3)
    sheet.line([(524, level), (560, level), (560, level + 14)], "ink")
    _ground(sheet, 560, level + 14)
    sheet.text(502, level - 30, "Button", 14, at="middle", bold=True)


def _draw_notes(sheet: Drawing) -> None:
    sheet.box(740, 84, 410, 206)
    sheet.text(758, 110, "Before switching on", 14, bold=True)
    notes = (
        "1/16 microstepping: A4988 MS1, MS2, MS3 high;",
        "TMC2209 standalone MS1, MS2 high.",
        "Set the driver's current limit for the motor.",
        "The motor runs from 12 V only, never from USB.",
        "Never plug or unplug the motor with 12 V on.",
        "All grounds are one: Pico, driver, 12 V supply.",
        "3V3 is the Pico's pin 36, 5 V its pin 40.",
        "Swap the wires of one coil to turn the other way.",
    )
    sheet.lines_of_text(758, 134, notes, 13)
