"""The bridge that a change of drug or concentration needs, worked out from what the pump runs.

Between reservoir and patient lies what was in the reservoir before. It has to go on at the rate at which it was
prescribed until it is used up: given at the new program's rate, a drug twice as strong would be given at half its dose
for hours, or the other way round.
"""

from __future__ import annotations

from thecal.errors import BadInputError
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, PUMP_TUBING_NL
from thecal_fw.core.program import MODE_STOPPED, Bridge, Program, decode
from thecal_fw.core.schedule import mean_rate
from thecal_fw.core.validation import BENCH_LIMITS

_SECONDS_PER_DAY = 86_400


def is_another_drug(running: Program | None, new: Program) -> bool:
    """Whether what the reservoir is to hold differs from what it held."""
    if running is None or MODE_STOPPED in (running.mode, new.mode):
        return False
    before = (running.drug, running.concentration_ng_per_ml)
    return before != (new.drug, new.concentration_ng_per_ml)


def bridged(running: Program | None, new: Program) -> Program:
    """The program with the bridge it needs beside what the pump runs; the program itself if it needs none.

    The old drug goes on at the mean of the program before. A pump that runs the very same but for its bridge is left
    with it. Raises BadInputError if the prescription does not say what the catheter holds.
    """
    if (
        running is not None
        and running.bridge is not None
        and _without_bridge(running).encode() == new.encode()
    ):
        return running
    if running is None or not is_another_drug(running, new):
        return new
    if not new.catheter_nl:
        raise BadInputError(
            [
                f"the pump holds {_named(running)}, the prescription is for {_named(new)}: the old drug in tubing and"
                " catheter has to be used up first. Say what the catheter holds, catheter_ul, or add --no-bridge if"
                " both have been rinsed or primed"
            ]
        )
    rate = mean_rate(running, BENCH_LIMITS.minimum_rate_nl_per_day)
    volume_nl = PUMP_TUBING_NL + new.catheter_nl
    program = decode(new.encode())
    program.dead_volume_id = DEAD_VOLUME_ID
    program.bridge = Bridge((volume_nl * _SECONDS_PER_DAY + rate // 2) // rate, rate)
    return program


def _without_bridge(program: Program) -> Program:
    copy = decode(program.encode())
    copy.bridge = None
    return copy


def _named(program: Program) -> str:
    return f"{program.drug} {program.concentration_ng_per_ml / 1_000:g} mcg/mL"
