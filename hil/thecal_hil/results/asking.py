"""The parts that commands have in common which ask the store: where it is, what is shown, and how they end.

Exit codes of all of them: 0 nothing speaks against the sources, 1 something does, 2 bad input, or no store.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from thecal.errors import BadInputError
from thecal_hil.results.place import USUAL, results_folder
from thecal_hil.results.store import Store, StoreError

GOOD, WORSE, BAD_INPUT = 0, 1, 2
_WIDE: Final = 160


def parser_of(name: str, told: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"thecal-hil {name}", description=told)
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help=f"the store of results (default: THECAL_RESULTS, or {USUAL})",
    )
    return parser


def answered(options: argparse.Namespace, answer: Callable[[Store], int]) -> int:
    """Open the store, answer, and report what is wrong with either."""
    try:
        store = Store(results_folder(options.results) or USUAL, create=False)
        for line in store.damaged:
            print(f"thecal-hil: {line}; it is left where it is, and its run is not counted", file=sys.stderr)
        try:
            return answer(store)
        finally:
            store.close()
    except (BadInputError, StoreError) as error:
        print(f"thecal-hil: {error}", file=sys.stderr)
        return BAD_INPUT


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, markup=False)


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows for a program."""
    print(json.dumps(list(rows), indent=1))


def day_and_time(began: str) -> str:
    """Return an instant of the store as a person reads it; it stays UTC."""
    return began[:19].replace("T", " ")


def seconds_text(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
