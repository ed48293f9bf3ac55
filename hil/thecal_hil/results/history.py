"""``thecal-hil history``: the runs that are kept, a page of them, and copies of the store.

Exit codes: 0 shown, 2 bad input or no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from thecal_hil.results.asking import (
    GOOD,
    answered,
    console,
    day_and_time,
    parser_of,
    print_rows,
    seconds_text,
)
from thecal_hil.results.naming import run_named
from thecal_hil.results.page import write_page
from thecal_hil.results.run import KINDS
from thecal_hil.results.store import Head, Store, copy_store


def main(argv: Sequence[str]) -> int:
    parser = parser_of("history", __doc__)
    parser.add_argument("run", nargs="?", help="show all of this run: its name, last, last~2, or a commit")
    parser.add_argument("--kind", choices=KINDS, help="only runs of this kind")
    parser.add_argument("--most", type=int, default=20, help="how many to list (default: 20)")
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a page of it that stands alone")
    parser.add_argument(
        "--copy", type=Path, metavar="FOLDER", help="copy the store, also while others write to it"
    )
    parser.add_argument("--take", type=Path, metavar="FOLDER", help="take in the runs of another store")
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        if options.take is not None:
            other = Store(options.take, create=False)
            print(f"{store.take_from(other)} runs taken in from {options.take}")
            other.close()
        elif options.copy is not None:
            print(f"{copy_store(store.folder, options.copy)} runs are in {options.copy}")
        elif options.page is not None:
            print(f"page: {write_page(store, options.page)}")
        elif options.run is not None:
            _tell(store, run_named(store, options.run, options.kind), as_json=options.json)
        else:
            _list(store, options.kind, options.most, as_json=options.json)
        return GOOD

    return answered(options, answer)


def _list(store: Store, kind: str | None, most: int, *, as_json: bool) -> None:
    heads = store.heads(*(("kind = ?", [kind]) if kind else ("1", [])), most=most)
    if as_json:
        print_rows([head._asdict() for head in heads])
        return
    console().print(runs_table(heads))
    print(f"{len(heads)} of {store.count()} runs in {store.folder}")


def runs_table(heads: Sequence[Head]) -> Table:
    table = Table("run", "UTC", "kind", "commit", "passed", "failed", "exit", "took", "command")
    table.columns[0].no_wrap = True
    for head in heads:
        table.add_row(
            *(
                head.id,
                day_and_time(head.began),
                head.kind,
                head.checkout,
                str(head.passed),
                str(head.failed),
            ),
            *(str(head.exit_code), seconds_text(head.seconds), head.command),
        )
    return table


def _tell(store: Store, head: Head, *, as_json: bool) -> None:
    run = store.run(head)
    if as_json:
        from thecal_hil.results.run import as_document

        print_rows([as_document(run)])
        return
    print(f"{run.id}: {run.command}")
    print(f"{day_and_time(run.began)} UTC, {seconds_text(run.seconds)}, exit code {run.exit_code}")
    for name, value in run.facts.items():
        print(f"  {name:12} {value if isinstance(value, dict) else run.fact(name)}")
    for subject in run.subjects:
        seed = "" if subject.seed is None else f", seed {subject.seed}"
        unit = f", on {subject.unit}" if subject.unit else ""
        said = f": {subject.message.splitlines()[0]}" if subject.message else ""
        print(f"  {subject.state:8} {subject.name} ({seconds_text(subject.seconds)}{seed}{unit}){said}")
    print(f"{len(run.figures)} figures")
