"""The emulated board at work, timed: a program for ``earlier.run_on``.

It runs on the sources of any commit since f0750af, so it uses only what all of them have in common. What is timed is
the work alone: imports, boots and set-up are left out, except where they are the work.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from typing import Any

import numpy as np

import thecal_hil

_S_PER_DAY = 86_400
_LEAD_S = 30.0
"""Start, first grant and first blocks of pulses are over by then."""


def _rig(board: str | None) -> Any:
    # Beside this file; imported late, since only a program that is run finds it there.
    from either_name import module_of

    make = module_of("rigs", "pico_rig").PicoRig
    image = module_of("contract", "image").image_under_test()
    try:
        from thecal_hil.emulator.silicon import Silicon
    except ImportError:
        # The ideal board was the only one there was.
        return make(image)
    return make(image, Silicon.read(board or "ideal"))


def deliver(nl_per_day: int, seconds: float, board: str | None) -> dict[str, Any]:
    """Deliver a constant rate."""
    from either_name import module_of

    therapy, hosts = module_of("course", "therapy"), module_of("course", "course")
    rig = _rig(board)
    course = hosts.Course(rig)
    course.set_time(hosts.local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(therapy.continuous(nl_per_day))
    course.start()
    rig.run_for(_LEAD_S)
    began_s = time.process_time()
    rig.run_for(seconds)
    worked_s = time.process_time() - began_s
    # Another image boots in another time, so its start lies elsewhere; the intervals between its steps do not.
    intervals_ns = np.diff(rig.step_times_ns)[
        : int(nl_per_day * seconds / _S_PER_DAY * float(hosts.MICROSTEPS_PER_NL))
    ]
    return {
        "worked_s": worked_s,
        "counted": rig.pump().interrogate().counted_steps,
        "record": hashlib.sha256(intervals_ns.astype("<i8").tobytes()).hexdigest(),
    }


def boot(times: int, board: str | None) -> dict[str, Any]:
    """Boot until the pump answers. The first boot, which loads what the others find loaded, is left out."""
    worked_s, boots = [], set()
    for _ in range(times + 1):
        began_s = time.process_time()
        rig = _rig(board)
        boots.add(rig.pump().interrogate().boots)
        worked_s.append(time.process_time() - began_s)
        rig.close()
    return {"worked_s": sum(worked_s[1:]) / times, "record": str(sorted(boots))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", help="what is imposed on the emulated board")
    works = parser.add_subparsers(dest="work", required=True)
    work = works.add_parser("deliver")
    work.add_argument("nl_per_day", type=int)
    work.add_argument("seconds", type=float)
    work = works.add_parser("boot")
    work.add_argument("times", type=int)
    options = parser.parse_args()
    if options.work == "deliver":
        found = deliver(options.nl_per_day, options.seconds, options.board)
    else:
        found = boot(options.times, options.board)
    print(json.dumps({"sources": thecal_hil.__file__, **found}))


if __name__ == "__main__":
    main()
