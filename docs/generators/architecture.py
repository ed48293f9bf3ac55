"""Drawing of the one way through: from the prescription to the report."""

from __future__ import annotations

from generators.drawing import Drawing

_BOX_WIDTH, _BOX_HEIGHT = 176, 76
_COLUMNS = (40, 290, 512, 734, 956)
_ROWS = (106, 226, 366, 496, 626)

# column, row, title, what it does, where it lives
_BOXES = (
    (0, 0, "Prescription", "TOML, clinical units", "host/thecal"),
    (0, 1, "Program", "integers, with a digest", "core/program.py"),
    (0, 2, "Report", "what the pump did", "host/thecal"),
    (1, 1, "Transaction", "stage, check, commit", "requests/staging.py"),
    (2, 0, "Wall clock", "UTC and its source", "core/wall_clock.py"),
    (2, 1, "Timeline", "rate due at any tick", "core/timeline.py"),
    (3, 1, "Metering", "tick of every pulse", "core/metering.py"),
    (4, 1, "Plan", "ring of intervals", "core/delivery.py"),
    (4, 2, "Blocks", "intervals, in memory", "rp2"),
    (4, 3, "Step generator", "PIO, fed by DMA", "rp2"),
    (3, 3, "Driver, motor", "pump head", "bench"),
    (3, 2, "Sense counter", "edges seen, PIO", "rp2"),
    (2, 2, "Ledger", "counted against due", "core/ledger.py"),
    (1, 2, "Reservoir, alarms", "response to each", "core/alarms.py"),
    (2, 3, "Motor watch", "encoder against count", "core/motor_watch.py"),
    (2, 4, "Journal", "state, events, grants", "store"),
    (3, 4, "Dose gate", "closes at the grant, PIO", "rp2"),
)


def _left(column: int) -> int:
    return _COLUMNS[column]


def _right(column: int) -> int:
    return _COLUMNS[column] + _BOX_WIDTH


def _centre(column: int) -> float:
    return _COLUMNS[column] + _BOX_WIDTH / 2


def _level(row: int) -> float:
    return _ROWS[row] + _BOX_HEIGHT / 2


def drawing() -> str:
    sheet = Drawing(
        1180,
        770,
        "Thecal: the one way through",
        "A prescription becomes a program, is committed on the pump, laid along its clock, metered into pulses, played "
        "by hardware within what the journal has granted, counted back, held against the shaft, and reported.",
    )
    sheet.text(32, 40, "Thecal: the one way through", 20, bold=True)
    _draw_panels(sheet)
    for column, row, title, what, where in _BOXES:
        x, y = _left(column), _ROWS[row]
        sheet.box(x, y, _BOX_WIDTH, _BOX_HEIGHT, "paper")
        sheet.text(_centre(column), y + 25, title, 14, at="middle", bold=True)
        sheet.text(_centre(column), y + 45, what, 12, "ink", "middle")
        sheet.text(_centre(column), y + 63, where, 11, "soft", "middle")
    _draw_arrows(sheet)
    return sheet.svg()


def _draw_panels(sheet: Drawing) -> None:
    sheet.box(24, 62, 202, 396)
    sheet.text(40, 88, "Host", 14, "soft", bold=True)
    sheet.box(280, 62, 876, 684)
    sheet.text(290, 88, "Pump: one poll(now), run when something is due", 14, "soft", bold=True)
    sheet.box(718, 330, 430, 408, "board", "green")
    sheet.text(734, 353, "Runs by hardware alone", 14, "green", bold=True)
    notes = (
        "The loop plans ahead and",
        "looks back. It moves no edge:",
        "garbage collection, USB and",
        "flash writes delay planning,",
        "never a pulse that is queued.",
    )
    sheet.lines_of_text(296, 640, notes, 12)


def _draw_arrows(sheet: Drawing) -> None:
    sheet.line([(_centre(0), _ROWS[0] + _BOX_HEIGHT), (_centre(0), _ROWS[1])], "ink", arrow=True)
    sheet.line([(_right(0), _level(1)), (_left(1), _level(1))], "blue", arrow=True)
    sheet.text(253, _level(1) - 10, "frames", 12, "blue", "middle")
    for column in (1, 2, 3):
        sheet.line([(_right(column), _level(1)), (_left(column + 1), _level(1))], "ink", arrow=True)
    sheet.line([(_centre(2), _ROWS[0] + _BOX_HEIGHT), (_centre(2), _ROWS[1])], "ink", arrow=True)
    sheet.line([(_centre(4), _ROWS[1] + _BOX_HEIGHT), (_centre(4), _ROWS[2])], "ink", arrow=True)
    sheet.line([(_centre(4), _ROWS[2] + _BOX_HEIGHT), (_centre(4), _ROWS[3])], "ink", arrow=True)
    tap = (_right(3) + _left(4)) / 2
    sheet.line([(_left(4), _level(3)), (_right(3), _level(3))], "green", arrow=True)
    sheet.dot(tap, _level(3), "green")
    sheet.line([(tap, _level(3)), (tap, _level(2)), (_right(3), _level(2))], "green", arrow=True)
    sheet.text(tap + 7, _ROWS[3] - 22, "STEP", 12, "green", bold=True)
    sheet.line([(tap, _level(3)), (tap, _level(4)), (_right(3), _level(4))], "green", arrow=True)
    sheet.line([(_centre(3), _ROWS[4]), (_centre(3), _ROWS[3] + _BOX_HEIGHT)], "orange", arrow=True)
    sheet.text(_centre(3) + 8, _ROWS[4] - 20, "ENABLE", 12, "orange", bold=True)
    sheet.line([(_right(2), _level(4)), (_left(3), _level(4))], "ink", arrow=True)
    sheet.line([(_left(3), _level(3)), (_right(2), _level(3))], "ink", arrow=True)
    sheet.line(
        [(_left(2), _level(3)), (_centre(1), _level(3)), (_centre(1), _ROWS[2] + _BOX_HEIGHT)],
        "ink",
        arrow=True,
    )
    sheet.line([(_left(3), _level(2)), (_right(2), _level(2))], "ink", arrow=True)
    sheet.line([(_left(2), _level(2)), (_right(1), _level(2))], "ink", arrow=True)
    gap = (_ROWS[1] + _BOX_HEIGHT + _ROWS[2]) / 2
    points = [
        (_centre(1), _ROWS[2]),
        (_centre(1), gap),
        (_centre(2), gap),
        (_centre(2), _ROWS[1] + _BOX_HEIGHT),
    ]
    sheet.line(points, "red", arrow=True)
    sheet.text((_centre(1) + _centre(2)) / 2, gap - 8, "response", 12, "red", "middle")
    sheet.line([(_left(1), _level(2)), (_right(0), _level(2))], "blue", arrow=True)
    sheet.text(253, _level(2) - 10, "reads", 12, "blue", "middle")
