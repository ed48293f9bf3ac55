"""Definitions and imports that nothing mentions, left out.

What only hosts and tests call of the firmware's classes is of no use on the board, nor is a constant that is written
out wherever it is used. Promise: goes by names alone, so whatever bears a name that is mentioned anywhere stays; what
computes something that could matter for more than its value stays, too.
"""

import ast
from collections.abc import Iterator

from lean.modules import Modules, mentioned, path_of

_PURE_CALLS = ("const", "tuple", "len", "range", "calcsize", "join", "sum", "min", "max", "bytes", "Layout")


def leave_out_unused(modules: Modules, outside: list[ast.Module]) -> None:
    """Change the modules in place. outside: sources that may mention what is in them."""
    while _imports_left_out(modules, outside) | _definitions_left_out(modules, outside):
        pass


def _imports_left_out(modules: Modules, outside: list[ast.Module]) -> bool:
    taken_from_others = _taken_from_others(modules, outside)
    is_changed = False
    for path, tree in modules.items():
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        used |= taken_from_others.get(path, set())
        pruner = _Imports(used)
        pruner.visit(tree)
        is_changed |= pruner.has_changed
    return is_changed


def _taken_from_others(modules: Modules, outside: list[ast.Module]) -> dict[str, set[str]]:
    """Return, by the path of a module, the names that others import from it, or use as an attribute of whatever has
    it."""
    attributes: set[str] = set()
    taken: dict[str, set[str]] = {}
    for tree in [*modules.values(), *outside]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                attributes.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and (path := path_of(node.module or "", modules)):
                taken.setdefault(path, set()).update(alias.name for alias in node.names)
    for path in modules:
        taken.setdefault(path, set()).update(attributes)
    return taken


class _Imports(ast.NodeTransformer):
    """Takes imports away whose names are not among those used."""

    def __init__(self, used: set[str]) -> None:
        self._used = used
        self.has_changed = False

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return self._pruned(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return self._pruned(node)

    def _pruned(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        kept = [name for name in node.names if (name.asname or name.name).partition(".")[0] in self._used]
        if len(kept) == len(node.names):
            return node
        self.has_changed = True
        node.names = kept
        return node if kept else ast.Pass()


def _definitions_left_out(modules: Modules, outside: list[ast.Module]) -> bool:
    names = {name for tree in [*modules.values(), *outside] for name in mentioned(tree)}
    looked_at = {name for tree in [*modules.values(), *outside] for name in _looked_at(tree)}
    is_changed = False
    for tree in modules.values():
        for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            kept = [node for node in holder.body if not _is_unused(node, names)]
            if len(kept) < len(holder.body):
                is_changed = True
                holder.body = kept or ([] if holder is tree else [ast.Pass()])
        attributes = _Attributes(looked_at)
        attributes.visit(tree)
        is_changed |= attributes.has_changed
    return is_changed


def _looked_at(tree: ast.AST) -> Iterator[str]:
    """Return every attribute that something reads, by its name or by a string that may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            # What is added to is read first.
            yield node.target.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class _Attributes(ast.NodeTransformer):
    """Takes away where an object is given an attribute that nobody looks at; what computes a value stays."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self.has_changed = False

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=attribute)],
                value=ast.Name() | ast.Constant(),
            ) if attribute not in self._names:
                self.has_changed = True
                return ast.Pass()
        return node


def _is_unused(node: ast.stmt, names: set[str]) -> bool:
    """Return True if a statement only defines what nobody mentions, or does nothing at all."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name not in names and not node.name.startswith("__")
    if isinstance(node, ast.Assign):
        targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
        return _is_pure(node.value) and all(
            isinstance(target, ast.Name) and target.id not in names for target in targets
        )
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_pure(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name not in _PURE_CALLS:
                return False
    return True
