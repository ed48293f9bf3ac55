"""The entry of ``thecal-hil``: it looks up what was asked for, and imports that and nothing else.

Promise: a sub-command of ``long_work`` runs with the packages that it needs itself, so `make verify` and the set-up do
with a short list of them. What is missing is reported in one line, with what to install, and exit code 2.
"""

from __future__ import annotations

import sys
from importlib import import_module

from thecal_hil.cli import long_work
from thecal_hil.groundwork.bench_extra import BenchMissingError, import_with_bench

_BAD_INPUT = 2


def main() -> None:
    """Run what was asked for; raise SystemExit with its exit code."""
    name, *rest = sys.argv[1:] or [""]
    try:
        if name in long_work.WORKS:
            raise SystemExit(long_work.run(name, rest))
        import_with_bench("thecal_hil.cli.command", "thecal-hil")
    except BenchMissingError as error:
        print(error, file=sys.stderr)
        raise SystemExit(_BAD_INPUT) from None
    import_module("thecal_hil.cli.command").main()
