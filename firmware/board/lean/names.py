"""Names of the firmware's own made short: each costs the board its letters and an entry in the table of all names.

A private name means something in its own module only, so the private names of each module are numbered from the start,
and all modules together need no more of them than the one that has the most. Parameters share theirs likewise.

Promises: no two names become one where both mean something; a name keeps its meaning wherever it stands, as a
variable, an attribute, a parameter, a keyword, or a string that ``getattr``, ``setattr`` or a table of fields is given.
Names that are not the firmware's alone stay: those that MicroPython knows as well, see ``OF_MICROPYTHON``, those of
modules and what is taken from other modules than these, and whatever stands in assembler.
"""

import ast
import builtins
import keyword
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product

from lean.modules import LeanError, Modules, decorators, mentioned, path_of
from lean.parameters import most_parameters, passed_by_name, share_parameter_names

OF_MICROPYTHON = (
    "ERROR",
    "FAULT",
    "Flash",
    "Machine",
    "_at",
    "_button",
    "_connect",
    "_count",
    "_driver",
    "_keys",
    "_program",
    "_queue",
    "_read",
    "_readinto",
    "_run",
    "_server",
    "_us",
    "_write",
    "active",
    "age",
    "append",
    "back",
    "bit",
    "bits",
    "bootloader",
    "buffer",
    "byte",
    "cancel",
    "channel",
    "claimed",
    "clear",
    "close",
    "code",
    "complete",
    "connect",
    "copy",
    "crc32",
    "data",
    "decode",
    "difference",
    "digest",
    "disable",
    "doc",
    "done",
    "empty",
    "enable",
    "enabled",
    "encode",
    "end",
    "ends",
    "error",
    "event",
    "expected",
    "feed",
    "fields",
    "fifo",
    "file",
    "fill",
    "first",
    "flags",
    "form",
    "found",
    "free",
    "get",
    "given",
    "group",
    "hold",
    "idle",
    "index",
    "join",
    "key",
    "known",
    "last",
    "late",
    "led",
    "left",
    "length",
    "line",
    "load",
    "log",
    "lower",
    "mask",
    "message",
    "mode",
    "name",
    "needed",
    "number",
    "off",
    "one",
    "pack",
    "phase",
    "pio",
    "place",
    "poll",
    "put",
    "queue",
    "rate",
    "read",
    "registers",
    "release",
    "reset",
    "restart",
    "row",
    "run",
    "self",
    "sequence",
    "serve",
    "server",
    "set_cause",
    "shift",
    "size",
    "small",
    "source",
    "span",
    "split",
    "start",
    "step",
    "stop",
    "tend",
    "text",
    "ticks",
    "turn",
    "unpack",
    "update",
    "upper",
    "used",
    "value",
    "values",
    "view",
    "wait_for",
    "waiting",
    "word",
    "write",
    "zero",
)
"""Names of the firmware's that a stock image has for something, too."""
_SHORT = 2
_LETTERS = string.ascii_lowercase + string.ascii_uppercase
_ASSEMBLERS = {"asm_pio", "asm_thumb"}

Names = dict[str, dict[str, str]]
"""The long name of each short one; by the path of a module those that are private there, by "" all others."""


def shorten_names(modules: Modules, outside: list[ast.Module]) -> tuple[Names, Iterator[str]]:
    """Change the modules in place; return what was shortened, and short names that nothing has."""
    trees = [*modules.values(), *outside]
    stay = set(OF_MICROPYTHON) | set(dir(builtins)) | _taken(modules, outside)
    stay |= {name for name in _defined_in(modules.values()) if name.startswith("__") or len(name) <= _SHORT}
    free = _short_names({name for tree in trees for name in _all_names(tree)} | stay)
    kept = {"self"} | passed_by_name(trees)
    shared = [next(free) for _ in range(most_parameters(modules, kept))]
    share_parameter_names(modules, shared, kept)
    stay.update(shared)
    private = _private_names(modules, stay)
    numbered = [next(free) for _ in range(max(map(len, private.values()), default=0))]
    uses = Counter(name for tree in modules.values() for name in _all_names(tree))
    public = _defined_in(modules.values()) - stay - set().union(*private.values())
    by_use = sorted(public, key=lambda name: (-uses[name], name))
    short = dict(zip(by_use, free, strict=False))
    names = {"": {new: old for old, new in short.items()}}
    for path, tree in modules.items():
        own = dict(zip(sorted(private[path]), numbered, strict=False))
        _Shortener(short | own).visit(tree)
        names[path] = {new: old for old, new in own.items()}
    return names, free


def _short_names(but: set[str]) -> Iterator[str]:
    for length in range(1, 4):
        for letters in product(_LETTERS, repeat=length):
            name = "".join(letters)
            if not keyword.iskeyword(name) and name not in but:
                yield name


def _all_names(tree: ast.AST) -> Iterator[str]:
    yield from mentioned(tree)
    yield from _defined(tree)


def _defined_in(trees: Iterable[ast.AST]) -> set[str]:
    return {name for tree in trees for name in _defined(tree)}


def _defined(tree: ast.AST) -> Iterator[str]:
    """Return every name that a tree gives something, in whatever scope."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.ExceptHandler(name=str() as name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str() as name):
                yield name


def _private_names(modules: Modules, stay: set[str]) -> dict[str, set[str]]:
    """Return, by the path of each module, the names that mean something there only; raise LeanError if one is used
    elsewhere.

    A class has its own private names and those of the class that it is made from, so where that is of another module,
    the two modules' are numbered together.
    """
    private = {}
    for path, tree in modules.items():
        private[path] = {name for name in _defined(tree) if _is_private(name)} - stay
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and path_of(node.module or "", modules):
                for alias in node.names:
                    if _is_private(alias.name) and not path_of(f"{node.module}.{alias.name}", modules):
                        raise LeanError(f"{path} imports {alias.name}, which is private to {node.module}")
    together = _related(modules)
    return {path: set().union(*(private[other] for other in together[path])) for path in modules}


def _related(modules: Modules) -> dict[str, set[str]]:
    """Return, by the path of each module, those whose classes are made from one another's, itself among them."""
    homes = {
        node.name: path
        for path, tree in modules.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    related = {path: {path} for path in modules}
    for path, tree in modules.items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(base, ast.Name) and base.id in homes:
                    both = related[path] | related[homes[base.id]]
                    related.update(dict.fromkeys(both, both))
    return related


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _taken(modules: Modules, outside: list[ast.Module]) -> set[str]:
    """Return the names that are not these modules' alone."""
    taken = {name for tree in outside for name in _all_names(tree)}
    for path in modules:
        taken.update(path.removesuffix(".py").split("/"))
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                taken.update(part for alias in node.names for part in alias.name.split("."))
            elif isinstance(node, ast.ImportFrom) and not path_of(node.module or "", modules):
                taken.update(alias.name for alias in node.names)
            elif isinstance(node, ast.FunctionDef) and decorators(node) & _ASSEMBLERS:
                taken.update(name for part in node.body for name in _all_names(part))
    return taken


class _Shortener(ast.NodeTransformer):
    def __init__(self, short: dict[str, str]) -> None:
        self._short = short

    def _new(self, name: str) -> str:
        return self._short.get(name, name)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                node.name = self._new(node.name)
            case ast.ExceptHandler(name=str() as name):
                node.name = self._new(name)
            case ast.arg():
                node.arg = self._new(node.arg)
            case ast.keyword() if node.arg:
                node.arg = self._new(node.arg)
            case ast.Name():
                node.id = self._new(node.id)
            case ast.Attribute():
                node.attr = self._new(node.attr)
            case ast.alias():
                node.name = self._new(node.name)
                node.asname = node.asname and self._new(node.asname)
            case ast.Global():
                node.names = [self._new(name) for name in node.names]
            case ast.Constant(value=str() as text):
                node.value = self._new(text)
        return super().generic_visit(node)
