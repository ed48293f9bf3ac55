"""Regressions that stay within every limit, planted one at a time, and commits that change nothing.

A planted change makes one figure lose at least a fifth of its margin while all figures stay within their limits; which
figure that is, is known from what was changed (``planted.toml``), and not from the comparison. A commit without effect
adds remarks to modules, and is run with other seeds, in part on the other rig, and in part beside something that keeps
the processor busy. Both are held against one baseline of ten runs with ten seeds.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from history.copied_tree import ROOT, change, copy_tree, draw_seeds, rewrite, run_scenarios
from history.figures import FOLDER, Row, sources_digest
from thecal_hil.results.baselines import write_baseline
from thecal_hil.results.compare import compared
from thecal_hil.results.store import Head, Store

_LIST: Final = Path(__file__).with_name("planted.toml")
_BASELINE: Final = "planted"
_BASE_RUNS: Final = 10
_ON_PICO: Final = ("a-start-taken-back", "a-change-that-comes-too-late")
_PICO_EVERY: Final = 10
_COMMITS: Final = 50
_LEAST_LOST: Final = 0.2
_FIRST_SEED: Final = 100


def regressions() -> list[Row]:
    """Return how many planted changes are reported with the figure that they made worse."""
    store, folder = _store_with_baseline()
    listed = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    reported = 0
    mutants: list[dict[str, Any]] = listed["mutant"]
    for number, one in enumerate(mutants):
        name = f"mutant-{number}"
        if (head := _kept(store, folder, name)) is None:
            tree = copy_tree(FOLDER / "tree")
            change(tree, one["file"], one["was"], one["becomes"])
            draw_seeds(tree, _FIRST_SEED + 100 + number)
            head = _ran(store, folder, name, tree, listed["scenarios"])
        found = compared(store, f"baseline:{_BASELINE}", head)
        worse = {f"{change.figure.subject}:{change.figure.key}": change for change in found.worse}
        beyond = [name for name, change in worse.items() if change.beyond_limit]
        lost = worse[one["figure"]].lost if one["figure"] in worse else None
        good = not beyond and not found.failed and lost is not None and lost >= _LEAST_LOST
        reported += good
        told = f"{100 * lost:.0f} % lost" if lost is not None else "not reported"
        beyond = [f"beyond its limit: {name}" for name in beyond]
        print(f"  {'reported' if good else 'MISSED'} {one['figure']}: {told} {' '.join(beyond)}".rstrip())
    store.close()
    return [
        Row("changes planted that stay within every limit", len(mutants), "", least=20),
        Row("reported with the figure that lost 20 % of its margin", reported, "", least=len(mutants) - 1),
    ]


def without_effect() -> list[Row]:
    """Return how many commits without effect are reported for anything."""
    store, folder = _store_with_baseline()
    draw = random.Random(20261203)
    scenarios: list[str] = tomllib.loads(_LIST.read_text(encoding="utf-8"))["scenarios"]
    false = 0
    for number in range(_COMMITS):
        name = f"quiet-{number}"
        modules = draw.sample(sorted((ROOT / "firmware/thecal_fw").rglob("*.py")), 5)
        if (head := _kept(store, folder, name)) is None:
            tree = copy_tree(FOLDER / "tree")
            for module in modules:
                at = tree / module.relative_to(ROOT)
                rewrite(at, at.read_text(encoding="utf-8") + f"# Remark {number}.\n")
            draw_seeds(tree, _FIRST_SEED + 200 + number)
            with _busy(number % 2 == 1):
                on_pico = number % _PICO_EVERY == 0
                names, rig = (_ON_PICO, "pico") if on_pico else (scenarios, "model")
                head = _ran(store, folder, name, tree, names, rig)
        found = compared(store, f"baseline:{_BASELINE}", head)
        for one in found.worse:
            print(
                f"  FALSE in {name}: {one.figure.subject}:{one.figure.key} {one.base.middle} {one.figure.value}"
            )
        false += found.is_worse
    store.close()
    return [
        Row("commits without effect, with other seeds, rig and load", _COMMITS, ""),
        Row("of these reported for anything", false, "", most=0),
    ]


def _store_with_baseline() -> tuple[Store, Path]:
    """Return the store and the folder that says which run is which. Both are of these sources alone."""
    folder = FOLDER / "planted"
    stamp = folder / "sources"
    if not stamp.is_file() or stamp.read_text() != _stamp():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(_stamp())
    store = Store(folder / "results")
    scenarios: list[str] = tomllib.loads(_LIST.read_text(encoding="utf-8"))["scenarios"]
    runs = []
    for number in range(_BASE_RUNS):
        for rig, names in (("model", scenarios), ("pico", list(_ON_PICO)))[: 2 if number == 0 else 1]:
            name = f"base-{number}-{rig}"
            if (head := _kept(store, folder, name)) is None:
                tree = copy_tree(FOLDER / "tree")
                draw_seeds(tree, _FIRST_SEED + number)
                head = _ran(store, folder, name, tree, names, rig)
            runs.append(head.id)
    write_baseline(store.folder, _BASELINE, runs)
    return store, folder


def _stamp() -> str:
    return sources_digest(everything=True)


def _kept(store: Store, folder: Path, name: str) -> Head | None:
    path = folder / name
    return store.heads("id = ?", [path.read_text()])[0] if path.is_file() else None


def _ran(
    store: Store, folder: Path, name: str, tree: Path, scenarios: Sequence[str], rig: str = "model"
) -> Head:
    """Run scenarios in a copy, and note which run of the store that was."""
    before = {head.id for head in store.heads()}
    code = run_scenarios(tree, store.folder, scenarios, rig)
    store.merge()
    new = [head for head in store.heads() if head.id not in before]
    if len(new) != 1:
        raise RuntimeError(f"{name}: the run ended with {code} and left {len(new)} records")
    (folder / name).write_text(new[0].id)
    return new[0]


@contextmanager
def _busy(wanted: bool) -> Iterator[None]:
    """Keep a processor busy meanwhile."""
    burner = multiprocessing.get_context("spawn").Process(target=_burn, daemon=True) if wanted else None
    if burner is not None:
        burner.start()
    try:
        yield
    finally:
        if burner is not None:
            burner.kill()
            burner.join()


def _burn() -> None:
    while True:
        pass
