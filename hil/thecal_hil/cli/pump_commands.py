"""Subcommands of ``thecal`` that need rigs, plant or the arithmetic of the evidence.

Promise: nothing of the extra is imported before one of them is used; where something is missing then, the message says
what to install.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from thecal.cli.common import JsonOption, print_json
from thecal.errors import BadInputError
from thecal_hil.groundwork.bench_extra import (
    HOW_TO_INSTALL,
    HOW_TO_INSTALL_DEMO,
    BenchMissingError,
    import_with_bench,
)

_FASTEST = 100_000.0


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal demo --speed 3600 --fault occlusion@2h")(demo)
    app.command(epilog="Example: thecal weigh mass.csv --ml-per-day 0.424")(weigh)
    app.command(epilog="Example: thecal calibrate sheet.toml runs.csv --record head.json")(calibrate)
    app.command(epilog="Example: thecal balance mass.csv --balance /dev/ttyUSB0 --every 10")(balance)


def _needed(name: str, command: str, how_to_install: str = HOW_TO_INSTALL) -> ModuleType:
    try:
        return import_with_bench(name, command, how_to_install)
    except BenchMissingError as error:
        raise BadInputError([str(error)]) from error


def demo(
    pico: Annotated[
        bool, typer.Option("--pico", help="Run the real image on an emulated board; needs `make uf2`.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option(min=0.01, max=_FASTEST, help="How fast its time goes while nobody talks to it."),
    ] = 1.0,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Begin at this time, local unless it says its offset; its clock is set."
        ),
    ] = None,
    program: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Deliver this prescription from the beginning, reservoir full."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME@WHEN", help="Have something go wrong, as in occlusion@2h..3h; repeatable."
        ),
    ] = None,
    socket: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65_535,
            help="Be at a socket in place of a pseudo-terminal; 0 takes any.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a pump to practise on, without hardware. It is found like a board until Ctrl-C ends it."""
    needed = HOW_TO_INSTALL if pico else HOW_TO_INSTALL_DEMO
    running = _needed("thecal_hil.practice.demo", "thecal demo", needed)
    if pico:
        _needed("thecal_hil.rigs.pico_rig", "thecal demo --pico", needed)
    from thecal_hil.contract.rig import RigUnavailableError

    try:
        running.run(running.Wish(pico, speed, at, program, fault or (), socket, as_json))
    except RigUnavailableError as error:
        raise BadInputError([str(error)]) from error


def weigh(
    file: Annotated[
        Path, typer.Argument(help="Time and mass, a line for each reading, as any balance writes them.")
    ],
    ml_per_day: Annotated[
        float | None,
        typer.Option(min=0.0001, max=1_000.0, help="Basal rate prescribed; else the record's own mean."),
    ] = None,
    bolus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UL@FROM..TO", help="A bolus in it, as in 10@1h30m..1h40m, in microlitres; repeatable."
        ),
    ] = None,
    windows: Annotated[
        str | None, typer.Option(metavar="NAME", help="Windows of the trumpet curve: standard or ambulatory.")
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(metavar="G_PER_ML", min=0.5, max=2.0, help="Of what is weighed; else water's."),
    ] = None,
    evaporates: Annotated[
        float,
        typer.Option(
            metavar="MG_PER_HOUR", min=0.0, max=1_000.0, help="Lost from the vessel, by a blank run."
        ),
    ] = 0.0,
    reservoir: Annotated[
        bool, typer.Option("--reservoir", help="The reservoir was weighed, not what came out.")
    ] = False,
    time_unit: Annotated[
        str | None, typer.Option(metavar="UNIT", help="Of the times: ms, s, min, h or d.")
    ] = None,
    mass_unit: Annotated[
        str | None, typer.Option(metavar="UNIT", help="Of the masses: ug, mg, g or kg.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Report from weighings how well a pump delivered: start-up, trumpet curve, overall error, boluses.

    Exit code 3: something in the record had to be put right or left out; the output says what.
    """
    if bolus:
        _needed("thecal_sim.metrics.boluses", "thecal weigh --bolus")
    exit_code: int = _needed(
        "thecal_hil.instruments.weighing.weigh", "thecal weigh", HOW_TO_INSTALL_DEMO
    ).weigh(
        file,
        ml_per_day=ml_per_day,
        boluses=bolus or [],
        windows=windows,
        density=density,
        evaporates=evaporates,
        from_reservoir=reservoir,
        time_unit=time_unit,
        mass_unit=mass_unit,
        as_json=as_json,
    )
    if exit_code:
        raise typer.Exit(exit_code)


def calibrate(
    sheet: Annotated[
        Path, typer.Argument(help="Pump, head, liquid, room, balance and what to run, as TOML.")
    ],
    runs: Annotated[
        Path | None,
        typer.Argument(help="Turns, time and mass or volume of each run. Left out: show the plan."),
    ] = None,
    guide: Annotated[
        bool, typer.Option("--guide", help="Go through the plan run by run and write the file of the runs.")
    ] = False,
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance", metavar="PATH", help="Serial port of a balance with MT-SICS; else type masses."
        ),
    ] = None,
    baud: Annotated[int, typer.Option(min=300, max=921_600, help="As the balance is set.")] = 9_600,
    verify: Annotated[
        Path | None, typer.Option(metavar="RECORD", help="Hold these runs against an earlier record.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the record, as JSON, with its digest.")
    ] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page that stands alone.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find from weighings how much a head delivers a turn, and how sure that is.

    Exit code 3: a person has to look at a finding before it is applied, or the record does not hold.
    """
    run: Callable[..., int] = _needed(
        "thecal_hil.instruments.weighing.calibrate", "thecal calibrate"
    ).calibrate
    exit_code = run(
        sheet,
        runs,
        guide=guide,
        balance=balance,
        baud=baud,
        verify=verify,
        record=record,
        page=page,
        as_json=as_json,
        today=date.today(),
    )
    if exit_code:
        raise typer.Exit(exit_code)


def balance(
    file: Annotated[Path, typer.Argument(help="File to write, for `thecal weigh`.")],
    device: Annotated[str, typer.Option("--balance", metavar="PATH", help="Serial port of the balance.")],
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="From one reading to the next.")
    ] = 10.0,
    count: Annotated[int, typer.Option(min=0, help="Readings to take; 0 continues until Ctrl-C.")] = 0,
    baud: Annotated[int, typer.Option(min=300, max=921_600, help="As the balance is set.")] = 9_600,
    as_json: JsonOption = False,
) -> None:
    """Log a balance that speaks MT-SICS to a file, until Ctrl-C."""
    came = _needed("thecal_hil.instruments.weighing.logger", "thecal balance").log_balance(
        file, device, every, count, baud
    )
    if as_json:
        print_json({"file": str(file), "readings": came})
    else:
        typer.echo(f"{came} readings are in {file}")
