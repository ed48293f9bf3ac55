"""Modules of one program as syntax trees, and what the passes over them have to know of scopes and imports."""

import ast
from collections.abc import Iterator

Modules = dict[str, ast.Module]
"""By the path of the source, as ``package/folder/module.py``."""

Function = ast.FunctionDef | ast.Lambda


class LeanError(Exception):
    """A source holds what a pass can't handle without changing what it does; the message says where and what."""


def parsed(files: dict[str, str]) -> Modules:
    """Return the sources by their paths, without annotations: the board does nothing with them."""
    return {path: _Bare().visit(ast.parse(source, path)) for path, source in files.items()}


def source_of(module: ast.Module) -> str:
    """Return a tree as a source, in which names are assigned together as they were: ``a, b = c, d`` without brackets.

    With brackets around the values, MicroPython makes a tuple of them, which takes room on the heap each time. The
    values in the tree are lost.
    """
    written: dict[str, str] = {}
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[ast.Tuple()], value=ast.Tuple(elts=values)) if len(values) > 1:
                stand_in = f"__values_{len(written)}__"
                written[stand_in] = ", ".join(ast.unparse(value) for value in values)
                node.value = ast.Name(stand_in, ast.Load())
    source = ast.unparse(module)
    for stand_in, values in written.items():
        source = source.replace(stand_in, values)
    return source


class _Bare(ast.NodeTransformer):
    """Takes away annotations of functions outside of native code, whose compiler needs them, and of variables."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if not decorators(node) & {"viper", "asm_thumb"}:
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def decorators(function: ast.FunctionDef) -> set[str]:
    """Return the names of what a function is decorated with, without the modules they are of."""
    found = set()
    for node in function.decorator_list:
        called = node.func if isinstance(node, ast.Call) else node
        found.add(called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""))
    return found


def path_of(module: str, modules: Modules) -> str | None:
    """Return where the source of a module with dots in its name lies; None if it is not one of these."""
    path = module.replace(".", "/")
    for candidate in (f"{path}.py", f"{path}/__init__.py"):
        if candidate in modules:
            return candidate
    return None


def functions_in(tree: ast.AST) -> Iterator[Function]:
    """Yield all functions, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            yield node


def bound_in(function: Function) -> set[str]:
    """Return a function's own names: its parameters, and what it assigns or imports without declaring it global."""
    arguments = function.args
    own = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    own |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None}
    shared: set[str] = set()
    for node in ast.walk(function):
        if node is function:
            continue
        if isinstance(node, ast.Global):
            shared.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            own.add(node.id)
        elif isinstance(node, ast.alias):
            own.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.FunctionDef):
            own.add(node.name or "")
    return own - shared


def mentioned(tree: ast.AST) -> Iterator[str]:
    """Return every name that a tree uses, not where it is defined; a string may be one that ``getattr`` is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Global):
            yield from node.names
