"""The owners of state: who writes whose, and how far anybody reaches through another part.

A part's state is written by the part itself: an assignment to an attribute of anything but ``self`` is a write to
another part's state, and so is ``setattr`` on it, save for an object that the same function has made, or a value that
is passed from hand to hand. A reach is an attribute of something that a part holds: ``self._keeper.events.get`` is
three names deep, with ``getattr`` as well.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

VALUES = {"bolus", "carried", "state", "told", "prepared"}
"""Names of values: whoever has one in hand has made it, or was given it to fill."""


@dataclass(frozen=True)
class Place:
    file: str
    line: int
    text: str


def foreign_writes(folder: Path) -> list[Place]:
    """Return assignments to an attribute of another part, in all files below a folder."""
    found: list[Place] = []
    for path, tree in _trees(folder):
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            made = _made_in(function)
            for target in _targets(function):
                if isinstance(target, ast.Attribute) and not _is_own(target, made):
                    found.append(Place(path.name, target.lineno, ast.unparse(target)))
    return found


def deep_reaches(folder: Path, depth: int = 3) -> list[Place]:
    """Return chains of so many names or more behind what a part holds (``self._x.a.b.c`` with three)."""
    found: list[Place] = []
    for path, tree in _trees(folder):
        inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for part in ast.walk(tree):
            node = _by_name(part, "getattr") or part
            if isinstance(node, ast.Attribute) and id(part) not in inner:
                names = _chain(node)
                behind = len(names) - (2 if names and names[0] == "self" else 1)
                if behind >= depth:
                    found.append(Place(path.name, node.lineno, ".".join(names)))
    return found


def _trees(folder: Path) -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(folder.rglob("*.py"))]


def _targets(function: ast.FunctionDef) -> list[ast.expr]:
    found: list[ast.expr] = []
    for node in ast.walk(function):
        if (named := _by_name(node, "setattr")) is not None:
            found.append(named)
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        for target in targets:
            found += target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return found


def _by_name(node: ast.AST, function: str) -> ast.Attribute | None:
    """Return the attribute that a call of ``getattr`` or ``setattr`` means."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and len(node.args) > 1
    ):
        name = node.args[1]
        text = str(name.value) if isinstance(name, ast.Constant) else "?"
        return ast.copy_location(ast.Attribute(node.args[0], text, ast.Load()), node)
    return None


def _made_in(function: ast.FunctionDef) -> set[str]:
    """Return names that the function binds to what it calls, such as a new object."""
    made: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name[:1].isupper():
                made.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return made


def _is_own(target: ast.Attribute, made: set[str]) -> bool:
    value = target.value
    return isinstance(value, ast.Name) and (value.id == "self" or value.id in made | VALUES)


def _chain(node: ast.expr) -> list[str]:
    names: list[str] = []
    while isinstance(node := _by_name(node, "getattr") or node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return [node.id, *reversed(names)]
    return []
