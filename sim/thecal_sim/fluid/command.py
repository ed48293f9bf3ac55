"""Holds what the pump concludes of the fluid against plant and sensors: ``make fluid``.

Each part is kept as it is finished, so a campaign that was stopped continues when it is run again; ``--afresh`` begins
anew, and so does a change of the sources. It exits with 1 where a figure falls short, and prints what it cost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import thecal_fw.core.fluid
import thecal_sim.plant
import thecal_sim.sensors
from thecal_sim.fluid import false_alarms
from thecal_sim.fluid.closed_lines import closed_lines
from thecal_sim.fluid.cost import costs
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.off_by_weight import off_by_weight
from thecal_sim.fluid.open_lines import broken_lines, siphons
from thecal_sim.fluid.sensor_faults import sensor_faults

_LIVES_A_PART = 25
_TWICE_LIVES = 50


class Kept:
    """Parts that are finished, in a file of its own for each state of the sources."""

    def __init__(self, folder: Path, afresh: bool) -> None:
        self._path = folder / f"{_sources()}.json"
        self._parts: dict[str, dict] = {}
        if self._path.exists() and not afresh:
            self._parts = json.loads(self._path.read_text(encoding="utf-8"))

    def once(self, name: str, measure: Callable[[], object]) -> dict:
        """Return what a part found, as plain values, and the seconds it took; measured only if it is not kept."""
        if name not in self._parts:
            begun_s = time.process_time()
            found = measure()
            self._parts[name] = {"found": found, "seconds": time.process_time() - begun_s}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_suffix(".part")
            beside.write_text(json.dumps(self._parts), encoding="utf-8")
            beside.replace(self._path)
        return self._parts[name]

    @property
    def seconds(self) -> float:
        return sum(part["seconds"] for part in self._parts.values())


def _sources() -> str:
    """Return the digest of everything that a figure rests on."""
    digest = hashlib.sha256()
    for module in (thecal_fw.core.fluid, thecal_sim.plant, thecal_sim.sensors, false_alarms):
        for path in sorted(Path(str(module.__file__)).parent.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _figures(kept: Kept, name: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    part = kept.once(name, lambda: [asdict(figure) for figure in measure()])
    return [Figure(**figure) for figure in part["found"]]


def _weeks(kept: Kept, lives: int, assumed: Assumed) -> list[Figure]:
    said = false_alarms.Said()
    for first in range(0, lives, _LIVES_A_PART):
        numbers = range(first, min(lives, first + _LIVES_A_PART))

        def live(numbers: range = numbers) -> dict:
            part = false_alarms.Said()
            for number in numbers:
                part.add(false_alarms.life(number, false_alarms.rate_of(number), assumed.times))
            return asdict(part)

        said.add(false_alarms.Said(**kept.once(f"lives {numbers} {assumed.times:g}", live)["found"]))
    return false_alarms.figures_of(said, assumed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil fluid", description=__doc__)
    parser.add_argument("--weeks", type=int, default=1_000, help="of pumps in which nothing is wrong (1000)")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/fluid"), help="where finished parts are kept"
    )
    parser.add_argument("--afresh", action="store_true", help="measure all parts anew")
    args = parser.parse_args(arguments)
    kept, usual, twice = Kept(args.folder, args.afresh), Assumed(), Assumed(2.0)
    lives = max(1, args.weeks // false_alarms.WEEKS_A_LIFE)
    parts: list[Callable[[], list[Figure]]] = [
        lambda: _figures(kept, "closed", lambda: closed_lines(usual)),
        lambda: _figures(kept, "siphons", lambda: siphons(usual)),
        lambda: _figures(kept, "broken", lambda: broken_lines(usual)),
        lambda: _figures(kept, "weight", lambda: off_by_weight(usual)),
        lambda: _figures(kept, "sensors", sensor_faults),
        lambda: _weeks(kept, lives, usual),
        lambda: _figures(kept, "closed twice", lambda: closed_lines(twice)),
        lambda: _figures(kept, "siphons twice", lambda: siphons(twice)),
        lambda: _figures(kept, "broken twice", lambda: broken_lines(twice)),
        lambda: _figures(kept, "weight twice", lambda: off_by_weight(twice)),
        lambda: _weeks(kept, min(lives, _TWICE_LIVES), twice),
        lambda: _figures(kept, "cost", costs),
    ]
    short = 0
    for part in parts:
        for figure in part():
            print(figure, flush=True)
            short += figure.holds is False
    print(
        f"fluid: {'PASS' if not short else f'FAIL, {short} figures fall short'}; {kept.seconds:.0f} s of one core"
    )
    return 1 if short else 0
