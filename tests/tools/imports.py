"""The imports of a Python file, and the name by which it is imported itself.

Every import statement counts, also inside functions and type-checking blocks, and ``import_module`` or ``__import__``
with a literal name.
"""

import ast
from collections.abc import Iterator
from pathlib import Path


def imported_names(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Yield the full names of all that a syntax tree imports, relative ones made absolute: of modules and of things
    in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute_base(node, module, is_package)
            yield from (base if alias.name == "*" else f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _dynamic_import(node)


def _absolute_base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """Return the module that an import takes its names from."""
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])


def _dynamic_import(node: ast.Call) -> Iterator[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in ("import_module", "__import__") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def module_name(path: Path, root: Path) -> str:
    """Return dotted name of the module in a file below a root."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or root.name
