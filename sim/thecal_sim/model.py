"""The model pump: the firmware's controller on the simulated board, in virtual time.

It is run as the board's main loop runs it: poll, then sleep until the controller wants to be polled again or until
bytes arrive. Heartbeats that are certain to find nothing are passed over (see ``heartbeats``), unless each is asked
for. ``serial`` is the host's end of the link. Nothing here looks at a real clock. An exception that leaves a poll,
which would end in a reset on the board, ends the simulation instead, so that it is seen.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import suppress

from simpy import Interrupt, Process

from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.events import RESET_POWER_ON
from thecal_fw.core.limits import BENCH_LIMITS, Limits
from thecal_fw.pump.controller import NOTHING_DUE, Controller
from thecal_fw.requests.server import LinkServer
from thecal_sim.board import LeftProgram, SimulatedBoard
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.heartbeats import Heartbeats, ModelController
from thecal_sim.link import HostPort
from thecal_sim.nor_flash import NorFlash, PowerCutError
from thecal_sim.virtual_time import Steps, VirtualTime


class ModelPump:
    """A pump that is on from the beginning.

    boot_ns: virtual time from a reset to the controller's first poll.
    reaction_ns: how long after a wake-up (or bytes) the poll begins; a function is asked each time.
    chip: the flash it finds at power-on; a new one if none is given. A cut of its power cuts the pump's.
    every_heartbeat: poll at each, also where it is certain to find nothing. The record is the same, and takes longer.
    polls, heartbeats_passed_over: how many there were.
    left_for: "bootloader" or "prompt" once the program was left for one of them, until the next reset.
    """

    def __init__(
        self,
        env: VirtualTime | None = None,
        *,
        limits: Limits = BENCH_LIMITS,
        calibration: Calibration = BENCH_CALIBRATION,
        boot_ns: int = 0,
        reaction_ns: int | Callable[[], int] = 0,
        serial_number: bytes = b"MODEL",
        chip: NorFlash | None = None,
        every_heartbeat: bool = False,
    ) -> None:
        self.env = env or VirtualTime()
        self.limits = limits
        self.calibration = calibration
        self.board = SimulatedBoard(self.env, serial_number, chip)
        self.serial = HostPort(self.env, self.board.port)
        self.left_for: str | None = None
        self.polls = self.heartbeats_passed_over = 0
        self.resets: list[tuple[int, int]] = []
        self._boot_ns = boot_ns
        self._reaction_ns = reaction_ns
        self._every_heartbeat = every_heartbeat
        self._withheld_until_ns = 0
        self._controller: Controller | None = None
        self._sleeper: Process | None = None
        self.board.port.on_arrival = self.board.button.on_move = self._wake
        self.board.on_reset = self._restart
        self.env.process(self._run())
        self.run_until(self.env.now_ns + boot_ns)

    # --- for rigs and tests

    @property
    def now_ns(self) -> int:
        return self.env.now_ns

    @property
    def boot_origin_ns(self) -> int:
        """Return the virtual time at which the pump's time since reset was zero."""
        return self.board.processor.boot_origin_ns

    @property
    def controller(self) -> Controller:
        """Return the controller that runs now; a reset makes a new one. Raise RuntimeError while the pump boots."""
        if self._controller is None:
            raise RuntimeError("the pump is still booting")
        return self._controller

    @property
    def edges(self) -> EdgeRecord:
        return self.board.edges

    @property
    def step_times_ns(self) -> array[int]:
        return self.board.step_times_ns

    def run_until(self, t_ns: int) -> None:
        """Let time pass until an instant; what is due by then, and at it, has happened. Never goes back."""
        self.env.run_until(t_ns)

    def run_for(self, duration_ns: int) -> None:
        self.run_until(self.env.now_ns + duration_ns)

    def reset(self, cause: int = RESET_POWER_ON) -> None:
        """Reset the board now, and boot it. The serial port has to be opened again."""
        self.board.reset(cause)
        self.run_until(self.env.now_ns + self._boot_ns)

    def withhold_polls(self, until_ns: int) -> None:
        """Keep the main loop from polling until an instant, as a program that hangs would. A reset ends it."""
        self._withheld_until_ns = until_ns

    def instant_of(self, answer: dict[str, int]) -> int:
        """Return when what was asked for takes effect, in virtual time, by the pump's answer."""
        return self.board.processor.instant_ns(answer["effective_boot_s"], answer["effective_boot_us"])

    # --- the main loop

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            sleeper.interrupt("bytes, or the button")

    def _restart(self) -> None:
        self.resets.append((self.env.now_ns, self.board.machine.reset_cause))
        self._controller = None
        self.left_for = None
        self._withheld_until_ns = 0
        self._sleeper = None
        self.env.process(self._run())

    def _run(self) -> Steps:
        """Yield one life of the program, from a reset to the next."""
        env, processor = self.env, self.board.processor
        boot = processor.boots
        yield env.timeout(self._boot_ns)
        if boot != processor.boots:
            return
        self.board.begin_program()
        try:
            yield from self._live(boot)
        except PowerCutError:
            # The flash lost its supply in the middle of an operation, and so did everything else.
            yield env.timeout(max(0, processor.now_ns - env.now_ns))
            self.board.reset(RESET_POWER_ON)

    def _live(self, boot: int) -> Steps:
        env, processor, clock = self.env, self.board.processor, self.board.clock
        controller = ModelController(self.board.hardware, LinkServer, self.limits, self.calibration)
        self._controller, heartbeats = controller, Heartbeats(self.board, controller)
        while boot == processor.boots:
            hold_ns = max(processor.now_ns, self._withheld_until_ns) - env.now_ns
            if hold_ns > 0:
                yield env.timeout(hold_ns)
                continue
            clock.read()
            self.polls += 1
            try:
                is_more = controller.poll(clock.s, clock.us) != NOTHING_DUE
            except LeftProgram as left:
                self.left_for = left.to
                self.board.leave_program()
                return
            unread = len(self.board.port.received)
            # If nothing comes before the program is done, no event is made for that.
            if processor.is_busy and not env.leap(processor.now_ns):
                yield from self._be_busy(boot)
                if boot != processor.boots:
                    return
            # Bytes that came while the program was busy wake it as soon as it sleeps, and so does the button.
            has_input = len(self.board.port.received) > unread or self.board.button.waits
            can_leap = not (self._reaction_ns or has_input)
            if can_leap and not self._every_heartbeat:
                self.heartbeats_passed_over += heartbeats.pass_over(after_more=is_more)
            wake_ns = processor.instant_ns(controller.wake_s, controller.wake_us)
            # If nothing at all comes in between, no event is made for the end of the sleep.
            if not (can_leap and wake_ns > env.now_ns and env.leap(wake_ns)):
                yield from self._sleep_until(wake_ns, has_input)

    def _be_busy(self, boot: int) -> Steps:
        """Let time pass until the program is done, or reset."""
        env, processor = self.env, self.board.processor
        while boot == processor.boots and processor.now_ns > env.now_ns:
            yield env.timeout(processor.now_ns - env.now_ns)

    def _sleep_until(self, wake_ns: int, has_input: bool) -> Steps:
        env = self.env
        if wake_ns > env.now_ns and not has_input:
            me = self._sleeper = env.active_process
            with suppress(Interrupt):
                yield env.timeout(wake_ns - env.now_ns)
            if self._sleeper is me:
                self._sleeper = None
        reaction = self._reaction_ns
        reaction_ns = reaction if isinstance(reaction, int) else reaction()
        if reaction_ns:
            yield env.timeout(reaction_ns)
