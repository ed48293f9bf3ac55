"""The command ``thecal-hil weeks``: run a campaign or continue with one, report on it, do one run
again."""

from __future__ import annotations

import argparse
import signal
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.replay import replay, told
from thecal_hil.campaigns.weeks.report import text, write_report
from thecal_hil.campaigns.weeks.results import Results
from thecal_hil.campaigns.weeks.run import Effort, carry_out
from thecal_hil.campaigns.weeks.store import CampaignError, Store
from thecal_hil.campaigns.weeks.week import what_is_wrong
from thecal_hil.campaigns.weeks.workers import DaskWorkers, LocalWorkers, Workers
from thecal_hil.contract.rig import RigUnavailableError

STOPPED = 130
"""Exit status of a campaign that was stopped and can be continued, as a shell has it for an interrupt."""
_DIRECTORY = Path("build/campaign")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="thecal-hil weeks", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=7, help="of each run")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=5, help="runs that are kept together, as one file")
    parser.add_argument(
        "--to", type=Path, default=_DIRECTORY, help="directory; a campaign in it is continued"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, in place of local processes"
    )
    parser.add_argument("--replay", type=int, metavar="SEED", help="do one run again and report all of it")
    parser.add_argument("--rig", choices=("model", "pico"), default="model", help="to do it again on")
    parser.add_argument("--hours", type=int, help="do only the first so many of the days again")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the command; raise ValueError for options that do not go together."""
    options = _parser().parse_args(argv)
    try:
        if options.replay is not None:
            return _replay(options)
        if options.hours is not None:
            raise ValueError("hours: only with --replay; a campaign is of whole days")
        return _run(options)
    except (CampaignError, RigUnavailableError, ValueError) as error:
        print(f"campaign: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("campaign: stopped; the same command continues with it", file=sys.stderr)
        return STOPPED


def _replay(options: argparse.Namespace) -> int:
    on_rig, on_model = replay(options.replay, options.days, options.rig, options.hours)
    part = "" if options.hours is None else f"the first {options.hours} h of "
    print(f"seed {options.replay}, {part}{options.days} days on the {options.rig} rig")
    print(told(on_rig, on_model))
    return 1 if what_is_wrong(on_rig) else 0


def _run(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    store = Store(options.to, Plan(options.runs, options.days, options.first_seed, options.batch))
    workers: Workers = (
        DaskWorkers(options.scheduler) if options.scheduler else LocalWorkers(options.processes)
    )
    print(f"campaign: {options.runs:,} runs of {options.days} days, {workers.name}, in {options.to}")
    try:
        results, effort = carry_out(store, workers)
    finally:
        workers.close()
    found = write_report(options.to, Results(results))
    print(text(found), end="")
    print(f"report.txt, report.json, report.png and {results.name} in {options.to}")
    print(_told(effort, options.days, bool(found["wrong"])))
    return 1 if found["wrong"] else 0


def _told(effort: Effort, days: int, is_wrong: bool) -> str:
    verdict = "FAIL" if is_wrong else "PASS"
    if not effort.runs:
        return f"campaign: {verdict}, every run was finished before"
    per_run_s = effort.total_cpu_s / effort.runs
    return (
        f"campaign: {verdict} {effort.runs:,} runs in {effort.elapsed_s:.0f} s by the wall, "
        f"{effort.total_cpu_s:.0f} s of processor ({per_run_s:.2f} s a run), "
        f"{effort.runs * days / effort.elapsed_s:.1f} pump-days a second"
    )


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    """Turn a request to end into an interrupt from the keyboard."""
    raise KeyboardInterrupt
