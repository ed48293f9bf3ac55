"""One run of a campaign again, on the model or on another rig, beside what the model found."""

from __future__ import annotations

from thecal_hil.campaign.week import Row, columns_drawn, run_week, what_is_wrong
from thecal_hil.model_rig import ModelRig
from thecal_hil.rigs import open_rig


def replay(seed: int, days: int, rig_name: str) -> tuple[Row, Row]:
    """The row on the rig asked for, and on the model."""
    on_model = run_week(ModelRig(), seed, days)
    if rig_name == "model":
        return on_model, on_model
    rig = open_rig(rig_name)
    try:
        return run_week(rig, seed, days), on_model
    finally:
        rig.close()


def told(on_rig: Row, on_model: Row) -> str:
    """Every column; what the rig found otherwise than the model is marked."""
    drawn = columns_drawn()
    lines = [f"{name:38} {on_rig[name]:.6g}" for name in on_rig if name in drawn]
    lines.append(f"{'':38} {'rig':>16} {'model':>16}")
    for name in on_rig:
        if name not in drawn:
            mark = (
                "" if on_rig[name] == on_model[name] else f"  differs by {on_rig[name] - on_model[name]:.3g}"
            )
            lines.append(f"{name:38} {on_rig[name]:16.6f} {on_model[name]:16.6f}{mark}")
    lines += [f"WRONG: {what}" for what in what_is_wrong(on_rig)]
    return "\n".join(lines)
