"""``make pumps``: many described pumps, each at its least and its greatest rate, held against the oracle.

Of each: every edge within a tick of the oracle's and none missing, every volume within a microstep, nothing from the
heap from pulse to pulse, no alarm. On the model, that nothing comes from the heap is judged by the size of every number
that metering has between two pulses; on the emulated board it is measured. Exits 1 where one falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from thecal.pumps.constants import VARIABLE
from thecal.pumps.reader import names
from thecal_hil.campaigns.pumps.draw import write
from thecal_hil.contract.image import REPOSITORY

_FOLDER = REPOSITORY / "build/pumps"
_MOST_EDGE_TICKS = 1
_MOST_VOLUME_MICROSTEPS = 1


def image_for(description: str) -> Path:
    """Return the image of one pump, built unless it is there already. Raise RuntimeError with what the build says
    if that fails."""
    output = _FOLDER / f"image-{Path(description).stem}"
    command = [sys.executable, str(REPOSITORY / "firmware/board/build.py"), "uf2"]
    built = subprocess.run(
        [*command, "--pump", description, "--output", str(output)],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise RuntimeError(built.stderr.strip())
    return output / "thecal.uf2"


def tried(description: str, rig: str) -> list[str]:
    """Return what falls short of one pump; nothing if it does as it was described."""
    command = [sys.executable, "-m", "thecal_hil.campaigns.pumps.trial", "--rig", rig]
    try:
        if rig == "pico":
            command += ["--uf2", str(image_for(description))]
    except RuntimeError as error:
        return [str(error)]
    surroundings = {**os.environ, VARIABLE: description}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        return [
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
        ]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    _FIGURES.extend(found)
    return [f"at {one['nl_per_day']} nL/day {fault}" for one in found for fault in faults_of(one)]


_FIGURES: list[dict[str, Any]] = []


def faults_of(found: dict[str, Any]) -> list[str]:
    """Return what of one rate falls short."""
    faults = []
    if found["missing"] or not found["pulses"]:
        faults.append(f"{found['pulses']} pulses, {found['missing']} of them missing or too many")
    if found["edge_ticks"] > _MOST_EDGE_TICKS:
        faults.append(f"an edge {found['edge_ticks']:.3f} ticks off")
    if found["volume_microsteps"] > _MOST_VOLUME_MICROSTEPS:
        faults.append(f"a volume {found['volume_microsteps']:.3f} microsteps off")
    if found["heap_bytes_per_pulse"]:
        faults.append(f"{found['heap_bytes_per_pulse']} bytes of heap a pulse")
    if found["alarms"]:
        faults.append(f"alarms {found['alarms']:#x}")
    return faults


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil pumps", description=__doc__)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--count", type=int, default=200, help="so many drawn pumps on the model (200)")
    parser.add_argument(
        "--pico", type=int, default=20, help="so many of them also on the emulated board (20)"
    )
    parser.add_argument("--first", type=int, default=0, help="begin with this one (0)")
    options = parser.parse_args(arguments)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    numbers = range(options.first, options.first + options.count)
    drawn = [str(write(options.seed, number, _FOLDER)) for number in numbers]
    work = [(one, "model") for one in [*names(), *drawn]]
    work += [(one, "pico") for one in drawn[: options.pico]]
    short = 0
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda one: tried(*one), work)
        for (description, rig), faults in zip(work, results, strict=True):
            for fault in faults:
                short += 1
                print(f"pumps: {Path(description).stem} on {rig}: {fault}", flush=True)
    of_edge = max((one["edge_ticks"] for one in _FIGURES), default=0.0)
    of_volume = max((one["volume_microsteps"] for one in _FIGURES), default=0.0)
    pulses = sum(one["pulses"] for one in _FIGURES)
    print(
        f"pumps: {'FAIL' if short else 'PASS'} seed {options.seed}, {len(names())} shipped and {len(drawn)} drawn "
        f"pumps on the model, {min(options.pico, len(drawn))} on pico, {pulses} pulses; worst edge {of_edge:.3f} "
        f"ticks, worst volume {of_volume:.3f} microsteps, {short} faults"
    )
    return 1 if short else 0
