"""The sub-commands of long work: their names, what each does in a line, and the module that has its options.

A module is imported only when its sub-command is called: each brings much that nobody else needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple

import typer


class Work(NamedTuple):
    """module: has a function ``main`` that takes the arguments and returns the exit code."""

    module: str
    told: str


WORKS: Final = {
    "report": Work("report.command", "Run the library on several rigs and write one report of all of them."),
    "trace": Work(
        "evidence.trace.command", "Print and write the matrix of requirements and tests, and judge it."
    ),
    "trace-mutants": Work(
        "evidence.trace.mutant_trials", "Have each requirement's own tests notice its mutant."
    ),
    "powercuts": Work("campaigns.powercuts.command", "Cut the power in every flash operation."),
    "changes": Work(
        "campaigns.changes.command",
        "Ask for changes of therapy at any instant, and faults in any order.",
    ),
    "doses": Work("campaigns.doses.command", "Play sequences of doses again and say what differs."),
    "attack": Work("campaigns.attack.attack", "Send a keyed pump frames from somebody without a key."),
    "weeks": Work(
        "campaigns.weeks.command", "Run weeks of drawn pumps with their plant, or one of them again."
    ),
    "weeks-memory": Work(
        "campaigns.weeks.memory", "Measure the memory that putting such a campaign together takes."
    ),
    "weeks-scaling": Work(
        "campaigns.weeks.scaling", "Measure what a second Dask worker brings to such a campaign."
    ),
    "long-run": Work("campaigns.long_run", "Deliver months on the model with a fault every few hours."),
    "full-cycle": Work("campaigns.full_cycle", "Deliver half a year on the model with its plant."),
    "memory": Work("campaigns.memory.command", "Measure what requests leave of the board's memory."),
    "lock-step": Work("campaigns.lock_step", "Measure what a plant in the loop costs the emulated board."),
    "parity": Work(
        "campaigns.parity.campaign", "Compare both paths of the emulator after every instruction."
    ),
    "comparison": Work(
        "campaigns.comparison.command", "Measure step timing beside other ways to make steps."
    ),
    "speed": Work("campaigns.speed.command", "Measure what verification costs, beside an earlier commit."),
    "full-cycle-speed": Work(
        "campaigns.speed.full_cycle", "Measure the full cycle alone, beside an earlier commit."
    ),
    "edge-memory": Work("campaigns.speed.edge_memory", "Measure how much memory a million edges take."),
}
_OWN_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}


def add_to(app: typer.Typer) -> None:
    """Add all of them to the command. Each has its own options: ``thecal-hil NAME --help`` tells them."""
    for name, work in WORKS.items():
        app.command(
            name,
            help=work.told,
            context_settings=_OWN_OPTIONS,
            add_help_option=False,
            rich_help_panel="Long work",
        )(_runs(work))


def _runs(work: Work):  # noqa: ANN202 - what Typer takes for a command
    def run(context: typer.Context) -> None:
        raise typer.Exit(import_module(f"thecal_hil.{work.module}").main(context.args))

    return run
