"""The whole comparison of the emulator's two paths: ``thecal-hil parity`` (``make
emulator-parity``).

Promises: every scenario of the library and the course of `resets` is run on both paths in lock-step, and by itself on
the compiled path, and leaves the same bytes each time; those of an hour and less also on the path that needs no
compiler. Random programs meet every case of every form of instruction. The campaign fails where anything differs, where
a case was not taken, where the architecture excludes what was left, and where fewer instructions were compared than
asked for. What is done is kept by scenario, together with a digest of everything it depends on, so that a
campaign that was stopped continues.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import RigUnavailableError
from thecal_hil.emulator import compiled
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.evidence.measurements import write_json, write_summary
from thecal_hil.groundwork.checkout import REPOSITORY
from thecal_hil.groundwork.progress import Count, Share, shown
from thecal_hil.rigs.opening import image_for
from thecal_hil.rigs.pico_rig import PicoRig, bench_board
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import read_library
from thecal_hil.scenario.runner import lacking

from . import random_programs, table
from .lockstep import DifferenceError, Lockstep, Totals
from .resets import go_through_resets
from .scenarios import Digests, by_itself, narrowed

IMAGE_INSTRUCTIONS: Final = 50_000_000
RANDOM_INSTRUCTIONS: Final = 10_000_000
SEED: Final = 1
EVIDENCE: Final = Path("build/evidence/emulator-parity.json")
TABLE: Final = Path("build/evidence/emulator-parity.txt")
KEPT: Final = Path("build/parity")
RESETS: Final = "(resets)"
_HOUR_NS: Final = 3_600_000_000_000
_SOURCES: Final = ("hil", "sim", "host", "firmware")

# Processor seconds on one core of 2026, for what is said beforehand.
_S_PER_RUN: Final = 30.0
_S_PER_HOUR: Final = 13.0
_S_PER_MILLION: Final = 4.5


@dataclass(frozen=True)
class Done:
    """The outcome of one run of the image. difference: in words, empty if there is none."""

    name: str
    status: str
    instructions: int
    fell_back: int
    memory_comparisons: int
    digests: Digests
    took_s: float
    taken: list[list[int]]
    difference: str = ""

    @property
    def totals(self) -> Totals:
        taken = {(form, variant, flags, path): count for form, variant, flags, path, count in self.taken}
        return Totals(self.instructions, self.fell_back, 0, self.memory_comparisons, taken)


def _told(totals: Totals) -> dict[str, Any]:
    return {
        "instructions": totals.instructions,
        "fell_back": totals.fell_back,
        "memory_comparisons": totals.memory_digests,
        "taken": [[*case, count] for case, count in sorted(totals.taken.items())],
    }


def run_scenario(scenario: Scenario, image: FirmwareImage) -> Done:
    """Run one scenario on both paths; what differs is in the result and not raised."""
    began = time.process_time()
    try:
        outcome = narrowed(scenario, image)
    except DifferenceError as difference:
        return Done(scenario.name, "differs", 0, 0, 0, {}, time.process_time() - began, [], str(difference))
    difference = ""
    for is_compiled in (True, False):
        if is_compiled or scenario.duration_ns <= _HOUR_NS:
            alone = by_itself(scenario, image, compiled=is_compiled)
            differ = [what for what in alone if alone[what] != outcome.digests[what]]
            if differ:
                path = "compiled" if is_compiled else "interpreted"
                difference = f"by itself on the {path} path, other: {', '.join(differ)}"
    return Done(
        name=scenario.name,
        status=outcome.status,
        digests=outcome.digests,
        took_s=time.process_time() - began,
        difference=difference,
        **_told(outcome.totals),
    )


def run_resets(image: FirmwareImage) -> Done:
    """Run the course of `resets` on both paths."""
    began = time.process_time()
    slow, fast = (bench_board(image, IDEAL, compiled=is_compiled) for is_compiled in (False, True))
    lockstep = Lockstep(slow, fast)
    difference = ""
    log: list[str] = []
    try:
        log, other_log = lockstep.drive(lambda _, board: go_through_resets(PicoRig(image, board=board)))
        if (log, slow.edges, slow.resets) != (other_log, fast.edges, fast.resets):
            difference = "log, edges or resets"
        difference = difference or lockstep.memory_difference(whole_flash=True)
    except DifferenceError as error:
        difference = str(error)
    digests = {"log": hashlib.sha256("\n".join(log).encode()).hexdigest()}
    return Done(
        name=RESETS,
        status="differs" if difference else "passed",
        digests=digests,
        took_s=time.process_time() - began,
        difference=difference,
        **_told(lockstep.totals),
    )


def run_random(
    seed: int, instructions: int, told: Callable[[int], None] = lambda done: None
) -> tuple[Totals, str]:
    """Run random programs on both paths; return the first difference in words, empty if there is none."""

    def attempt(narrow_at: int) -> Totals:
        with tempfile.TemporaryDirectory() as folder:
            lockstep = Lockstep(*random_programs.bare_picos(Path(folder)), narrow_at=narrow_at)
            return random_programs.run(lockstep, seed, instructions, told)

    try:
        return attempt(-1), ""
    except DifferenceError as difference:
        if difference.is_exact:
            return Totals(), str(difference)
        try:
            attempt(difference.stretch)
        except DifferenceError as narrower:
            return Totals(), str(narrower)
        return Totals(), str(difference)


# --- what is kept ----------------------------------------------------------------------------


@cache
def sources_digest() -> str:
    """Return the digest of every source that a result depends on."""
    parts = hashlib.sha256()
    for folder in _SOURCES:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.suffix in (".py", ".pyx", ".pxi", ".h", ".toml"):
                parts.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0" + path.read_bytes())
    return parts.hexdigest()


def _kept_in(image: FirmwareImage) -> Path:
    everything = f"{image.sha256} {sources_digest()} {compiled.build.digest()}"
    return KEPT / hashlib.sha256(everything.encode()).hexdigest()[:16]


def _read_kept(folder: Path, name: str) -> Done | None:
    try:
        return Done(**json.loads((folder / f"{name}.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _one(name: str, uf2: Path | None) -> Done:
    """Run what is named in a process of its own, and keep the result."""
    logging.getLogger("thecal_hil.emulator").setLevel(logging.CRITICAL)
    image = image_for(uf2)
    if name == RESETS:
        done = run_resets(image)
    else:
        done = run_scenario(next(one for one in read_library() if one.name == name), image)
    if not done.difference:
        write_json(_kept_in(image) / f"{name}.json", done.__dict__)
    return done


# --- the campaign ----------------------------------------------------------------------------


def _chosen(names: list[str]) -> dict[str, float]:
    """Return what is to be run on the image, with hours of the pump's time, the shortest first."""
    hours = {RESETS: 0.01}
    for scenario in read_library():
        if not lacking(scenario, PicoRig):
            hours[scenario.name] = scenario.duration_ns / _HOUR_NS
    unknown = sorted(set(names) - set(hours))
    if unknown:
        raise ValueError(f"--scenarios: there is no {', '.join(unknown)} that the pico rig can run")
    return {name: hours[name] for name in sorted(hours, key=hours.__getitem__) if not names or name in names}


def _cost_s(hours: float) -> float:
    return _S_PER_RUN + _S_PER_HOUR * hours


def _runs(names: dict[str, float], image: FirmwareImage, uf2: Path | None, jobs: int) -> Iterator[Done]:
    folder = _kept_in(image)
    to_do = []
    for name in names:
        kept = _read_kept(folder, name)
        if kept is None:
            to_do.append(name)
        else:
            yield kept
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        # The longest first, or it would run by itself at the end.
        for future in as_completed([pool.submit(_one, name, uf2) for name in reversed(to_do)]):
            yield future.result()


def _run_image(names: dict[str, float], image: FirmwareImage, arguments: argparse.Namespace) -> list[Done]:
    found: list[Done] = []
    cost_s = sum(map(_cost_s, names.values()))

    def share() -> float:
        return sum(_cost_s(names[done.name]) for done in found) / cost_s

    with shown("runs of the image", Share(share)) as line:
        for done in _runs(names, image, arguments.uf2, arguments.jobs):
            found.append(done)
            verdict = f"DIFFERS: {done.difference}" if done.difference else "the same"
            with line.out_of_the_way():
                print(
                    f"{len(found):3d} of {len(names)}  {done.name}: {verdict}, "
                    f"{done.instructions:,} instructions, {done.took_s:.0f} s",
                    flush=True,
                )
    return found


def _run_random(arguments: argparse.Namespace) -> tuple[Totals, str]:
    count = Count(arguments.random_instructions, "instructions")
    with shown("random programs", count):
        return run_random(arguments.seed, arguments.random_instructions, count.set)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="thecal-hil parity", description=__doc__)
    parser.add_argument("--image-instructions", type=int, default=IMAGE_INSTRUCTIONS, metavar="N")
    parser.add_argument("--random-instructions", type=int, default=RANDOM_INSTRUCTIONS, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED, help="of the random programs")
    parser.add_argument("--scenarios", nargs="*", default=[], metavar="NAME", help="these only")
    parser.add_argument("--jobs", type=int, default=1, help="how many to run at once")
    parser.add_argument("--uf2", type=Path, help="image to run instead of the one just built")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    arguments = _arguments(argv)
    logging.getLogger("thecal_hil.emulator").setLevel(logging.CRITICAL)
    try:
        image = image_for(arguments.uf2)
        names = _chosen(arguments.scenarios)
    except (RigUnavailableError, ValueError) as error:
        print(f"parity: {error}")
        return 2
    began = time.monotonic()
    cost_s = sum(map(_cost_s, names.values())) + _S_PER_MILLION * arguments.random_instructions / 1e6
    print(
        f"parity: {len(names)} runs of the image, {sum(names.values()):,.0f} hours of the pump's time, and "
        f"{arguments.random_instructions:,} random instructions (seed {arguments.seed}): "
        f"about {cost_s / 60:.0f} processor minutes, less what is kept in {KEPT}",
        flush=True,
    )
    random, random_difference = _run_random(arguments)
    runs = _run_image(names, image, arguments)
    return _judge(arguments, image, names, runs, random, random_difference, time.monotonic() - began)


def _judge(
    arguments: argparse.Namespace,
    image: FirmwareImage,
    names: dict[str, float],
    runs: list[Done],
    random: Totals,
    random_difference: str,
    took_s: float,
) -> int:
    of_image = Totals()
    for done in runs:
        of_image.add(done.totals)
    differences = {done.name: done.difference for done in runs if done.difference}
    if random_difference:
        differences["random programs"] = random_difference
    wrong = [f"{name} differs: {text}" for name, text in differences.items()]
    wrong += [f"case not met: {text}" for text in table.missing(random.taken)]
    both = Totals()
    both.add(random)
    both.add(of_image)
    wrong += [f"not of the architecture: {text}" for text in table.beyond(both.taken)]
    for what, found, wanted in (
        ("instructions of the image", of_image.instructions, arguments.image_instructions),
        ("random instructions", random.instructions, arguments.random_instructions),
    ):
        if found < wanted:
            wrong.append(f"{found:,} {what} compared, wanted are {wanted:,}")
    write_summary(
        EVIDENCE,
        {
            "image_sha256": image.sha256,
            "compiled_digest": compiled.build.digest(),
            "sources_digest": sources_digest(),
            "seed": arguments.seed,
            "image_instructions": of_image.instructions,
            "random_instructions": random.instructions,
            "left_to_the_emulator": {"image": of_image.fell_back, "random": random.fell_back},
            "memory_comparisons": both.memory_digests,
            "whole_library": not arguments.scenarios,
            "cases_met": len(table.to_meet()) - len(table.missing(random.taken)),
            "cases": len(table.to_meet()),
            "differences": differences,
            "wrong": wrong,
            "processor_s": round(sum(done.took_s for done in runs)),
            "runs": {
                done.name: {
                    "status": done.status,
                    "instructions": done.instructions,
                    "hours": round(names[done.name], 3),
                    **done.digests,
                }
                for done in sorted(runs, key=lambda done: done.name)
            },
            "forms": table.by_form(both.taken),
        },
    )
    TABLE.write_text("\n".join(table.lines(both.taken)) + "\n")
    for text in wrong:
        print(f"parity: {text}")
    print(
        f"parity: {'FAIL' if wrong else 'PASS'} {of_image.instructions:,} instructions of the image in "
        f"{len(runs)} runs and {random.instructions:,} random ones compared, {len(differences)} differences, "
        f"{len(table.to_meet())} cases, in {took_s:.0f} s; every case is in {TABLE}"
    )
    return 1 if wrong else 0
