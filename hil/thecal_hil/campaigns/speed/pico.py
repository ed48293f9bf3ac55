"""The ratio of processor time that the emulated board takes now and on an earlier commit, at each rate and for a
boot.

Promises: both checkouts run in turn, each with the image of its own commit; a ratio is the median of such pairs. The
microsteps come at the same intervals each time, or there is no ratio. The board imposes nothing, as the earlier one
did, whatever board is the default now; only `cache_cost` and `earlier_counts` impose the misses of the flash cache.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from thecal_hil.campaigns.speed import earlier_image, timed_pico
from thecal_hil.campaigns.speed.earlier import HERE, image_of, run_on, sources_of

BEFORE = "f0750af"
RATES_NL_PER_DAY = (48_000, 424_000, 2_000_000, 24_000_000)
_SECONDS = {48_000: 7_200.0, 424_000: 3_600.0, 2_000_000: 1_200.0, 24_000_000: 240.0}
"""Of virtual time. An hour and more at the low rates holds every kind of wake-up they have."""
BOARD = "ideal"
"""What both commits are compared on."""
_PROGRAM = Path(timed_pico.__file__)
_EARLIER_IMAGE = Path(earlier_image.__file__)
_BOOTS = 3


class DifferentRecordsError(Exception):
    """The two checkouts did not do the same, so a ratio of their costs would compare different work."""


def _pairs(arguments: tuple[str, ...], pairs: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    before = sources_of(BEFORE)
    image_of(before)
    found = [
        (run_on(before, _PROGRAM, *arguments), run_on(HERE, _PROGRAM, "--board", BOARD, *arguments))
        for _ in range(pairs)
    ]
    return [pair[0] for pair in found], [pair[1] for pair in found]


def _ratio(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> float:
    return statistics.median(a["worked_s"] / b["worked_s"] for a, b in zip(before, now, strict=True))


def delivery_speed(nl_per_day: int, pairs: int = 3) -> dict[str, float]:
    """Return the ratio before / now, and how many times faster than real time the board is now. Raise
    DifferentRecordsError if their records differ."""
    seconds = _SECONDS[nl_per_day]
    before, now = _pairs(("deliver", str(nl_per_day), str(seconds)), pairs)
    records = {found["record"] for found in (*before, *now)}
    if len(records) != 1:
        raise DifferentRecordsError(f"{nl_per_day} nL/day: {records}")
    return {
        "ratio": _ratio(before, now),
        "real_time_x": statistics.median(seconds / found["worked_s"] for found in now),
    }


def boot_speed(pairs: int = 3) -> float:
    """Return the ratio before / now of a boot to the first answer."""
    return _ratio(*_pairs(("boot", str(_BOOTS)), pairs))


def cache_cost(nl_per_day: int = 424_000, pairs: int = 3) -> float:
    """Return the processor seconds with the flash cache's misses imposed at 66 cycles each, as a multiple of those
    without."""
    costs = []
    for _ in range(pairs):
        found = [
            run_on(HERE, _PROGRAM, "--board", board, "deliver", str(nl_per_day), str(_SECONDS[nl_per_day]))
            for board in ("P=66", BOARD)
        ]
        costs.append(found[0]["worked_s"] / found[1]["worked_s"])
    return statistics.median(costs)


def earlier_counts(miss_cycles: int, nl_per_day: int = 424_000, seconds: float = 300.0) -> int:
    """Return steps that the earlier image counts on today's emulated board, each miss of its flash cache at so many
    cycles.

    RuntimeError where the emulator was not that of this checkout.
    """
    before = sources_of(BEFORE)
    image_of(before)
    board = ("--emulator-of", str(HERE), "--board", f"P={miss_cycles}")
    found = run_on(before, _EARLIER_IMAGE, *board, str(nl_per_day), str(seconds))
    if not Path(found["emulator"]).is_relative_to(HERE):
        raise RuntimeError(f"the emulator was {found['emulator']}, which is not of this checkout")
    if found["counted"] != found["pulses"]:
        raise RuntimeError(f"{found['counted']} steps were counted and {found['pulses']} pulses seen")
    return found["counted"]
