"""Parameters under a few names that all functions share.

What a function calls its parameters is nobody else's business, yet each name costs the board an entry in the table of
all names. Variables cost nothing: the compiled code numbers them.

Promises: a name changes in the whole of the function that has it as a parameter, and what is inside of that, or not at
all; a parameter that anybody passes by its name keeps it, and so does everything in assembler.
"""

import ast
from collections.abc import Iterable, Iterator

from lean.modules import Function, Modules, decorators, functions_in

_ASSEMBLERS = {"asm_pio", "asm_thumb"}


def most_parameters(modules: Modules, stay: set[str]) -> int:
    """Return how many names ``share_parameter_names`` needs."""
    return max((len(list(_changing(function, stay))) for function in _outermost(modules)), default=0)


def share_parameter_names(modules: Modules, names: list[str], stay: set[str]) -> None:
    """Change the modules in place. names: those to be shared, used nowhere so far. stay: those that mean something
    to others than the function that has them."""
    for function in _outermost(modules):
        shared = dict(zip(_changing(function, stay), names, strict=False))
        _Renamer(shared).visit_inside(function)


def passed_by_name(trees: Iterable[ast.AST]) -> set[str]:
    """Return the names that anything is called with."""
    return {
        node.arg
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg is not None
    }


def _outermost(modules: Modules) -> Iterator[Function]:
    """Yield the functions that are in no other."""
    for tree in modules.values():
        inner = {
            id(one)
            for function in functions_in(tree)
            for one in functions_in(function)
            if one is not function
        }
        yield from (function for function in functions_in(tree) if id(function) not in inner)


def _changing(outermost: Function, stay: set[str]) -> Iterator[str]:
    """Yield the parameters of a function and of those inside it, each name once."""
    if isinstance(outermost, ast.FunctionDef) and decorators(outermost) & _ASSEMBLERS:
        return
    found = stay | set(_otherwise_bound(outermost))
    outer = {argument.arg for argument in _arguments(outermost)}
    for function in functions_in(outermost):
        for argument in _arguments(function):
            # Outside of the inner function the name may be that of something else.
            if argument.arg not in found and (
                argument.arg in outer or not _is_used_outside(argument, function, outermost)
            ):
                found.add(argument.arg)
                yield argument.arg


def _otherwise_bound(function: Function) -> Iterator[str]:
    """Yield what is a function's own by another statement than an assignment, or not its own by declaration."""
    for node in ast.walk(function):
        match node:
            case ast.Global(names=names):
                yield from names
            case ast.ExceptHandler(name=str() as name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield (asname or name).partition(".")[0]


def _is_used_outside(argument: ast.arg, function: Function, outermost: Function) -> bool:
    inside = {id(node) for node in ast.walk(function)}
    return any(
        isinstance(node, ast.Name | ast.arg)
        and id(node) not in inside
        and argument.arg == (node.id if isinstance(node, ast.Name) else node.arg)
        for node in ast.walk(outermost)
    )


def _arguments(function: Function) -> list[ast.arg]:
    arguments = function.args
    both = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *both]


class _Renamer(ast.NodeTransformer):
    def __init__(self, shared: dict[str, str]) -> None:
        self._shared = shared

    def visit_inside(self, function: Function) -> None:
        """Change a function, but not its defaults: they are worked out where it is defined."""
        for argument in _arguments(function):
            self.visit(argument)
        for node in function.body if isinstance(function, ast.FunctionDef) else [function.body]:
            self.visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._shared.get(node.arg, node.arg)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._shared.get(node.id, node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self._shared.get(name, name) for name in node.names]
        return node
