"""The connections of the pins: a probe that stamps edges, and wires from one pin to another.

Promises:

- `Probe.edges` lists every change of level of the watched pins, in order, with its exact virtual time: the PIO cycle
  for an edge a state machine makes, the start of the instruction for one the processor makes. A pin that a reset
  releases gives an edge too.
- A `Wire` carries the level of its source pin to its target pin without delay, unless it is cut or stuck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rp2040py.gpio_pin import GPIOPinState

from thecal_sim.edge_record import EdgeRecord

_DRIVEN = {GPIOPinState.LOW: 0, GPIOPinState.HIGH: 1}
_TWICE_APART_NS = 250_000
"""Between the two microsteps that a motor turns for one: longer than the encoder's counter looks apart, and slow enough
for the motor to have torque left."""
_RELEASED = {GPIOPinState.INPUT_PULL_UP: 1, GPIOPinState.INPUT_PULL_DOWN: 0}


class Probe:
    def __init__(self, chip: Any, watch: Mapping[str, int], released: Mapping[str, int]) -> None:
        """Watch pins by signal name; `released` is the level of a signal nothing drives (its external resistor)."""
        self._clock = chip.clock
        self.edges = EdgeRecord()
        self._channels = [
            _Channel(self, chip.gpio[pin], signal, released.get(signal)) for signal, pin in watch.items()
        ]

    def record(self, signal: str, level: int) -> None:
        self.edges.add(round(self._clock.nanos), signal, level)

    def refresh(self) -> None:
        """Look at every pin afresh: after a reset, which informs no one."""
        for channel in self._channels:
            channel.refresh()

    def level(self, signal: str) -> int:
        return next(channel.level for channel in self._channels if channel.signal == signal)


class _Channel:
    def __init__(self, probe: Probe, pin: Any, signal: str, released: int | None) -> None:
        self._probe, self._pin, self.signal, self._released = probe, pin, signal, released
        self.level = self._level_of(pin.value)
        pin.add_listener(self._changed)

    def refresh(self) -> None:
        self._changed(self._pin.value, None)

    def _level_of(self, state: GPIOPinState) -> int:
        driven = _DRIVEN.get(state)
        if driven is not None:
            return driven
        return _RELEASED.get(state, 0) if self._released is None else self._released

    def _changed(self, state: GPIOPinState, _before: object) -> None:
        level = self._level_of(state)
        if level != self.level:
            self.level = level
            self._probe.record(self.signal, level)


class Wire:
    def __init__(self, chip: Any, source: int, target: int) -> None:
        self.source, self.target = source, target
        self._source_pin, self._target_pin = chip.gpio[source], chip.gpio[target]
        self._connected = True
        self._stuck: int | None = None
        self._applied: int | None = None
        self._source_pin.add_listener(lambda _state, _before: self.refresh())
        self.refresh()

    @property
    def connected(self) -> bool:
        return self._connected

    @connected.setter
    def connected(self, connected: bool) -> None:
        self._connected = connected
        self.refresh()

    @property
    def stuck(self) -> int | None:
        """Return 0 or 1 if the target pin is held at that level, whatever the source does; None if it carries the
        source."""
        return self._stuck

    @stuck.setter
    def stuck(self, level: int | None) -> None:
        self._stuck = level
        self.refresh()

    def refresh(self) -> None:
        if self._stuck is not None:
            level = self._stuck
        elif self._connected:
            level = _DRIVEN.get(self._source_pin.value)
        else:
            level = None
        if level != self._applied:
            self._applied = level
            if level is None:
                self._target_pin.release_input()
            else:
                self._target_pin.set_input_value(bool(level))


class Motor:
    """A motor with its driver and its shaft encoder, on the pins of one board.

    It turns one microstep for each rising edge of STEP while its driver is enabled (a low level); the encoder's line
    changes its level with each microstep turned. What it turns against is nothing, unless a plant is attached. Faults:
    see the attributes.
    """

    def __init__(self, chip: Any, step: int, enable: int, encoder: int | None) -> None:
        """`encoder`: pin of its line; None for a motor without one."""
        self.turned_steps = 0
        self.stalled = False
        self.loses_every = 0
        """Every so-many-th microstep is lost; 0 is none."""
        self.turns_twice_every = 0
        self.sticks_enabled = False
        """The driver does not let go of the motor, whatever its enable line says."""
        self.sticks_disabled = False
        self.mechanics: Callable[[int], bool] | None = None
        """Says whether the shaft turns for a microstep at an instant, in ns."""
        self._commanded = 0
        self._clock = chip.clock
        self._was_high = False
        self._step_pin, self._enable_pin = chip.gpio[step], chip.gpio[enable]
        self._encoder_pin = None if encoder is None else chip.gpio[encoder]
        self._step_pin.add_listener(lambda _state, _before: self._step_changed())
        self.refresh()

    def refresh(self) -> None:
        """Drive the encoder's line, also after a reset: the encoder does not lose its place."""
        if self._encoder_pin is not None:
            self._encoder_pin.set_input_value(bool(self.turned_steps & 1))

    def _step_changed(self) -> None:
        is_high = self._step_pin.value == GPIOPinState.HIGH
        if is_high and not self._was_high:
            self._turn()
        self._was_high = is_high

    def _turn(self) -> None:
        is_enabled = self._enable_pin.value == GPIOPinState.LOW
        if self.sticks_disabled or not (is_enabled or self.sticks_enabled):
            return
        self._commanded += 1
        if self.stalled or (self.loses_every and self._commanded % self.loses_every == 0):
            return
        twice = self.turns_twice_every and self._commanded % self.turns_twice_every == 0
        self._drive_on()
        if twice:
            self._clock.create_alarm(self._drive_on).schedule(_TWICE_APART_NS)

    def _drive_on(self) -> None:
        if self.mechanics is None or self.mechanics(round(self._clock.nanos)):
            self.turned_steps += 1
            self.refresh()
