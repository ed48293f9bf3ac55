"""The scope in which a name is bound, by Python's rules, and a transformer that gives the names of a module new
ones.

Promises: only what means something of the module changes, never what a function, a class or a comprehension has bound
for itself; a new name that means something else where it would stand is refused with ``LeanError``.
"""

import ast
from collections.abc import Callable, Iterator

from lean.modules import LeanError

_Scope = (
    ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
)


def bound_outside_of_functions(tree: ast.Module) -> set[str]:
    """Return the names that a module binds itself, but for what it imports."""
    return {name for node in _within(tree) for name in _binds(node) if not isinstance(node, ast.alias)}


def local_names(tree: ast.Module) -> set[str]:
    """Return every name that any scope inside a module binds for itself."""
    return {name for node in ast.walk(tree) if isinstance(node, _Scope) for name in _bound_by(node)}


def unbound_names(tree: ast.Module) -> set[str]:
    """Return the names that a module uses and nothing in it binds: those that are built in."""
    used: set[str] = set()

    def note(name: tuple[str, str]) -> None:
        used.add(name[0])

    GlobalNames({}, note).visit(tree)
    return used - {name for node in _within(tree) for name in _binds(node)}


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a scope and in no scope inside of it; those themselves, too."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _Scope):
            yield from _within(child)


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.ExceptHandler(name=str() as name):
            yield name
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.alias(name=name, asname=asname):
            yield (asname or name).partition(".")[0]
        case ast.arg(arg=name):
            yield name


def _bound_by(scope: _Scope) -> set[str]:
    """Return the names that a function, a class or a comprehension binds for itself."""
    bound, shared = set[str](), set[str]()
    for node in _within(scope):
        if isinstance(node, ast.Global):
            shared.update(node.names)
        bound.update(_binds(node))
    return bound - shared


class GlobalNames(ast.NodeTransformer):
    """Gives names of a module the new ones in a table.

    attribute_of: returns the new name of ``module.attribute``, called with ("module", "attribute"), or None where that
    stays; called with an empty attribute where the module stands alone.
    """

    def __init__(
        self, new: dict[str, str], attribute_of: Callable[[tuple[str, str]], str | None] = lambda _: None
    ) -> None:
        self._new = new
        self._attribute_of = attribute_of
        self._scopes: list[tuple[bool, set[str]]] = []
        """Of each whether it is a class, whose names its functions do not see."""

    def _is_of_the_module(self, name: str) -> bool:
        *outer, (_, innermost) = self._scopes or [(False, set[str]())]
        return name not in innermost and not any(name in bound for is_class, bound in outer if not is_class)

    def _name(self, name: str) -> str:
        return self._seen(self._new.get(name, name)) if self._is_of_the_module(name) else name

    def _seen(self, new: str) -> str:
        """Return a new name; LeanError if it means something else where it is to stand."""
        if not self._is_of_the_module(new):
            raise LeanError(f"{new} would stand where a function has its own")
        return new

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._name(node.name)
        self._change(node, "decorator_list")
        self._defaults(node.args)
        self._scoped(node, "body")
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._scoped(node, "body")
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._name(node.name)
        for field in ("decorator_list", "bases", "keywords"):
            self._change(node, field)
        self._scoped(node, "body")
        return node

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> ast.AST:
        # The first of what it goes through is looked up outside of it.
        self._change(node.generators[0], "iter")
        self._scopes.append((False, _bound_by(node)))
        for number, generator in enumerate(node.generators):
            for field in ("target", "ifs", *(("iter",) if number else ())):
                self._change(generator, field)
        for field in ("key", "value") if isinstance(node, ast.DictComp) else ("elt",):
            self._change(node, field)
        self._scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815 - ast's names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Give a name its new one; raise LeanError for one in a class that may be its own or the module's."""
        if isinstance(node.ctx, ast.Load) and self._scopes:
            is_class, bound = self._scopes[-1]
            if is_class and node.id in bound and self._new.get(node.id, node.id) != node.id:
                raise LeanError(f"{node.id} in a class may be its own or the module's")
        if self._is_of_the_module(node.id):
            self._attribute_of((node.id, ""))
        node.id = self._name(node.id)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._new.get(name, name) for name in node.names]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node.value:
            case ast.Name(id=module) if self._is_of_the_module(module):
                if (name := self._attribute_of((module, node.attr))) is not None:
                    return ast.Name(self._seen(name), node.ctx)
                node.value = ast.Name(self._name(module), ast.Load())
                return node
        return self.generic_visit(node)

    def _defaults(self, arguments: ast.arguments) -> None:
        for field in ("defaults", "kw_defaults"):
            self._change(arguments, field)

    def _scoped(self, node: _Scope, field: str) -> None:
        self._scopes.append((isinstance(node, ast.ClassDef), _bound_by(node)))
        self._change(node, field)
        self._scopes.pop()

    def _change(self, node: ast.AST, field: str) -> None:
        value = getattr(node, field)
        if isinstance(value, list):
            setattr(node, field, [item and self.visit(item) for item in value])
        else:
            setattr(node, field, self.visit(value))
