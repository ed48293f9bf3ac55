"""A survey of which tests see a changed expression come to another value than the real one.

The real functions run once, with every expression that some mutant changes observed: its operands are evaluated as they
always are, once each and in their order, and the real operation and those of the mutants are applied to them. A test in
which a mutant's operation gave the same value whenever it was asked runs the mutant as it runs the real source, so it
need not be tried on it. What can't be observed without asking twice, such as a call that is left out, is seen by
every test that runs it.

Promises: an observed function returns what the real one does. Where it can't be known whether two values are the same,
they count as different: objects are compared only if they are numbers, strings or bytes.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from mutants.exchange import changed_functions
from mutants.mutant import Mutant

OBSERVERS = "__observers__"
"""The name by which an observed function finds its observers, among the names of its module."""
_NOTHING = object()
_COMPARED = (int, bool, str, bytes, type(None))

_Pair = tuple[ast.AST, ast.AST]


@dataclass
class Observer:
    """Stands in an expression's or a value's place.

    real: the operation. others: what each mutant, by number, makes of the same operands; each is asked until it
    has differed once in the test that runs.
    """

    real: Callable[..., Any]
    others: dict[int, Callable[..., Any]]
    seen: "Seen"
    waiting: dict[int, Callable[..., Any]] = field(default_factory=dict)

    def __call__(self, *operands: Any) -> Any:
        value = self.real(*operands)
        if self.waiting:
            for number, other in list(self.waiting.items()):
                try:
                    is_same = _is_same(value, other(*operands))
                except Exception:
                    is_same = False
                if not is_same:
                    del self.waiting[number]
                    self.seen.by_mutant.setdefault(number, []).append(self.seen.test)
        return value


@dataclass
class Seen:
    """Collects, by number of the mutant, the tests that saw it differ. test: the one that runs."""

    test: str = ""
    by_mutant: dict[int, list[str]] = field(default_factory=dict)
    observers: list[Observer] = field(default_factory=list)

    def begin(self, test: str) -> None:
        self.test = test
        for observer in self.observers:
            if len(observer.waiting) != len(observer.others):
                observer.waiting = dict(observer.others)


@dataclass(frozen=True)
class Observed:
    """A module whose functions are observed. functions: observed code by qualified name. observable: numbers of the
    mutants that ``seen`` is about."""

    functions: dict[str, CodeType]
    seen: Seen
    observable: frozenset[int]


def observed(source: str, mutants: Sequence[Mutant]) -> Observed:
    """Return the module of a source with all mutants observed that can be; each has its index for a number."""
    tree, seen = ast.parse(source), Seen()
    outlined = _functions(tree)
    expressions: dict[int, dict[int, ast.expr]] = {}
    statements: dict[int, dict[int, Callable[..., bool]]] = {}
    nodes: dict[int, ast.AST] = {}
    for number, mutant in enumerate(mutants):
        changed = changed_functions(source, mutant.source)
        if not changed or len(changed) != 1:
            continue
        (name,) = changed
        pair = outlined.get(name), _functions(ast.parse(mutant.source)).get(name)
        if pair[0] is None or pair[1] is None:
            continue
        way = _way_to_difference(pair[0], pair[1])
        of_statement = _statement(*way[-1]) or (_statement(*way[-2]) if len(way) > 1 else None)
        if of_statement is not None:
            node, differs = of_statement
            nodes[id(node)] = node
            statements.setdefault(id(node), {})[number] = differs
            continue
        top = _top_expression(way)
        if top is not None:
            nodes[id(top[0])] = top[0]
            expressions.setdefault(id(top[0]), {})[number] = top[1]
    put_in = _PutIn(nodes, expressions, statements, seen)
    tree = ast.fix_missing_locations(put_in.visit(tree))
    functions = changed_functions(source, tree)
    numbers = [number for of in (*expressions.values(), *statements.values()) for number in of]
    return Observed(functions, seen, frozenset(numbers)) if functions else Observed({}, seen, frozenset())


def _functions(tree: ast.AST, before: str = "") -> dict[str, ast.AST]:
    """Return the outermost functions by qualified name."""
    found: dict[str, ast.AST] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            found[before + node.name] = node
        elif isinstance(node, ast.ClassDef):
            found.update(_functions(node, f"{before}{node.name}."))
        elif isinstance(node, (ast.If, ast.Try)):
            found.update(_functions(node, before))
    return found


def _way_to_difference(before: ast.AST, after: ast.AST) -> list[_Pair]:
    """Return pairs of nodes from the outermost to the smallest that still holds all of the difference."""
    way = [(before, after)]
    while (inner := _only_difference(*way[-1])) is not None:
        way.append(inner)
    return way


def _only_difference(before: ast.AST, after: ast.AST) -> _Pair | None:
    if type(before) is not type(after):
        return None
    found: list[_Pair] = []
    for name in before._fields:
        one, other = getattr(before, name, None), getattr(after, name, None)
        parts = (one, other) if isinstance(one, list) and isinstance(other, list) else ([one], [other])
        if len(parts[0]) != len(parts[1]):
            return None
        for a, b in zip(*parts, strict=True):
            if not isinstance(a, ast.AST) or not isinstance(b, ast.AST):
                if a != b or type(a) is not type(b):
                    return None
            elif ast.dump(a) != ast.dump(b):
                found.append((a, b))
    return found[0] if len(found) == 1 else None


def _operands(node: ast.AST) -> list[ast.expr] | None:
    """Return operands of an operation that evaluates all of them, from the left, or might; None if it is no such
    one."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return _evaluated_early([node.left, node.comparators[0]], node.comparators[1:])
    if isinstance(node, ast.BoolOp):
        return _evaluated_early(node.values[:1], node.values[1:])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        is_plain = not node.keywords and not any(isinstance(one, ast.Starred) for one in node.args)
        return node.args if is_plain else None
    return None


def _evaluated_early(always: list[ast.expr], rest: list[ast.expr]) -> list[ast.expr] | None:
    """Return operands of which the rest may not be reached; None unless it does nothing to look at them all the
    same."""
    return [*always, *rest] if all(_is_plain(leaf) for one in rest for leaf in _leaves(one)) else None


def _is_plain(node: ast.expr) -> bool:
    owner = node.value if isinstance(node, ast.Attribute) else None
    return isinstance(node, ast.Name) or (isinstance(owner, ast.Name) and owner.id == "self")


def _leaves(node: ast.expr) -> list[ast.expr]:
    """Return what an operation is applied to in the end, constants left out."""
    if isinstance(node, ast.Constant):
        return []
    operands = _operands(node)
    return [node] if operands is None else [leaf for operand in operands for leaf in _leaves(operand)]


def _top_expression(way: Sequence[_Pair]) -> tuple[ast.expr, ast.expr] | None:
    """Return the widest operation around a difference and what it becomes, over the same leaves; None if there is
    none."""
    for place in reversed(range(len(way))):
        before, after = way[place]
        if isinstance(before, ast.expr) and isinstance(after, ast.expr):
            break
    else:
        return None
    while place and _operands(way[place - 1][0]) is not None and _operands(way[place - 1][1]) is not None:
        place -= 1
        before, after = way[place]
    assert isinstance(before, ast.expr)
    assert isinstance(after, ast.expr)
    if _operands(before) is None:
        return None
    leaves, others = _leaves(before), _leaves(after)
    is_over_the_same = [ast.dump(leaf) for leaf in leaves] == [ast.dump(leaf) for leaf in others]
    if not leaves or not is_over_the_same or any(_is_no_value(leaf) for leaf in leaves):
        return None
    return before, after


def _is_no_value(node: ast.AST) -> bool:
    return isinstance(node, (ast.Starred, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await))


def _statement(before: ast.AST, after: ast.AST) -> tuple[ast.stmt, Callable[..., bool]] | None:
    """Return an assignment that is left out or counts the other way, and whether its value makes a difference."""
    if isinstance(before, ast.AugAssign) and isinstance(before.op, (ast.Add, ast.Sub)):
        if isinstance(after, ast.Pass):
            return before, _is_not_zero
        if isinstance(after, ast.AugAssign) and isinstance(after.op, (ast.Add, ast.Sub)):
            return (before, _is_not_zero) if type(before.op) is not type(after.op) else None
    if isinstance(before, ast.Assign) and isinstance(after, ast.Pass) and len(before.targets) == 1:
        target = before.targets[0]
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            return before, _is_new
    return None


def _is_not_zero(value: Any) -> bool:
    return type(value) is not int or value != 0


def _is_new(value: Any, owner: Any, name: str) -> bool:
    return not _is_same(value, getattr(owner, name, _NOTHING))


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and isinstance(one, _COMPARED) and one == other


class _PutIn(ast.NodeTransformer):
    """Puts observers in the place of the expressions and assigned values that mutants change."""

    def __init__(
        self,
        nodes: dict[int, ast.AST],
        expressions: dict[int, dict[int, ast.expr]],
        statements: dict[int, dict[int, Callable[..., bool]]],
        seen: Seen,
    ) -> None:
        # Holding the nodes keeps their identities from being given away.
        self._nodes = nodes
        self._expressions = expressions
        self._statements = statements
        self._seen = seen

    def visit(self, node: ast.AST) -> Any:
        if id(node) in self._statements:
            return self._value(node, self._statements[id(node)])
        if id(node) in self._expressions and isinstance(node, ast.expr):
            return self._expression(node, self._expressions[id(node)])
        return self.generic_visit(node)

    def _expression(self, node: ast.expr, others: dict[int, ast.expr]) -> ast.expr:
        leaves = _leaves(node)
        operations = {number: _operation(other, len(leaves)) for number, other in others.items()}
        call = self._observer(_operation(node, len(leaves)), operations)
        call.args = [self.visit(leaf) for leaf in leaves]
        return ast.copy_location(call, node)

    def _value(self, node: Any, differs: dict[int, Callable[..., bool]]) -> ast.AST:
        # A mutant's value stands for whether it differs: what is not the value itself does.
        others = {
            number: lambda value, *rest, one=one: _NOTHING if one(value, *rest) else value
            for number, one in differs.items()
        }
        call = self._observer(lambda value, *_: value, others)
        call.args = [self.visit(node.value)]
        if isinstance(node, ast.AugAssign):
            node.target = self.visit(node.target)
        else:
            target = node.targets[0]
            assert isinstance(target, ast.Attribute)
            assert isinstance(target.value, ast.Name)
            call.args += [ast.Name(target.value.id, ast.Load()), ast.Constant(target.attr)]
        node.value = ast.copy_location(call, node)
        return node

    def _observer(self, real: Callable[..., Any], others: dict[int, Callable[..., Any]]) -> ast.Call:
        index = len(self._seen.observers)
        self._seen.observers.append(Observer(real, others, self._seen))
        found = ast.Subscript(ast.Name(OBSERVERS, ast.Load()), ast.Constant(index), ast.Load())
        return ast.Call(found, [], [])


def _operation(node: ast.expr, leaves: int) -> Callable[..., Any]:
    """Return a function of the leaves' values."""
    names = [f"_{number}" for number in range(leaves)]
    body = _over(node, iter(names))
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    function = ast.Expression(ast.Lambda(arguments, body))
    return eval(compile(ast.fix_missing_locations(function), "<operation>", "eval"))


def _over(node: ast.expr, names: Iterator[str]) -> ast.expr:
    """Return an operation with its leaves replaced by names. The source's own nodes stay as they are."""
    if isinstance(node, ast.Constant):
        return node
    if isinstance(node, ast.BinOp):
        return ast.BinOp(_over(node.left, names), node.op, _over(node.right, names))
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, _over(node.operand, names))
    if isinstance(node, ast.Compare) and _operands(node) is not None:
        left = _over(node.left, names)
        return ast.Compare(left, node.ops, [_over(one, names) for one in node.comparators])
    if isinstance(node, ast.BoolOp) and _operands(node) is not None:
        return ast.BoolOp(node.op, [_over(one, names) for one in node.values])
    if isinstance(node, ast.Call) and _operands(node) is not None:
        return ast.Call(node.func, [_over(one, names) for one in node.args], [])
    return ast.Name(next(names), ast.Load())
