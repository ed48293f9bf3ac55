"""The chip's registers, the board's pins and the logic are apart: another board is data, another chip one module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import build

REPOSITORY = Path(__file__).resolve().parents[2]
RP2 = REPOSITORY / "firmware/thecal_fw/rp2"
CHIP, BOARD = RP2 / "chip.py", RP2 / "pins.py"
LOGIC = sorted(path for path in RP2.glob("*.py") if path not in (CHIP, BOARD))
WINDOWS = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x18, 0x20, 0x21, 0x40, 0x50, 0xD0, 0xE0}
"""Upper bytes of the addresses of memories and registers: RP2040 datasheet 2.2."""
MEMORY = ("mem8", "mem16", "mem32")
WHICH_OF_EQUAL_PARTS = ("_STATE_MACHINE", "_ENDPOINT", "COUNT_WORD")
"""Numbers of what a module has taken for its own: a state machine, an endpoint, a word of retained memory."""


def name_of(path: Path) -> str:
    return path.name


def literals(node: ast.AST) -> list[int]:
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, int)
    ]


def mentions(node: ast.AST, module: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == module for part in ast.walk(node))


class Source:
    """One module of the logic."""

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)
        self._constants = {
            target.id: node.value
            for node in self._tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def raw_addresses(self) -> list[str]:
        return [
            f"{node.lineno}: {node.value:#x}"
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, int)
            and node.value >> 24 in WINDOWS
            and node.value % 1_000
        ]

    def raw_registers(self) -> list[str]:
        """Return where a register is reached by a number instead of a name of the chip's: ``timer[10]``."""
        return [
            f"{node.lineno}: {ast.unparse(node)}"
            for function in ast.walk(self._tree)
            if isinstance(function, ast.FunctionDef)
            for node in self._registers_in(function)
            if any(literals(part) for part in self._written_out(node))
        ]

    def _registers_in(self, function: ast.FunctionDef) -> Iterator[ast.expr]:
        windows = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and self._is_window(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Subscript) and self._is_of_registers(node.value, windows):
                yield node.slice

    def _is_of_registers(self, node: ast.expr, windows: set[str]) -> bool:
        match node:
            case ast.Name(id=name):
                return name in windows
            case ast.Attribute(attr=name):
                return name in MEMORY
        return self._is_window(node)

    @staticmethod
    def _is_window(node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ptr32" and mentions(node, "chip")
        )

    def _written_out(self, node: ast.expr) -> Iterator[ast.AST]:
        """Yield an expression, and those that the module's own names in it stand for."""
        yield node
        for part in ast.walk(node):
            if not isinstance(part, ast.Name) or part.id in WHICH_OF_EQUAL_PARTS:
                continue
            if (value := self._constants.get(part.id)) is not None:
                yield from self._written_out(value)

    def raw_pins(self) -> list[str]:
        """Return where a pin is not one of the board's: ``Pin(4)``."""
        return [
            f"{node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "Pin"
            and not (isinstance(node.args[0], ast.Attribute) and mentions(node.args[0], "pins"))
        ]

    def faults(self) -> list[str]:
        return [*self.raw_addresses(), *self.raw_registers(), *self.raw_pins()]


@pytest.mark.parametrize("path", LOGIC, ids=name_of)
def test_the_logic_names_no_address_no_register_and_no_pin_by_number(path: Path) -> None:
    assert not Source(path.read_text(encoding="utf-8")).faults()


@pytest.mark.parametrize(
    "line",
    [
        "_TIMER = const(0x4005_4000)",
        "def feed():\n    watchdog = ptr32(chip.WATCHDOG)\n    watchdog[1] = 2",
        "_LOAD = const(0x04 >> 2)\ndef feed():\n    ptr32(chip.WATCHDOG)[chip.SET + _LOAD] = 2",
        "def cause():\n    return machine.mem32[chip.WATCHDOG + 8]",
        "step = Pin(2, Pin.OUT)",
        "_STEP = 2\nstep = Pin(_STEP)",
    ],
)
def test_each_of_these_would_be_found(line: str) -> None:
    assert len(Source(line).faults()) == 1


@pytest.mark.parametrize("path", [CHIP, BOARD], ids=name_of)
def test_chip_and_board_are_numbers_their_own_or_the_description_s_and_nothing_else(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.Assign(targets=[ast.Name(id=name)]) if name.isupper():
                continue
            case ast.ImportFrom(names=[ast.alias(name="described")]):
                continue
        pytest.fail(f"{path.name}:{node.lineno}: {ast.unparse(node)}")


def test_no_image_holds_the_chip_or_the_board_since_all_of_them_is_written_out() -> None:
    files = build.package_files("commit")
    assert not {"thecal_fw/rp2/chip.py", "thecal_fw/rp2/pins.py"} & files.keys()
    for path, source in files.items():
        for node in ast.walk(ast.parse(source)):
            assert not (isinstance(node, ast.Name) and node.id in ("chip", "pins")), path


def test_what_is_no_number_of_the_chip_is_refused_by_the_build(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    subprocess.run(["cp", "-r", REPOSITORY / "firmware", REPOSITORY / "host", tmp_path], check=True)
    pins = firmware / "thecal_fw/rp2/pins.py"
    pins.write_text(pins.read_text(encoding="utf-8").replace("described.ENABLE_ON", "None"), encoding="utf-8")
    code = "import build\ntry:\n    build.package_files('x')\nexcept build.BuildError as error:\n    print(error)\n"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=firmware / "board", capture_output=True, text=True, check=True
    ).stdout
    assert "not a number" in told
