"""Checks that imports point one way only, so that each part can be read, tested and replaced by itself.

The parts and what each may import are in ``RULES``; the most exact entry for a module counts. Every import statement
counts, also inside functions and type-checking blocks, and ``import_module`` with a literal name.

Run as a program it prints one line for each fault and exits with 1 when there are any.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOTS = ("firmware", "firmware/probe", "host", "sim", "hil")
OUR_PACKAGES = ("thecal_fw", "thecal_probe", "thecal", "thecal_sim", "thecal_hil", "tests")

# Module prefix -> prefixes of our own modules that it may import. Standard and third-party modules are free.
RULES: dict[str, tuple[str, ...]] = {
    "thecal_fw.core": ("thecal_fw.core",),
    # The numbers of the pump's description; an image has another module in its place.
    "thecal_fw.core.described": ("thecal.pumps",),
    "thecal_fw.store": ("thecal_fw.store", "thecal_fw.core"),
    "thecal_fw.link": ("thecal_fw.link", "thecal_fw.core", "thecal_fw.version"),
    "thecal_fw.ports": ("thecal_fw.core",),
    "thecal_fw.rp2": ("thecal_fw.rp2", "thecal_fw.core"),
    "thecal_fw.pump": ("thecal_fw.pump", "thecal_fw.store", "thecal_fw.core", "thecal_fw.ports"),
    "thecal_fw.requests": (
        "thecal_fw.requests",
        "thecal_fw.pump",
        "thecal_fw.link",
        "thecal_fw.core",
        "thecal_fw.version",
    ),
    "thecal_fw.start": (
        "thecal_fw.start",
        "thecal_fw.requests",
        "thecal_fw.pump",
        "thecal_fw.rp2",
        "thecal_fw.link",
    ),
    "thecal_fw.version": ("thecal_fw._build_info",),
    "thecal_fw": (),
    "thecal_probe": ("thecal_probe", "thecal_fw.link", "thecal_fw.rp2", "thecal_fw.version"),
    "thecal": ("thecal", "thecal_fw.link", "thecal_fw.core", "thecal_fw.version"),
    # What the build and the firmware's constants come from must need neither.
    "thecal.pumps": ("thecal.pumps",),
    "thecal_sim": ("thecal_sim", "thecal_fw", "thecal.pumps"),
    # The reference of therapy shares nothing with the firmware that it judges.
    "thecal_sim.therapy": ("thecal_sim.therapy", "thecal_sim.units", "thecal.pumps"),
    "thecal_hil": ("thecal_hil", "thecal_sim", "thecal", "thecal_fw", "thecal_probe"),
}

HARDWARE_MODULES = ("machine", "rp2", "micropython", "uctypes", "vfs", "_thread", "network", "bluetooth")
MAY_TOUCH_HARDWARE = ("thecal_fw.rp2", "thecal_fw.start.main")
# A compile-time hint with a plain equivalent on CPython, hence no hardware.
HARMLESS_NAMES = ("micropython.const",)


@dataclass(frozen=True)
class Import:
    """One imported name, and where the import is written."""

    name: str
    path: Path
    line: int


def faults(repository: Path) -> list[str]:
    """One line for each import that goes the wrong way, in the order of the files."""
    found: list[str] = []
    for root in ROOTS:
        folder = repository / root
        for path in sorted(folder.rglob("*.py")):
            module = module_name(path, folder)
            if module.split(".")[0] in OUR_PACKAGES:
                found += faults_of(module, path, repository)
    return found


def faults_of(module: str, path: Path, repository: Path) -> list[str]:
    """The faults of one module."""
    place = path.relative_to(repository)
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    is_package = path.name == "__init__.py"
    reasons = (
        (one.line, reason)
        for one in imports(tree, module, is_package, path)
        if (reason := objection(module, one.name)) is not None
    )
    return [f"{place}:{line}: {reason}" for line, reason in sorted(set(reasons))]


def objection(module: str, imported: str) -> str | None:
    """Why a module must not import a name; nothing when it may."""
    top = imported.split(".")[0]
    if top in HARDWARE_MODULES and module.split(".")[0] == "thecal_fw":
        if imported in HARMLESS_NAMES or is_within(module, MAY_TOUCH_HARDWARE):
            return None
        return (
            f"{module} imports {imported}, but only {' and '.join(MAY_TOUCH_HARDWARE)} may touch the hardware"
        )
    if top not in OUR_PACKAGES:
        return None
    rule = max((prefix for prefix in RULES if is_within(module, (prefix,))), key=len)
    if is_within(imported, RULES[rule]):
        return None
    return f"{module} imports {imported}, but {rule} may import only {', '.join(RULES[rule])}"


def is_within(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the prefixes or lies below one."""
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def imports(tree: ast.AST, module: str, is_package: bool, path: Path) -> Iterator[Import]:
    """Every import in a syntax tree, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, path, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = absolute_base(node, module, is_package)
            for alias in node.names:
                yield Import(base if alias.name == "*" else f"{base}.{alias.name}", path, node.lineno)
        elif isinstance(node, ast.Call):
            yield from dynamic_import(node, path)


def absolute_base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The module that an import takes its names from."""
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])


def dynamic_import(node: ast.Call, path: Path) -> Iterator[Import]:
    """The module named by ``import_module("...")`` or ``__import__("...")``."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in ("import_module", "__import__") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Import(first.value, path, node.lineno)


def module_name(path: Path, root: Path) -> str:
    """Dotted name of the module in a file below a root."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or root.name


def main() -> int:
    """Check this repository."""
    repository = Path(__file__).resolve().parents[2]
    found = faults(repository)
    for fault in found:
        print(fault)
    print(f"deps: {len(found)} import(s) go the wrong way" if found else "deps: all imports point one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
