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
import ast
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mutants.exchange import changed_functions
from mutants.explained import read_explanations
from mutants.fields import FIELDS, NUMBERS, Field, dotted, field_of, modules, source_of
from mutants.mutant import Mutant, Name, mutants_of
from mutants.operators import chosen_operators
from mutants.reach import Reach, find_reach, lines_of_statement
from mutants.results import (
    REPOSITORY,
    ModuleResults,
    Result,
    digest_of,
    explained_percent,
    imports_of,
    read_results,
    score_percent,
    write_results,
)
from mutants.trial import InPlace, Verdict, import_in_advance, try_afresh, try_in_place
from thecal_hil.groundwork.progress import Count, shown

RESULTS = REPOSITORY / "build" / "evidence" / "mutants.json"
REACH = REPOSITORY / "build" / "mutants"
LEAST_SCORE_PERCENT = 90
MOST_OF_A_MODULE = 150
_MINUTES_A_MODULE = 15
"""Of one processor, with tests that drive a whole pump; those of core take a few."""
MOST_SECONDS_ON_EXPLAINED = 3.0
"""Of tests tried on an explained mutant: enough to find out that it is noticed after all, as most are at once."""


@dataclass(frozen=True)
class Plan:
    """A mutant, and how to try it in place; None if that takes an import afresh."""

    mutant: Mutant
    in_place: InPlace | None


def reach_of(field: Field) -> Reach:
    """What the tests of a field reach, in the field and those that have the same tests."""
    sources = [
        str(source_of(module)) for one in FIELDS if one.tests == field.tests for module in one.modules()
    ]
    kept = REACH / f"reach-{field.reach_name()}.json"
    return find_reach(field.files_of_tests(), sources, kept, field.digest_of_sources())


def digest_of_module(module: str, reach: Reach, drawn: str) -> str:
    """Of all that the results of a module rest on. drawn: which of its mutants are tried."""
    tests = [REPOSITORY / file for file in reach.files_of(str(source_of(module)))]
    rests_on = [*imports_of(source_of(module)), *tests, *field_of(module).helpers()]
    return f"{digest_of(rests_on)} {drawn}"


def drawn(mutants: Sequence[Mutant], module: str, most: int, seed: int) -> set[Name]:
    """Names of the mutants of a module that are tried; all if most is 0 or there are no more."""
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

    def sorted(self, name: Name, tests: set[str]) -> list[str]:
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
        """Tests for a change that any test may meet: what noticed it last time, the module's own, and all others.

        Each step is imported anew, which takes longer than most tests do."""
        last = self._by.get(name, "")
        if last in self._reach.seconds:
            yield [last]
        files = {test.split("::")[0] for test in self._reach.seconds}
        own = [file for file in sorted(files) if self._own in file or file == NUMBERS]
        if own:
            yield own
        yield within(self.sorted(name, set(self._reach.seconds)), self._reach.seconds, most_seconds)


def plans_of(module: str, mutants: Sequence[Mutant], reach: Reach, order: Order) -> Iterator[Plan]:
    source = source_of(module).read_text(encoding="utf-8")
    tree, file = ast.parse(source), str(source_of(module))
    for mutant in mutants:
        functions = changed_functions(source, mutant.source)
        reaching = reach.tests_of(file, lines_of_statement(tree, mutant.line_number))
        if not functions or not reaching:
            # What no test runs may still have run while the tests were imported.
            yield Plan(mutant, None)
            continue
        tests = order.sorted(mutant.name, reaching)
        yield Plan(mutant, InPlace(dotted(module), functions, tests))


def within(tests: Sequence[str], seconds: dict[str, float], most_seconds: float) -> list[str]:
    """As many of the tests, from the first, as take no longer than that."""
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
    limited = [
        InPlace(
            plan.in_place.module,
            plan.in_place.functions,
            within(plan.in_place.tests, reach.seconds, most_seconds[plan.mutant.name]),
        )
        for plan in plans
        if plan.in_place
    ]
    files = sorted({test.split("::")[0] for trial in limited for test in trial.tests})
    in_place = iter(list(counted(try_in_place(limited, files, reach.seconds), tried)) if files else [])
    afresh = counted(
        (
            try_by_importing(plan, reach, order, most_seconds[plan.mutant.name])
            for plan in plans
            if not plan.in_place
        ),
        tried,
    )
    return [next(in_place) if plan.in_place else next(afresh) for plan in plans]


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


def try_module(
    module: str,
    only: set[Name] | None,
    reach: Reach,
    last: ModuleResults | None,
    arguments: argparse.Namespace,
    place: str,
) -> ModuleResults:
    """Try the mutants of a module that are drawn or explained, or only those named, so many at a time. place: which of
    the modules it is."""
    reasons = read_explanations()
    order = Order(module, reach, last)
    mutants = list(mutants_of(source_of(module), module, chosen_operators()))
    chosen = drawn(mutants, module, arguments.most, arguments.seed)
    wanted = (chosen | set(reasons)) if only is None else only
    plans = list(plans_of(module, [mutant for mutant in mutants if mutant.name in wanted], reach, order))
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
            plan.mutant.name in chosen,
        )
        for plan in plans
    ]
    return ModuleResults(digest_of_module(module, reach, arguments.drawn), results, len(mutants))


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
    """Explanations of what is not there or is noticed after all."""
    status = {result.name: result.status for one in found.values() for result in one.results}
    return [
        f"explained, but {'noticed by a test' if name in status else 'there is no such mutant'}: {name}"
        for name in read_explanations()
        if name.module in found and status.get(name) != "explained"
    ]


def with_reasons(found: ModuleResults) -> ModuleResults:
    """Explanations may have come since the trial."""
    reasons = read_explanations()
    return ModuleResults(
        found.digest,
        [result.explained(reasons.get(result.name, "")) for result in found.results],
        found.mutants,
    )


def run(arguments: argparse.Namespace) -> dict[str, ModuleResults]:
    """Results of every module chosen; those that do not hold any more are found anew and written at once."""
    found: dict[str, ModuleResults] = {}
    chosen = modules(arguments.module)
    reaches: dict[str, Reach] = {}
    minutes = len(chosen) * _MINUTES_A_MODULE
    print(
        f"{len(chosen)} modules, {arguments.most or 'all'} mutants of each by seed {arguments.seed}: about {minutes}"
        f" processor minutes, less what is known in {RESULTS.relative_to(REPOSITORY)}",
        flush=True,
    )
    for number, module in enumerate(chosen, 1):
        field = field_of(module)
        reach = reaches.get(field.reach_name())
        if reach is None:
            began = time.monotonic()
            reach = reaches[field.reach_name()] = reach_of(field)
            print(f"{field.name}, unchanged: all tests pass, {time.monotonic() - began:.0f} s", flush=True)
            import_in_advance(reach.imported)
        last = read_results(RESULTS).get(module)
        holds = last is not None and last.digest == digest_of_module(module, reach, arguments.drawn)
        only = None
        if arguments.survivors and last is not None:
            only = {result.name for result in with_reasons(last).results if result.status == "survived"}
        if last is not None and ((holds and not arguments.again and not only) or only == set()):
            found[module] = with_reasons(last)
            tell(module, found[module], None)
        else:
            began = time.monotonic()
            place = f"module {number} of {len(chosen)}"
            anew = try_module(module, only, reach, last, arguments, place)
            found[module] = merged(last, anew) if only and last else anew
            tell(module, found[module], time.monotonic() - began)
        write_results(RESULTS, {**read_results(RESULTS), module: found[module]})
    return found


def merged(last: ModuleResults, anew: ModuleResults) -> ModuleResults:
    """Last results with some of them found anew. They rest on what the older ones do: the digest stays."""
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
    print(f"written to {RESULTS.relative_to(REPOSITORY)}")
    return int(survived > 0 or bool(low) or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
