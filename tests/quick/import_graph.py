"""The import graph of the repository's modules, and so what a change of one of them may be felt in.

Every import statement counts, also inside functions, and so do names of modules in texts: tests for the board send
programs with imports of their own to it. A test file also rests on each `conftest.py` above it, and a module on the
packages it is in.
"""

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from tools.imports import imported_names, module_name

ROOTS = ("firmware", "firmware/board", "firmware/probe", "host", "sim", "hil", "tests")
"""As in pyproject.toml: folders that modules are looked for in."""
_NAMED_IN_TEXT = re.compile(r"\b(?:thecal_fw|thecal_probe)(?:\.\w+)+")


class ImportGraph:
    """The imports among all Python files below some roots of a repository; files are named relative to it."""

    def __init__(self, repository: Path, roots: Iterable[str] = ROOTS):
        self._repository = repository
        self._roots = [repository / root for root in roots]
        self._files: dict[str, str] = {}
        for root in self._roots:
            for path in sorted(root.rglob("*.py")):
                # A folder below two roots can be imported by either name.
                self._files[module_name(path, root)] = path.relative_to(repository).as_posix()

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(self._files.values())

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """Return, by file, the files that import it."""
        found: dict[str, set[str]] = {file: set() for file in self.files}
        for file in self.files:
            for imported in self._imported_by(file):
                if imported != file:
                    found[imported].add(file)
        return found

    @cached_property
    def imported(self) -> dict[str, set[str]]:
        """Return, by file, the files that it imports."""
        found: dict[str, set[str]] = {file: set() for file in self.files}
        for file, importers in self.importers.items():
            for importer in importers:
                found[importer].add(file)
        return found

    def rests_on(self, file: str) -> int:
        """Return how many files one rests on, directly or not: few for a test of one unit, many for one of the whole
        pump."""
        found, queue = {file}, [file]
        while queue:
            new = self.imported[queue.pop()] - found
            found |= new
            queue += new
        return len(found) - 1

    def distances(self, changed: Iterable[str]) -> dict[str, int]:
        """Return, by file, over how many imports a change is felt in it: 0 for the changed ones. Those it is not felt
        in are absent."""
        found = {file: 0 for file in changed if file in self.files}
        queue = deque(sorted(found))
        while queue:
            file = queue.popleft()
            for importer in sorted(self.importers[file]):
                if importer not in found:
                    found[importer] = found[file] + 1
                    queue.append(importer)
        return found

    def _imported_by(self, file: str) -> Iterator[str]:
        path = self._repository / file
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"), filename=file)
        except (SyntaxError, UnicodeDecodeError):
            # Others report it; what it imports is not known.
            return
        module = self._module_of(path)
        names = set(imported_names(tree, module, path.name == "__init__.py"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "thecal_" in node.value:
                names.update(_NAMED_IN_TEXT.findall(node.value))
        for name in names:
            yield from self._files_of(name)
        yield from self._conftests_of(path)

    def _module_of(self, path: Path) -> str:
        """Return the module of a file. The longest root decides, so that relative imports resolve within the
        package."""
        root = max(
            (root for root in self._roots if path.is_relative_to(root)), key=lambda root: len(root.parts)
        )
        return module_name(path, root)

    def _files_of(self, name: str) -> Iterator[str]:
        """Yield the files run by the import of a name: the module, or the one whose attribute it is, and its
        packages."""
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            file = self._files.get(".".join(parts[:count]))
            if file is not None:
                yield file

    def _conftests_of(self, path: Path) -> Iterator[str]:
        for folder in path.parents:
            if folder == self._repository:
                return
            file = (folder / "conftest.py").relative_to(self._repository).as_posix()
            if file in self.files:
                yield file
