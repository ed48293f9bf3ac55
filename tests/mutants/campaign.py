"""make mutants: how many small changes of the firmware's decisions and storage do the tests notice?

Every module of ``core`` and ``store`` is changed in one place at a time (``operators``), and the fast tests
run on each change (``trial``). A change that no test notices must be explained in explained.toml, or the
campaign fails; so it does below a score of 90 %, with an explanation that is out of date, and when the tests
fail on the unchanged source. The score counts explained mutants as not noticed. Results are the same from
run to run: Hypothesis draws the same examples each time and time limits are of processor time.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from mutants.explained import read_explanations
from mutants.mutant import Mutant, Name, mutants_of
from mutants.operators import chosen_operators
from mutants.trial import Verdict, import_in_advance, try_out, try_unchanged
from thecal_hil.checkout import checkout

REPOSITORY = Path(__file__).parents[2]
FIRMWARE = REPOSITORY / "firmware" / "thecal_fw"
PARTS = ("core", "store")
RESULTS = REPOSITORY / "build" / "evidence" / "mutants.json"
LEAST_SCORE_PERCENT = 90
FIRST_TESTS = 8
# The tests of the changed part come first; what they miss may be noticed by a pump that uses it.
PUMP_TESTS = ("tests/controller", "tests/scenarios/test_alarms.py")


@dataclass(frozen=True)
class Result:
    """A mutant and what became of it."""

    mutant: Mutant
    verdict: Verdict
    reason: str

    @property
    def status(self) -> str:
        if self.verdict.is_killed:
            return "killed"
        return "explained" if self.reason else "survived"


def modules(chosen: Sequence[str]) -> list[str]:
    """Modules of the campaign, as paths below the firmware's package, that are named or in a part named."""
    found = [
        str(path.relative_to(FIRMWARE).with_suffix(""))
        for part in PARTS
        for path in sorted((FIRMWARE / part).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    for name in chosen:
        if not any(name in (module, module.split("/")[0]) for module in found):
            raise SystemExit(f"no module {name}; there are {', '.join(found)}")
    return [module for module in found if not chosen or {module, module.split("/")[0]} & set(chosen)]


def tests_of(module: str) -> list[str]:
    """Tests that may notice a change of this module, those of its own part first."""
    part = module.split("/")[0]
    return [f"tests/{part}", *(f"tests/{other}" for other in PARTS if other != part), *PUMP_TESTS]


def dotted(module: str) -> str:
    return "thecal_fw." + module.replace("/", ".")


def check_unchanged() -> Verdict:
    """Make sure that all tests pass on the unchanged sources; which of them run which line."""
    tests = [*(f"tests/{part}" for part in PARTS), *PUMP_TESTS]
    verdict = try_unchanged(tests, str(FIRMWARE))
    if verdict.is_killed:
        raise SystemExit(f"tests fail on the unchanged sources: {verdict.by}")
    import_in_advance(sorted(verdict.imported))
    return verdict


def check_exchange(module: str) -> None:
    """Make sure that the tests run on a changed module, and not on the real one."""
    if not try_out(dotted(module), "raise ImportError", tests_of(module)[:1]).is_killed:
        raise SystemExit(f"{module}: the tests ran on the real module in place of the changed one")


def try_mutant(mutant: Mutant, reached: dict[str, list[str]]) -> Verdict:
    """Run the tests that reach the changed line until one notices; all, if it runs while the module is imported.

    The few most likely to notice go first and alone: most changes need no more, and collecting all takes longer.
    """
    module = mutant.name.module
    tests = reached.get(str(mutant.line_number)) or tests_of(module)
    verdict = try_out(dotted(module), mutant.source, first_tests(module, tests))
    return verdict if verdict.is_killed else try_out(dotted(module), mutant.source, tests)


def first_tests(module: str, tests: Sequence[str]) -> list[str]:
    """The module's own tests among those that reach a line, and the quickest of the others; of whole folders the
    module's own file."""
    part, name = module.split("/")
    if "::" in tests[0]:
        own = [test for test in tests if f"/test_{name}" in test]
        return list(dict.fromkeys([*own, *tests[:FIRST_TESTS]]))
    own = [
        str(path.relative_to(REPOSITORY)) for path in sorted(REPOSITORY.glob(f"tests/{part}/test_{name}*.py"))
    ]
    return own or list(tests)


def run(chosen: Sequence[str], only: set[Name] | None, processes: int) -> list[Result]:
    """Try every mutant, or only those named, so many at a time; tells of each module as it goes."""
    operators, reasons = chosen_operators(), read_explanations()
    results: list[Result] = []
    unchanged = check_unchanged()
    print(f"unchanged: all tests pass, {unchanged.seconds:.0f} s", flush=True)
    for module in modules(chosen):
        mutants = [
            mutant
            for mutant in mutants_of(FIRMWARE, module, operators)
            if only is None or mutant.name in only
        ]
        if not mutants:
            continue
        check_exchange(module)
        reached = unchanged.reached.get(str(FIRMWARE / f"{module}.py"), {})
        began = time.monotonic()
        # Forked anew for each module: what its tests import is in memory by now.
        with ProcessPoolExecutor(processes, get_context("fork")) as pool:
            verdicts = list(pool.map(partial(try_mutant, reached=reached), mutants))
        of_module = [
            Result(one, verdict, reasons.get(one.name, ""))
            for one, verdict in zip(mutants, verdicts, strict=True)
        ]
        counts = Counter(result.status for result in of_module)
        print(
            f"{module:22} {len(of_module):5} mutants {counts['killed']:5} killed {counts['explained']:4} explained"
            f" {counts['survived']:4} survived {time.monotonic() - began:6.0f} s",
            flush=True,
        )
        for result in of_module:
            if result.status == "survived":
                number = result.mutant.line_number
                print(
                    f"  survived, line {number}: {result.mutant.name}  [{result.mutant.operator}]", flush=True
                )
        results += of_module
    return results


def out_of_date(results: list[Result], chosen: Sequence[str]) -> list[str]:
    """Explanations of what is not there or is noticed after all."""
    status = {result.mutant.name: result.status for result in results}
    tried = set(modules(chosen))
    return [
        f"explained, but {'noticed by a test' if name in status else 'there is no such mutant'}: {name}"
        for name in read_explanations()
        if name.module in tried and status.get(name) != "explained"
    ]


def score_percent(results: list[Result]) -> float:
    killed = sum(result.verdict.is_killed for result in results)
    return 100 * killed / len(results) if results else 100.0


def write_results(results: list[Result], chosen: Sequence[str], seconds: float) -> None:
    """Put every mutant and its fate into the evidence."""
    counts = Counter(result.status for result in results)
    evidence = {
        "checkout": checkout(),
        "cosmic_ray": version("cosmic-ray"),
        "hypothesis": version("hypothesis"),
        "modules": {
            module: dict(Counter(result.status for result in results if result.mutant.name.module == module))
            for module in modules(chosen)
        },
        "mutants": len(results),
        "killed": counts["killed"],
        "explained": counts["explained"],
        "survived": counts["survived"],
        "score_percent": round(score_percent(results), 2),
        "seconds": round(seconds),
        "all": [
            {
                **asdict(result.mutant.name),
                "operator": result.mutant.operator,
                "status": result.status,
                "by": result.verdict.by,
                "reason": result.reason,
            }
            for result in results
        ],
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(evidence, indent=1) + "\n", encoding="utf-8")


def survivors_of_last_run() -> set[Name]:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["all"]
    fields = ("module", "where", "line", "becomes", "nth")
    return {Name(**{field: one[field] for field in fields}) for one in found if one["status"] == "survived"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("module", nargs="*", help="core/metering, or a whole part: core (all)")
    parser.add_argument(
        "--survivors", action="store_true", help="only what survived the last run; leaves its results alone"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="mutants tried at a time")
    arguments = parser.parse_args()
    os.chdir(REPOSITORY)
    began = time.monotonic()
    only = survivors_of_last_run() if arguments.survivors else None
    results = run(arguments.module, only, arguments.processes)
    counts, score = Counter(result.status for result in results), score_percent(results)
    print(
        f"{len(results)} mutants: {counts['killed']} killed, {counts['explained']} explained,"
        f" {counts['survived']} survived; score {score:.1f} %"
    )
    if arguments.survivors:
        return int(counts["survived"] > 0)
    stale = out_of_date(results, arguments.module)
    for line in stale:
        print(line)
    write_results(results, arguments.module, time.monotonic() - began)
    print(f"written to {RESULTS.relative_to(REPOSITORY)}")
    return int(counts["survived"] > 0 or score < LEAST_SCORE_PERCENT or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
