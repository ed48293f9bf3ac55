"""The bridge that a change of drug or concentration needs, worked out from what the pump runs.

Between reservoir and patient lies what was in the reservoir before. It has to continue at the rate at which it was
prescribed until it is used up: given at the new program's rate, a drug twice as strong would be given at half its dose
for hours, or the other way round. The pump forgets a bridge under way when another program is committed, so a change
of dose in the meantime has to bring the rest of it along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from thecal.errors import BadInputError
from thecal.program_figures import gives_therapy
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, PUMP_TUBING_NL
from thecal_fw.core.program import Bridge, Program, decode
from thecal_fw.core.schedule import mean_rate

if TYPE_CHECKING:
    from thecal.client import Pump

_SECONDS_PER_DAY = 86_400


def is_another_drug(running: Program | None, new: Program) -> bool:
    """Return True if what the reservoir is to hold differs from what it held."""
    if running is None or not running.delivers() or not new.delivers():
        return False
    before = (running.drug, running.concentration_ng_per_ml)
    return before != (new.drug, new.concentration_ng_per_ml)


def bridge_left_s(pump: Pump, running: Program | None) -> int:
    """Return how long a bridge continues yet; asked only of a pump whose program has one."""
    return pump.boluses().bridge_left_s if running is not None and running.bridge is not None else 0


def bridged(running: Program | None, new: Program, left_s: int = 0) -> Program:
    """Return the program with the bridge it needs beside what the pump runs; the program itself if it needs none.

    left_s: how long the bridge of the program that runs continues yet, by the pump's own account; 0 if it has none.
    The old drug continues at the mean of the program before, and what is left of it continues at its rate through a
    change of dose. A pump that runs the very same but for its bridge is left with it. Raises BadInputError if the
    prescription does not say what the catheter holds, or if tubing and catheter hold two drugs already.
    """
    if (
        running is not None
        and running.bridge is not None
        and _without_bridge(running).encode() == new.encode()
    ):
        return running
    if running is None:
        return new
    if running.bridge is not None and left_s and gives_therapy(new):
        return _with_the_rest(running, running.bridge, new, left_s)
    if not is_another_drug(running, new):
        return new
    if not new.catheter_nl:
        raise BadInputError(
            [
                f"the pump holds {named(running)}, the prescription is for {named(new)}: the old drug in tubing and"
                " catheter has to be used up first. Say what the catheter holds, catheter_ul, or add --no-bridge if"
                " both have been rinsed or primed"
            ]
        )
    rate = mean_rate(running)
    volume_nl = PUMP_TUBING_NL + new.catheter_nl
    if gives_therapy(new) and not gives_therapy(running):
        raise BadInputError(
            [
                f"the pump runs at its minimum rate, at which a bridge from {named(running)} to {named(new)} takes"
                f" {volume_nl // rate} days, and therapy begins after it. Rinse or prime tubing and catheter, and add"
                " --no-bridge"
            ]
        )
    program = decode(new.encode())
    program.dead_volume_id = DEAD_VOLUME_ID
    program.bridge = Bridge((volume_nl * _SECONDS_PER_DAY + rate // 2) // rate, rate)
    return program


def _with_the_rest(running: Program, bridge: Bridge, new: Program, left_s: int) -> Program:
    """Return a program that is committed while a bridge is under way, with what is left of it."""
    if is_another_drug(running, new):
        raise BadInputError(
            [
                f"a bridge is under way, {-(-left_s // 60)} minutes are left of it: tubing and catheter hold two drugs"
                f" already, and the prescription is for a third, {named(new)}. Wait until it is over, or add"
                " --no-bridge if both have been rinsed or primed"
            ]
        )
    program = decode(new.encode())
    program.dead_volume_id = running.dead_volume_id
    program.bridge = Bridge(left_s, bridge.rate_nl_per_day)
    return program


def _without_bridge(program: Program) -> Program:
    copy = decode(program.encode())
    copy.bridge = None
    return copy


def named(program: Program) -> str:
    """Return a drug and its concentration as people say them."""
    return f"{program.drug} {program.concentration_ng_per_ml / 1_000:g} mcg/mL"
