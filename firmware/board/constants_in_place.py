"""Writes whole numbers that never change out wherever the firmware uses them, before it is frozen.

MicroPython looks a constant of a module up by its name each time, and each module that imports it holds an entry for
it in memory. Written out it is part of the instruction that needs it: less time in each poll and at each start, less
memory, a smaller image.

Promises: as ``lean.constants``, which decides what is a constant; every line keeps its number; public names of
constants stay where they are defined, for whoever looks at them at the prompt.
"""

import ast
from collections.abc import Iterator, Mapping

from lean.constants import uses_of_constants
from lean.modules import Modules


def with_constants_written_out(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the sources of all modules by their paths, with numbers in place of the names of constants."""
    modules: Modules = {path: ast.parse(source, path) for path, source in files.items()}
    uses = uses_of_constants(modules)
    return {path: _without_private(_written(source, uses[path])) for path, source in files.items()}


def imports_of(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield each module that is imported, whole or in part, or may be, behind the path of the one that does it."""
    for path, source in files.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                yield path, node.module or ""
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)


def _without_private(source: bytes) -> bytes:
    """Leave out private numbers of a module that nothing in it mentions any more."""
    tree = ast.parse(source)
    mentioned = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    mentioned |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    lines = source.splitlines(keepends=True)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                name.startswith("_") and name not in mentioned and _is_number(value)
            ):
                end = node.end_lineno or node.lineno
                lines[node.lineno - 1 : end] = [b"\n"] * (end - node.lineno + 1)
    return b"".join(lines)


def _is_number(node: ast.expr) -> bool:
    allowed = ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop
    return all(
        isinstance(part, allowed) and not isinstance(getattr(part, "value", 0), str | bytes)
        for part in ast.walk(node)
    )


def _written(source: bytes, uses: list[tuple[ast.expr, int]]) -> bytes:
    # Columns of the syntax tree count bytes. From the end of a line, so that they hold for what stands before.
    lines = source.splitlines(keepends=True)
    for node, number in sorted(uses, key=lambda use: (use[0].lineno, use[0].col_offset), reverse=True):
        if node.end_lineno != node.lineno:
            continue
        line = lines[node.lineno - 1]
        # In brackets: an attribute may follow.
        lines[node.lineno - 1] = line[: node.col_offset] + b"(%d)" % number + line[node.end_col_offset :]
    return b"".join(lines)
