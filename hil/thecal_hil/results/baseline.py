"""``thecal-hil baseline NAME``: set what later runs are held against, or show it.

A figure's scatter is known from a baseline of several runs, best with several seeds: with ten, a figure has to move by
about fifteen standard deviations to be reported. One run is enough where figures repeat exactly, as on the model.

Exit codes: 0 set or shown, 2 bad input.
"""

from __future__ import annotations

from collections.abc import Sequence

from thecal.errors import BadInputError
from thecal_hil.results.asking import GOOD, answered, day_and_time, parser_of
from thecal_hil.results.baselines import read_baseline, write_baseline
from thecal_hil.results.judging import Tolerance
from thecal_hil.results.naming import run_named
from thecal_hil.results.run import KINDS
from thecal_hil.results.store import Store


def main(argv: Sequence[str]) -> int:
    parser = parser_of("baseline", __doc__)
    parser.add_argument("name", help="the baseline's name")
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="the runs that are to be it; none: show what it is"
    )
    parser.add_argument("--last", type=int, metavar="N", help="the newest N runs instead, that passed")
    parser.add_argument("--kind", choices=KINDS, help="choose of runs of this kind")
    parser.add_argument(
        "--tolerance",
        action="append",
        nargs=3,
        default=[],
        metavar=("FIGURES", "SHARE", "REASON"),
        help="what figures of a pattern over SUBJECT:KEY may lose of their margin, and why; a share of it,"
        " as '*:come_out*' 0.3 'wear is drawn'",
    )
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        heads = [run_named(store, run, options.kind) for run in options.runs]
        if options.last:
            where, values = ("kind = ? AND ", [options.kind]) if options.kind else ("", [])
            heads += store.heads(f"{where}exit_code = 0", values, options.last)
        if heads:
            path = write_baseline(
                store.folder, options.name, [one.id for one in heads], _tolerances(options.tolerance)
            )
            print(f"baseline {options.name} is {len(heads)} runs: {path}")
            return GOOD
        found = read_baseline(store.folder, options.name)
        for run in found.runs:
            head = run_named(store, run)
            print(f"{head.id}  {day_and_time(head.began)} UTC  {head.checkout}  {head.command}")
        for one in found.tolerances:
            print(f"{one.figures}: {100 * one.share:g} % of the margin, {one.reason}")
        return GOOD

    return answered(options, answer)


def _tolerances(given: Sequence[Sequence[str]]) -> list[Tolerance]:
    found = []
    for figures, share, reason in given:
        try:
            found.append(Tolerance(figures, float(share), reason))
        except ValueError:
            raise BadInputError(
                [f"--tolerance {figures} {share}: the share is a number from 0 to 1"]
            ) from None
        if not 0 <= found[-1].share <= 1 or any('"' in text or "\\" in text for text in (figures, reason)):
            raise BadInputError(
                [f"--tolerance {figures} {share} {reason}: 0 to 1, and neither quotes nor backslashes"]
            )
    return found
