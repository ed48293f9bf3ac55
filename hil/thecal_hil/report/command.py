"""``thecal-hil report``: run the library on several rigs and write one report of all of them.

Exit codes: 0 the report says PASS, 1 it says FAIL, 2 bad input or nothing to run on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from thecal_hil.contract.rig import RigUnavailableError
from thecal_hil.report.writing import SUMMARIES, gather, write
from thecal_hil.rigs.opening import RIG_NAMES
from thecal_hil.scenario.campaign import RigWanted, run_all, shown_runs
from thecal_hil.scenario.document import Scenario, ScenarioError
from thecal_hil.scenario.kept import note_record
from thecal_hil.scenario.reader import read_library
from thecal_hil.scenario.record import ScenarioRecord
from thecal_hil.scenario.telling import record_line

_OUT = SUMMARIES / "report"
_RIGS = ("model", "pico")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil report", description=__doc__)
    parser.add_argument("--rig", action="append", choices=RIG_NAMES, help="default: model and pico")
    parser.add_argument("--port", help="serial port of the board, for --rig board")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this scenario; may be repeated")
    parser.add_argument("--long", action="store_true", help="long scenarios on the emulated board as well")
    parser.add_argument("--jobs", type=int, default=2, help="how many to run at once")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the workers of the Dask cluster there")
    parser.add_argument("--out", type=Path, default=_OUT, help=f"folder of the report (default: {_OUT})")
    options = parser.parse_args(argv)
    try:
        scenarios = _chosen(read_library(), options.only)
        records = _run(scenarios, options)
    except (ScenarioError, RigUnavailableError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    page = write(records, options.out)
    passed = gather(records, SUMMARIES).passed
    size = page.stat().st_size / 1e6
    print(
        f"evidence: {'PASS' if passed else 'FAIL'} {len(records)} runs of {len(scenarios)} scenarios; {page}, "
        f"{size:.2f} MB, written in {time.perf_counter() - began:.1f} s"
    )
    return 0 if passed else 1


def _chosen(library: list[Scenario], names: list[str] | None) -> list[Scenario]:
    if names is None:
        return library
    unknown = sorted(set(names) - {scenario.name for scenario in library})
    if unknown:
        raise ScenarioError([f"there is no scenario {', '.join(unknown)}; see `thecal-hil list`"])
    return [scenario for scenario in library if scenario.name in names]


def _run(scenarios: Sequence[Scenario], options: argparse.Namespace) -> list[ScenarioRecord]:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    records: list[ScenarioRecord] = []
    for rig in options.rig or _RIGS:
        for_rig = [one for one in scenarios if rig == "model" or options.long or not one.is_long]
        with shown_runs(f"evidence: {rig} rig", for_rig) as (runs, line):
            for record in run_all(
                for_rig, RigWanted(rig, options.port), options.jobs, runs, options.scheduler
            ):
                records.append(record)
                note_record(record)
                with line.out_of_the_way():
                    console.print(record_line(record), soft_wrap=True)
    return records
