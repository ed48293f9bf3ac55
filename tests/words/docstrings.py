"""The docstrings of the sources: how they begin, which words they use, and which errors they leave unnamed.

Promises: nothing is imported but the commands' own modules, to know which functions are commands. A command's errors
are exit codes (docs/exit-codes.md), and its docstring is help for a person, so it need not name them. Neither need a
hook of pytest.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from words.rules import Rules

ROOTS = ("firmware", "host", "sim", "hil", "docs", "tests")
PUBLIC_ROOTS = ("firmware", "host", "sim", "hil", "docs")
"""Where functions are for others to call; those of tests are not."""

_NEVER_NAMED = {"NotImplementedError", "AssertionError"}
_FIRST_WORD = re.compile(r"[A-Za-z]+")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Finding(NamedTuple):
    place: str
    text: str


class _Documented(NamedTuple):
    node: ast.AST
    path: Path
    line: int
    name: str
    text: str


def sources(repository: Path, roots: tuple[str, ...]) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every source of the roots with its syntax tree."""
    for root in roots:
        for path in sorted((repository / root).rglob("*.py")):
            yield path.relative_to(repository), ast.parse(path.read_text(encoding="utf-8"))


def _documented(repository: Path) -> Iterator[_Documented]:
    for path, tree in sources(repository, ROOTS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    line, name = getattr(node, "lineno", 1), getattr(node, "name", "module")
                    yield _Documented(node, path, line, name, text)


def _is_free(name: str) -> bool:
    """Return True for functions whose docstrings begin as they like: tests, and what only lists its parameters."""
    return name.startswith("test_") or name == "__init__"


def bad_beginnings(repository: Path, rules: Rules) -> Iterator[Finding]:
    """Yield docstrings that begin with a word of the list, and those of functions that begin with no verb."""
    for each in _documented(repository):
        place = f"{each.path}:{each.line}: {each.name}"
        found = _FIRST_WORD.match(each.text)
        first = found.group(0) if found else ""
        if first in rules.beginnings:
            yield Finding(place, f'begins with "{first}"; put subject or verb first')
        elif isinstance(each.node, Function) and not _is_free(each.name) and first not in rules.verbs:
            yield Finding(place, f'begins with "{first}", which is no verb of tests/words/words.toml')


def avoided_words(repository: Path, rules: Rules) -> Iterator[Finding]:
    """Yield docstrings that use a word of the list."""
    for each in _documented(repository):
        for word, write in rules.avoided(each.text):
            yield Finding(f"{each.path}:{each.line}: {each.name}", f'"{word}"; write {write}')


def _command_modules() -> set[tuple[str, str]]:
    from typer import Typer

    from thecal.cli import app
    from thecal_hil.cli.command import app as hil_app

    found: set[tuple[str, str]] = set()
    waiting: list[Typer] = [app, hil_app]
    while waiting:
        one = waiting.pop()
        callbacks = [command.callback for command in one.registered_commands]
        for group in one.registered_groups:
            if group.typer_instance is not None:
                waiting.append(group.typer_instance)
        found |= {(call.__module__, call.__name__) for call in callbacks if call is not None}
    return found


def _raised_in(function: Function) -> Iterator[str]:
    """Yield names of errors that a function raises itself and does not catch itself."""

    def within(node: ast.AST, caught: frozenset[str]) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            return
        if isinstance(node, ast.Raise) and node.exc is not None:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(call).rpartition(".")[2]
            if name[:1].isupper() and name not in caught:
                yield name
        if isinstance(node, ast.Try):
            inner = caught | {
                name.id
                for handler in node.handlers
                if handler.type is not None
                for name in ast.walk(handler.type)
                if isinstance(name, ast.Name)
            }
            for child in node.body:
                yield from within(child, inner)
            for child in [*node.handlers, *node.orelse, *node.finalbody]:
                yield from within(child, caught)
            return
        for child in ast.iter_child_nodes(node):
            yield from within(child, caught)

    for statement in function.body:
        yield from within(statement, frozenset(_NEVER_NAMED))


def unnamed_errors(repository: Path) -> Iterator[Finding]:
    """Yield public functions that raise an error which neither their docstring nor their class's names."""
    commands = _command_modules()
    for path, tree in sources(repository, PUBLIC_ROOTS):
        module = ".".join(path.with_suffix("").parts[1:])
        waiting: list[tuple[ast.Module | ast.ClassDef, str]] = [(tree, "")]
        while waiting:
            outer, of_class = waiting.pop()
            for node in outer.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    waiting.append((node, ast.get_docstring(node) or ""))
                if not isinstance(node, Function):
                    continue
                is_private = node.name.startswith("_") and node.name != "__init__"
                if (
                    "typer." in ast.unparse(node.args)
                    or is_private
                    or node.name.startswith("pytest_")
                    or (module, node.name) in commands
                ):
                    continue
                named = f"{ast.get_docstring(node) or ''} {of_class}"
                missing = sorted({name for name in _raised_in(node) if name not in named})
                if missing:
                    yield Finding(
                        f"{path}:{node.lineno}: {node.name}", f"raises {', '.join(missing)} unnamed"
                    )
