"""``make slips``: slips and right changes put to the rules, and pages printed beside wrong clocks. Exits 1 where one of
the figures falls short; each miss is printed with the seed that draws it again."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from thecal.drug_library import Library, load_library
from thecal_hil.campaigns.slips.dates import print_pages
from thecal_hil.campaigns.slips.generated import Slip, drawn_slips
from thecal_hil.campaigns.slips.incidents import questions_of, right_changes, slip_is_caught, slips
from thecal_hil.campaigns.slips.judged import is_caught, judge
from thecal_hil.contract.image import REPOSITORY

LEAST_CAUGHT_PERMILLE = 995
MOST_QUESTIONS = 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil slips", description=__doc__)
    parser.add_argument("--seed", type=int, default=20_261_203)
    parser.add_argument("--count", type=int, default=1_000, help="slips to draw")
    parser.add_argument("--pages", type=int, default=600, help="times that pages are printed")
    parser.add_argument("--library", type=Path, default=REPOSITORY / "examples" / "drug_library.toml")
    given = parser.parse_args(arguments)
    library = load_library(given.library)
    print(f"seed {given.seed}")
    verdicts = [
        published_are_caught(library),
        drawn_are_caught(library, given.seed, given.count),
        right_changes_pass(library),
        dates_are_right(given.seed, given.pages),
    ]
    print(f"slips: {'PASS' if all(verdicts) else 'FAIL'}")
    return 0 if all(verdicts) else 1


def published_are_caught(library: Library) -> bool:
    told = slips()
    missed = [slip for slip in told if not slip_is_caught(slip, library)]
    for slip in missed:
        print(f"  missed: {slip['id']}, {slip['what']} ({slip['source']})")
    return _figure("slips after published incidents caught", len(told) - len(missed), len(told), not missed)


def drawn_are_caught(library: Library, seed: int, count: int) -> bool:
    drawn = drawn_slips(seed, count)
    refused_by_reader = sum(bool(judge(slip.typed, library).refusal) for slip in drawn)
    missed: list[Slip] = []
    for slip in drawn:
        if judge(slip.intended, library).refusal:
            print(f"  drawn wrong: what was meant is refused, {slip.intended}")
            return False
        if not is_caught(slip.typed, slip.intended, library):
            missed.append(slip)
            print(f"  missed: {slip.kind}, {slip.what}: {slip.typed.new} for {slip.intended.new}")
    kinds, misses = Counter(slip.kind for slip in drawn), Counter(slip.kind for slip in missed)
    for kind, number in kinds.items():
        print(f"  {kind}: {number - misses[kind]} of {number}")
    print(f"  {refused_by_reader} of these cannot even be written as a program")
    is_enough = 1_000 * (count - len(missed)) >= LEAST_CAUGHT_PERMILLE * count
    return _figure(
        f"drawn slips caught (at least {LEAST_CAUGHT_PERMILLE / 10} %)", count - len(missed), count, is_enough
    )


def right_changes_pass(library: Library) -> bool:
    told = right_changes()
    hindered = 0
    for change in told:
        questions = questions_of(change, library)
        if questions is None or questions > MOST_QUESTIONS:
            hindered += 1
            print(
                f"  hindered: {change['id']}, {'refused' if questions is None else f'{questions} questions'}"
            )
    return _figure("right changes with one question at most", len(told) - hindered, len(told), not hindered)


def dates_are_right(seed: int, count: int) -> bool:
    printed = print_pages(seed, count)
    for line in printed.wrong:
        print(f"  wrong: {line}")
    for kind, number in printed.refused.items():
        print(f"  {kind}: {number} scripts were not let print before somebody gave the time")
    pages = sum(printed.pages.values())
    print(
        f"  {printed.pages['script']} pages by scripts, {printed.pages['person']} by a person with a clock on the wall"
    )
    wrong = len(printed.wrong)
    return _figure("pages without a wrong date", pages - wrong, pages, not wrong and pages >= count)


def _figure(what: str, reached: int, of: int, is_good: bool) -> bool:
    print(f"{what}: {reached} of {of}{'' if is_good else '  FALLS SHORT'}")
    return is_good
