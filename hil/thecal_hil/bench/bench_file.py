"""The file that describes a bench, or several boards that stand side by side.

Promises: a bench that is opened has been checked whole, and everything that is wrong in its file is told at once, each
with its field, its value and what is allowed. Nothing is opened, nor looked for, while a file is read.

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

Only ``pump`` must be there. A file with several boards has a ``[[board]]`` for each, with a name of its own, and in it
the same tables: ``[board.pump]``, ``[board.probe]`` and so on.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from thecal_hil.bench.bench import BalancePart, Bench, BenchError, Place, ProbePart
from thecal_hil.contract import rig
from thecal_hil.instruments.sigrok import AnalyserError, LogicAnalyser
from thecal_probe import pins as probe_pins

SIGNALS: Final = (rig.STEP, rig.DIRECTION, rig.ENABLE, rig.BUZZER, rig.LED, "motion")
"""What of the pump can be wired to an instrument."""
BAUDS: Final = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)
_LONGEST_WAIT_S: Final = 600.0
_FIELDS: Final = ("name", "pump", "probe", "balance", "analyser")


def open_bench(path: Path) -> Bench:
    """The bench with one board that a file describes; raises BenchError with everything that is wrong in it."""
    boards = open_boards(path)
    if len(boards) > 1:
        raise BenchError(f"{path}: has {len(boards)} boards: {', '.join(board.name for board in boards)}")
    return boards[0]


def open_boards(path: Path) -> list[Bench]:
    """All boards that a file describes, each with what is wired to it; raises BenchError as ``open_bench`` does."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path}: no TOML file: {error}") from error
    boards, faults = _all_boards(tables, path.stem)
    if faults:
        raise BenchError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))
    return boards


def _all_boards(tables: dict[str, Any], stem: str) -> tuple[list[Bench], list[str]]:
    """The boards that could be read, and what is wrong with them or the others."""
    several = tables.get("board")
    if several is None:
        reading = _Reading(tables)
        bench = reading.bench(stem)
        return [bench] if bench else [], reading.faults
    faults = [
        f"{field}: is no field; beside board there is name"
        for field in sorted(set(tables) - {"board", "name"})
    ]
    if not isinstance(several, list) or not several or not all(isinstance(one, dict) for one in several):
        return [], [*faults, "board: begin each board with [[board]]"]
    boards: list[Bench] = []
    for number, table in enumerate(several, 1):
        reading = _Reading(table)
        bench = reading.bench(f"board {number}")
        faults += [f"board {number}: {fault}" for fault in reading.faults]
        boards += [bench] if bench else []
    return boards, faults or _used_twice(boards)


def _used_twice(boards: list[Bench]) -> list[str]:
    """Names and devices that more than one board has."""
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


class _Reading:
    """Reads tables field by field and collects what is wrong with them."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self._tables = tables
        self.faults: list[str] = []

    def bench(self, stem: str) -> Bench | None:
        self._only("", self._tables, _FIELDS)
        name = self._text("name", self._tables, stem)
        pump, probe = self._table("pump"), self._table("probe")
        balance, analyser = self._table("balance"), self._table("analyser")
        if pump is None:
            self.faults.append("pump: is missing; it needs serial or port")
            return None
        self._only("pump", pump, ("serial", "port"))
        parts = (
            self._place("pump", pump),
            self._probe(probe) if probe is not None else None,
            self._balance(balance) if balance is not None else None,
            self._analyser(analyser) if analyser is not None else None,
        )
        bench = Bench(name, *parts)
        self._check_places(bench)
        return bench

    def _check_places(self, bench: Bench) -> None:
        places: dict[Place, str] = {}
        for part, device in (("pump", bench), ("probe", bench.probe), ("balance", bench.balance)):
            place = None if device is None else device.pump if isinstance(device, Bench) else device.place
            if place is not None and place in places:
                self.faults.append(f"{part}: {place} is {places[place]}'s already")
            elif place is not None:
                places[place] = part

    def _probe(self, table: dict[str, Any]) -> ProbePart:
        self._only("probe", table, ("serial", "port", "inputs", "switches"))
        inputs = self._names_to_names("probe.inputs", table.get("inputs", {}), probe_pins.INPUTS, SIGNALS)
        switches = table.get("switches", [])
        if not isinstance(switches, list):
            self.faults.append(f"probe.switches: {switches!r} is no list of names")
            switches = []
        for switch in switches:
            self._one_of("probe.switches", switch, probe_pins.SWITCHES)
        if not inputs and not switches and not self.faults:
            self.faults.append("probe: has neither inputs nor switches, so it is of no use")
        return ProbePart(self._place("probe", table), inputs, tuple(map(str, switches)))

    def _balance(self, table: dict[str, Any]) -> BalancePart:
        self._only("balance", table, ("serial", "port", "baud", "stable_within_s"))
        baud, wait_s = table.get("baud", 9_600), table.get("stable_within_s", 30)
        self._one_of("balance.baud", baud, BAUDS)
        if (
            isinstance(wait_s, bool)
            or not isinstance(wait_s, (int, float))
            or not 0 < wait_s <= _LONGEST_WAIT_S
        ):
            self.faults.append(f"balance.stable_within_s: {wait_s!r} is not within 0 to {_LONGEST_WAIT_S:g}")
            wait_s = 0
        return BalancePart(self._place("balance", table), baud, float(wait_s))

    def _analyser(self, table: dict[str, Any]) -> LogicAnalyser | None:
        self._only("analyser", table, ("driver", "samplerate_hz", "channels", "settings"))
        driver, settings = self._text("analyser.driver", table), self._text("analyser.settings", table, "")
        channels = self._names_to_names("analyser.channels", table.get("channels", {}), SIGNALS, None)
        rate = table.get("samplerate_hz")
        if not isinstance(rate, int) or isinstance(rate, bool):
            self.faults.append(f"analyser.samplerate_hz: {rate!r} is no whole number")
            return None
        try:
            return LogicAnalyser(driver, channels, rate, settings)
        except AnalyserError as error:
            self.faults.append(f"analyser.{error}")
            return None

    # --- fields

    def _table(self, name: str) -> dict[str, Any] | None:
        table = self._tables.get(name)
        if table is not None and not isinstance(table, dict):
            self.faults.append(f"{name}: {table!r} is no table; begin it with [{name}]")
            return None
        return table

    def _only(self, name: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
        for field in sorted(set(table) - set(known)):
            place = f"{name}.{field}" if name else field
            self.faults.append(f"{place}: is no field; there are {', '.join(known)}")

    def _text(self, field: str, table: dict[str, Any], default: str | None = None) -> str:
        value = table.get(field.split(".")[-1], default)
        if not isinstance(value, str) or (default is None and not value):
            self.faults.append(
                f"{field}: {value!r} is no text" if value is not None else f"{field}: is missing"
            )
            return ""
        return value

    def _place(self, name: str, table: dict[str, Any]) -> Place:
        if ("serial" in table) == ("port" in table):
            self.faults.append(
                f"{name}: needs either serial or port, and has {'both' if 'port' in table else 'none'}"
            )
            return Place()
        field = "serial" if "serial" in table else "port"
        return Place(**{field: self._text(f"{name}.{field}", table)})

    def _one_of(self, field: str, value: object, allowed: tuple[object, ...]) -> bool:
        if value in allowed and not isinstance(value, bool):
            return True
        self.faults.append(f"{field}: {value!r} is not allowed; choose of {', '.join(map(str, allowed))}")
        return False

    def _names_to_names(
        self, field: str, table: object, keys: tuple[str, ...], values: tuple[str, ...] | None
    ) -> dict[str, str]:
        """A table of names, each used once; ``values`` None allows any."""
        if not isinstance(table, dict):
            self.faults.append(f"{field}: {table!r} is no table of names")
            return {}
        good: dict[str, str] = {}
        for key, value in table.items():
            if not self._one_of(field, key, keys):
                continue
            if values is None and (not isinstance(value, str) or not value):
                self.faults.append(f"{field}.{key}: {value!r} is no text")
            elif values is not None and not self._one_of(f"{field}.{key}", value, values):
                continue
            elif value in good.values():
                self.faults.append(f"{field}.{key}: {value!r} is wired twice")
            else:
                good[key] = value
        return good
