"""The actions in the course of a scenario: one table, read by the reader, the runner and ``thecal-hil show``.

Promises: an action has one name, says which values it takes and what it needs of a rig, and says in words what it does.
One that asks the pump or the host for something may be refused; the others can't be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import Capability
from thecal_hil.scenario import host_actions as host
from thecal_hil.scenario import trouble_actions as trouble
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import (
    DURATION,
    LOCAL_TIME,
    TEXT,
    Given,
    Params,
    in_words,
    number,
    whole,
    word,
    words,
)


def _nothing(given: Given) -> frozenset[str]:
    return frozenset()


def _needing(*needs: str) -> Callable[[Given], frozenset[str]]:
    return lambda given: frozenset(needs)


@dataclass(frozen=True)
class Action:
    """perform: does it. words: what it does, with values in {braces} and parts that depend on one in [brackets].

    asks: something may refuse it, so ``refused_with`` can be given. needs: of the rig, by the values.
    """

    words: str
    perform: Callable[[Attempt, Given], object]
    params: Params
    asks: bool = False
    needs: Callable[[Given], frozenset[str]] = _nothing

    def text(self, given: Given) -> str:
        return in_words(self.words, given)


PRESCRIPTION = TEXT
_VOLUME_ML = number(0, 40)
_DOSE_MCG = number(0, 2_000)
_ROLE = word("clinician", "patient")
_CHANGES = word(*trouble.CHANGES)

ACTIONS: dict[str, Action] = {
    "start": Action("start delivery", host.start, {}, True),
    "stop": Action("stop delivery", host.stop, {}, True),
    "program": Action("program {prescription}", host.program, {"prescription": PRESCRIPTION}, True),
    "program with bridge": Action(
        "program {prescription}, bridging what tubing and catheter still hold",
        host.program_with_bridge,
        {"prescription": PRESCRIPTION},
        True,
    ),
    "review": Action(
        "have the host review {prescription} for a patient of the group {group}, and send nothing",
        host.review,
        {"prescription": PRESCRIPTION, "group": word(*host.GROUPS).or_else("child")},
        True,
    ),
    "refill": Action("refill the reservoir to {fill_ml} mL", host.refill, {"fill_ml": _VOLUME_ML}, True),
    "withdraw": Action(
        "withdraw {withdrawn_ml} mL and hold it against what should be left",
        host.withdraw,
        {"withdrawn_ml": _VOLUME_ML},
        True,
    ),
    "bolus": Action(
        "give a {kind} bolus[ of {dose_mcg} mcg][ over {over}]",
        host.bolus,
        {
            "kind": word("patient", "clinician", "prime"),
            "dose_mcg": _DOSE_MCG.or_else(),
            "over": DURATION.or_else(),
        },
        True,
    ),
    "cancel bolus": Action("end the bolus under way", host.cancel_bolus, {}, True),
    "temporary rate": Action(
        "give {dose_mcg_per_day} mcg/day in place of the program's dose for {lasting}",
        host.temporary_rate,
        {"dose_mcg_per_day": _DOSE_MCG, "lasting": DURATION},
        True,
    ),
    "end temporary rate": Action("go back to the program's dose", host.end_temporary_rate, {}, True),
    "set clock": Action(
        "set the pump's clock to {local}[ at {utc_offset_min} minutes from UTC]",
        host.set_clock,
        {"local": LOCAL_TIME, "utc_offset_min": whole(-840, 840).or_else()},
        True,
    ),
    "set clock right": Action(
        "set the pump's clock to the right time[, {ahead_min} minutes from what it shows], at {utc_offset_min} minutes"
        " from UTC",
        host.set_clock_right,
        {"utc_offset_min": whole(-840, 840), "ahead_min": whole(-1_440, 1_440).or_else()},
        True,
    ),
    "acknowledge": Action("acknowledge [{alarms}]", host.acknowledge, {"alarms": words(*host.ALARMS)}, True),
    "weigh heap": Action(
        "measure what steady delivery takes from the heap",
        host.weigh_heap,
        {},
        needs=_needing(Capability.EXACT_EDGES),
    ),
    "look": Action("interrogate the pump", lambda attempt, given: None, {}),
    "hold button": Action("hold the button down", host.hold_button, {}, needs=_needing(Capability.BUTTON)),
    "release button": Action(
        "let go of the button", host.release_button, {}, needs=_needing(Capability.BUTTON)
    ),
    "press button": Action(
        "press the button for {lasting}",
        host.press_button,
        {"lasting": DURATION},
        needs=_needing(Capability.BUTTON, Capability.EXACT_EDGES),
    ),
    "renew part": Action("have the {part} taken as new", host.renew_part, {"part": word(*host.PARTS)}, True),
    "pair": Action("give the {role} a key", host.pair, {"role": _ROLE}, True),
    "use keys": Action(
        "have a host with the keys of [{roles}] take over",
        host.use_keys,
        {"roles": words("clinician", "patient")},
    ),
    "power cut": Action(
        "cut the power, and give it back", trouble.power_cut, {}, needs=_needing(Capability.POWER_CUT)
    ),
    "watchdog reset": Action(
        "have the program hang until the watchdog resets it",
        trouble.watchdog_reset,
        {},
        needs=_needing(Capability.WATCHDOG_RESET),
    ),
    "fault begins": Action(
        "fault: {fault}[, {amount}]",
        trouble.begin_fault,
        {"fault": word(*Fault), "amount": whole(0, 1_000_000).or_else(0)},
        needs=lambda given: frozenset({given["fault"]}),
    ),
    "fault ends": Action(
        "fault is over: {fault}",
        trouble.end_fault,
        {"fault": word(*Fault)},
        needs=lambda given: frozenset({given["fault"]}),
    ),
    "programs decay": Action(
        "all copies of the program in flash decay",
        trouble.rot_programs,
        {},
        needs=_needing(Fault.FLASH_ROTS),
    ),
    "host dies while programming": Action(
        "a host sends {prescription}, and dies {when}",
        trouble.die_while_programming,
        {"prescription": PRESCRIPTION, "when": word(*trouble.DEATHS)},
    ),
    "host dies": Action("the host dies in the middle of a frame", trouble.die, {}),
    "another host": Action("another host takes over", trouble.another_host, {}),
    "link noise": Action(
        "garbage on the link for {lasting}, made from seed {seed}",
        trouble.make_noise,
        {"lasting": DURATION, "seed": whole(0, 1_000_000)},
    ),
    "link flood": Action(
        "flood the link with requests for {lasting}", trouble.flood_link, {"lasting": DURATION}
    ),
    "leave unread": Action(
        "ask for {lasting} and read no answer",
        trouble.leave_unread,
        {"lasting": DURATION},
        needs=_needing(Capability.UNREAD_PORT),
    ),
    "bad wire": Action(
        "from now on every {every} frame {direction} is {change}",
        trouble.make_wire_bad,
        {"direction": word("to pump", "to host"), "change": _CHANGES, "every": whole(1, 100)},
    ),
    "good wire": Action("the wire is good again", trouble.mend_wire, {}),
}
"""Every action, by the name it has in a scenario."""


def perform(attempt: Attempt, index: int) -> None:
    """Carry out one step of the attempt's scenario."""
    step = attempt.scenario.course[index]
    action = ACTIONS[step.do]
    attempt.note(action.text(step.given))
    if action.asks:
        attempt.ask(step, partial(action.perform, attempt, step.given))
    else:
        action.perform(attempt, step.given)
