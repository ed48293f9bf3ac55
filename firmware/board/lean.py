"""The firmware's sources as a stock board gets them: without the texts that only hosts and people read.

A stock board loads the firmware into memory, which it nearly fills. Names of errors, events, alarms and the like, and
what a message is for, serve on the board for nothing but the schema hash, so the build works that out and puts it in.
What is left does the same as the whole, line by line.
"""

import ast
import sys
from pathlib import Path

_TABLES = ("ALARMS",)
_DOC_OF_A_MESSAGE = 6
"""Which argument of ``Message`` says what it is for."""


def without_texts(source: str) -> str:
    """A module's source with every text in a table of names, and every message's description, left empty."""
    module = ast.parse(source)
    for statement in module.body:
        if isinstance(statement, ast.Assign) and _is_of_names(statement.targets[0]):
            _empty(statement.value)
        if isinstance(statement, ast.Assign) and _is_message(statement.value):
            _empty(statement.value.args[_DOC_OF_A_MESSAGE])  # type: ignore[attr-defined]
    return ast.unparse(module)


def _is_of_names(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and (target.id.endswith("_NAMES") or target.id in _TABLES)


def _is_message(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Message"


def _empty(value: ast.AST) -> None:
    for part in ast.walk(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            part.value = ""


def schema_hash(firmware_folder: Path) -> bytes:
    """Of the messages as the sources declare them."""
    sys.path.insert(0, str(firmware_folder))
    try:
        from thecal_fw.link import messages  # pyright: ignore[reportMissingImports]
    finally:
        sys.path.remove(str(firmware_folder))
    return messages.schema_hash()
