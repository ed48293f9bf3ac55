"""Texts that only hosts and people read, left empty.

Names of errors, events, alarms and the like, and what a message is for, serve on the board for nothing but the schema
hash, so the build works that out and puts it in. The board packs a response and never takes one apart, so of its
fields it needs the struct codes alone.
"""

import ast
import sys
from pathlib import Path

from lean.modules import LeanError, Modules

_TABLES = ("ALARMS",)
_ONLY_PACKED = ("FAULT", "ERROR")
"""Layouts that the board never takes apart."""
_RESPONSE_OF_A_MESSAGE = 5
_DOC_OF_A_MESSAGE = 6
"""Positions of the arguments of ``Message`` that are the response's fields, and what it is for."""


def leave_out_texts(modules: Modules) -> None:
    """Change the modules in place."""
    for module in modules.values():
        for statement in module.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_of_names(name):
                    _empty(value)
                case ast.Assign(value=ast.Call(func=ast.Name(id="Message"), args=arguments)):
                    _only_codes(arguments[_RESPONSE_OF_A_MESSAGE])
                    _empty(arguments[_DOC_OF_A_MESSAGE])
                case ast.Assign(
                    targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="Layout"), args=[fields])
                ) if name in _ONLY_PACKED:
                    _only_codes(fields)


def _is_of_names(name: str) -> bool:
    return name.endswith("_NAMES") or name in _TABLES


def _empty(value: ast.AST) -> None:
    for part in ast.walk(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            part.value = ""


def _only_codes(fields: ast.expr) -> None:
    """Make a list of fields one with a single field, whose code is all of theirs, and the tail if there is one."""
    if not isinstance(fields, ast.List):
        raise LeanError(f"{ast.unparse(fields)} is not written out as a list of fields")
    codes = ""
    others: list[ast.expr] = []
    for field in fields.elts:
        match field:
            case ast.Tuple(elts=[ast.Constant(), ast.Constant(value=str() as code)]) if not others:
                codes += code
            case _:
                others.append(field)
    if codes:
        others.insert(0, ast.Tuple([ast.Constant(""), ast.Constant(codes)], ast.Load()))
    fields.elts = others


def schema_hash(firmware_folder: Path) -> bytes:
    """Return the schema hash of the messages as the sources declare them."""
    # The numbers of the pump come from the host's reader of descriptions.
    ours = [str(firmware_folder), str(firmware_folder.parent / "host")]
    sys.path[:0] = ours
    try:
        from thecal_fw.link import messages  # pyright: ignore[reportMissingImports]
    finally:
        for folder in ours:
            sys.path.remove(folder)
    return messages.schema_hash()
