"""The outcome of every mutant, module by module, in build/evidence/mutants.json, and each module's also in the cache
of the machine, where another checkout finds it.

Each module's results carry a digest of all they rest on: the module's source, the firmware it imports, the tests
that run it and what makes the mutants. They hold until that changes, so a later campaign tries anew only what did.
The whole carries a seal: a file that is not what was written holds for nothing.
Writing one module's results leaves the others' alone.
"""

import ast
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mutants.mutant import Name
from thecal_hil.evidence.measurements import is_as_written, with_seal, write_json
from thecal_hil.groundwork.checkout import checkout
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed

REPOSITORY = Path(__file__).parents[2]
_PACKAGES = {
    "thecal_fw": REPOSITORY / "firmware",
    "thecal_sim": REPOSITORY / "sim",
    "thecal_hil": REPOSITORY / "hil",
}
MOST_KEPT = 600
"""Files of a folder: some five campaigns of all modules."""
VERSIONS = {name: version(name) for name in ("cosmic-ray", "hypothesis")}


@dataclass(frozen=True)
class Result:
    """A mutant and what became of it: ``by`` is what noticed, ``reason`` why nothing need notice. is_drawn: not tried
    for its explanation alone."""

    name: Name
    operator: str
    line_number: int
    by: str
    reason: str
    seconds: float
    is_drawn: bool = True

    @property
    def status(self) -> str:
        if self.by:
            return "killed"
        return "explained" if self.reason else "survived"

    def explained(self, reason: str) -> "Result":
        return replace(self, reason=reason)


@dataclass(frozen=True)
class ModuleResults:
    """All results of one module, the digest of what they rest on, and how many mutants there are."""

    digest: str
    results: list[Result]
    mutants: int

    def counts(self) -> Counter[str]:
        return Counter(result.status for result in self.results)


def score_percent(results: Sequence[Result]) -> float:
    """Share of the mutants drawn that a test notices; an explained one counts as not noticed."""
    drawn = [result for result in results if result.is_drawn]
    return 100 * sum(bool(result.by) for result in drawn) / len(drawn) if drawn else 100.0


def explained_percent(results: Sequence[Result]) -> float:
    """Share of the mutants that a test notices or that are explained."""
    return 100 * sum(result.status != "survived" for result in results) / len(results) if results else 100.0


def named(path: Path) -> str:
    """Return the name of a file in any checkout."""
    return path.relative_to(REPOSITORY).as_posix()


def cache_folder() -> Path:
    """Return where what outlives a checkout is kept; in its own folder here, so that it can be thrown away alone."""
    base = os.environ.get("THECAL_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "thecal"
    )
    return Path(base).expanduser() / "mutants"


def read_kept(path: Path) -> Any:
    """Return what ``keep`` wrote there; None if nothing is, or something else."""
    try:
        found = json.loads(unsealed(path.read_bytes()))
    except (FileNotFoundError, DamagedError):
        return None
    # A folder of the machine's grows with every change: what was used last is thrown away last.
    path.touch()
    return found


def keep(path: Path, what: Any) -> None:
    """Write it whole or not at all, in place of what has not been used for long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(sealed(json.dumps(what).encode()))
    unfinished.replace(path)
    for old in sorted(path.parent.glob("*.json"), key=_age_s)[MOST_KEPT:]:
        old.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def module_in(found: Any) -> ModuleResults:
    """Return the results of one module, from what ``of_module`` made; raise KeyError or TypeError if it is anything
    else."""
    results = [Result(Name(**one["name"]), **_known(one)) for one in found["all"]]
    return ModuleResults(found["digest"], results, found["mutants"])


def of_module(found: ModuleResults) -> dict[str, Any]:
    return {
        **{status: found.counts()[status] for status in ("killed", "explained", "survived")},
        "score_percent": round(score_percent(found.results), 2),
        "digest": found.digest,
        "mutants": found.mutants,
        "all": [{**asdict(result), "status": result.status} for result in found.results],
    }


def digest_of(files: Iterable[Path]) -> str:
    """Return the SHA-256 over names and contents of files of the repository, and versions of what makes mutants and
    examples."""
    whole = hashlib.sha256(json.dumps(VERSIONS).encode())
    for path in sorted(set(files)):
        whole.update(named(path).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def imports_of(source: Path) -> set[Path]:
    """Return a module and all others of the repository's packages that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                root = _PACKAGES.get(node.module.split(".")[0])
                if root is not None:
                    base = root / Path(*node.module.split("."))
                    waiting += [base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)]
    return found


def read_results(path: Path) -> dict[str, ModuleResults]:
    """Return results by module; none if there is no such file, one of another layout, or one that is not what was
    written."""
    try:
        evidence = json.loads(path.read_text(encoding="utf-8"))
        if not is_as_written(path.stem, evidence):
            print(f"{path}: is not what was written; everything is tried anew", file=sys.stderr)
            return {}
        modules: dict[str, Any] = evidence["modules"]
        return {module: module_in(found) for module, found in modules.items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _known(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key not in ("name", "status")}


def write_results(path: Path, modules: dict[str, ModuleResults]) -> None:
    """Put every mutant and its fate into the evidence."""
    everything = [result for module in modules.values() for result in module.results]
    counts = Counter(result.status for result in everything)
    evidence = {
        "checkout": checkout(),
        **VERSIONS,
        "mutants": len(everything),
        **{status: counts[status] for status in ("killed", "explained", "survived")},
        "score_percent": round(score_percent(everything), 2),
        "seconds": round(sum(result.seconds for result in everything)),
        "modules": {module: of_module(found) for module, found in sorted(modules.items())},
    }
    write_json(path, with_seal(path.stem, evidence))
