"""The rules that a pump must keep after a power cut, held against what a recording knows.

Promises: nothing here asks the journal what ought to be; it is asked only for what the pump found.
"""

from __future__ import annotations

from dataclasses import astuple

from thecal.alarm_sets import bits_in
from thecal_fw.core import alarms
from thecal_fw.core.journal_condition import BLANK, CONDITION_NAMES, GOOD, REPAIRED
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.pump.controller import Controller
from thecal_hil.campaigns.powercuts.witness import Facts

LATCHING = sum(1 << alarm for alarm, row in enumerate(alarms.ALARMS) if row[alarms.AT_LATCHES])


def broken(pump: Controller, facts: Facts, least_steps: int, most_steps: int, cuts: int) -> list[str]:
    """Return what does not hold of a pump that has just booted; empty if all does.

    least_steps, most_steps: delivered when the operation that was cut began, and when it would have ended.
    """
    found: list[str] = []
    ledger, journal = pump.ledger, pump.keeper.journal

    def must(holds: bool, what: str) -> None:
        if not holds:
            found.append(what)

    lifetime = ledger.base_steps
    quantum = max(facts.quantum_steps, pump.grants.quantum_steps)
    must(
        lifetime >= most_steps, f"count: {most_steps} came and {lifetime} are known, the rest is given twice"
    )
    must(
        lifetime - least_steps <= ledger.uncertain_steps,
        f"uncertain: {lifetime} counted, {least_steps} came, but only {ledger.uncertain_steps} are said to be so",
    )
    must(
        ledger.uncertain_steps <= cuts * quantum,
        f"quantum: {ledger.uncertain_steps} are uncertain after {cuts} cuts with {quantum} at most for each",
    )

    digest = pump.orders.digest if pump.orders.program is not None else None
    must(digest in facts.digests, f"program: {digest.hex() if digest else digest} was never committed")

    reservoir = pump.reservoir
    filled_at = reservoir.filled_at_step + ledger.base_steps
    if reservoir.is_known:
        fits = any(
            fill and fill[0] == reservoir.fill_nl and fill[1] <= filled_at <= fill[2] for fill in facts.fills
        )
    else:
        fits = None in facts.fills
    must(fits, f"reservoir: {reservoir.fill_nl} nL at {filled_at}, known {reservoir.is_known}")

    is_delivering = pump.infusion.state != STATE_STOPPED
    must(is_delivering in facts.delivering, f"delivery: continuing is {is_delivering}")

    active = bits_in(pump.alarms.active) & LATCHING
    missing, unexpected = facts.must_alarms & ~active, active & ~facts.may_alarms
    must(not missing, f"alarms: {missing:#x} were durable and are gone")
    must(not unexpected, f"alarms: {unexpected:#x} came from nowhere")

    allowed = (BLANK, GOOD, REPAIRED) if facts.repaired else (BLANK, GOOD)
    must(journal.condition in allowed, f"condition: {CONDITION_NAMES[journal.condition]}")
    found += _broken_events(pump, facts)
    return found


def not_resumed(pump: Controller, facts: Facts) -> list[str]:
    """Return what does not hold a few seconds after a boot: delivery continues by itself, at the rate of the
    program."""
    found: list[str] = []
    active = bits_in(pump.alarms.active) & LATCHING & ~facts.may_alarms
    if active:
        found.append(f"alarms: {active:#x} came from nowhere")
    if facts.delivering != {True}:
        return found
    rate = pump.infusion.rate_nl_per_day()
    expected = pump.orders.program.rate_nl_per_day if pump.orders.program is not None else 0
    if rate != expected:
        found.append(f"delivery: {rate} nL/day, and {expected} is prescribed")
    return found


def _broken_events(pump: Controller, facts: Facts) -> list[str]:
    found: list[str] = []
    oldest = pump.keeper.events.oldest()
    for sequence, event in facts.read.items():
        if sequence < oldest:
            continue
        kept = pump.keeper.events.get(sequence)
        if kept is None:
            found.append(f"events: {sequence} had been read and is gone")
        elif tuple(kept) != astuple(event):
            found.append(f"events: {sequence} names another event than the one that was read")
    return found
