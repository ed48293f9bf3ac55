"""``make meter``: a history of doses that is corrupted 10,000 times, in memory and in flash, while doses are asked for.

Promises: what it will cost is said beforehand; stopped, it resumes with the lives that are whole and whose sources have
not changed; a life follows from its printed seed; it ends in exit 1 if a window is passed by more than the rounding,
the basal rate is touched, or a dose is held back needlessly, and also if nothing was held back at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

from thecal_hil.campaigns.doses.player import ViolationError
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Count, shown
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed
from therapy.corrupted import CORRUPTIONS, live
from therapy.part import digest

_ROOT = Path(__file__).parents[2]
_KEPT = _ROOT / "build/meter"
_EVIDENCE = _ROOT / "build/evidence/meter.json"
_LIVES = 10
"""Of a part."""
_SECONDS_OF_A_LIFE = 3.0
"""Measured; of one processor. What has been done already is taken instead where there is any."""


@dataclass
class Part:
    """sources: digest of everything the result depends on. outcomes: what became of what was asked for."""

    sources: str
    seed: int
    seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m therapy.meter_campaign", description=__doc__)
    parser.add_argument("--corruptions", type=int, default=10_000, help="at least so many (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first part (0)")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    sources = digest()
    _KEPT.mkdir(parents=True, exist_ok=True)
    count = -(-options.corruptions // (_LIVES * CORRUPTIONS))
    seeds = range(options.seed, options.seed + count)
    parts = [part for seed in seeds if (part := _kept(sources, seed)) is not None]
    to_do = sorted(set(seeds) - {part.seed for part in parts})
    done_s = sum(part.seconds for part in parts)
    each_s = done_s / len(parts) if parts else _SECONDS_OF_A_LIFE * _LIVES
    minutes = each_s * len(to_do) / options.processes / 60
    print(
        f"meter: seeds {seeds[0]} to {seeds[-1]}, {len(to_do)} parts to do, about {minutes:.0f} min",
        flush=True,
    )
    progress = Count(len(to_do), "parts")
    with ProcessPoolExecutor(options.processes) as pool, shown("meter", progress):
        for future in as_completed([pool.submit(carried_out, sources, seed) for seed in to_do]):
            parts.append(future.result())
            _keep(parts[-1])
            progress.add()
    return _report(parts, options.corruptions)


def carried_out(sources: str, seed: int) -> Part:
    """Carry out the lives of a part."""
    begin = time.perf_counter()
    part, outcomes = Part(sources, seed), Counter[str]()
    for life in range(_LIVES):
        try:
            outcomes.update(live(seed * _LIVES + life))
        except ViolationError as violation:
            part.violations.append(f"life {seed * _LIVES + life}: {violation}")
    part.outcomes = dict(outcomes)
    part.seconds = round(time.perf_counter() - begin, 1)
    return part


def _kept(sources: str, seed: int) -> Part | None:
    path = _KEPT / f"{seed:06}.part"
    try:
        part = Part(**json.loads(unsealed(path.read_bytes())))
    except FileNotFoundError:
        return None
    except DamagedError as error:
        print(f"{path} {error}; done again")
        return None
    return part if (part.sources, part.seed) == (sources, seed) else None


def _keep(part: Part) -> None:
    path = _KEPT / f"{part.seed:06}.part"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(sealed(json.dumps(asdict(part)).encode()))
    unfinished.replace(path)


def _report(parts: list[Part], wanted: int) -> int:
    outcomes: Counter[str] = Counter()
    for part in sorted(parts, key=lambda part: part.seed):
        outcomes.update(part.outcomes)
    violations = [violation for part in parts for violation in part.violations]
    for violation in violations:
        print(violation)
    is_short = outcomes["corruptions"] < wanted or not outcomes["held"]
    result = {
        "seeds": sorted(part.seed for part in parts),
        "corruptions": outcomes["corruptions"],
        "asked": outcomes["asked"],
        "given": outcomes["given"],
        "held_back": outcomes["held"],
        "violations": violations,
    }
    write_summary(_EVIDENCE, result)
    print(
        f"meter: {outcomes['corruptions']:,} corruptions, {outcomes['asked']:,} doses asked for,"
        f" {outcomes['given']:,} given, {outcomes['held']:,} held back by the meter, {len(violations)} violations"
    )
    return 1 if violations or is_short else 0


if __name__ == "__main__":
    sys.exit(main())
