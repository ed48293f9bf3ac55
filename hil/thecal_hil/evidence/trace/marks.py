"""The marks that make a test evidence for a requirement, read from the sources of the tests.

The sources are read instead of asking pytest, which would have to import every test: that takes many times as long,
and leaves out what is chosen away on the command line. Only one form of the mark is allowed, a decorator of a test
function, or of a class of tests, with ids written out.

Scenarios are evidence as well: their files name the requirements, for the whole and for single figures, and
tests/scenarios/test_library.py runs each of them.

Promises: every mark in that form is found; a mark in any other form or place, which pytest might take otherwise or not
at all, is a fault, and so is one on a test that never runs or whose failure counts for nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from thecal.errors import BadInputError
from thecal.toml_file import read_toml

_MARK = "requirement"
_NEVER_RUN = ("skip", "xfail")
_LEFT_OUT = "campaign"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Evidence:
    """A test and the requirement it is marked with. in_make_test: not left to a target of its own."""

    test: str
    requirement: str
    in_make_test: bool


@dataclass
class Marks:
    """All marks found, in the order of the files, and what was wrong with them."""

    evidence: list[Evidence] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_marks(folder: Path, root: Path) -> Marks:
    """Return the marks of all tests below a folder; tests are named relative to ``root``, as pytest names them."""
    marks = Marks()
    for path in sorted(folder.rglob("*.py")):
        _File(path, path.relative_to(root).as_posix(), marks).read()
    return marks


def read_scenarios(folder: Path, root: Path) -> Marks:
    """Return what the scenario files in a folder are evidence for; each is named by its path relative to ``root``.

    What else is wrong with a file is the affair of the reader that runs it.
    """
    marks = Marks()
    for path in sorted(folder.glob("*.toml")):
        name = path.relative_to(root).as_posix()
        try:
            content = read_toml(path)
        except BadInputError as error:
            marks.faults.append(str(error).replace(str(path), name, 1))
            continue
        ids = [*content.get("requirements", [])]
        for check in content.get("check", []):
            ids += check.get("requirements", [])
        if not ids:
            marks.faults.append(f"{name}: is evidence for no requirement")
        in_make_test = not content.get("long", False)
        marks.evidence += [Evidence(name, found, in_make_test) for found in dict.fromkeys(ids)]
    return marks


class _File:
    """One source file."""

    def __init__(self, path: Path, name: str, marks: Marks) -> None:
        self._name = name
        self._marks = marks
        self._tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        self._holds_tests = path.name.startswith("test_") or path.name.endswith("_test.py")
        self._read: set[ast.AST] = set()

    def read(self) -> None:
        if self._holds_tests:
            self._read_body(self._tree.body, "", [], _marks_assigned(self._tree.body))
        for node in ast.walk(self._tree):
            if _is_mark(node, _MARK) and node not in self._read:
                self._fault(node, "not a decorator of a test, with its ids written out as strings")

    def _read_body(self, body: list[ast.stmt], prefix: str, inherited: list[str], others: set[str]) -> None:
        definitions = [node for node in body if isinstance(node, _Function | ast.ClassDef)]
        last = {node.name: node for node in definitions}
        for node in definitions:
            kind = "Test" if isinstance(node, ast.ClassDef) else "test"
            if not node.name.startswith(kind) or last[node.name] is not node:
                continue  # pytest does not collect it, so its marks, if any, stay unread
            own = [found for decorator in node.decorator_list for found in self._ids(decorator)]
            names = others | {name for decorator in node.decorator_list for name in _mark_names(decorator)}
            if isinstance(node, ast.ClassDef):
                names |= _marks_assigned(node.body)
                self._read_body(node.body, f"{prefix}{node.name}::", inherited + own, names)
            else:
                self._note(node, f"{self._name}::{prefix}{node.name}", inherited + own, names)

    def _note(self, node: ast.AST, test: str, ids: list[str], names: set[str]) -> None:
        if not ids:
            return
        if never := names.intersection(_NEVER_RUN):
            self._fault(node, f"is evidence, but marked {' and '.join(sorted(never))}")
            return
        if len(set(ids)) != len(ids):
            self._fault(node, "names one requirement twice")
        for found in dict.fromkeys(ids):
            self._marks.evidence.append(Evidence(test, found, _LEFT_OUT not in names))

    def _ids(self, decorator: ast.expr) -> Iterator[str]:
        """Yield the ids of a decorator that is a requirement mark in the form allowed."""
        if not (isinstance(decorator, ast.Call) and _is_mark(decorator.func, _MARK)):
            return
        ids = [part.value for part in decorator.args if isinstance(part, ast.Constant)]
        if decorator.keywords or not ids or len(ids) != len(decorator.args):
            return
        if all(isinstance(found, str) for found in ids):
            self._read.add(decorator.func)
            yield from (str(found) for found in ids)

    def _fault(self, node: ast.AST, what: str) -> None:
        self._marks.faults.append(f"{self._name}:{getattr(node, 'lineno', 0)}: {what}")


def _is_mark(node: ast.AST, name: str | None = None) -> bool:
    """Return True if an expression is ``pytest.mark.NAME``, or ``mark.NAME``."""
    if not isinstance(node, ast.Attribute) or (name is not None and node.attr != name):
        return False
    holder = node.value
    return (isinstance(holder, ast.Attribute) and holder.attr == "mark") or (
        isinstance(holder, ast.Name) and holder.id == "mark"
    )


def _mark_names(expression: ast.expr) -> set[str]:
    """Return the name of the mark that an expression is; none for any other."""
    called = expression.func if isinstance(expression, ast.Call) else expression
    return {called.attr} if isinstance(called, ast.Attribute) and _is_mark(called) else set()


def _marks_assigned(body: list[ast.stmt]) -> set[str]:
    """Return the names of the marks that a module or class puts on all its tests."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            names |= {name for mark in marks for name in _mark_names(mark)}
    return names
