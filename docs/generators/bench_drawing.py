"""Drawing of the bench: pump, probe, balance, logic analyser and host, from the firmware's own pin numbers."""

from __future__ import annotations

from generators.bench import LINES, pins
from generators.drawing import Drawing
from generators.wiring import header_pin

_TOP, _PITCH = 150, 38
_PUMP = (32, 220)
_BETWEEN = (392, 150)
_PROBE = (650, 220)
_HOST = (990, 160)


def drawing() -> str:
    numbers = pins()
    sheet = Drawing(
        1180,
        720,
        "Bench with probe, balance and logic analyser",
        "A second Pico times the pump's edges and switches faults; a balance weighs what is delivered; every "
        "connection of the probe is listed in the table of docs/bench.md.",
    )
    sheet.text(32, 40, "Thecal bench: probe, balance and logic analyser", 20, bold=True)
    sheet.text(32, 62, "Arrows point the way a signal goes; pins are those of the probe's Pico", 13, "soft")
    bottom = _TOP + _PITCH * len(LINES) + 40
    _titled_box(sheet, _PUMP, bottom, "Bench pump", "see wiring.svg")
    _titled_box(sheet, _PROBE, bottom, "Probe", "a second Raspberry Pi Pico")
    for row, (name, (colour, point, between, _)) in enumerate(LINES.items()):
        _draw_line(sheet, _TOP + _PITCH * row, name, numbers[name], colour, point, between)
    _draw_ground(sheet, _TOP + _PITCH * len(LINES))
    _draw_host(sheet, bottom)
    _draw_weighing(sheet, bottom)
    return sheet.svg()


def _titled_box(sheet: Drawing, place: tuple[float, float], bottom: float, title: str, below: str) -> None:
    left, width = place
    sheet.box(left, 84, width, bottom - 84, "board")
    sheet.text(left + width / 2, 106, title, 15, at="middle", bold=True)
    sheet.text(left + width / 2, 124, below, 12, "soft", "middle")


def _draw_line(sheet: Drawing, y: float, name: str, gpio: int, colour: str, point: str, between: str) -> None:
    pump_edge, probe_edge = sum(_PUMP), _PROBE[0]
    is_input = between == "1 kOhm"
    sheet.text(pump_edge - 10, y + 4, point, 12, colour, "end", bold=True)
    sheet.text(probe_edge + 12, y + 4, name, 12, colour, bold=True)
    sheet.text(sum(_PROBE) - 10, y + 4, f"GP{gpio}, pin {header_pin(gpio)}", 11, "soft", "end")
    ends = [(pump_edge, y), (probe_edge, y)]
    if between == "direct":
        sheet.line(ends[::-1], colour, arrow=True)
        return
    left, width = _BETWEEN
    sheet.box(left, y - 13, width, 26)
    sheet.text(left + width / 2, y + 4, between, 12, at="middle")
    if is_input:
        sheet.line([(pump_edge, y), (left, y)], colour)
        sheet.line([(left + width, y), (probe_edge, y)], colour, arrow=True)
    else:
        sheet.line([(left, y), (pump_edge, y)], colour)
        sheet.line([(probe_edge, y), (left + width, y)], colour, arrow=True)


def _draw_ground(sheet: Drawing, y: float) -> None:
    sheet.text(sum(_PUMP) - 10, y + 4, "GND", 12, at="end", bold=True)
    sheet.text(_PROBE[0] + 12, y + 4, "GND", 12, bold=True)
    sheet.line([(sum(_PUMP), y), (_PROBE[0], y)], "ink", width=3)


def _draw_host(sheet: Drawing, bottom: float) -> None:
    left, width = _HOST
    sheet.box(left, 84, width, bottom - 84)
    sheet.text(left + width / 2, 106, "Host", 15, at="middle", bold=True)
    sheet.text(left + width / 2, 124, "the board rig", 12, "soft", "middle")
    sheet.line([(sum(_PROBE), 176), (left, 176)], "ink", width=4)
    sheet.text(sum(_PROBE) + 16, 166, "USB", 11, "soft")
    # The pump's own cable goes round below.
    pump = _PUMP[0] + _PUMP[1] / 2
    sheet.line(
        [(pump, bottom), (pump, bottom + 98), (left + 120, bottom + 98), (left + 120, bottom)], "ink", width=4
    )
    sheet.text(pump + 16, bottom + 88, "USB of the pump, VBUS through the load switch", 11, "soft")


def _draw_weighing(sheet: Drawing, bottom: float) -> None:
    left = _HOST[0]
    sheet.box(420, bottom + 18, 190, 52)
    sheet.text(515, bottom + 40, "Balance", 14, at="middle", bold=True)
    sheet.text(515, bottom + 58, "MT-SICS, 0.1 mg", 12, "soft", "middle")
    # The fluid: the outlet of the pump's line lies in a vessel on the pan.
    tube = _PUMP[0] + _PUMP[1] / 2 + 44
    sheet.line([(tube, bottom), (tube, bottom + 44), (420, bottom + 44)], "teal", arrow=True, width=3)
    sheet.text(tube + 12, bottom + 34, "fluid, into a vessel on the pan", 11, "teal")
    sheet.line([(610, bottom + 58), (left + 90, bottom + 58), (left + 90, bottom)], "ink", width=3)
    sheet.text(630, bottom + 50, "RS-232 through a USB adapter", 11, "soft")
    sheet.box(890, 320, 84, 92)
    sheet.text(932, 344, "Logic", 12, at="middle", bold=True)
    sheet.text(932, 360, "analyser", 12, at="middle", bold=True)
    sheet.text(932, 380, "sigrok", 12, "soft", "middle")
    sheet.text(932, 400, "optional", 11, "soft", "middle")
    sheet.line([(974, 366), (left, 366)], "ink", width=3)
