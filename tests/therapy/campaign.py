"""``make doses``: a million steps of everything that can be asked of a pump or happen to it, each held against the
reference of therapy and against the pulses.

Promises: what it will cost is said beforehand; stopped, it resumes with the parts that are whole and whose sources have
not changed; the same seeds give the same steps; any violation ends in exit 1 and a short file that runs again.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Count, shown
from thecal_hil.groundwork.sealed import DamagedError
from therapy.part import Part, as_bytes, carried_out, digest, part_in

_ROOT = Path(__file__).parents[2]
_KEPT = _ROOT / "build/doses"
_EVIDENCE = _ROOT / "build/evidence"
_DRAWN = {"model": 200, "pico": 10}
"""Sequences of a part."""
_STEPS_OF_ONE = {"model": 22, "pico": 8}
_SECONDS_OF_ONE = {"model": 0.18, "pico": 9.0}
"""Measured; of one processor. What has been done already is taken instead where there is any."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m therapy.campaign", description=__doc__)
    parser.add_argument("--steps", type=int, default=0, help="at least so many")
    parser.add_argument("--sequences", type=int, default=1, help="at least so many")
    parser.add_argument("--rig", choices=("model", "pico"), default="model")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    sources, folder = digest(), _KEPT / options.rig
    folder.mkdir(parents=True, exist_ok=True)
    of_steps = -(-options.steps // _STEPS_OF_ONE[options.rig])
    count = -(-max(options.sequences, of_steps) // _DRAWN[options.rig])
    wanted = [Part(sources, options.rig, number, _DRAWN[options.rig]) for number in range(count)]
    parts = [part for one in wanted if (part := _kept(folder, one)) is not None]
    to_do = [one for one in wanted if one.seed not in {part.seed for part in parts}]
    while to_do:
        _say_cost(parts, to_do, options.rig, options.processes)
        parts += _carry_out(folder, to_do, options.processes)
        count += 1
        # A part has as many steps as it comes to: continue until there are enough.
        is_short = sum(part.steps for part in parts) < options.steps
        to_do = [Part(sources, options.rig, count - 1, _DRAWN[options.rig])] if is_short else []
    return _report(parts, options.rig, options.steps)


def _kept(folder: Path, wanted: Part) -> Part | None:
    path = folder / f"{wanted.seed:06}.part"
    try:
        return part_in(path.read_bytes(), wanted)
    except FileNotFoundError:
        return None
    except DamagedError as error:
        print(f"{path} {error}; done again")
        return None


def _say_cost(parts: list[Part], to_do: list[Part], rig: str, processes: int) -> None:
    drawn, seconds = sum(part.drawn for part in parts), sum(part.seconds for part in parts)
    each = seconds / drawn if drawn else _SECONDS_OF_ONE[rig]
    minutes = each * sum(part.drawn for part in to_do) / processes / 60
    print(
        f"doses on the {rig}: {len(to_do)} parts to do, {len(parts)} kept; about {minutes:.0f} min",
        flush=True,
    )


def _carry_out(folder: Path, to_do: list[Part], processes: int) -> list[Part]:
    found: list[Part] = []
    progress = Count(len(to_do), "parts")
    with ProcessPoolExecutor(processes) as pool, shown("doses", progress):
        futures = [pool.submit(carried_out, one.sources, one.rig, one.seed, one.drawn) for one in to_do]
        for future in as_completed(futures):
            part = future.result()
            path = folder / f"{part.seed:06}.part"
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_bytes(as_bytes(part))
            unfinished.replace(path)
            found.append(part)
            progress.add()
    return found


def _report(parts: list[Part], rig: str, steps_wanted: int) -> int:
    parts = sorted(parts, key=lambda part: part.seed)
    shapes: Counter[str] = Counter()
    for part in parts:
        shapes.update(part.by_shape)
    steps, violations = sum(part.steps for part in parts), sum(part.violations for part in parts)
    failures = [failure for part in parts for failure in part.failures]
    name = "doses" if rig == "model" else f"doses-{rig}"
    for number, (text, what) in enumerate(failures):
        path = _KEPT / f"{rig}-failure-{number:03}.toml"
        path.write_text(text, encoding="utf-8")
        print(f"{what}\n  again: thecal-hil doses --rig {rig} {path.relative_to(_ROOT)}\n{text}")
    result = {
        "rig": rig,
        "seeds": [part.seed for part in parts],
        "sequences": sum(part.drawn for part in parts),
        "steps": steps,
        "violations": violations,
        "by_shape": dict(sorted(shapes.items())),
    }
    write_summary(_EVIDENCE / f"{name}.json", result)
    print(
        f"doses on the {rig}: {steps:,} steps in {result['sequences']:,} sequences, {violations} violations"
    )
    return 1 if violations or steps < steps_wanted else 0


if __name__ == "__main__":
    sys.exit(main())
