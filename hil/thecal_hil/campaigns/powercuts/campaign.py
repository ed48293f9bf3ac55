"""The campaign: every operation of every scenario, in every outcome, with a second cut at every operation of recovery.

Promises: the same seeds give the same result, byte for byte, however many processes do the work; what can't be
cut is left out and nothing else is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from typing import Any

from thecal_hil.campaigns.powercuts.on_pico import PicoCut, PicoTrials
from thecal_hil.campaigns.powercuts.recording import Recording
from thecal_hil.campaigns.powercuts.scenarios import SCENARIOS, record
from thecal_hil.campaigns.powercuts.trial import Cut, Trials, can_be_cut, outcomes_of
from thecal_hil.contract.image import image_under_test
from thecal_hil.groundwork.progress import Count, shown
from thecal_hil.groundwork.progress_of_runs import Place, runs_of
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.memory import STORAGE_SECTORS
from thecal_sim.nor_flash import NorFlash

_OPERATIONS_IN_A_TASK = 20

Task = tuple[str, int, int, int]
"""Scenario, first operation, one past the last, seed."""


def tasks(scenarios: list[str], seeds: int) -> list[Task]:
    """Return all that there is to do, in the order in which it is reported."""
    found: list[Task] = []
    for name in scenarios:
        operations = len(record(name).operations)
        for seed in range(seeds):
            found += [
                (name, begin, min(begin + _OPERATIONS_IN_A_TASK, operations), seed)
                for begin in range(0, operations, _OPERATIONS_IN_A_TASK)
            ]
    return found


def chip_before(recording: Recording, operation: int) -> NorFlash:
    """Return the chip as it stood before an operation."""
    chip = NorFlash(STORAGE_SECTORS)
    for earlier in recording.operations[:operation]:
        earlier.do(chip)
    return chip


def carry_out(task: Task) -> Trials:
    name, begin, end, seed = task
    recording, trials = record(name), Trials()
    chip = chip_before(recording, begin)
    for index in range(begin, end):
        operation = recording.operations[index]
        if can_be_cut(operation):
            for outcome in outcomes_of(operation.kind):
                trials.cut_everywhere(chip, operation, Cut(name, index, outcome, seed))
        operation.do(chip)
    return trials


def run(scenarios: list[str], seeds: int, processes: int) -> dict[str, Any]:
    """Carry out the campaign; its result."""
    all_tasks = tasks(scenarios, seeds)
    progress = Count(len(all_tasks), "tasks")
    counts: Counter[str] = Counter()
    violations: list[tuple[str, str]] = []
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(carry_out, all_tasks)
        with shown("power cuts of the model", progress):
            for trials in found:
                counts += trials.counts
                violations += trials.violations
                progress.add()
    return result_of(counts, violations, seeds)


def run_on_pico(instants: int, seed: int, processes: int) -> dict[str, Any]:
    """Carry out the short visit on the emulated board, cut in every flash operation and at so many instants."""
    counts: Counter[str] = Counter()
    violations: list[tuple[str, str]] = []
    with runs_of([1] * processes) as runs, ProcessPoolExecutor(processes) as pool:
        parts = [
            pool.submit(carry_out_on_pico, instants, seed, place.number, processes, place=place)
            for place in runs.places()
        ]
        with shown("power cuts of the emulated board", runs):
            for part in parts:
                trials = part.result()
                counts += trials[0]
                violations += trials[1]
    return {
        "seed": seed,
        "cuts": sum(counts.values()),
        "cuts_by_outcome": dict(sorted(counts.items())),
        "violations": [{"cut": cut, "what": what} for cut, what in sorted(violations)],
    }


def carry_out_on_pico(
    instants: int, seed: int, part: int, parts: int, only: str = "", place: Place | None = None
) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Carry out every so-many-th of the cuts on the emulated board, or the one that is named. place: where it reports
    how far it is."""

    def is_mine(number: int, cut: PicoCut) -> bool:
        return str(cut) == only if only else number % parts == part

    rig = PicoRig(image_under_test())
    try:
        trials = PicoTrials(rig, seed, is_mine)
        with nullcontext() if place is None else place.reporting(trials.share):
            trials.cut_everywhere(instants)
    finally:
        rig.close()
    return trials.counts, trials.violations


def cuts_of(counts: Counter[str]) -> int:
    return sum(counts[f"scenario {name}"] for name in SCENARIOS)


def result_of(counts: Counter[str], violations: list[tuple[str, str]], seeds: int) -> dict[str, Any]:
    def part(prefix: str) -> dict[str, int]:
        return {key.removeprefix(prefix): counts[key] for key in sorted(counts) if key.startswith(prefix)}

    recovery = part("recovery ")
    first = {key: counts[key] for key in sorted(counts) if key.split(" ")[0] not in ("recovery", "scenario")}
    return {
        "seeds": list(range(seeds)),
        "cuts": cuts_of(counts),
        "first_cuts": sum(first.values()),
        "second_cuts": sum(recovery.values()),
        "by_scenario": part("scenario "),
        "first_cuts_by_outcome": first,
        "second_cuts_by_outcome": recovery,
        "violations": [{"cut": cut, "what": what} for cut, what in violations],
    }


def replay(cut: Cut) -> Trials:
    """Cut once more, as the campaign did."""
    recording, trials = record(cut.scenario), Trials()
    chip, operation = chip_before(recording, cut.operation), recording.operations[cut.operation]
    if cut.second_operation < 0:
        trials.cut_once(chip, operation, cut)
    else:
        trials.cut_twice(chip, operation, cut)
    return trials


def sample(cuts: int, seed: int, names: Sequence[str] = tuple(SCENARIOS)) -> Iterator[tuple[Cut, Trials]]:
    """Yield cuts of the campaign chosen at random, each scenario in its turn, one in two with a second cut."""
    chance = random.Random(seed)
    recordings = {name: record(name) for name in names}
    for number in range(cuts):
        name = names[number % len(names)]
        recording = recordings[name]
        choice = [at for at, operation in enumerate(recording.operations) if can_be_cut(operation)]
        index = chance.choice(choice)
        operation = recording.operations[index]
        cut = Cut(name, index, chance.choice(outcomes_of(operation.kind)), number)
        chip, trials = chip_before(recording, index), Trials()
        kinds = trials.cut_once(chip, operation, cut)
        if kinds and number % 2:
            second = chance.randrange(len(kinds))
            cut = Cut(name, index, cut.outcome, number, second, chance.choice(outcomes_of(kinds[second])))
            trials.cut_twice(chip, operation, cut)
        yield cut, trials
