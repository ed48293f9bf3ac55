"""A balance that is not there, behind a real pseudo-terminal: MT-SICS level 0 and 1, as the maker publishes it.

Promises: `MtSics` answers each line as a balance does, at the instant it is given, from a pan whose weight comes from
any object with ``reading_g``; it knows nothing of ports. `SimulatedBalance` serves one over a pseudo-terminal, which
any program can open by its path. What goes wrong with real ones can be caused: see the attributes.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Final, Protocol

from thecal_hil.instruments.balance import END_OF_LINE
from thecal_sim.units import NS_PER_S
from thecal_sim.virtual_port import PtyEnd

_CHUNK_BYTES: Final = 1_024
_POLL_S: Final = 0.02
_MOST_LINE_BYTES: Final = 80
_VALUE_WIDTH: Final = 10


class Weighed(Protocol):
    """The weight that lies on the pan."""

    def reading_g(self, t_ns: int, /) -> tuple[float, bool]:
        """Return the indicated weight in grams at an instant, and whether it has come to rest."""
        ...


class MtSics:
    """The balance's side of the protocol. Instants are nanoseconds of whatever clock the pan has."""

    def __init__(
        self,
        pan: Weighed,
        *,
        capacity_g: float = 120.0,
        decimals: int = 4,
        unit: str = "g",
        serial_number: str = "0000000001",
        stable_within_s: float = 10.0,
        repeats_per_s: float = 10.0,
    ) -> None:
        self.pan = pan
        self.capacity_g = capacity_g
        self.is_silent = False
        """Receives and never answers, as with a cable that is half off."""
        self.is_locked = False
        """Answers everything with ``I``: in its menu, or in the middle of an adjustment."""
        self._decimals, self._unit = decimals, unit
        self._serial_number = serial_number
        self._stable_within_ns = round(stable_within_s * NS_PER_S)
        self._repeat_ns = round(NS_PER_S / repeats_per_s)
        self._zero_g = self._tare_g = 0.0
        self._line = bytearray()
        self._waiting: tuple[str, int] | None = None
        """A command that waits for a stable weight, and until when."""
        self._repeats_at_ns: int | None = None
        self._commands: dict[str, Callable[[int], str]] = {
            "@": self._cancel,
            "I4": lambda _: f'I4 A "{self._serial_number}"',
            "I2": lambda _: f'I2 A "Simulated {self.capacity_g:g} {self._unit}"',
            "SI": lambda t_ns: self._weight("S", t_ns),
            "SIR": self._repeat,
            "ZI": self._zero_now,
            "TI": self._tare_now,
        }

    # --- what comes in and goes out ----------------------------------------------------------

    def push(self, data: bytes, t_ns: int) -> bytes:
        """Take bytes from the host; what the balance sends at once."""
        answers = b""
        for byte in data:
            self._line.append(byte)
            if self._line.endswith(END_OF_LINE):
                line = bytes(self._line[: -len(END_OF_LINE)])
                self._line.clear()
                answers += self._sent(self._carry_out(line, t_ns))
            elif len(self._line) > _MOST_LINE_BYTES:
                self._line.clear()
                answers += self._sent("ET")
        return answers

    def poll(self, t_ns: int) -> bytes:
        """Return what the balance sends by itself by an instant: stable weights waited for, repetitions."""
        answers = b""
        if self._waiting is not None:
            command, until_ns = self._waiting
            answer = self._once_stable(command, t_ns)
            if answer is None and t_ns >= until_ns:
                answer = f"{command} I"
            if answer is not None:
                self._waiting = None
                answers += self._sent(answer)
        while self._repeats_at_ns is not None and self._repeats_at_ns <= t_ns:
            answers += self._sent(self._weight("S", self._repeats_at_ns))
            self._repeats_at_ns += self._repeat_ns
        return answers

    def _sent(self, answer: str) -> bytes:
        return b"" if self.is_silent or not answer else answer.encode("latin-1") + END_OF_LINE

    def _carry_out(self, line: bytes, t_ns: int) -> str:
        command = line.decode("latin-1").strip()
        # Any new command ends a repetition, and what waits.
        self._repeats_at_ns = self._waiting = None
        name = command.split(" ")[0]
        if name != command and name in (*self._commands, "S", "Z", "T"):
            return "EL"
        if self.is_locked and command not in ("@", "I2", "I4"):
            return f"{'S' if command in ('SI', 'SIR') else command} I"
        if command in ("S", "Z", "T"):
            self._waiting = (command, t_ns + self._stable_within_ns)
            return ""
        handler = self._commands.get(command)
        return handler(t_ns) if handler else "ES"

    # --- commands ----------------------------------------------------------------------------

    def _cancel(self, _: int) -> str:
        self._line.clear()
        return f'I4 A "{self._serial_number}"'

    def _repeat(self, t_ns: int) -> str:
        self._repeats_at_ns = t_ns + self._repeat_ns
        return self._weight("S", t_ns)

    def _once_stable(self, command: str, t_ns: int) -> str | None:
        gross_g, is_stable = self.pan.reading_g(t_ns)
        out = self._out_of_range(gross_g)
        if out:
            return f"{command} {out}"
        if not is_stable:
            return None
        if command == "S":
            return self._weight("S", t_ns)
        return self._zero("Z A", gross_g) if command == "Z" else self._tare("T S", gross_g)

    def _zero_now(self, t_ns: int) -> str:
        gross_g, is_stable = self.pan.reading_g(t_ns)
        out = self._out_of_range(gross_g)
        return f"ZI {out}" if out else self._zero(f"ZI {'S' if is_stable else 'D'}", gross_g)

    def _tare_now(self, t_ns: int) -> str:
        gross_g, is_stable = self.pan.reading_g(t_ns)
        out = self._out_of_range(gross_g)
        return f"TI {out}" if out else self._tare(f"TI {'S' if is_stable else 'D'}", gross_g)

    def _zero(self, answer: str, gross_g: float) -> str:
        self._zero_g, self._tare_g = gross_g, 0.0
        return answer

    def _tare(self, answer: str, gross_g: float) -> str:
        self._tare_g = gross_g - self._zero_g
        return f"{answer} {self._shown(self._tare_g)}"

    def _out_of_range(self, gross_g: float) -> str:
        return "+" if gross_g > self.capacity_g else "-" if gross_g < -0.01 * self.capacity_g else ""

    def _weight(self, name: str, t_ns: int) -> str:
        gross_g, is_stable = self.pan.reading_g(t_ns)
        out = self._out_of_range(gross_g)
        if out:
            return f"{name} {out}"
        net_g = gross_g - self._zero_g - self._tare_g
        return f"{name} {'S' if is_stable else 'D'} {self._shown(net_g)}"

    def _shown(self, grams: float) -> str:
        """Return a weight as the display has it, ten characters wide, and its unit."""
        value = Decimal(repr(grams)).quantize(Decimal(1).scaleb(-self._decimals))
        # No minus sign before a zero.
        return f"{value + 0 if value else abs(value):>{_VALUE_WIDTH}f} {self._unit}"


class SimulatedBalance:
    """Serves an `MtSics` over a pseudo-terminal while the context is entered. ``path``: the port to open."""

    def __init__(self, balance: MtSics, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """``now_ns``: the clock of the pan, such as a rig's."""
        self.balance = balance
        self._now_ns = now_ns
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self.path = ""

    def __enter__(self) -> SimulatedBalance:
        self._end = PtyEnd()
        self.path = self._end.device
        self._thread = threading.Thread(target=self._serve, name="simulated-balance", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._end.close()
        if self._failure is not None and error is None:
            raise self._failure

    def send(self, data: bytes) -> None:
        """Send bytes of the test's own making, as noise on the line would."""
        with self._lock:
            self._end.write(data)

    def _serve(self) -> None:
        try:
            while not self._stopping.is_set():
                select.select(self._end.waits_for(), [], [], _POLL_S)
                data = self._end.read()
                now_ns = self._now_ns()
                with self._lock:
                    answer = self.balance.push(data, now_ns) + self.balance.poll(now_ns)
                    self._end.write(answer)
        except BaseException as error:
            self._failure = error
