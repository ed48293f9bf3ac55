"""The sub-commands of long work: their names, what each does in a line, and the module that has its options.

A module is imported only when its sub-command is called: each brings much that nobody else needs.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import typer

from thecal_hil.groundwork.bench_extra import import_with_bench


class Work(NamedTuple):
    """module: has a function ``main`` that takes the arguments and returns the exit code. kind: of the run that it
    leaves in the store of results; empty where it leaves none."""

    module: str
    told: str
    kind: str = "campaign"


WORKS: Final = {
    "verify": Work("thecal_hil.report.verify", "Deliver a prescription on a rig and check every pulse."),
    "report": Work(
        "thecal_hil.report.command",
        "Run the library on several rigs and write one report of all of them.",
        "evidence",
    ),
    "trace": Work(
        "thecal_hil.evidence.trace.command",
        "Print and write the matrix of requirements and tests, and judge it.",
    ),
    "trace-mutants": Work(
        "thecal_hil.evidence.trace.mutant_trials", "Have each requirement's own tests notice its mutant."
    ),
    "powercuts": Work("thecal_hil.campaigns.powercuts.command", "Cut the power in every flash operation."),
    "changes": Work(
        "thecal_hil.campaigns.changes.command",
        "Ask for changes of therapy at any instant, and faults in any order.",
    ),
    "doses": Work(
        "thecal_hil.campaigns.doses.command", "Play sequences of doses again and say what differs."
    ),
    "attack": Work(
        "thecal_hil.campaigns.attack.attack", "Send a keyed pump frames from somebody without a key."
    ),
    "weeks": Work(
        "thecal_hil.campaigns.weeks.command",
        "Run weeks of drawn pumps with their plant, or one of them again.",
    ),
    "weeks-memory": Work(
        "thecal_hil.campaigns.weeks.memory", "Measure the memory that putting such a campaign together takes."
    ),
    "weeks-scaling": Work(
        "thecal_hil.campaigns.weeks.scaling", "Measure what a second Dask worker brings to such a campaign."
    ),
    "long-run": Work(
        "thecal_hil.campaigns.long_run", "Deliver months on the model with a fault every few hours."
    ),
    "full-cycle": Work("thecal_hil.campaigns.full_cycle", "Deliver half a year on the model with its plant."),
    "memory": Work(
        "thecal_hil.campaigns.memory.command", "Measure what requests leave of the board's memory."
    ),
    "lock-step": Work(
        "thecal_hil.campaigns.lock_step", "Measure what a plant in the loop costs the emulated board."
    ),
    "parity": Work(
        "thecal_hil.campaigns.parity.campaign", "Compare both paths of the emulator after every instruction."
    ),
    "comparison": Work(
        "thecal_hil.campaigns.comparison.command", "Measure step timing beside other ways to make steps."
    ),
    "speed": Work(
        "thecal_hil.campaigns.speed.command", "Measure what verification costs, beside an earlier commit."
    ),
    "full-cycle-speed": Work(
        "thecal_hil.campaigns.speed.full_cycle", "Measure the full cycle alone, beside an earlier commit."
    ),
    "edge-memory": Work(
        "thecal_hil.campaigns.speed.edge_memory", "Measure how much memory a million edges take."
    ),
    "calibration": Work(
        "thecal_hil.campaigns.calibration.command", "Calibrate simulated heads beside an ideal estimator."
    ),
    "guests": Work(
        "thecal_hil.campaigns.guests.command",
        "Run the pytest plugin beside others, each in an environment of its own.",
    ),
    "hostile": Work(
        "thecal_hil.campaigns.hostile.command", "Have boards that answer anything talk to every command."
    ),
    "readers": Work(
        "thecal_hil.campaigns.readers.command", "Fuzz every reader of bytes, guided by the code it reaches."
    ),
    "interrupted": Work(
        "thecal_hil.campaigns.interrupted.command",
        "Interrupt every changing command and a visit at each step.",
    ),
    "pumps": Work(
        "thecal_hil.campaigns.pumps.command", "Draw described pumps and hold each against the oracle."
    ),
    "slips": Work(
        "thecal_hil.campaigns.slips.command", "Put slips and right changes to the rules of the host library."
    ),
    "fluid": Work(
        "thecal_sim.fluid.command", "Hold what is concluded about the fluid against plant and sensors."
    ),
    "model-speed": Work("thecal_sim.benchmark", "Measure how fast the model delivers.", ""),
    "trumpet-speed": Work("thecal_sim.metrics.benchmark", "Measure how long a trumpet curve takes.", ""),
    "compile-emulator": Work(
        "thecal_hil.emulator.compiled.set_up", "Build the compiled part of the emulator, as set-up does.", ""
    ),
    "silicon": Work(
        "thecal_hil.campaigns.silicon_check.command",
        "Measure on a real board what is believed of its chip.",
        "",
    ),
    "bench-check": Work(
        "thecal_hil.bench.check", "Report what is wrong with a bench: devices, image, calibrations.", ""
    ),
    "history": Work(
        "thecal_hil.results.history", "List the runs that are kept, and write a page of them.", ""
    ),
    "compare": Work("thecal_hil.results.compare", "Hold a run against another one or a baseline.", ""),
    "trend": Work("thecal_hil.results.trend", "Show how a figure went from run to run.", ""),
    "flaky": Work("thecal_hil.results.flaky", "List what passed and failed with the same sources.", ""),
    "slow": Work(
        "thecal_hil.results.slow", "List what takes longest, and what takes longer than it did.", ""
    ),
    "baseline": Work("thecal_hil.results.baseline", "Set what later runs are held against.", ""),
    "bisect": Work("thecal_hil.results.bisect", "Find the commit that made a scenario fail or worsen.", ""),
}
_OWN_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(name: str, argv: Sequence[str]) -> int:
    """Run one of them. BenchMissingError where it needs what is not installed."""
    main: Callable[[Sequence[str]], int] = import_with_bench(WORKS[name].module, f"thecal-hil {name}").main
    if not WORKS[name].kind:
        return main(argv)
    # Imported late: not every command leaves something.
    from thecal_hil.evidence.recorded import recording

    with recording(WORKS[name].kind, shlex.join(["thecal-hil", name, *argv])) as found:
        found.exit_code = main(argv)
    return found.exit_code


def add_to(app: typer.Typer) -> None:
    """Add all of them to the command. Each has its own options: ``thecal-hil NAME --help`` shows them."""
    for name, work in WORKS.items():
        app.command(
            name,
            help=work.told,
            context_settings=_OWN_OPTIONS,
            add_help_option=False,
            rich_help_panel="Long work",
        )(_command_of(name))


def _command_of(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        raise typer.Exit(run(name, context.args))

    return command
