"""Subcommands of ``thecal`` that need rigs, plant or the arithmetic of the evidence.

Promise: nothing of the extra is imported before one of them is used; where something is missing then, the message says
what to install.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from thecal.cli.common import JsonOption
from thecal.errors import BadInputError
from thecal_hil.bench_extra import HOW_TO_INSTALL, HOW_TO_INSTALL_DEMO, BenchMissingError, import_with_bench

_FASTEST = 100_000.0


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal demo --speed 3600 --fault occlusion@2h")(demo)


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
        _needed("thecal_hil.pico_rig", "thecal demo --pico", needed)
    from thecal_hil.rigs import RigUnavailableError

    try:
        running.run(running.Wish(pico, speed, at, program, fault or (), socket, as_json))
    except RigUnavailableError as error:
        raise BadInputError([str(error)]) from error
