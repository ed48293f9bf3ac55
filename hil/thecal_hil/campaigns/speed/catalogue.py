"""Every figure of ``make speed``: how good it has to be, and what takes it.

Promise: a figure is declared here before it is taken, and one that is not taken fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thecal_hil.campaigns.speed import edge_memory, full_cycle
from thecal_hil.campaigns.speed.earlier import HERE
from thecal_hil.campaigns.speed.pico import (
    BEFORE,
    RATES_NL_PER_DAY,
    boot_speed,
    cache_cost,
    delivery_speed,
    earlier_counts,
)
from thecal_hil.campaigns.speed.whole_commands import tests_share, verify_speed
from thecal_hil.campaigns.weeks.memory import RUNS, put_together
from thecal_hil.evidence.measurements import Measurement
from thecal_hil.groundwork.checkout import checkout

_PARITY = HERE / "build/evidence/emulator-parity.json"
_MB = 1e6
_REACH = {424_000: (9.0, 15.0), 24_000_000: (12.0, None)}
"""nL/day -> the least ratio, and what a good one would be."""


@dataclass(frozen=True)
class Figure:
    """A figure, which takes one or more measurements. ``minutes``: about how long that takes on two idle cores."""

    name: str
    minutes: float
    measurements: tuple[Measurement, ...]
    take: Callable[[], dict[str, float]]


def _rate(nl_per_day: int) -> Figure:
    shown = f"{nl_per_day // 1_000:,} uL/day"
    least, reach = _REACH.get(nl_per_day, (None, None))
    key = f"pico_{nl_per_day // 1_000}"

    def take() -> dict[str, float]:
        found = delivery_speed(nl_per_day)
        return {key: found["ratio"], f"{key}_real_time": found["real_time_x"]}

    declared = (
        Measurement(key, f"emulated board at {shown}, before / now", "x", least=least, reach=reach),
        Measurement(f"{key}_real_time", f"emulated board at {shown}, virtual / processor time", "x"),
    )
    return Figure(f"pico-{nl_per_day // 1_000}", 2, declared, take)


def _full_cycle() -> dict[str, float]:
    return {one.key: value for one, value in full_cycle.full_cycle_speed().figures().items()}


def _slow_flash() -> dict[str, float]:
    """Return the figures of a slow flash: the image of the commit before counts no step with a miss at 66 cycles, and
    delivers at 40."""
    counted = {f"steps_at_{cycles}": float(earlier_counts(cycles)) for cycles in (40, 66)}
    return {"cache_cost": cache_cost(), **counted}


def _parity() -> dict[str, float]:
    """Return what `make emulator-parity` has found on this very commit."""
    if not _PARITY.is_file():
        raise FileNotFoundError(f"{_PARITY} is not there: run `make emulator-parity` first")
    found = json.loads(_PARITY.read_text(encoding="utf-8"))
    if found["checkout"] != checkout():
        raise ValueError(f"{_PARITY} is of {found['checkout']}: run `make emulator-parity` again")
    return {
        "parity_image": found["image_instructions"],
        "parity_random": found["random_instructions"],
        "parity_differences": found["differences"],
    }


def _json_of(command: Sequence[str], **environment: str) -> dict:
    done = subprocess.run(
        list(command),
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout)


def _quick() -> dict[str, float]:
    found = _json_of([sys.executable, "-m", "quick.measure"], PYTHONPATH="tests")
    rooms = {room: one for room, one in found.items() if isinstance(one, dict)}
    return {f"quick_{room}": one["seconds"] if one["passed"] else float("nan") for room, one in rooms.items()}


def _set_up() -> dict[str, float]:
    found = _json_of([sys.executable, "tests/tools/set_up_bytes.py"])
    return {
        "set_up_part": found["part"],
        "set_up_python": found["python_now"] / _MB,
        "set_up_sources": found["sources"] / _MB,
        "set_up_system": float("nan") if found["system"] is None else found["system"] / _MB,
    }


FIGURES: tuple[Figure, ...] = (
    *(_rate(nl_per_day) for nl_per_day in RATES_NL_PER_DAY),
    Figure(
        "boot",
        1.5,
        (Measurement("boot", "boot to first answer, before / now", "x", least=8),),
        lambda: {"boot": boot_speed()},
    ),
    Figure(
        "verify",
        6,
        (Measurement("verify", "make verify of 24 h, both rigs and the check, before / now", "x", least=8),),
        lambda: {"verify": verify_speed()},
    ),
    Figure(
        "parity",
        0.1,
        (
            Measurement("parity_image", "instructions of the image in lock-step", "", least=50e6),
            Measurement("parity_random", "random instructions in lock-step", "", least=10e6),
            Measurement("parity_differences", "differences between both paths", "", most=0),
        ),
        _parity,
    ),
    Figure("full-cycle", 2, (full_cycle.RATIO, full_cycle.SAME), _full_cycle),
    Figure(
        "campaign",
        3,
        (Measurement("campaign_mb", "1,000,000 runs of a campaign put together", "MB", most=1_000),),
        lambda: {"campaign_mb": put_together(RUNS).peak_bytes / _MB},
    ),
    Figure(
        "slow-flash",
        2,
        (
            Measurement("cache_cost", "424 uL/day with P = 66 against P = 0", "x processor time", most=1.5),
            Measurement("steps_at_40", f"steps that the image of {BEFORE} counts at P = 40", "", least=1),
            Measurement("steps_at_66", f"steps that the image of {BEFORE} counts at P = 66", "", most=0),
        ),
        _slow_flash,
    ),
    Figure("edges", 0.5, (edge_memory.BYTES,), lambda: {edge_memory.BYTES.key: edge_memory.bytes_an_edge()}),
    Figure(
        "quick",
        7,
        tuple(
            Measurement(f"quick_{room}", f"make quick after an edit in {room}", "s", most=60)
            for room in ("core", "link", "store", "rp2", "host")
        ),
        _quick,
    ),
    Figure(
        "tests",
        30,
        (
            Measurement("tests_share", "make test, processor time now / before", "x", most=0.5),
            Measurement("tests_more", "tests more than before", "tests", least=0),
        ),
        lambda: {"tests_share": (found := tests_share())["share"], "tests_more": found["tests_more"]},
    ),
    Figure(
        "set-up",
        3,
        (
            Measurement("set_up_part", "Python packages of a first make verify, now / before", "x", most=0.5),
            Measurement("set_up_python", "Python packages of a first make verify", "MB"),
            Measurement("set_up_sources", "sources that the image is built from", "MB"),
            Measurement("set_up_system", "system packages, on a machine that has none", "MB"),
        ),
        _set_up,
    ),
)
