"""One run of a campaign again, on the model or on another rig, beside what the model found."""

from __future__ import annotations

from math import isclose

from thecal_hil.campaigns.weeks.week import Row, columns_drawn, run_week, what_is_wrong
from thecal_hil.rigs.model_rig import ModelRig
from thecal_hil.rigs.opening import open_rig

_ROUNDING = 1e-9
"""Of a figure: rigs boot at instants of their own, so sums over times differ in their last digits."""
_A_TICK = 1e-5
"""In percent: what flows in a tick of 10 us, by which edges of two rigs may differ, is less of the shortest window."""
BY_THE_INSTANT = ("weighed_error_percent",)
"""What the balance's noise enters, which is another at another instant: alike on two rigs within a few digits only."""


def alike(row: Row, other: Row) -> bool:
    """Return True if two rigs found the same, but for rounding, a tick, and what follows the instant."""
    return row.keys() == other.keys() and not [
        name for name in row if name not in BY_THE_INSTANT and not _is_same(row[name], other[name])
    ]


def replay(seed: int, days: int, rig_name: str, hours: int | None = None) -> tuple[Row, Row]:
    """Return the row on the rig asked for, and on the model. hours: only the first so many, as ``run_week`` has it."""
    on_model = run_week(ModelRig(), seed, days, hours)
    if rig_name == "model":
        return on_model, on_model
    rig = open_rig(rig_name)
    try:
        return run_week(rig, seed, days, hours), on_model
    finally:
        rig.close()


def told(on_rig: Row, on_model: Row) -> str:
    """Return every column as text; what the rig found otherwise than the model, beyond rounding and a tick, is
    marked."""
    drawn = columns_drawn()
    lines = [f"{name:38} {on_rig[name]:.6g}" for name in on_rig if name in drawn]
    lines.append(f"{'':38} {'rig':>16} {'model':>16}")
    for name in on_rig:
        if name not in drawn:
            lines.append(
                f"{name:38} {on_rig[name]:16.6f} {on_model[name]:16.6f}{_mark(name, on_rig, on_model)}"
            )
    lines += [f"WRONG: {what}" for what in what_is_wrong(on_rig)]
    return "\n".join(lines)


def _mark(name: str, on_rig: Row, on_model: Row) -> str:
    if _is_same(on_rig[name], on_model[name]):
        return ""
    why = ": noise of the balance" if name in BY_THE_INSTANT else ""
    return f"  differs by {on_rig[name] - on_model[name]:.3g}{why}"


def _is_same(value: float, other: float) -> bool:
    return isclose(value, other, rel_tol=_ROUNDING, abs_tol=_A_TICK)
