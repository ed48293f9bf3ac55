"""The things of which host, model and rigs have few, counted by what only such a thing does.

A drawing stack is a module that names the namespace of SVG, or matplotlib, however many use it. A virtual serial port
is a module that opens a pseudo-terminal. A main is a package that can be run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

SVG = "http://www.w3.org/2000/svg"


def drawing_stacks(folders: Iterable[Path]) -> int:
    """Return how many drawing stacks there are."""
    folders = list(folders)
    return _modules_with(folders, _names_svg) + bool(_modules_with(folders, _imports_matplotlib))


def virtual_ports(folders: Iterable[Path]) -> int:
    """Return how many virtual serial ports there are."""
    return _modules_with(folders, lambda node: isinstance(node, ast.Attribute) and node.attr == "openpty")


def mains(folders: Iterable[Path]) -> int:
    """Return how many packages can be run."""
    return sum(len([*folder.rglob("__main__.py")]) for folder in folders)


def _modules_with(folders: Iterable[Path], is_it: Callable[[ast.AST], bool]) -> int:
    """Return how many modules have such a node."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return sum(any(map(is_it, ast.walk(ast.parse(path.read_text(encoding="utf-8"))))) for path in paths)


def _names_svg(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == SVG


def _imports_matplotlib(node: ast.AST) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return any(name.split(".")[0] == "matplotlib" for name in names)
