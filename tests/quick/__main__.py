"""``make quick``: an answer within a minute of an edit.

Style and types, the unit tests that the edit is felt in, and twenty scenarios on the emulated board, on the image
rebuilt from the edit. It ends in what it left out and one line, ``quick: PASS ...`` or ``quick: FAIL ...``. Exit codes:
0 passed, 1 failed, 2 bad input.

Promise: nothing is left out in silence. A pass says that nothing was found, and `make test` says more.
"""

import argparse
import json
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from quick.changes import Changes, changes_of
from quick.import_graph import ROOTS, ImportGraph
from quick.selection import Selection, select
from quick.steps import Outcome, Step, run_steps

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).with_name("scenarios.toml")
LIBRARY = REPOSITORY / "hil/thecal_hil/scenario/library"
WORK = REPOSITORY / "build/quick"
TEST_SECONDS = 14.0
"""Processor time to begin unit tests within: with it the whole stays within a minute on two cores."""
_READING_SHARE = 0.3
"""Of that time: reading every file that the core is felt in would take most of it."""
_SHOWN_LINES = 60
_NO_TESTS = 5
"""pytest's exit code where all tests were deselected."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the edit and print what was found and what was left out."""
    options = _parse(arguments)
    began = time.perf_counter()
    changes = changes_of(REPOSITORY, options.since)
    selection = select(ImportGraph(REPOSITORY), changes.files)
    names = quick_scenarios()
    print(f"quick: {len(changes.files)} changed files against {changes.against}", flush=True)
    WORK.mkdir(parents=True, exist_ok=True)
    outcome_file = WORK / "unit-tests.json"
    outcome_file.unlink(missing_ok=True)

    outcomes = _run(_first_steps(selection, outcome_file, options.seconds))
    image = next(outcome for outcome in outcomes if outcome.step.name == "image")
    if image.passed:
        outcomes += _run([_scenarios(names)])
    for line in _left_out(selection, changes, outcome_file, names, image.passed):
        print(f"quick: left out: {line}")
    failed = [outcome.step.name for outcome in outcomes if not outcome.passed]
    seconds = time.perf_counter() - began
    print(f"quick: FAIL {', '.join(failed)}" if failed else "quick: PASS", f"in {seconds:.0f} s")
    return 1 if failed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make quick QUICK_ARGS=...",
        description="Check an edit within a minute.",
        epilog="Example: --since main~3",
    )
    parser.add_argument(
        "--since", metavar="REVISION", help="what counts as changed; default: the edits, or the branch"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=TEST_SECONDS,
        metavar="S",
        help="processor time to begin unit tests within (default %(default)g)",
    )
    return parser.parse_args(arguments)


def quick_scenarios() -> list[str]:
    """Return names of the scenarios to run, in the order of their file."""
    return [name for names in tomllib.loads(SCENARIOS.read_text("utf-8")).values() for name in names]


# The steps ----------------------------------------------------------------------------------------------------


def _first_steps(selection: Selection, outcome_file: Path, seconds: float) -> list[Step]:
    """Return what can run side by side, the longest first."""
    python = sys.executable
    typed = selection.typed
    steps = [
        Step("types", (python, "-m", "pyright", *(typed or ()))),
        Step("image", (python, "firmware/board/build.py", "mpy" if "THECAL_UF2" in os.environ else "uf2")),
        Step("style", (python, "-m", "ruff", "check", "--quiet")),
        Step("format", (python, "-m", "ruff", "format", "--check", "--quiet")),
    ]
    if typed is not None and not typed:
        del steps[0]
    if selection.tests:
        budget = (
            "-p",
            "quick.budget",
            f"--quick-seconds={seconds}",
            f"--quick-reading={_READING_SHARE * seconds}",
            f"--quick-outcome={outcome_file}",
        )
        settings = (
            "--rig=model",
            "--thecal-idle-rigs",
            "--hypothesis-profile=quick",
            "--maxfail=10",
            "-q",
            "-pno:xdist",
            "-pno:cacheprovider",
        )
        command = (python, "-m", "pytest", *budget, *settings, *selection.tests)
        steps.insert(2, Step("unit tests", command, succeeds_with=(0, _NO_TESTS)))
    return steps


def _scenarios(names: Sequence[str]) -> Step:
    command = (sys.executable, "-m", "thecal_hil.cli", "run", *names, "--rig", "pico", "--jobs", "2")
    return Step("scenarios", (*command, "--out", str(WORK)))


def _run(steps: Sequence[Step]) -> list[Outcome]:
    """Run steps on the sources of this repository, wherever the environment's own packages come from."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(REPOSITORY / root) for root in ROOTS)}
    outcomes = []
    for outcome in run_steps(steps, REPOSITORY, environment):
        verdict = "pass" if outcome.passed else "FAIL"
        print(f"quick: {outcome.step.name:<10} {verdict} {outcome.seconds:5.1f} s", flush=True)
        if not outcome.passed:
            print(
                "\n".join(f"    {line}" for line in outcome.output.splitlines()[-_SHOWN_LINES:]), flush=True
            )
        outcomes.append(outcome)
    return outcomes


# What was left out --------------------------------------------------------------------------------------------


def _left_out(
    selection: Selection, changes: Changes, outcome_file: Path, names: Sequence[str], image_is_there: bool
) -> list[str]:
    lines: list[str] = []
    if not changes.files:
        lines.append("all unit tests, since nothing is changed")
    if outcome_file.exists():
        found = json.loads(outcome_file.read_text(encoding="utf-8"))
        lines += _by_folder(found["left_out"], outcome_file)
        if found["not_read"]:
            lines.append(f"all tests of {len(found['not_read'])} files, which were not read for time")
        if found["deselected"]:
            lines.append(f"{found['deselected']} tests that belong to campaigns")
    elif selection.tests:
        lines.append(f"all tests of {len(selection.tests)} files, since pytest did not come to its end")
    if changes.files:
        lines.append(f"{selection.other_tests} files of tests that the change is not felt in")
    if selection.other_typed:
        lines.append(
            f"types of {selection.other_typed} files that the change is felt in less directly (make types)"
        )
    lines += [f"whatever rests on {file}, which no rule here knows" for file in selection.unknown]
    lines.append("the emulated board in tests that run on every rig")
    left = len(list(LIBRARY.glob("*.toml"))) - (len(names) if image_is_there else 0)
    lines.append(f"{left} scenarios of the library (make scenarios)")
    return lines


def _by_folder(left_out: dict[str, int], outcome_file: Path) -> list[str]:
    """Return one line for all tests that there was no time for; the file has them one by one."""
    if not left_out:
        return []
    counts: Counter[str] = Counter()
    for file, count in left_out.items():
        counts[Path(file).parent.name] += count
    told = ", ".join(f"{folder} {count}" for folder, count in counts.most_common())
    where = outcome_file.relative_to(REPOSITORY)
    return [f"{counts.total()} tests of {len(left_out)} files, for time: {told} ({where})"]


if __name__ == "__main__":
    sys.exit(main())
