"""Leaves out of the firmware's sources what only a type checker reads, before they are frozen.

MicroPython evaluates no annotation, and still it runs the import of every name that only annotations use: each costs
time at the start, an entry in a dictionary in memory, and room in the image. So blocks under ``if TYPE_CHECKING`` go,
and so do imported names that only annotations mention.

Promises: every line that is left keeps its number, so what the board says of an error still fits the source; a name
that another module takes from a module, by import or as an attribute, stays.
"""

import ast
from collections.abc import Iterator, Mapping

_SWITCH = "TYPE_CHECKING"


def without_typing(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the sources of all modules by their paths, without what only a type checker reads."""
    trees = {path: ast.parse(source) for path, source in files.items()}
    taken = {name for tree in trees.values() for name in _taken_from_elsewhere(tree)}
    return {path: _left_out(path, source, trees[path], taken) for path, source in files.items()}


def _taken_from_elsewhere(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a module takes from another one, each with that one's name, or "" where only the name
    shows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield "", node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", name.name) for name in node.names)


def _left_out(path: str, source: bytes, tree: ast.Module, taken: set[tuple[str, str]]) -> bytes:
    lines = source.decode().splitlines()
    module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    used = set(_used_when_run(tree)) | {name for owner, name in taken if owner in ("", module)}
    for node in tree.body:
        if _is_for_typing(node):
            _blank(lines, node)
        elif isinstance(node, ast.ImportFrom):
            kept = [name for name in node.names if (name.asname or name.name) in used]
            if len(kept) < len(node.names):
                _blank(lines, node)
                if kept:
                    names = ", ".join(ast.unparse(name) for name in kept)
                    lines[node.lineno - 1] = f"from {node.module} import {names}"
    return "".join(line + "\n" for line in lines).encode()


def _is_for_typing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id == _SWITCH for target in node.targets)
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == _SWITCH
        and not node.orelse
    )


def _used_when_run(node: ast.AST) -> Iterator[str]:
    """Yield the names that the code reads, but for those in annotations and in blocks for type checkers."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (isinstance(child, ast.stmt) and _is_for_typing(child)):
                yield from _used_when_run(child)


def _blank(lines: list[str], node: ast.stmt) -> None:
    end = node.end_lineno or node.lineno
    lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
