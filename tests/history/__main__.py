"""Hold the store of results against what it is to reach: ``python -m history``, or ``make history-check``.

Promises: each part can be run alone (``--only``) and is kept until the sources that decide it change, so that a check
that was stopped resumes; ``--again`` measures anew. Exit code 1 where a figure falls short, 2 where a part can't be
run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from history import flaky_tests, made_store, planted, searched, two_workers
from history.copied_tree import ChangeError
from history.figures import Row, keep, kept

PARTS: Final[dict[str, Callable[[], list[Row]]]] = {
    "store": made_store.made,
    "killed": made_store.killed,
    "flaky": flaky_tests.measured,
    "regressions": planted.regressions,
    "quiet": planted.without_effect,
    "bisect": searched.measured,
    "workers": two_workers.measured,
}
_OF_THE_STORE_ALONE: Final = ("store", "killed", "flaky")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make history-check", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--again", action="store_true", help="measure anew what is kept")
    options = parser.parse_args()
    short: list[str] = []
    for part in options.only or PARTS:
        everything = part not in _OF_THE_STORE_ALONE
        rows = None if options.again else kept(part, everything=everything)
        told = "" if rows is None else " (kept)"
        if rows is None:
            print(f"{part}: measuring", flush=True)
            try:
                rows = PARTS[part]()
            except ChangeError as error:
                print(f"history: {part}: {error}", file=sys.stderr)
                return 2
            keep(part, rows, everything=everything)
        print(f"{part}{told}")
        for row in rows:
            print(f"  {row.line()}", flush=True)
        short += [f"{part}: {row.name}" for row in rows if row.falls_short]
    print(f"history: {'FAIL ' + '; '.join(short) if short else 'PASS'}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
