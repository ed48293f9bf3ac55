"""Two emulated Picos wired together, in one virtual time.

Promises:

- An edge of the leader reaches the follower's pin at the very instant it has on the leader: both chips' cycles are 8 ns
  and begin together. With a crystal of the follower's own it is that instant by the follower's clock, rounded up
  to its next cycle.
- An edge of the follower reaches the leader late, by at most a slice and `LAG_NS`; `worst_return_ns` says how late the
  worst one was. It suits what is switched by a program, whose instants are not known better than that.
- A follower that got ahead of an edge it should have seen raises ValueError; no edge is ever moved to fit.

How: the leader runs a slice ahead; its edges of that slice are put into the follower's future; the follower runs up to
just behind the leader. It stays `LAG_NS` behind, since a chip stops at an instruction boundary and not on the
nanosecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from thecal_sim.units import NS_PER_MS

from .pico import EmulatedPico
from .serial_port import EmulatedUsbSerial
from .units import on_cycle_ns

SLICE_NS: Final = 1 * NS_PER_MS
LAG_NS: Final = 2_000
_PER_BILLION: Final = 1_000_000_000

Action = Callable[[int], None]


class PicoPair:
    """Time of the pair is the leader's."""

    def __init__(
        self,
        leader: EmulatedPico,
        follower: EmulatedPico,
        *,
        forward: Mapping[str, int],
        back: Mapping[str, Action],
        follower_ppb: int = 0,
        slice_ns: int = SLICE_NS,
    ) -> None:
        """`forward`: signals the leader is watched for, and the follower's pins they go to. `back`: signals the
        follower is watched for, and what a new level does. `follower_ppb`: how much faster its crystal is."""
        self.leader, self.follower = leader, follower
        self._forward = dict(forward)
        self._back = dict(back)
        self._ppb = follower_ppb
        self.slice_ns = slice_ns
        self._leader_origin_ns, self._follower_origin_ns = leader.now_ns, follower.now_ns
        self._forwarded = len(leader.edges)
        self._returned = len(follower.edges)
        self.worst_return_ns = 0
        for signal, pin in self._forward.items():
            follower.chip.gpio[pin].set_input_value(bool(leader.level(signal)))
        leader.serial.wait_with(_LeaderTime(self))
        follower.serial.wait_with(_FollowerTime(self))

    @property
    def serial(self) -> EmulatedUsbSerial:
        """Return the leader's port, so that a pair can stand where one board does."""
        return self.leader.serial

    @property
    def now_ns(self) -> int:
        return self.leader.now_ns

    def follower_ns(self, t_ns: int) -> int:
        """Return the follower's clock at an instant of the pair, in whole cycles."""
        passed = t_ns - self._leader_origin_ns
        return on_cycle_ns(self._follower_origin_ns + passed + passed * self._ppb // _PER_BILLION)

    def pair_ns(self, follower_ns: int) -> int:
        """Return the instant of the pair at which the follower's clock gets to a value, to a few nanoseconds."""
        passed = follower_ns - self._follower_origin_ns
        return self._leader_origin_ns + passed * _PER_BILLION // (_PER_BILLION + self._ppb)

    def run_until(self, t_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        """Run both until an instant, or until `stop_when()` is true; returns whether it was."""
        while True:
            self._catch_up(stop_when)
            if stop_when is not None and stop_when():
                return True
            if self.leader.now_ns >= t_ns:
                return False
            self.leader.run_until(min(t_ns, self.leader.now_ns + self.slice_ns), stop_when)
            self._carry_forward()

    def run_for(self, duration_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        return self.run_until(self.now_ns + duration_ns, stop_when)

    def poke(self) -> None:
        self.leader.poke()
        self.follower.poke()

    def _catch_up(self, stop_when: Callable[[], bool] | None) -> None:
        self.follower.run_until(self.follower_ns(self.leader.now_ns - LAG_NS), stop_when)
        self._carry_back()

    def _carry_forward(self) -> None:
        edges = self.leader.edges
        for edge in edges[self._forwarded :]:
            pin = self._forward.get(edge.signal)
            if pin is not None:
                self._set_pin_at(self.follower_ns(edge.t_ns), pin, bool(edge.level))
        self._forwarded = len(edges)

    def _set_pin_at(self, t_ns: int, pin: int, level: bool) -> None:
        gpio = self.follower.chip.gpio[pin]
        self.follower.call_at(t_ns, lambda: gpio.set_input_value(level))

    def _carry_back(self) -> None:
        edges = self.follower.edges
        for edge in edges[self._returned :]:
            action = self._back.get(edge.signal)
            if action is not None:
                late_ns = self.leader.now_ns - self.pair_ns(edge.t_ns)
                self.worst_return_ns = max(self.worst_return_ns, late_ns)
                action(edge.level)
        self._returned = len(edges)


class _LeaderTime:
    """The pair's time, for whoever waits at the leader's port."""

    def __init__(self, pair: PicoPair) -> None:
        self._pair = pair

    @property
    def now_ns(self) -> int:
        return self._pair.leader.now_ns

    def run_until(self, t_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        return self._pair.run_until(t_ns, stop_when)

    def poke(self) -> None:
        self._pair.poke()


class _FollowerTime(_LeaderTime):
    """The same by the follower's clock."""

    @property
    def now_ns(self) -> int:
        return self._pair.follower.now_ns

    def run_until(self, t_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        return self._pair.run_until(self._pair.pair_ns(t_ns) + LAG_NS, stop_when)
