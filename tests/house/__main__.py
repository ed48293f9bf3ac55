"""Holds the sources of all packages against what their structure has to be: ``python -m house``, or ``make house``.

Promises: counts as ``rooms``, ``owners``, ``nested_alarms`` and ``hour_awake`` describe; exit code 1 if a figure falls
short. The tests of the controller run once for it, about two minutes, and the image delivers for two hours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from house.hour_awake import cycles_an_hour
from house.logical_lines import logical_lines
from house.one_of_each import drawing_stacks, mains, virtual_ports
from house.owners import deep_reaches, foreign_writes
from house.rooms import House, house_of
from thecal_hil.contract.image import image_under_test

_ROOT = Path(__file__).parents[2]
_FIRMWARE = _ROOT / "firmware"
_PACKAGE = "thecal_fw"
_WITHOUT_ROOMS = {"thecal": "host", "thecal_sim": "sim"}
"""Packages whose modules lie side by side, and where."""
_TESTS = "tests/controller"


@dataclass(frozen=True)
class Row:
    """most: None for a figure that is only reported."""

    name: str
    figure: int
    most: int | None

    @property
    def falls_short(self) -> bool:
        return self.most is not None and self.figure > self.most


def nested_alarms() -> tuple[int, int]:
    """Return how often an alarm was set in the tests of the controller, and how often while another one was."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "nested.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "house.nested_alarms",
            "-p",
            "no:cacheprovider",
        ]
        finished = subprocess.run([*command, "--nested-alarms", counted, _TESTS], cwd=_ROOT, check=False)
        if finished.returncode != 0:
            raise SystemExit(
                f"house: FAIL {_TESTS} did not pass, so nothing is known of alarms within alarms"
            )
        found = json.loads(counted.read_text(encoding="utf-8"))
    return found["calls"], found["nested"]


def rows_of_rooms(package: str, house: House, *, rooms: int, arrows: int, floors: int) -> list[Row]:
    """Return the figures of a package that has rooms, with the most there may be of each."""
    return [
        Row(f"{package}: rooms", len(house.rooms), rooms),
        Row(f"{package}: arrows", len(house.arrows), arrows),
        Row(f"{package}: arrows back", len(house.arrows_back), 0),
        Row(f"{package}: floors", house.floors, floors),
        Row(f"{package}: import circles", len(house.circles), 0),
    ]


def rows() -> list[Row]:
    house, package = house_of(_FIRMWARE, _PACKAGE), _FIRMWARE / _PACKAGE
    parts = [package / "pump", package / "requests"]
    products = [_ROOT / folder for folder in ("host", "sim", "hil")]
    everything = [_FIRMWARE, *products, _ROOT / "docs"]
    calls, nested = nested_alarms()
    return [
        *rows_of_rooms(_PACKAGE, house, rooms=10, arrows=16, floors=6),
        *rows_of_rooms("thecal_hil", house_of(_ROOT / "hil", "thecal_hil"), rooms=15, arrows=45, floors=8),
        *(
            Row(f"{name}: import circles", len(house_of(_ROOT / folder, name).circles), 0)
            for name, folder in _WITHOUT_ROOMS.items()
        ),
        Row("writes to another part's state", sum(len(foreign_writes(part)) for part in parts), 0),
        Row("reaches three names deep", sum(len(deep_reaches(part)) for part in parts), 20),
        Row("alarms set", calls, None),
        Row("alarms set within another one", nested, 0),
        Row("drawing stacks", drawing_stacks(products), 2),
        Row("virtual serial ports", virtual_ports(products), 1),
        Row("mains of host, model and rigs", mains(products), 2),
        Row(f"{_PACKAGE}: logical lines", logical_lines(package), None),
        Row(
            "logical lines of product and tests",
            sum(map(logical_lines, (*everything, _ROOT / "tests"))),
            None,
        ),
        Row("cycles awake an hour, thousands", cycles_an_hour(image_under_test()) // 1_000, 67_000),
    ]


def main() -> int:
    found = rows()
    for row in found:
        bound = "noted" if row.most is None else f"<= {row.most}"
        print(f"{row.name:34} {row.figure:6} {bound:>7}  {'FAIL' if row.falls_short else ''}".rstrip())
    short = [row.name for row in found if row.falls_short]
    print(f"house: {'FAIL ' + ', '.join(short) if short else 'PASS'}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
