"""The build leaves out of the firmware's sources what only a type checker reads, before they are frozen."""

from __future__ import annotations

import ast
import builtins

import build
from typing_only import without_typing

SOURCE = b'''\
"""A module."""

from pump.core import Ledger, LIMIT
from pump.core import (
    Calibration,
    Program,
)
from pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.contracts import Motor


class Watch:
    def __init__(self, ledger: Ledger, motor: "Motor", program: Program) -> Reports:
        self.ledger: Calibration = ledger
        self.most = LIMIT
'''


def left_of(**files: bytes) -> list[str]:
    named = {f"pump/{name}.py": source for name, source in files.items()}
    return without_typing(named)["pump/watch.py"].decode().splitlines()


def test_imports_for_annotations_and_blocks_for_type_checkers_go() -> None:
    left = left_of(watch=SOURCE)
    assert [line for line in left if "import" in line] == ["from pump.core import LIMIT"]
    assert not any("TYPE_CHECKING" in line for line in left)


def test_every_line_that_is_left_keeps_its_number() -> None:
    left, whole = left_of(watch=SOURCE), SOURCE.decode().splitlines()
    assert len(left) == len(whole)
    assert left[12:] == whole[12:]


def test_a_name_that_another_module_takes_from_there_stays() -> None:
    left = left_of(watch=SOURCE, other=b"from pump.watch import Program\n")
    assert "from pump.core import Program" in left


def test_a_name_that_is_used_as_an_attribute_of_the_module_stays() -> None:
    left = left_of(watch=SOURCE, other=b"from pump import watch\n\nwatch.Reports()\n")
    assert "from pump.reports import Reports" in left


def test_each_name_that_the_frozen_modules_read_is_bound_in_them() -> None:
    for path, source in build.package_files("commit").items():
        tree = ast.parse(source)
        bound = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        bound |= {name.asname or name.name.partition(".")[0] for name in aliases(tree)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
        read = {node.id for node in ast.walk(without_assembler(tree)) if isinstance(node, ast.Name)}
        assert read <= bound | set(dir(builtins)) | VIPER, path


VIPER = {"ptr8", "ptr16", "ptr32", "uint"}
"""Types of MicroPython's native code, which no module binds."""


def aliases(tree: ast.AST) -> list[ast.alias]:
    return [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]


def without_assembler(tree: ast.Module) -> ast.Module:
    """Return a module without annotations, and without the instructions of functions in assembler."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and "asm_" in ast.dump(ast.Tuple(node.decorator_list)):
            node.body = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = None  # type: ignore[assignment]
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return tree
