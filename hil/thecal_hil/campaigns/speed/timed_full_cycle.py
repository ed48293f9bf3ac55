"""A full cycle on the model, timed, with digests of what it leaves: a program for ``earlier.run_on``.

It runs on the sources of any commit since f0750af, so it uses only what all of them have in common; but for a third
argument, ``every-heartbeat``, which has the model poll each and is for those that pass heartbeats over.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import thecal_sim
from thecal_sim.edges import SIGNALS, STEP
from thecal_sim.model import ModelPump
from thecal_sim.plant import full_cycle as module


def main() -> None:
    days, seed = int(sys.argv[1]), int(sys.argv[2])
    how: dict[str, Any] = {"every_heartbeat": True} if "every-heartbeat" in sys.argv[3:] else {}
    pumps: list[ModelPump] = []

    def made(*arguments: Any, **named: Any) -> ModelPump:
        pumps.append(ModelPump(*arguments, **named, **how))
        return pumps[-1]

    module.ModelPump = made
    result = module.full_cycle(days, seed)
    (pump,) = pumps
    chip = pump.board.chip
    others = pump.board.recording.others
    edges = (
        [edge for signal in SIGNALS if signal != STEP for edge in others(signal)]
        if callable(others)
        else others
    )
    log = [event for event in map(pump.controller.keeper.events.get, _sequences(pump)) if event is not None]
    found = {
        "sources": thecal_sim.__file__,
        "processor_s": result.total_s,
        "delivery_s": result.delivery_s,
        "check_s": result.check_s,
        "plant_s": result.plant_s,
        "pulses": result.check.pulses,
        "wrong": list(result.wrong),
        "record": {
            "steps": _digest(pump.step_times_ns.tobytes()),
            "other edges": _digest(
                repr(sorted((edge.t_ns, edge.signal, edge.level) for edge in edges)).encode()
            ),
            "journal": _digest(b"".join(chip.content(sector) for sector in range(chip.sectors))),
            "log": _digest(repr([tuple(event) for event in log]).encode()),
            "plant": _digest(repr(result.state).encode()),
            "check": _digest(repr(result.check).encode()),
        },
    }
    print(json.dumps(found))


def _sequences(pump: ModelPump) -> range:
    return range(pump.controller.keeper.events.oldest(), pump.controller.log.latest + 1)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
