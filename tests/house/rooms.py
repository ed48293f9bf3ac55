"""The house as its imports draw it: rooms of a package, arrows between them, floors, and circles of files.

A room is a module or a folder right below the package. Every import statement counts, also inside functions and in
type-checking blocks, and an ``import_module`` or ``__import__`` with a literal name. A file that defines nothing is no
room.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from tools.imports import imported_names, module_name


@dataclass
class House:
    """rooms: names. arrows: (from, to), each once. floors: 1 for a house in which nothing imports anything.
    circles: of files, each as their dotted names in order."""

    rooms: set[str] = field(default_factory=set)
    arrows: set[tuple[str, str]] = field(default_factory=set)
    circles: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def arrows_back(self) -> set[tuple[str, str]]:
        """Return arrows between rooms of which neither lies below the other: they are parts of circles."""
        below: dict[str, set[str]] = {room: set() for room in self.rooms}
        for one, other in self.arrows:
            below[one].add(other)
        round_about = [set(circle) for circle in _circles(below)]
        return {arrow for arrow in self.arrows if any(set(arrow) <= circle for circle in round_about)}

    @property
    def floors(self) -> int:
        below: dict[str, set[str]] = {room: set() for room in self.rooms}
        for one, other in self.arrows:
            below[one].add(other)
        height: dict[str, int] = {}

        def floor_of(room: str, above: frozenset[str]) -> int:
            if room in above:
                return 0
            if room not in height:
                height[room] = 1 + max((floor_of(one, above | {room}) for one in below[room]), default=0)
            return height[room]

        return max((floor_of(room, frozenset()) for room in self.rooms), default=0)


def house_of(root: Path, package: str) -> House:
    """Return the house of a package in a folder of sources."""
    folder = root / Path(*package.split("."))
    files = {module_name(path, root): path for path in sorted(folder.rglob("*.py"))}
    found = House()
    edges: dict[str, set[str]] = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name == "__init__.py" and not _defines(tree):
            continue
        edges[name] = {target for target in _imported(tree, name, files) if target != name}
        found.rooms.add(_room(name, package))
    for name, targets in edges.items():
        for target in targets & edges.keys():
            arrow = _room(name, package), _room(target, package)
            if arrow[0] != arrow[1]:
                found.arrows.add(arrow)
    found.circles = _circles({name: targets & edges.keys() for name, targets in edges.items()})
    return found


def _room(name: str, package: str) -> str:
    rest = name.removeprefix(package).strip(".")
    return rest.split(".")[0] or package


def _defines(tree: ast.Module) -> bool:
    return any(not isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom)) for node in tree.body)


def _imported(tree: ast.AST, name: str, files: dict[str, Path]) -> set[str]:
    names = imported_names(tree, name, files[name].name == "__init__.py")
    return {one if one in files else one.rpartition(".")[0] for one in names} & files.keys()


def _circles(edges: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Return the strongly connected files, more than one each (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(edges[name]):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            circle: list[str] = []
            while True:
                circle.append(stack.pop())
                if circle[-1] == name:
                    break
            if len(circle) > 1:
                found.append(tuple(sorted(circle)))

    for name in sorted(edges):
        if name not in index:
            visit(name)
    return found
