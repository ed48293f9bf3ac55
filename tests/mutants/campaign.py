"""make mutants: how many small changes of the firmware's decisions, and of the oracle and the gate that judge it, do
the tests notice?

Every module of the fields (``fields``) is changed in one place at a time (``operators``): in 150 places drawn by a
printed seed, in all where there are fewer, and wherever a change is explained. The fast tests of its field run on each
change (``trial``). A change that no test notices must be explained in explained.toml, or the campaign fails; so it does
where a module has a score below 90 %, with an explanation that is out of date, and when the tests fail on the unchanged
source. The score counts explained mutants as not noticed, if they were drawn. Results are the same from run to run:
Hypothesis draws the same examples each time and time limits are of processor time.

A module's results are written as soon as they are complete and hold until something they rest on changes
(``results``); only then is it tried again, beginning for each mutant with the test that noticed it last.
"""

import argparse
import hashlib
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from mutants.exchange import changed_functions
from mutants.explained import read_explanations
from mutants.fields import FIELDS, NUMBERS, Field, dotted, field_of, modules, source_of
from mutants.made import all_mutants
from mutants.mutant import Mutant, Name
from mutants.reach import Reach, find_reach
from mutants.results import (
    REPOSITORY,
    ModuleResults,
    Result,
    cache_folder,
    digest_of,
    explained_percent,
    imports_of,
    keep,
    module_in,
    named,
    of_module,
    read_kept,
    read_results,
    score_percent,
    write_results,
)
from mutants.survey import Surveyed, survey
from mutants.trial import InPlace, Verdict, import_in_advance, try_afresh, try_in_place
from thecal_hil.groundwork.progress import Count, shown

RESULTS = REPOSITORY / "build" / "evidence" / "mutants.json"
LEAST_SCORE_PERCENT = 90
MOST_OF_A_MODULE = 150
_MINUTES_OF_TESTS = {
    "core-store": 1.5,
    "controller-test_numbers": 10,
    "link-controller-test_numbers": 10,
    "sim": 3,
    "test_gate": 0.5,
    "fluid": 1,
}
"""Of one processor: the tests once with their lines followed, and once on functions observed."""
_MINUTES_A_MODULE = {
    "core": 0.5,
    "fluid": 0.5,
    "store": 1,
    "pump": 3,
    "requests": 3,
    "link": 3,
    "sim": 1,
    "hil": 1,
}
"""Of one processor, by field."""
MOST_SECONDS_ON_EXPLAINED = 3.0
"""Of tests tried on an explained mutant: enough to find out that it is noticed after all, as most are at once."""


@dataclass(frozen=True)
class Plan:
    """A mutant, and how to try it in place; None if that takes an import afresh."""

    mutant: Mutant
    in_place: InPlace | None


def reach_of(field: Field) -> Reach:
    """Return what the tests of a field reach, in the field and those that have the same tests."""
    sources = [
        str(source_of(module)) for one in FIELDS if one.tests == field.tests for module in one.modules()
    ]
    digest = field.digest_of_sources()
    kept = cache_folder() / "reach" / f"{field.reach_name()}-{digest[:24]}.json"
    return find_reach(field.files_of_tests(), sources, kept, digest)


def digest_of_module(module: str, reach: Reach, drawn: str) -> str:
    """Return the digest of all that the results of a module rest on. drawn: which of its mutants are tried."""
    tests = [REPOSITORY / file for file in reach.files_of(named(source_of(module)))]
    judges = [Path(__file__).with_name(f"{name}.py") for name in ("differing", "survey")]
    rests_on = [*imports_of(source_of(module)), *tests, *field_of(module).helpers(), *judges]
    return f"{digest_of(rests_on)} {drawn}"


def drawn(mutants: Sequence[Mutant], module: str, most: int, seed: int) -> set[Name]:
    """Return names of the mutants of a module that are tried; all if most is 0 or there are no more."""
    names = [mutant.name for mutant in mutants]
    if not most or len(names) <= most:
        return set(names)
    return set(random.Random(f"{seed} {module}").sample(names, most))


class Order:
    """In which order tests are tried on the mutants of one module: first what noticed this one last time, then what has
    noticed others of the module, then the module's own tests, then the quickest of the others."""

    def __init__(self, module: str, reach: Reach, last: ModuleResults | None):
        self._own = f"/test_{module.split('/')[1]}"
        self._reach = reach
        self._by = {result.name: result.by for result in last.results} if last else {}
        self._noticed: dict[str, int] = {}
        for by in self._by.values():
            self._noticed[by] = self._noticed.get(by, 0) + 1

    def sorted(self, name: Name, tests: Iterable[str]) -> list[str]:
        def place(test: str) -> tuple[object, ...]:
            seconds = self._reach.seconds.get(test, 0)
            return (
                test != self._by.get(name),
                -self._noticed.get(test, 0) if seconds < 1 else 0,
                seconds >= 1,
                self._own not in test,
                seconds,
                test,
            )

        return sorted(tests, key=place)

    def steps(self, name: Name, most_seconds: float) -> Iterator[list[str]]:
        """Yield tests for a change that any test may meet: what noticed it last time, the module's own, and all
        others.

        Each step is imported anew, which takes longer than most tests do."""
        last = self._by.get(name, "")
        if last in self._reach.seconds:
            yield [last]
        files = {test.split("::")[0] for test in self._reach.seconds}
        own = [file for file in sorted(files) if self._own in file or file == NUMBERS]
        if own:
            yield own
        yield within(self.sorted(name, set(self._reach.seconds)), self._reach.seconds, most_seconds)


def plans_of(module: str, mutants: Sequence[Mutant], surveyed: Surveyed, order: Order) -> Iterator[Plan]:
    source = source_of(module).read_text(encoding="utf-8")
    for mutant in mutants:
        functions = changed_functions(source, mutant.source)
        if not functions or not surveyed.reaching[mutant.name]:
            # What no test runs may still have run while the tests were imported.
            yield Plan(mutant, None)
            continue
        tests = order.sorted(mutant.name, surveyed.noticing[mutant.name])
        yield Plan(mutant, InPlace(dotted(module), functions, tests))


def within(tests: Sequence[str], seconds: dict[str, float], most_seconds: float) -> list[str]:
    """Return as many of the tests, from the first, as take no longer than that."""
    chosen, sum_seconds = [], 0.0
    for test in tests:
        sum_seconds += seconds.get(test, 0)
        if chosen and sum_seconds > most_seconds:
            continue
        chosen.append(test)
    return chosen


def try_share(
    plans: Sequence[Plan], reach: Reach, order: Order, most_seconds: dict[Name, float], tried: Count
) -> list[Verdict]:
    """Try every one of these mutants, one after the other, and count them."""
    limited = {
        plan.mutant.name: replace(
            plan.in_place,
            tests=within(plan.in_place.tests, reach.seconds, most_seconds[plan.mutant.name]),
        )
        for plan in plans
        if plan.in_place and plan.in_place.tests
    }
    files = sorted({test.split("::")[0] for trial in limited.values() for test in trial.tests})
    found = counted(try_in_place(list(limited.values()), files, reach.seconds), tried) if files else ()
    verdicts = dict(zip(limited, found, strict=True))
    for plan in plans:
        if plan.in_place is None:
            verdicts[plan.mutant.name] = try_by_importing(plan, reach, order, most_seconds[plan.mutant.name])
            tried.add()
        elif not plan.in_place.tests:
            # Whatever runs it, it does what the real source does.
            verdicts[plan.mutant.name] = Verdict("", 0)
            tried.add()
    return [verdicts[plan.mutant.name] for plan in plans]


def counted(verdicts: Iterable[Verdict], tried: Count) -> Iterator[Verdict]:
    for verdict in verdicts:
        tried.add()
        yield verdict


def try_by_importing(plan: Plan, reach: Reach, order: Order, most_seconds: float) -> Verdict:
    name = plan.mutant.name
    seconds = 0.0
    for tests in order.steps(name, most_seconds):
        verdict = try_afresh(dotted(name.module), plan.mutant.source, tests, reach.seconds)
        seconds += verdict.seconds
        if verdict.is_killed:
            return Verdict(verdict.by, seconds)
    return Verdict("", seconds)


@dataclass(frozen=True)
class Task:
    """A module to try. mutants: those of its mutants to try. all_mutants: how many there are. drawn: those that count.
    only_some: not all that are drawn or explained. last: what was found before."""

    module: str
    digest: str
    mutants: list[Mutant]
    all_mutants: int
    drawn: set[Name]
    only_some: bool
    last: ModuleResults | None


def task_of(
    module: str, digest: str, last: ModuleResults | None, arguments: argparse.Namespace
) -> Task | None:
    """Return what there is to try of a module; None if what was found before holds."""
    only = None
    if arguments.survivors and last is not None:
        only = {result.name for result in with_reasons(last).results if result.status == "survived"}
    holds = last is not None and last.digest == digest and not arguments.again
    if (holds and not only) or only == set():
        return None
    mutants = all_mutants(module)
    chosen = drawn(mutants, module, arguments.most, arguments.seed)
    wanted = (chosen | set(read_explanations())) if only is None else only
    tried = [mutant for mutant in mutants if mutant.name in wanted]
    return Task(module, digest, tried, len(mutants), chosen, only is not None, last)


def try_module(
    task: Task, surveyed: Surveyed, reach: Reach, arguments: argparse.Namespace, place: str
) -> ModuleResults:
    """Try the mutants of a task, so many at a time. place: which of the modules it is."""
    module, reasons = task.module, read_explanations()
    order = Order(module, reach, task.last)
    plans = list(plans_of(module, task.mutants, surveyed, order))
    most_seconds = {
        plan.mutant.name: MOST_SECONDS_ON_EXPLAINED if plan.mutant.name in reasons else arguments.seconds_each
        for plan in plans
    }
    shares = [plans[first :: arguments.processes] for first in range(arguments.processes)]
    tried = Count(len(plans), "mutants")
    with ThreadPoolExecutor(arguments.processes) as pool, shown(f"{module}, {place}", tried):
        of_shares = list(pool.map(lambda share: try_share(share, reach, order, most_seconds, tried), shares))
    verdicts = {
        plan.mutant.name: verdict
        for share, of_share in zip(shares, of_shares, strict=True)
        for plan, verdict in zip(share, of_share, strict=True)
    }
    results = [
        Result(
            plan.mutant.name,
            plan.mutant.operator,
            plan.mutant.line_number,
            verdicts[plan.mutant.name].by,
            reasons.get(plan.mutant.name, ""),
            round(verdicts[plan.mutant.name].seconds, 3),
            plan.mutant.name in task.drawn,
        )
        for plan in plans
    ]
    anew = ModuleResults(task.digest, results, task.all_mutants)
    return merged(task.last, anew) if task.only_some and task.last else anew


def tell(module: str, found: ModuleResults, seconds: float | None) -> None:
    counts = found.counts()
    took = "   known" if seconds is None else f"{seconds:6.0f} s"
    print(
        f"{module:24} {len(found.results):5} of {found.mutants:5} mutants {counts['killed']:5} killed"
        f" {counts['explained']:4} explained {counts['survived']:4} survived"
        f" {score_percent(found.results):6.1f} % {took}",
        flush=True,
    )
    for result in found.results:
        if result.status == "survived":
            print(f"  survived, line {result.line_number}: {result.name}  [{result.operator}]", flush=True)


def out_of_date(found: dict[str, ModuleResults]) -> list[str]:
    """Return explanations of what is not there or is noticed after all."""
    status = {result.name: result.status for one in found.values() for result in one.results}
    return [
        f"explained, but {'noticed by a test' if name in status else 'there is no such mutant'}: {name}"
        for name in read_explanations()
        if name.module in found and status.get(name) != "explained"
    ]


def with_reasons(found: ModuleResults) -> ModuleResults:
    """Add the explanations that may have come since the trial."""
    reasons = read_explanations()
    return ModuleResults(
        found.digest,
        [result.explained(reasons.get(result.name, "")) for result in found.results],
        found.mutants,
    )


def cost_minutes(chosen: Sequence[str]) -> float:
    """Return minutes of one processor that these modules take if nothing of them is known."""
    fields = [field_of(module) for module in chosen]
    of_tests = sum(_MINUTES_OF_TESTS[name] for name in {field.reach_name() for field in fields})
    return of_tests + sum(_MINUTES_A_MODULE[field.name] for field in fields)


def run(arguments: argparse.Namespace) -> dict[str, ModuleResults]:
    """Return results of every module chosen; those that do not hold any more are found anew and written at once."""
    found: dict[str, ModuleResults] = {}
    chosen = modules(arguments.module)
    minutes = cost_minutes(chosen)
    print(
        f"{len(chosen)} modules, {arguments.most or 'all'} mutants of each by seed {arguments.seed}: about"
        f" {minutes:.0f} processor minutes, less what is known in {named(RESULTS)} and {cache_folder()}",
        flush=True,
    )
    for _, together in groupby(chosen, key=lambda module: field_of(module).reach_name()):
        found.update(run_together(list(together), arguments))
    return found


def run_together(chosen: Sequence[str], arguments: argparse.Namespace) -> dict[str, ModuleResults]:
    """Return results of modules that are held by the same tests."""
    field, began = field_of(chosen[0]), time.monotonic()
    reach = reach_of(field)
    print(f"{field.name}, unchanged: all tests pass, {time.monotonic() - began:.0f} s", flush=True)
    import_in_advance(reach.imported)
    found: dict[str, ModuleResults] = {}
    tasks: list[Task] = []
    for module in chosen:
        digest = digest_of_module(module, reach, arguments.drawn)
        last = last_results(module, digest)
        task = task_of(module, digest, last, arguments)
        if task is not None:
            tasks.append(task)
        elif last is not None:
            found[module] = with_reasons(last)
            tell(module, found[module], None)
            write_results(RESULTS, {**read_results(RESULTS), module: found[module]})
    began = time.monotonic()
    of_all = survey(
        {task.module: task.mutants for task in tasks}, reach, {task.module: task.digest for task in tasks}
    )
    print(f"{field.name}, observed: {time.monotonic() - began:.0f} s", flush=True)
    for number, task in enumerate(tasks, 1):
        began, module = time.monotonic(), task.module
        place = f"{number} of {len(tasks)}"
        found[module] = try_module(task, of_all[module], reach, arguments, place)
        tell(module, found[module], time.monotonic() - began)
        write_results(RESULTS, {**read_results(RESULTS), module: found[module]})
        keep(_kept(module, task.digest), of_module(found[module]))
    return found


def last_results(module: str, digest: str) -> ModuleResults | None:
    """Return what was found last, here or in another checkout of the same sources and tests."""
    last = read_results(RESULTS).get(module)
    if last is None or last.digest != digest:
        kept = read_kept(_kept(module, digest))
        last = last if kept is None else module_in(kept)
    return last


def _kept(module: str, digest: str) -> Path:
    whole = hashlib.sha256(digest.encode()).hexdigest()
    return cache_folder() / "results" / f"{module.replace('/', '-')}-{whole[:24]}.json"


def merged(last: ModuleResults, anew: ModuleResults) -> ModuleResults:
    """Return the last results with some of them found anew. They rest on what the older ones do: the digest stays."""
    by_name = {result.name: result for result in anew.results}
    return with_reasons(
        ModuleResults(
            last.digest, [by_name.get(result.name, result) for result in last.results], last.mutants
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("module", nargs="*", help="core/metering, or a whole part: core (all)")
    parser.add_argument("--survivors", action="store_true", help="only what survived the last run")
    parser.add_argument("--again", action="store_true", help="also what still holds")
    parser.add_argument(
        "--seconds-each", type=float, default=100, help="most seconds of tests tried on a mutant"
    )
    parser.add_argument(
        "--most", type=int, default=MOST_OF_A_MODULE, help="mutants drawn of a module; 0 for all (150)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw (0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="mutants tried at a time")
    arguments = parser.parse_args()
    arguments.drawn = f"{arguments.most or 'all'} by {arguments.seed}"
    os.chdir(REPOSITORY)
    found = run(arguments)
    results = [result for module in found.values() for result in module.results]
    survived = sum(result.status == "survived" for result in results)
    killed, score = sum(bool(result.by) for result in results), score_percent(results)
    low = [name for name, module in found.items() if score_percent(module.results) < LEAST_SCORE_PERCENT]
    print(
        f"{len(results)} mutants: {killed} killed, {len(results) - killed - survived} explained, {survived} survived;"
        f" score {score:.1f} %, with the explained {explained_percent(results):.1f} %"
    )
    stale = out_of_date(found)
    for line in stale:
        print(line)
    if low:
        print(f"below {LEAST_SCORE_PERCENT} %: {', '.join(low)}")
    print(f"written to {named(RESULTS)}")
    return int(survived > 0 or bool(low) or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
