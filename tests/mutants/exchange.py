"""Exchanges one module's code for a changed one: functions that differ in place, or the module when it is imported.

A function whose body differs is exchanged in place: every function object of it takes the changed code, so nothing
need be imported again and whoever holds the function runs the change. What differs outside of function bodies,
such as a constant, has left its marks all over by the time the module is imported, and takes an import afresh.
"""

import ast
import gc
import importlib.abc
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType


def changed_functions(source: str, changed: str | ast.Module) -> dict[str, CodeType] | None:
    """Return changed code by qualified name of the outermost function it is in; None if more differs than functions."""
    found: dict[str, CodeType] = {}
    before, after = (compile(text, "<module>", "exec", dont_inherit=True) for text in (source, changed))
    return found if _collect(before, after, found) else None


def _collect(before: CodeType, after: CodeType, found: dict[str, CodeType]) -> bool:
    """Note the functions that differ right below a module or class; whether nothing else does."""
    if not _is_same_but_for_code(before, after):
        return False
    for old, new in zip(_codes(before), _codes(after), strict=True):
        if old == new:
            continue
        if not old.co_flags & inspect.CO_NEWLOCALS:
            if not _collect(old, new, found):
                return False
        elif old.co_name.startswith("<"):
            # A lambda or a comprehension of the module runs while it is imported, or in somebody's table.
            return False
        elif old.co_freevars != new.co_freevars:
            # No function takes code that looks for other cells around it.
            return False
        else:
            found[old.co_qualname] = new
    return True


def _codes(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _is_same_but_for_code(before: CodeType, after: CodeType) -> bool:
    def outline(code: CodeType) -> tuple[object, ...]:
        constants = [
            one.co_qualname if isinstance(one, CodeType) else (type(one), repr(one)) for one in code.co_consts
        ]
        return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants

    return outline(before) == outline(after)


def functions_of(module: str) -> dict[str, list[FunctionType]]:
    """Return every function object of an imported module, by qualified name."""
    found: dict[str, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__module__ == module:
            found.setdefault(one.__qualname__, []).append(one)
    return found


def exchange_functions(functions: dict[str, list[FunctionType]], changed: dict[str, CodeType]) -> None:
    """Have every function of these names run other code; LookupError if there is none of a name."""
    for name, code in changed.items():
        for one in functions[name]:
            one.__code__ = code


class ChangedImport(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a source that is given."""

    def __init__(self, module: str, source: str):
        self._module = module
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, f"<changed {self._module}>", "exec"), module.__dict__)


def import_changed(module: str, source: str) -> None:
    """Import a module with this source in place of the real one, which must not have been imported yet."""
    sys.meta_path.insert(0, ChangedImport(module, source))
    # Before pytest puts its own importer in front, which may take the real source for itself.
    importlib.import_module(module)
