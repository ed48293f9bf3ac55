"""Texts that only hosts and people read, left empty.

Names of errors, events, alarms and the like, names of a response's fields, and what a message is for, serve on the
board for nothing but the schema hash, so the build works that out and puts it in.
"""

import ast
import sys
from pathlib import Path

from lean.modules import Modules

_TABLES = ("ALARMS",)
_RESPONSE_OF_A_MESSAGE = 5
_DOC_OF_A_MESSAGE = 6
"""Which arguments of ``Message`` are the response's fields, and what it is for."""


def leave_out_texts(modules: Modules) -> None:
    """Change the modules in place."""
    for module in modules.values():
        for statement in module.body:
            if not isinstance(statement, ast.Assign):
                continue
            if _is_of_names(statement.targets[0]):
                _empty(statement.value)
            if _is_message(statement.value):
                _empty_names(statement.value.args[_RESPONSE_OF_A_MESSAGE])  # type: ignore[attr-defined]
                _empty(statement.value.args[_DOC_OF_A_MESSAGE])  # type: ignore[attr-defined]


def _is_of_names(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and (target.id.endswith("_NAMES") or target.id in _TABLES)


def _is_message(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Message"


def _empty(value: ast.AST) -> None:
    for part in ast.walk(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            part.value = ""


def _empty_names(fields: ast.expr) -> None:
    """Leave a list of fields their struct codes alone."""
    for field in ast.walk(fields):
        if isinstance(field, ast.Tuple):
            _empty(field.elts[0])


def schema_hash(firmware_folder: Path) -> bytes:
    """Of the messages as the sources declare them."""
    sys.path.insert(0, str(firmware_folder))
    try:
        from thecal_fw.link import messages  # pyright: ignore[reportMissingImports]
    finally:
        sys.path.remove(str(firmware_folder))
    return messages.schema_hash()
