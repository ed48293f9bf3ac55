"""The changes that make a mutant: cosmic-ray's operators, and three that it lacks.

Not every exchange is worth a trial. One arithmetic operator is exchanged for two others, not for all eleven,
since a test that notices the one notices the rest; a comparison for those that differ from it at, below or
above equality; ``==`` never for ``is``, which is the same for small numbers. Whatever is left is tried, in
functions and in the tables and constants of a module alike.
"""

# cosmic-ray's abstract methods have no types, and are taken to return nothing.
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Iterator, Mapping
from typing import ClassVar

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Keyword, Name
from parso.python.tree import Operator as Sign
from parso.tree import NodeOrLeaf

Span = tuple[tuple[int, int], tuple[int, int]]

BINARY = {
    "Add": ("Sub", "Mul"),
    "Sub": ("Add", "Mul"),
    "Mul": ("Add", "FloorDiv"),
    "FloorDiv": ("Mul", "Mod"),
    "Mod": ("Mul", "FloorDiv"),
    "BitAnd": ("BitOr", "BitXor"),
    "BitOr": ("BitAnd", "BitXor"),
    "BitXor": ("BitAnd", "BitOr"),
    "LShift": ("RShift",),
    "RShift": ("LShift",),
}
COMPARISON = {
    "Lt": ("LtE", "NotEq", "GtE"),
    "LtE": ("Lt", "Eq", "Gt"),
    "Gt": ("GtE", "NotEq", "LtE"),
    "GtE": ("Gt", "Eq", "Lt"),
    "Eq": ("NotEq", "LtE", "GtE"),
    "NotEq": ("Eq", "Lt", "Gt"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
WHOLE = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ZeroIterationForLoop",
)


class DeleteStatement(Operator):
    """A statement of a function is left out."""

    _DELETABLE = ("expr_stmt", "atom_expr", "power", "return_stmt", "raise_stmt")

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Span]:
        if node.type != "simple_stmt":
            return
        # cosmic-ray has checked that it is a node: leaves have another type.
        statement = node.children[0]  # pyright: ignore[reportAttributeAccessIssue]
        in_function = node.search_ancestor("funcdef") is not None
        if in_function and (statement.type in self._DELETABLE or statement.get_code().strip() == "return"):
            yield statement.start_pos, statement.end_pos

    def mutate(self, node, index: int):
        statement = node.children[0]
        node.children[0] = Keyword("pass", statement.start_pos, statement.get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("def f():\n    a = 1\n", "def f():\n    pass\n"),)


class ExchangeAugmentedOperator(Operator):
    """``+=`` becomes ``-=`` and so on."""

    _EXCHANGES: ClassVar[Mapping[str, str]] = {
        "+=": "-=",
        "-=": "+=",
        "*=": "//=",
        "//=": "*=",
        "%=": "//=",
        "|=": "&=",
        "&=": "|=",
        "^=": "|=",
        "<<=": ">>=",
        ">>=": "<<=",
    }

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Span]:
        if isinstance(node, Sign) and node.value in self._EXCHANGES:
            yield node.start_pos, node.end_pos

    def mutate(self, node, index: int):
        node.value = self._EXCHANGES[node.value]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("a += 1", "a -= 1"),)


class ExchangeMinAndMax(Operator):
    """The smallest is taken for the largest, and the other way round."""

    _EXCHANGES: ClassVar[Mapping[str, str]] = {"min": "max", "max": "min"}

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Span]:
        if isinstance(node, Name) and node.value in self._EXCHANGES:
            yield node.start_pos, node.end_pos

    def mutate(self, node, index: int):
        node.value = self._EXCHANGES[node.value]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("min(a, b)", "max(a, b)"),)


OUR_OWN = (DeleteStatement, ExchangeAugmentedOperator, ExchangeMinAndMax)


def chosen_operators() -> dict[str, Operator]:
    """Return every operator of the campaign by name, in a fixed order."""
    names = list(WHOLE)
    names += [f"ReplaceBinaryOperator_{a}_{b}" for a, others in BINARY.items() for b in others]
    names += [f"ReplaceComparisonOperator_{a}_{b}" for a, others in COMPARISON.items() for b in others]
    known = set(operator_names())
    unknown = [name for name in names if f"core/{name}" not in known]
    if unknown:
        raise LookupError(f"cosmic-ray has no operator {', '.join(unknown)}")
    chosen: dict[str, Operator] = {name: get_operator(f"core/{name}")() for name in sorted(names)}
    chosen.update({operator.__name__: operator() for operator in OUR_OWN})
    return chosen
