"""The modules of each room put together into one: every import costs the board code and an entry in a dictionary, and
every module a dictionary, a table of names and a place in the table of modules.

A room is a folder of the package. Its modules follow one another in the order in which they need each other, and what
they import from one another is simply there. Some stay modules of their own: those that are loaded in the middle of a
function, which is done so that they take memory only then; those that a source outside of these imports; and those
named ``alone``, with all that these import, because they have to start where there is memory for little else.

Promises: a name keeps its meaning wherever it stands; two modules of a room that give one name to different things get
another name for one of them; sources in which that can't be seen are refused with ``LeanError``.
"""

import ast
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from itertools import chain

from lean.modules import LeanError, Modules, path_of
from lean.scopes import GlobalNames, bound_outside_of_functions, local_names, unbound_names

Thing = tuple[str, str]
"""The path of a module of these and a name in it; the name is empty for the module itself. What is not of these has the
name of its module with a mark in front in place of the path."""
_OUTSIDE = "outside:"


def gather_rooms(
    modules: Modules, outside: list[ast.Module], alone: Iterable[str], free: Iterator[str]
) -> dict[str, dict[str, tuple[str, str]]]:
    """Change the modules in place: those of a room give way to one.

    alone: paths. free: names that nothing has. Return by the path of each room, for each name that is new there, the
    module that the thing is of and the name that it had there.
    """
    program = _Program(modules)
    apart = _apart(program, outside, alone)
    rooms: dict[str, list[str]] = {}
    for path in sorted(modules):
        folder, _, _ = path.rpartition("/")
        room = path if path in apart else f"{folder}/{folder.rpartition('/')[2]}_room.py"
        rooms.setdefault(room, []).append(path)
    fresh = _Fresh(free)
    of_rooms = {room: _Room(room, program, program.in_order(paths), fresh) for room, paths in rooms.items()}
    homes = {path: room for room in of_rooms.values() for path in room.paths}
    gathered = {path: room.gathered(homes) for path, room in of_rooms.items()}
    modules.clear()
    modules.update(gathered)
    return {path: room.renamed for path, room in of_rooms.items() if room.renamed}


class _Program:
    """Knows what each module defines and imports."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.defined = {path: bound_outside_of_functions(tree) for path, tree in modules.items()}
        self._imported = {path: dict(_imports(_at_the_top(tree))) for path, tree in modules.items()}

    def _thing(self, module: str, name: str) -> Thing:
        """Return what an import brings, wherever it is defined."""
        path = path_of(f"{module}.{name}" if name else module, self.modules)
        if path is not None:
            return path, ""
        path = path_of(module, self.modules)
        return (_OUTSIDE + module, name) if path is None else self.meant(path, name)

    def meant(self, path: str, name: str) -> Thing:
        """Return what a name of a module means; LeanError if it has none of that name."""
        if name in self.defined[path]:
            return path, name
        if name in self._imported[path]:
            return self._thing(*self._imported[path][name])
        raise LeanError(f"{path} has no {name}")

    def imported(self, path: str) -> dict[str, Thing]:
        """Return what a module imports at its top, by the name that it has there."""
        return {local: self._thing(*source) for local, source in self._imported[path].items()}

    def things_in(self, node: ast.ImportFrom) -> dict[str, Thing]:
        return {local: self._thing(*source) for local, source in _imports([node])}

    def needs(self, path: str) -> set[str]:
        """Return the modules of these that must be there before a module."""
        return {module for module, _ in self.imported(path).values() if module in self.modules} - {path}

    def in_order(self, paths: list[str]) -> list[str]:
        """Return modules in an order in which each comes after those of them that it needs."""
        order = TopologicalSorter({path: sorted(self.needs(path) & set(paths)) for path in paths})
        return list(order.static_order())


def _imports(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the name that each import binds, with the module and the name in it, which is empty for the module."""
    for node in statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if "." in alias.name and not alias.asname:
                    raise LeanError(f"{ast.unparse(node)} binds a package and not the module")
                yield alias.asname or alias.name, (alias.name, "")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, (node.module or "", alias.name)


def _at_the_top(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements of a module; LeanError if an import is among those of a condition."""
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try | ast.For | ast.While | ast.With):
            for part in ast.walk(node):
                if isinstance(part, ast.Import | ast.ImportFrom):
                    raise LeanError(f"{ast.unparse(part)} stands under a condition")
    return tree.body


def _apart(program: _Program, outside: list[ast.Module], alone: Iterable[str]) -> set[str]:
    """Return the paths of modules that stay as they are."""
    apart = {path for path in program.modules if path.count("/") < 2 or path.endswith("/__init__.py")}
    to_follow = list(alone)
    while to_follow:
        path = to_follow.pop()
        if path not in apart:
            apart.add(path)
            to_follow += program.needs(path)
    for tree in outside:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                apart.update(path for path, _ in program.things_in(node).values() if path in program.modules)
    needed = set(chain.from_iterable(program.needs(path) for path in program.modules))
    return apart | (set(program.modules) - needed)


class _Fresh:
    """Names that nothing has, the same ones for each room."""

    def __init__(self, free: Iterator[str]) -> None:
        self._free = free
        self._names: list[str] = []

    def name(self, number: int) -> str:
        while len(self._names) <= number:
            self._names.append(next(self._free))
        return self._names[number]


class _Room:
    """Chooses the names of one room, and puts its modules together."""

    def __init__(self, path: str, program: _Program, paths: list[str], fresh: _Fresh) -> None:
        self.path, self.paths, self.renamed = path, paths, dict[str, Thing]()
        self._program, self._fresh = program, fresh
        trees = [program.modules[path] for path in paths]
        self._names: dict[Thing, str] = {}
        self._locals = set(chain.from_iterable(local_names(tree) for tree in trees))
        self._taken = set(chain.from_iterable(unbound_names(tree) for tree in trees))
        # What is defined here keeps its name before what is imported does: others may import it from here.
        for path in paths:
            for name in sorted(program.defined[path]):
                self._named((path, name), name)

    def _named(self, thing: Thing, name: str, but: Iterable[str] = ()) -> str:
        """Return the name that something has throughout the room: this one, unless it has one already, or another thing
        has this one, or it is among ``but``."""
        if thing in self._names:
            return self._names[thing]
        is_taken = name in self._taken or name in but
        new = self._fresh.name(len(self.renamed)) if is_taken else name
        if new != name:
            self.renamed[new] = thing
        self._taken.add(new)
        self._names[thing] = new
        return new

    def name_of(self, thing: Thing) -> str:
        """Return the name of something that is defined here."""
        return self._names[thing]

    def gathered(self, homes: "dict[str, _Room]") -> ast.Module:
        """Return the room as one module. homes: the room of each module."""
        imports: dict[Thing, str] = {}
        body: list[ast.stmt] = []
        for path in self.paths:
            new = {name: self._names[path, name] for name in self._program.defined[path]}
            gone: dict[str, str] = {}
            for local, thing in self._program.imported(path).items():
                module, name = thing
                if not name and _is_gone(module, homes):
                    gone[local] = module
                    continue
                new[local] = self._named(thing, local)
                if homes.get(module) is not self:
                    imports[thing] = new[local]
            tree = self._program.modules[path]
            kept = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
            inner = _ImportsInFunctions(self, self._program, homes)
            renamer = GlobalNames(new, lambda name, gone=gone: self._attribute(gone, name, imports, homes))
            body += [renamer.visit(inner.visit(node)) for node in kept]
        return ast.Module([*_statements(imports, homes), *body], [])

    def _attribute(
        self,
        gone: dict[str, str],
        name: tuple[str, str],
        imports: dict[Thing, str],
        homes: "dict[str, _Room]",
    ) -> str | None:
        """Return what ``module.attribute`` is called here; None if the module is still one."""
        module, attribute = name
        if module not in gone:
            return None
        if not attribute:
            raise LeanError(f"{self.path} uses the module {module} as a value")
        thing = self._program.meant(gone[module], attribute)
        # It was an attribute, which may have the name of something that a function has for itself.
        new = self._named(thing, attribute, self._locals)
        if homes.get(thing[0]) is not self:
            imports[thing] = new
        return new


def _is_gone(module: str, homes: dict[str, _Room]) -> bool:
    """Return True if a module of these is no module of its own any more."""
    return module in homes and homes[module].path != module


class _ImportsInFunctions(ast.NodeTransformer):
    """Changes what functions of a room import to what is there now."""

    def __init__(self, room: _Room, program: _Program, homes: dict[str, _Room]) -> None:
        self._room, self._program, self._homes = room, program, homes

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt]:
        imports: dict[Thing, str] = {}
        for local, thing in self._program.things_in(node).items():
            module, name = thing
            if not name and _is_gone(module, self._homes):
                raise LeanError(
                    f"a function of {self._room.path} imports the module {local}, which is in a room"
                )
            if self._homes.get(module) is not self._room:
                imports[thing] = local
            elif self._room.name_of(thing) != local:
                raise LeanError(
                    f"a function of {self._room.path} imports {local}, which has another name there"
                )
        return _statements(imports, self._homes) or ast.Pass()


def _statements(imports: dict[Thing, str], homes: dict[str, _Room]) -> list[ast.stmt]:
    """Return one import for each module."""
    of_modules: dict[str, list[ast.alias]] = {}
    found: list[ast.stmt] = []
    for thing, local in imports.items():
        module, name = thing
        if module.startswith(_OUTSIDE):
            module = module.removeprefix(_OUTSIDE)
            if not name:
                found.append(ast.Import([_alias(module, local)]))
                continue
        elif name:
            name = homes[module].name_of(thing)
            module = _dotted(homes[module].path)
        else:
            module, _, name = _dotted(module).rpartition(".")
        of_modules.setdefault(module, []).append(_alias(name, local))
    return [*found, *(ast.ImportFrom(module, names, 0) for module, names in sorted(of_modules.items()))]


def _alias(name: str, local: str) -> ast.alias:
    return ast.alias(name, None if name == local else local)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
