"""An earlier commit's image on the emulator of another checkout: a program for ``earlier.run_on``.

The image answers only frames of its own time. So the host library and the rig come from the image's commit, which
``run_on`` has chosen, and the emulator alone comes from the other checkout; what is printed names both.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thecal_hil.emulator import EmulatedPico

_REPLACED = {
    "thecal_sim.edge_record": "sim/thecal_sim/edge_record.py",
    "thecal_hil.emulator": "hil/thecal_hil/emulator/__init__.py",
}
"""The emulator, and the one module of ours that it needs beside its own."""
_LEAD_S = 30.0
"""The start and the first blocks of pulses are over by then."""


def take_emulator_of(sources: Path) -> None:
    """Make the emulator of a checkout the one that everything imports from here on.

    ImportError if an emulator has been imported before.
    """
    for name, file in _REPLACED.items():
        if name in sys.modules:
            raise ImportError(f"{name} has been imported already")
        path = sources / file
        packages = [str(path.parent)] if path.name == "__init__.py" else None
        spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=packages)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} can't be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--emulator-of", type=Path, required=True, help="the checkout that lends the emulator"
    )
    parser.add_argument("--board", required=True, help="what is imposed on the emulated board")
    parser.add_argument("nl_per_day", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    take_emulator_of(options.emulator_of)

    # Beside this file; imported late, since only a program that is run finds it there.
    from either_name import module_of

    import thecal_hil
    from thecal_hil import emulator
    from thecal_hil.emulator.silicon import Silicon

    pico_rig, hosts = module_of("rigs", "pico_rig"), module_of("course", "course")

    silicon, emulated = Silicon.read(options.board), pico_rig.EmulatedPico

    def imposed(*arguments: Any, **named: Any) -> EmulatedPico:
        # The rig of that time does not know what can be imposed on its board.
        return emulated(*arguments, **{**named, "silicon": silicon})

    pico_rig.EmulatedPico = imposed
    rig = pico_rig.PicoRig(module_of("contract", "image").image_under_test())
    course = hosts.Course(rig)
    course.set_time(hosts.local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(module_of("course", "therapy").continuous(options.nl_per_day))
    course.start()
    rig.run_for(_LEAD_S + options.seconds)
    found = {
        "sources": thecal_hil.__file__,
        "emulator": emulator.__file__,
        "image": str(rig.image.path),
        "board": str(rig.board.silicon),
        "counted": rig.pump().interrogate().counted_steps,
        "pulses": len(rig.step_times_ns),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
