"""``thecal-hil comparison``: step timing and emulation speed side by side, as a table and as JSON.

Promise: every ratio is of one run of this command, so a busy machine changes the times and hardly the ratios.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from thecal_hil.campaigns.comparison.contenders import INTERVAL_NS, Run, rival, thecal
from thecal_hil.campaigns.comparison.rival_programs import ASYNCIO_TASK, MACHINE_TIMER, SLEEP_LOOP
from thecal_hil.contract.image import BUILT, REPOSITORY
from thecal_hil.evidence.measurements import write_summary

_SECONDS = 30.0
_QUIET_PUMP_S = 600.0
_QUIET_LOOP_S = 5.0
_OUT = REPOSITORY / "build/evidence/comparison.json"


def timing_table(runs: list[Run]) -> Table:
    """Return errors of each board's edges, and how many times this firmware's worst error each one's is."""
    table = Table(title="step timing error in us; 10 microsteps and 20 requests a second, log kept in flash")
    for heading in ("stepped by", "steps", "missing", "median", "99 %", "worst", "last", "worst / ours"):
        table.add_column(heading, justify="left" if heading == "stepped by" else "right")
    ours = next(run.errors for run in runs if run.errors)
    for run in runs:
        errors = run.errors
        if errors is None:
            table.add_row(run.name, "0", "all", *["-"] * 5)
            continue
        table.add_row(
            run.name,
            f"{errors.steps:,}",
            f"{errors.missing:,}",
            f"{errors.median_us:,.2f}",
            f"{errors.p99_us:,.2f}",
            f"{errors.worst_us:,.2f}",
            f"{errors.last_us:+,.2f}",
            f"{errors.worst_us / ours.worst_us:,.0f} x" if ours.worst_us else "-",
        )
    return table


def speed_table(pump: Run, loop: Run) -> Table:
    table = Table(title="emulation speed: virtual time over processor time")
    for heading in ("board", "x real time", "ratio"):
        table.add_column(heading, justify="left" if heading == "board" else "right")
    for run in (pump, loop):
        table.add_row(run.name, f"{run.speed:,.3g}", f"{run.speed / loop.speed:,.0f} x")
    return table


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil comparison", description=__doc__)
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="of loaded stepping on each board")
    parser.add_argument("--stock", type=Path, default=BUILT / "stock.uf2", help="stock MicroPython image")
    arguments = parser.parse_args(argv)
    if not arguments.stock.is_file():
        print(f"{arguments.stock} is not there: build it with `make stock`", file=sys.stderr)
        return 2
    if arguments.seconds < 2 * INTERVAL_NS / 1e9:
        print(f"--seconds {arguments.seconds}: two pulses are the least, 0.2", file=sys.stderr)
        return 2
    console = Console(width=max(100, Console().width))
    timed = [thecal(arguments.seconds)]
    for name, program in (("machine.Timer", MACHINE_TIMER), ("asyncio", ASYNCIO_TASK)):
        timed.append(rival(name, program, arguments.stock, arguments.seconds))
    console.print(timing_table(timed))
    pump = thecal(_QUIET_PUMP_S, loaded=False)
    loop = rival("time.sleep_ms loop, no steps", SLEEP_LOOP, arguments.stock, _QUIET_LOOP_S, loaded=False)
    console.print(speed_table(pump, loop))
    write_summary(
        _OUT, {"loaded": [asdict(run) for run in timed], "quiet": [asdict(run) for run in (pump, loop)]}
    )
    console.print(f"evidence: {_OUT}", highlight=False)
    return 0
