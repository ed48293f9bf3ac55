"""The witness of what a host did to a pump, and of what may therefore be found after a power cut.

Promises: what is true comes from the host's requests, its answers and the steps that came out, never from the journal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

from thecal.client import Event, Pump
from thecal_fw.core.program import Program


@dataclass(frozen=True)
class Facts:
    """The facts that may be found after a power cut. Each set holds what was last acknowledged and what is in
    flight.

    digests: of the program, None for none. fills: (fill_nl, least and most lifetime microsteps at the refill), None
    for never. delivering: whether it continues. must_alarms, may_alarms: bits of latched alarms that are durable, and
    those that may be there. read: events that a host has read, by number. quantum_steps: the largest so far.
    repaired: whether something was spoiled besides.
    """

    digests: frozenset[bytes | None] = frozenset({None})
    fills: frozenset[tuple[int, int, int] | None] = frozenset({None})
    delivering: frozenset[bool] = frozenset({False})
    must_alarms: int = 0
    may_alarms: int = 0
    read: dict[int, Event] = field(default_factory=dict)
    quantum_steps: int = 0
    repaired: bool = False


class Witness(ABC):
    """A host at a pump. Each method does what a host or the world does, and keeps ``facts`` true all the while."""

    def __init__(self) -> None:
        self.facts = Facts()

    @property
    @abstractmethod
    def host(self) -> Pump: ...

    @abstractmethod
    def delivered_steps(self) -> int:
        """Return rising edges of STEP so far."""

    @abstractmethod
    def run_for(self, seconds: float) -> None: ...

    def _settle(self, **new: object) -> None:
        """Settle what was in flight: a change has been acknowledged, and with it is durable whatever the pump had
        noticed before."""
        self.facts = replace(self.facts, must_alarms=self.facts.may_alarms, **new)

    def program(self, program: Program) -> None:
        digest = program.digest()
        self.facts = replace(self.facts, digests=self.facts.digests | {digest})
        self.host.program(program)
        self._settle(digests=frozenset({digest}))

    def refill(self, fill_nl: int) -> None:
        least = self.delivered_steps()
        # In flight it may be served at any microstep of the next seconds.
        self.facts = replace(self.facts, fills=self.facts.fills | {(fill_nl, least, least + 1_000)})
        self.host.refill(fill_nl)
        self._settle(fills=frozenset({(fill_nl, least, self.delivered_steps())}))

    def start(self, program: Program) -> None:
        self.facts = replace(self.facts, delivering=frozenset({False, True}))
        self.host.start(program.digest())
        self._settle(delivering=frozenset({True}))

    def stop(self) -> None:
        self.facts = replace(self.facts, delivering=frozenset({False, True}))
        self.host.stop()
        self._settle(delivering=frozenset({False}))

    def set_time(self, utc_s: int) -> None:
        self.host.set_time(utc_s, 60)
        self._settle()

    def expect_alarm(self, bit: int) -> None:
        """Expect a latching alarm from here on, though nothing has made it durable yet."""
        self.facts = replace(self.facts, may_alarms=self.facts.may_alarms | bit)

    def facts_of_alarms_are_as_they_show(self) -> None:
        """Expect, of the alarms that were expected, only those that did come."""
        shown = self.host.interrogate().active_alarms
        self.facts = replace(self.facts, may_alarms=self.facts.may_alarms & shown)

    def alarm_is_acknowledged(self, bit: int) -> None:
        """Note that a person acknowledges the alarm, and that it clears. Raise ValueError if it does not clear."""
        self.facts = replace(self.facts, must_alarms=self.facts.must_alarms & ~bit)
        active = self.host.acknowledge(bit).active_alarms
        if active & bit:
            raise ValueError("the scenario expects that this alarm clears")
        self.facts = replace(self.facts, may_alarms=self.facts.may_alarms & ~bit)
        self._settle()

    def read_log(self) -> None:
        read = {event.sequence: event for event in self.host.log()}
        self.facts = replace(self.facts, read={**self.facts.read, **read})
