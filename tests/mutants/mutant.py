"""A mutant: the source of one module with one small change, and a name for it that outlives edits elsewhere.

A mutant is named by module, by the function it is in, and by the changed line before and after; the line's
number is no part of the name. Of changes that make the same program only one is kept, and none that makes
the program it started from or no program at all.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator


@dataclass(frozen=True)
class Name:
    """The identity of a mutant. ``nth`` distinguishes equal changes of equal lines in one function."""

    module: str
    where: str
    line: str
    becomes: str
    nth: int = 0

    def __str__(self) -> str:
        nth = f" (number {self.nth})" if self.nth else ""
        return f"{self.module}, {self.where or 'module'}: {self.line}  ->  {self.becomes}{nth}"


@dataclass(frozen=True)
class Mutant:
    """One changed source of one module."""

    name: Name
    operator: str
    line_number: int
    source: str


def mutants_of(path: Path, module: str, operators: dict[str, Operator]) -> Iterator[Mutant]:
    """Yield every distinct mutant of a module of that name and with its source at that path, in a fixed order."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    seen = {ast.dump(tree)}
    named: dict[Name, int] = {}
    for operator_name, operator in operators.items():
        occurrence = 0
        while (changed := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            program = _program(changed)
            if program is None or program in seen:
                continue
            seen.add(program)
            line_number, line, becomes = _difference(source, changed)
            name = Name(module, _scope(tree, line_number), line, becomes)
            nth = named[name] = named.get(name, -1) + 1
            yield Mutant(Name(module, name.where, line, becomes, nth), operator_name, line_number, changed)


def _program(source: str) -> str | None:
    """Return the program that a source stands for, without regard to its layout; nothing if it stands for none."""
    try:
        compile(source, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return None
    return ast.dump(ast.parse(source))


def _difference(source: str, changed: str) -> tuple[int, str, str]:
    """Return the number of the first changed line, the changed lines before and after."""
    before, after = source.splitlines(), changed.splitlines()
    first = _equal(before, after)
    # What is equal from the end does not reach over what is equal from the beginning.
    last = _equal(before[: first - 1 if first else None : -1], after[: first - 1 if first else None : -1])
    return (
        first + 1,
        _one_line(before[first : len(before) - last]),
        _one_line(after[first : len(after) - last]),
    )


def _equal(before: list[str], after: list[str]) -> int:
    """Return how many lines are equal from the beginning."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(before), len(after)))


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _scope(tree: ast.AST, line_number: int) -> str:
    """Return qualified name of the innermost function or class that a line lies in."""
    parts: list[str] = []
    node: ast.AST | None = tree
    while node is not None:
        node = next(
            (
                child
                for child in ast.walk(node)
                if child is not node
                and isinstance(child, (ast.FunctionDef, ast.ClassDef))
                and child.lineno <= line_number <= (child.end_lineno or child.lineno)
            ),
            None,
        )
        if node is not None:
            parts.append(node.name)  # pyright: ignore[reportAttributeAccessIssue]
    return ".".join(parts)
