"""The file that describes a bench, or several boards that stand side by side.

Promises: a bench that is opened has been checked whole, and everything that is wrong in its file is reported at
once, each with its field, its value and what is allowed. Nothing is opened, nor looked for, while a file is read.

    name = "left bench"

    [pump]
    serial = "E6614C311B4A8B2C"             # or port = "/dev/ttyACM0"

    [probe]
    serial = "E66118604B5A4E21"
    inputs = { step = "step", enable = "enable", buzzer = "buzzer" }    # its input = the pump's signal
    switches = ["run", "button", "sense_cut"]

    [balance]
    port = "/dev/serial/by-id/usb-balance"
    baud = 9600
    stable_within_s = 30

    [analyser]
    driver = "fx2lafw"
    samplerate_hz = 8000000
    channels = { step = "D0", enable = "D1" }                           # the pump's signal = its channel

    [unit]
    serial = "TP-0007"                                                  # as it is written on the pump
    head_lot = "H-22"
    tubing_lot = "T-113"

    [[instrument]]
    kind = "balance"
    serial = "B123456"
    calibration_due = 2027-03-01

Only ``pump`` must be there. A file with several boards has a ``[[board]]`` for each, with a name of its own, and in it
the same tables: ``[board.pump]``, ``[board.probe]`` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from thecal.errors import BadInputError, first_of
from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_hil.bench.bench import BalancePart, Bench, BenchError, Place, ProbePart
from thecal_hil.bench.hardware import read_hardware
from thecal_hil.contract import rig
from thecal_hil.instruments.sigrok import AnalyserError, LogicAnalyser
from thecal_probe import pins as probe_pins

SIGNALS: Final = (rig.STEP, rig.DIRECTION, rig.ENABLE, rig.BUZZER, rig.LED, "motion")
"""What of the pump can be wired to an instrument."""
BAUDS: Final = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)
_LONGEST_WAIT_S: Final = Fraction(600)
_MOST_SAMPLES_HZ: Final = 10**9


def open_bench(path: Path) -> Bench:
    """Return the bench with one board that a file describes; raise BenchError with everything that is wrong in it."""
    boards = open_boards(path)
    if len(boards) > 1:
        raise BenchError(f"{path}: has {len(boards)} boards: {', '.join(board.name for board in boards)}")
    return boards[0]


def open_boards(path: Path) -> list[Bench]:
    """Return all boards that a file describes, each with what is wired to it; raise BenchError as ``open_bench``
    does."""
    try:
        table = Table(read_toml(path))
    except BadInputError as error:
        raise BenchError(str(error)) from error
    boards = _all_boards(table, path.stem)
    if faults := table.problems() or _used_twice(boards):
        raise BenchError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in first_of(faults)))
    return boards


def _all_boards(table: Table, stem: str) -> list[Bench]:
    """Return the boards as far as they could be read."""
    if not table.has("board"):
        return [_bench(table, stem)]
    # A name for all of them is nobody's.
    table.has("name")
    several = table.entries("board")
    if not several and not table.found():
        table.complain("board is empty: begin each board with [[board]]")
    return [_bench(board, f"board {number}") for number, board in enumerate(several, 1)]


def _used_twice(boards: list[Bench]) -> list[str]:
    """Return names and devices that more than one board has."""
    faults: list[str] = []
    had: dict[str, str] = {}
    for board in boards:
        parts = {"pump": board.pump}
        parts |= {"probe": board.probe.place} if board.probe else {}
        parts |= {"balance": board.balance.place} if board.balance else {}
        for what in (f"name {board.name!r}", *map(str, parts.values())):
            if what in had:
                faults.append(f"{board.name}: {what} is {had[what]}'s already")
            had.setdefault(what, board.name)
    return faults


def _bench(table: Table, stem: str) -> Bench:
    name = table.sentence("name", "the bench's name") if table.has("name") else stem
    pump = table.table("pump")
    bench = Bench(
        name or stem,
        _place(pump),
        _probe(probe) if (probe := _part(table, "probe")) else None,
        _balance(balance) if (balance := _part(table, "balance")) else None,
        _analyser(analyser) if (analyser := _part(table, "analyser")) else None,
        read_hardware(table),
    )
    _check_places(table, bench)
    return bench


def _part(table: Table, key: str) -> Table | None:
    return table.part(key) if table.has(key) else None


def _check_places(table: Table, bench: Bench) -> None:
    places: dict[Place, str] = {}
    for part, device in (("pump", bench), ("probe", bench.probe), ("balance", bench.balance)):
        place = None if device is None else device.pump if isinstance(device, Bench) else device.place
        if place in (None, Place()):
            continue
        if place in places:
            table.complain(f"{table.name(part)}: {place} is {places[place]}'s already")
        places.setdefault(place, part)


def _place(part: Table) -> Place:
    has_serial, has_port = part.has("serial"), part.has("port")
    if has_serial is has_port:
        given = "both are given" if has_port else "neither is given"
        part.complain(f"{part.name('serial')} or {part.name('port')}: one of them is needed, and {given}")
        return Place()
    if has_serial:
        return Place(serial=part.string("serial", "a board's serial number"))
    return Place(port=part.string("port", "the path of a serial port"))


def _probe(part: Table) -> ProbePart:
    wires = _part(part, "inputs")
    inputs = (
        {}
        if wires is None
        else _wired(wires, {one: wires.word(one, SIGNALS) for one in _named(wires, probe_pins.INPUTS)})
    )
    switches = part.words("switches", probe_pins.SWITCHES)
    if not inputs and not switches and not part.found():
        part.complain(
            f"{part.name('inputs')} or {part.name('switches')} is needed; without, a probe is of no use"
        )
    return ProbePart(_place(part), inputs, switches)


def _balance(part: Table) -> BalancePart:
    baud = part.whole("baud", BAUDS[0], BAUDS[-1]) if part.has("baud") else 9_600
    if baud is not None and baud not in BAUDS:
        part.complain(f"{part.name('baud')} = {baud}, allowed: {', '.join(map(str, BAUDS))}")
    wait_s = (
        part.number("stable_within_s", Fraction(1), _LONGEST_WAIT_S) if part.has("stable_within_s") else 30
    )
    return BalancePart(_place(part), baud or 0, float(wait_s or 0))


def _analyser(part: Table) -> LogicAnalyser | None:
    driver = part.sentence("driver", "the driver's name as sigrok has it")
    settings = part.sentence("settings", "settings of the driver") if part.has("settings") else ""
    wires = part.table("channels")
    channels = _wired(wires, {one: wires.sentence(one, "a channel's name") for one in _named(wires, SIGNALS)})
    rate_hz = part.whole("samplerate_hz", 1, _MOST_SAMPLES_HZ)
    if driver is None or rate_hz is None or len(channels) < len(wires.keys()):
        return None
    try:
        return LogicAnalyser(driver, channels, rate_hz, settings or "")
    except AnalyserError as error:
        part.complain(f"{part.name(str(error))}")
        return None


def _named(wires: Table, known: Sequence[str]) -> list[str]:
    """Return, of the names that there are, those that the table has."""
    return [one for one in known if wires.has(one)]


def _wired(wires: Table, names: Mapping[str, str | None]) -> dict[str, str]:
    """Return what was read, each value used once."""
    good: dict[str, str] = {}
    for key, value in names.items():
        if value is None:
            continue
        if value in good.values():
            wires.complain(f"{wires.name(key)} = {value!r} is wired twice")
        good[key] = value
    return good
