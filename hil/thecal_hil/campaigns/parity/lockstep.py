"""Two emulated Picos in one process, one on each path, held together after every instruction.

Promises:

- Whatever program drives them asks each for the same run; both do it in the same stretches of at most `observer.MOST`
  instructions. The slow one leads and writes each step down, the other one follows on the shipped run loop in batches
  of its own, and registers, flags and cycles are compared after each instruction, all memory after each stretch.
- The first difference ends the run as a `DifferenceError` that names the instruction. Where memory differs and no
  register does, `narrow_at` finds the instruction: the same run again, up to that stretch, and from there in
  copies of the process that try ever shorter parts of it.

The two halves of a program that drives them are `drive`n in threads of their own, which meet in `run_to`: the one that
comes last does the work of both. So nothing runs at the same time, and a program written for one rig drives two.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.chip import FLASH_BYTES
from thecal_hil.emulator.units import CYCLE_NS, on_cycle_ns
from thecal_hil.groundwork.copies import in_a_copy

from . import forms
from .observing import observer

T = TypeVar("T")
_WAIT_S: Final = 600
_SRAM_AT: Final = 0x2000_0000
_FLASH_AT: Final = 0x1000_0000
_DPRAM_AT: Final = 0x5010_0000
_WHOLE_FLASH_EVERY: Final = 256
"""Stretches from one look at all 16 MiB to the next; the first 2 MiB, a Pico's, are compared after each."""


class DifferenceError(Exception):
    """The two paths differ. stretch: number of the stretch; is_exact: the instruction is known."""

    def __init__(self, text: str, stretch: int, *, is_exact: bool) -> None:
        super().__init__(text)
        self.stretch, self.is_exact = stretch, is_exact


@dataclass
class Totals:
    """The totals that a run has compared so far."""

    instructions: int = 0
    fell_back: int = 0
    stretches: int = 0
    memory_digests: int = 0
    taken: dict[tuple[int, int, int, int], int] = field(default_factory=dict)

    def add(self, other: Totals) -> None:
        self.instructions += other.instructions
        self.fell_back += other.fell_back
        self.stretches += other.stretches
        self.memory_digests += other.memory_digests
        for case, count in other.taken.items():
            self.taken[case] = self.taken.get(case, 0) + count


@dataclass
class _Wanted:
    t_ns: int
    now_ns: int


class Lockstep:
    """`slow` and `fast` run the same program from the same state; see the module.

    narrow_at: number of the stretch in which memory is known to differ at its end. longest: most instructions of a
    stretch.
    """

    def __init__(
        self, slow: EmulatedPico, fast: EmulatedPico, *, narrow_at: int = -1, longest: int = 0
    ) -> None:
        module = observer()
        self.slow, self.fast = slow, fast
        self.stretches = 0
        self.longest = longest or module.MOST
        self._narrow_at = narrow_at
        self.leader = module.Leader(
            slow.chip, module.Classifier(forms.form_table(), forms.FORMS, forms.UNDEFINED)
        )
        self.follower = module.Follower(self.leader, fast.chip, len(forms.FORMS))
        self._first_difference = module.first_difference
        self._follow_engine = fast.engine.run_to
        self._fast_stopped = False
        self._memory_compared = 0
        fast.engine.compiled.observe(*self.follower.address())
        self._take_over(slow.engine, is_leader=True)
        self._take_over(fast.engine, is_leader=False)
        self._meeting = threading.Condition()
        self._wanted: list[_Wanted | None] = [None, None]
        self._outcome: list[bool | BaseException | None] = [None, None]
        self._gave_up: list[DifferenceError | None] = [None, None]

    def _take_over(self, engine: Any, *, is_leader: bool) -> None:
        """Have the engine's runs done here, together with the other one's."""
        if is_leader:
            engine.request_stop = self.leader.stop
            engine.watch_for_masked_sleep = self.leader.watch
        else:
            request = engine.request_stop

            def request_stop() -> None:
                self._fast_stopped = True
                request()

            engine.request_stop = request_stop
        side = 0 if is_leader else 1
        engine.run_to = lambda t_ns: self._run_to(side, t_ns)

    @property
    def totals(self) -> Totals:
        follower = self.follower
        return Totals(
            follower.total,
            follower.total_fallen_back,
            self.stretches,
            self._memory_compared,
            follower.taken(),
        )

    # --- both halves meet --------------------------------------------------------------------

    def drive(self, half: Callable[[int, EmulatedPico], T]) -> tuple[T, T]:
        """Do the same with either Pico, each in a thread of its own; what came of it. Raises what either raised."""
        self._gave_up = [None, None]
        results: list[Any] = [None, None]
        raised: list[BaseException | None] = [None, None]

        def one(side: int, pico: EmulatedPico) -> None:
            try:
                results[side] = half(side, pico)
                self._give_up(side, "by itself")
            except BaseException as error:
                raised[side] = error
                self._give_up(side, repr(error))

        threads = [
            threading.Thread(target=one, args=(side, pico), daemon=True)
            for side, pico in enumerate((self.slow, self.fast))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in sorted(filter(None, raised), key=lambda error: not isinstance(error, DifferenceError)):
            raise error
        return results[0], results[1]

    def _give_up(self, side: int, how: str) -> None:
        """Give up: whoever waits for this side waits in vain, now and later."""
        with self._meeting:
            name = ("slow", "fast")[side]
            self._gave_up[side] = DifferenceError(
                f"the {name} half ended: {how}", self.stretches, is_exact=False
            )
            self._meeting.notify_all()

    def _run_to(self, side: int, t_ns: int) -> bool:
        other = 1 - side
        with self._meeting:
            self._wanted[side] = _Wanted(t_ns, (self.slow, self.fast)[side].now_ns)
            if self._wanted[other] is not None:
                self._do_both()
                self._meeting.notify_all()
            self._meeting.wait_for(lambda: self._outcome[side] is not None or self._gave_up[other], _WAIT_S)
            outcome, self._outcome[side] = self._outcome[side], None
            if outcome is None:
                outcome = self._gave_up[other] or DifferenceError(
                    "the other half never came", self.stretches, is_exact=False
                )
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _do_both(self) -> None:
        first, second = self._wanted
        self._wanted = [None, None]
        outcome: bool | BaseException
        try:
            if first != second:
                raise DifferenceError(f"asked for {first} and {second}", self.stretches, is_exact=False)
            assert first is not None
            outcome = self.run_to(first.t_ns)
        except BaseException as error:
            outcome = error
        self._outcome = [outcome, outcome]

    # --- running -----------------------------------------------------------------------------

    def run_to(self, t_ns: int) -> bool:
        """Run both to an instant; True if something asked for an earlier stop."""
        target_ns = on_cycle_ns(t_ns)
        while self.slow.now_ns < target_ns:
            if self.stretches == self._narrow_at:
                self._narrow(target_ns)
            self.stretch(target_ns, self.longest)
            if self.leader.stopped:
                break
        return self.slow.now_ns < target_ns

    def stretch(self, target_ns: int, most: int) -> int:
        """Run both for one stretch and compare; the number of instructions."""
        leader, follower = self.leader, self.follower
        raised = _raised_by(lambda: leader.run(most, target_ns))
        self._fast_stopped = False
        follower.begin()
        # An instruction that raised has taken no time, and the other one is to come to it too.
        until_ns = self.slow.now_ns + (CYCLE_NS if raised else 0)
        follow_raised = _raised_by(lambda: self._follow_engine(until_ns))
        self._compare(raised, follow_raised)
        self.stretches += 1
        return leader.count

    def _compare(self, raised: str, follow_raised: str) -> None:
        found = self.follower.difference()
        if found is not None:
            raise DifferenceError(self._told(found), self.stretches, is_exact=True)
        for what, slow, fast in (
            ("instructions", self.leader.count, self.follower.index),
            ("errors", raised, follow_raised),
            ("instants", self.slow.now_ns, self.fast.now_ns),
            ("requests to stop", bool(self.leader.stopped), self._fast_stopped),
            ("states of the processor", *_unlike(_state(self.slow), _state(self.fast))),
        ):
            if slow != fast:
                raise DifferenceError(
                    f"at the end of stretch {self.stretches}: {what} differ: {slow} and {fast}",
                    self.stretches,
                    is_exact=False,
                )
        where = self.memory_difference(whole_flash=self.stretches % _WHOLE_FLASH_EVERY == 0)
        if where:
            raise DifferenceError(
                f"at the end of stretch {self.stretches}: {where}", self.stretches, is_exact=False
            )

    def memory_difference(self, *, whole_flash: bool = False) -> str:
        """Return the first place at which memory differs, in words; empty if it does not."""
        self._memory_compared += 1
        slow, fast = self.slow.chip, self.fast.chip
        most = len(slow.flash) if whole_flash else FLASH_BYTES
        for name, begins, a, b in (
            ("SRAM", _SRAM_AT, slow.sram, fast.sram),
            ("USB memory", _DPRAM_AT, slow.usb_dpram, fast.usb_dpram),
            ("boot ROM", 0, slow.bootrom.cast("B"), fast.bootrom.cast("B")),
            ("flash", _FLASH_AT, slow.flash[:most], fast.flash[:most]),
        ):
            at = self._first_difference(a, b)
            if at >= 0:
                return f"{name} differs from {begins + at:#x} on: {a[at]:#04x} and {b[at]:#04x}"
        if _sio(slow) != _sio(fast):
            return f"SIO differs: {_sio(slow)} and {_sio(fast)}"
        return ""

    def _told(self, found: dict[str, Any]) -> str:
        fast, slow = found["follower"], found.get("leader")
        by = "left to the emulator" if found["fell_back"] else "compiled"
        if slow is None:
            return (
                f"stretch {self.stretches}: the fast path ({by}) carries out an instruction more: "
                f"PC is {fast['registers'][15]:#x} after it"
            )
        number = self.follower.total
        differ = [
            f"{name} {_shown(a)} and {_shown(b)}"
            for name, a, b in (
                *((f"r{i}", slow["registers"][i], fast["registers"][i]) for i in range(16)),
                *((key, slow[key], fast[key]) for key in slow if key in fast and key != "registers"),
            )
            if a != b and (found["fell_back"] or name[0] == "r" or name in ("nzcv", "cycles"))
        ]
        return (
            f"instruction {number:,} ({slow['opcode']:#06x} at {slow['at']:#x}, {by}) leaves on the slow "
            f"and on the fast path: {', '.join(differ)}"
        )

    # --- from a stretch to an instruction ----------------------------------------------------

    def _narrow(self, target_ns: int) -> None:
        """Find the instruction of the next stretch after which memory differs, in copies of this process."""

        def differs_after(most: int) -> tuple[bool, str]:
            def attempt() -> tuple[bool, str]:
                try:
                    self.stretch(target_ns, most)
                except DifferenceError as difference:
                    step = self.leader.step(max(0, self.leader.count - 1))
                    return True, f"{step['opcode']:#06x} at {step['at']:#x}: {difference}"
                return False, ""

            return in_a_copy(attempt)

        good, bad = 0, self.longest
        is_there, text = differs_after(bad)
        if not is_there:
            return
        while bad - good > 1:
            middle = (good + bad) // 2
            is_there, said = differs_after(middle)
            if is_there:
                bad, text = middle, said
            else:
                good = middle
        raise DifferenceError(
            f"stretch {self.stretches}, its instruction {bad:,}: {text}", self.stretches, is_exact=True
        )


def digest(pico: EmulatedPico) -> str:
    """Return the SHA-256 of all memory and of the processor's state."""
    parts = hashlib.sha256()
    chip = pico.chip
    for memory in (chip.sram, chip.usb_dpram, chip.bootrom.cast("B"), chip.flash):
        parts.update(memory)
    parts.update(repr((_state(pico), pico.now_ns)).encode())
    return parts.hexdigest()


def _raised_by(run: Callable[[], object]) -> str:
    """Return what the emulator's own peripherals made of an access: the same on both paths, or a difference."""
    try:
        run()
    except Exception as error:
        return repr(error)
    return ""


_STATE: Final = (
    "n",
    "z",
    "c",
    "v",
    "cycles",
    "waiting",
    "pm",
    "ipsr",
    "sp_sel",
    "n_priv",
    "current_mode",
    "banked_sp",
    "pending_interrupts",
    "enabled_interrupts",
    "pending_nmi",
    "pending_pend_sv",
    "pending_svcall",
    "pending_systick",
    "interrupts_updated",
    "event_registered",
    "vtor",
    "shpr2",
    "shpr3",
)


def _state(pico: EmulatedPico) -> dict[str, int]:
    core = pico.chip.core
    state = {name: int(getattr(core, name)) for name in _STATE}
    return state | {f"r{i}": core.registers[i] for i in range(16)}


def _unlike(a: dict[str, int], b: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return what two states do not have in common."""
    names = [name for name in a if a[name] != b[name]]
    return {name: a[name] for name in names}, {name: b[name] for name in names}


def _sio(chip: Any) -> dict[str, int]:
    sio = chip.sio
    names = [
        "div_dividend",
        "div_divisor",
        "div_csr",
        "spin_lock",
        "gpio_value",
        "gpio_output_enable",
        "_is_stale",
        "_is_signed",
    ]
    state = {name: int(getattr(sio, name)) & 0xFFFF_FFFF for name in names}
    if not sio._is_stale:
        state |= {name: int(getattr(sio, name)) & 0xFFFF_FFFF for name in ("div_quotient", "div_remainder")}
    return state


def _shown(value: int) -> str:
    return f"{value:#x}"
