"""One board's life under requests, presses and alarms that come when they hurt most.

Promises: every pulse is held against what the pump was asked for and answered, to the tick; a change that the pump put
off is held against the second on which it took effect, and is only right where an erase of the flash stood in its way.
The same case gives the same life.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from random import Random
from typing import Any, Final

from thecal.alarm_sets import EVERY_ALARM
from thecal_fw.core import alarms, events
from thecal_fw.core.alarm_sets import SET_BYTES, has
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_TEMPORARY
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES, Frame
from thecal_fw.link.messages import Message
from thecal_hil.campaigns.changes import steps as names
from thecal_hil.campaigns.changes.history import History, Temporary
from thecal_hil.campaigns.changes.steps import Step, at_one_splice, drawn_rate, drawn_steps
from thecal_hil.campaigns.changes.watched import Event, Watched, is_near
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.gate import GateError, check_gate
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.pump_clock import PumpClock, wall_ticks_at_boot
from thecal_hil.course.course import OFFSET_MINUTES, local_second
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.request_values import any_values
from thecal_hil.course.therapy import Therapy, continuous, flex, with_patient_bolus
from thecal_hil.emulator.heap import Heap
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.ideal import Span
from thecal_sim.oracle import check_pulses
from thecal_sim.units import NS_PER_MS, NS_PER_S, NS_PER_US

FAST_NL_PER_DAY: Final = 2_000_000
NEAR_NS: Final = 100 * NS_PER_MS
_FULL_NL: Final = 20_000_000
_LOW_NL: Final = 1_000_000
_BEGINS: Final = local_second("2026-03-06 12:00")
_AHEAD_NS: Final = 2_500 * NS_PER_MS
_CHANGE_WITHIN_NS: Final = 1_500 * NS_PER_MS
"""A splice that has been asked for comes within this."""
_WITHIN_NS: Final = {Event.SPLICE: _CHANGE_WITHIN_NS, Event.BLOCK_END: 70 * NS_PER_S}
"""A block spans a minute at least."""
_SETTLED_NS: Final = 2_600 * NS_PER_MS
_PRESSED_S: Final = 0.2
_TIDIED_S: Final = 0.3
"""After a request, with nothing else to do: time to collect its garbage."""
_PATIENT: Final = PatientBolus(6_000_000, 1, 15, 12)
_MOST_TIMES: Final = 400
_UNWANTED: Final = frozenset(
    {
        messages.ERROR_MALFORMED,
        messages.ERROR_STALE_SESSION,
        messages.ERROR_NO_SESSION,
        messages.ERROR_OUT_OF_ORDER,
    }
)
_MOST_MARGIN_DIFFERENCE_US: Final = 500


@dataclass
class Life:
    """The outcome of one life. asked, refused: requests by kind and by error. near: requests within 100 ms of an
    event, by what it was. repeated: requests lost while another one waited, and asked again. late: changes put off;
    late_without_erase: of those, where no erase stood in the way. margin_us, margin_outside_us: least time for which
    a change was ready before its anchor, as the image reports it and as it is seen from outside. wrong: what did not
    hold, in words.
    """

    board: str
    seed: str
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    fast_requests: int = 0
    full_heap_requests: int = 0
    splices: int = 0
    pulses: int = 0
    presses: int = 0
    alarms: int = 0
    repeated: int = 0
    late: int = 0
    late_without_erase: int = 0
    timing_faults: int = 0
    worst_edge_ticks: float = 0.0
    take_over_us: int = 0
    margin_us: int = 0
    margin_outside_us: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.asked.total()

    def told(self) -> dict[str, Any]:
        """Return the life as plain values for JSON."""
        return {
            **asdict(self),
            "asked": dict(self.asked),
            "refused": dict(self.refused),
            "near": {str(event): count for event, count in self.near.items()},
        }


def run_life(
    image: FirmwareImage, board: str, seed: str, steps: list[Step] | None = None, groups: int = 40
) -> Life:
    """Live a life of steps on a board, or of those that the seed draws."""
    life = Life(board, seed)
    run = _Run(image, life)
    try:
        run.live(drawn_steps(seed, groups) if steps is None else steps)
    except AssertionError as error:
        life.wrong.append(str(error))
    finally:
        run.rig.close()
    return life


class _Run:
    """A board, what it was asked for and what comes of it."""

    def __init__(self, image: FirmwareImage, life: Life) -> None:
        self.life = life
        self.rig = PicoRig(image, Silicon.read(life.board))
        self.rig.port.timeout = 3
        self.watched = Watched(self.rig.board)
        self.link = RawLink(self.rig.port, 1)
        self.heap = Heap(self.rig.board)
        self.clocks = [PumpClock(self.rig.boot_origin_ns)]
        self.therapy = self._drawn_therapy(Random(life.seed).getrandbits(32))
        self.history = History(self.therapy.regimen)
        self.staged: Therapy | None = None
        self.is_heap_full = False
        self.seen_event = 0
        self._changed_ns = 0
        self._nonce = 1
        self._spans: list[tuple[int, int]] = []

    def live(self, steps: list[Step]) -> None:
        self._set_time(_BEGINS)
        self.ask(messages.REFILL, _FULL_NL)
        self._stage(self.therapy)
        self.ask(messages.COMMIT, self.therapy.program.digest())
        # A reset has a dry run of taking over a queue, which is no splice.
        self.watched.margins_ns.clear()
        self._start()
        self._settle()
        for together in at_one_splice(steps):
            step = together[0]
            if len(together) == 1 or not self._burst(together):
                for one in together:
                    self._take(one)
            if step.what in (names.COLLECT, names.THRESHOLD):
                self._settle()
        if not self.history.is_delivering:
            self._start()
        self._settle()
        self._judge()

    # --- what the host asks

    def ask(self, message: Message, *values: Any, tail: bytes = b"") -> dict[str, Any] | None:
        """Return the answer's fields, or None if it is an error. The request is repeated while the pump is at it."""
        for _ in range(_MOST_TIMES):
            fields, error = self._ask_once(message, *values, tail=tail)
            if error != messages.ERROR_IN_PROGRESS:
                return fields
            self.rig.run_for(0.02)
        raise AssertionError(f"{message.name} is in progress for ever")

    def _ask_once(
        self, message: Message, *values: Any, tail: bytes = b""
    ) -> tuple[dict[str, Any] | None, int]:
        asked_ns = self.rig.now_ns
        self.link.send(self.link.frame(message, *values, tail=tail))
        return self._answer_to(message, asked_ns)

    def _answer_to(self, message: Message, asked_ns: int) -> tuple[dict[str, Any] | None, int]:
        """Return the next answer, which is to be of a request of that kind made at an instant: its fields, or its
        error."""
        frame = self.link.receive()
        assert frame is not None, f"{message.name} at {asked_ns / NS_PER_S} s is not answered"
        return self._note_answer(message, asked_ns, frame)

    def _note_answer(
        self, message: Message, asked_ns: int, frame: Frame
    ) -> tuple[dict[str, Any] | None, int]:
        life = self.life
        life.asked[message.name] += 1
        life.fast_requests += self.therapy.regimen.mean_nl_per_day() >= FAST_NL_PER_DAY
        life.full_heap_requests += self.is_heap_full
        self._spans.append((asked_ns, self.rig.now_ns))
        if frame.kind != messages.KIND_ERROR:
            return message.response.unpack(frame.payload), messages.ERROR_NONE
        code = (messages.ERROR.unpack(frame.payload) or {})["code"]
        life.refused[messages.ERROR_NAMES[code]] += 1
        assert code not in _UNWANTED, f"{message.name} is refused: {messages.ERROR_NAMES[code]}"
        return None, code

    def _stage(self, therapy: Therapy) -> None:
        encoded = therapy.program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        size = MOST_PAYLOAD_BYTES - messages.STAGE_DATA.request.size
        for offset in range(0, len(encoded), size):
            self.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + size])
        check = self.ask(messages.STAGE_CHECK, 0)
        self.staged = None
        # A heap that is nearly full may refuse the check, which is then asked for again by whoever wants it.
        if check is not None:
            fault = messages.FAULT.unpack(check["tail"][: messages.FAULT.size])
            assert not check["fault_count"], f"a program that is right is not taken: {fault}"
            self.staged = therapy

    def _drawn_therapy(self, amount: int) -> Therapy:
        draw = Random(amount)
        if draw.random() < 0.2:
            half_hours = [
                (f"{half // 2:02}:{half % 2 * 30:02}", drawn_rate(draw.getrandbits(32))) for half in range(48)
            ]
            return flex(half_hours)
        return with_patient_bolus(continuous(drawn_rate(draw.getrandbits(32))), _PATIENT)

    # --- the steps of a life

    def _burst(self, steps: list[Step]) -> bool:
        """Send requests around one splice, each at its own distance from it, and take the answers afterwards; False if
        there is no splice to come."""
        splice_ns = self._next_instant(Event.SPLICE, steps[0].offset_us * NS_PER_US)
        if splice_ns is None:
            return False
        waiting: list[_Sent] = []
        for step in steps:
            self.rig.run_until(splice_ns + step.offset_us * NS_PER_US)
            message = _message_of(step.what)
            values, tail = _values_of(message, Random(step.amount), self.therapy.program.digest())
            frame = self.link.frame(message, *values, tail=tail)
            waiting.append(_Sent(message, values, tail, self.link.request, self.rig.now_ns))
            self.link.send(frame)
        unanswered: list[_Sent] = []
        while waiting:
            answer = self.link.receive()
            # Whoever sends on before the answer is there may lose a frame, and repeats it.
            while waiting and (answer is None or waiting[0].request != answer.request):
                unanswered.append(waiting.pop(0))
            if answer is not None:
                assert waiting, f"an answer comes to request {answer.request}, which was answered"
                self._note_answer(waiting[0].message, waiting.pop(0).sent_ns, answer)
        for one in unanswered:
            self.life.repeated += 1
            self.ask(one.message, *one.values, tail=one.tail)
        return True

    def _take(self, step: Step) -> None:
        rig, draw = self.rig, Random(step.amount)
        if step.what == messages.COMMIT.name:
            self._stage(self._drawn_therapy(step.amount))
        if step.near is not None:
            self._wait_for(Event(step.near), step.offset_us * NS_PER_US)
        match step.what:
            case names.HEAP:
                self._fill_heap(step.amount)
            case names.THRESHOLD:
                self.heap.collect_every(step.amount or None)
            case names.COLLECT:
                self.heap.collect_next()
            case names.PRESS:
                self._press()
            case names.SUPPLY:
                self.life.alarms += 1
                rig.faults.inject(Fault.SUPPLY_LOW)
                rig.run_for(round(draw.uniform(0.05, 1.5), 3))
                rig.faults.end(Fault.SUPPLY_LOW)
            case names.LOW_RESERVOIR:
                self._let_the_reservoir_be_low()
            case names.STUCK_BUTTON:
                self.life.alarms += 1
                self._press(held_s=35)
            case _:
                self._request(step.what, draw)

    def _ask_and_wait(self) -> None:
        self.ask(messages.GET_TIME)
        self.rig.run_for(_TIDIED_S)

    def _fill_heap(self, leave_bytes: int) -> None:
        self.heap.leave_only_what_stays(self._ask_and_wait)
        self.heap.fill(leave_bytes)
        self.is_heap_full = True

    def _wait_for(self, event: Event, offset_ns: int) -> None:
        """Let time pass until so long after an event of the kind, past or coming; not at all if there is none."""
        instant_ns = self._next_instant(event, offset_ns)
        if instant_ns is not None:
            self.rig.run_until(instant_ns + offset_ns)

    def _next_instant(self, event: Event, offset_ns: int) -> int | None:
        """Return the next instant of an event that so long after it is still to come; None if there is none soon."""
        rig, instants = self.rig, self.watched.instants[event]
        for instant_ns in instants[-8:]:
            if instant_ns + offset_ns >= rig.now_ns:
                return instant_ns
        if event is Event.SPLICE and rig.now_ns > self._changed_ns + _CHANGE_WITHIN_NS:
            return None
        coming_ns = self.watched.ahead(
            event, rig.now_ns - min(offset_ns, 0), _WITHIN_NS.get(event, _AHEAD_NS)
        )
        if coming_ns is not None and event is Event.BLOCK_END:
            # Nothing on the board says so; up to then it continues as its copy did.
            instants.append(coming_ns)
        return coming_ns

    def _request(self, name: str, draw: Random) -> None:
        asked_ns = self.rig.now_ns
        history, program = self.history, self.therapy.program
        match name:
            case messages.HELLO.name:
                self._nonce += 1
                self.link.session, self.link.request = 0, self._nonce
                fields = self.ask(messages.HELLO, messages.schema_hash(), self._nonce)
                assert fields is not None, "a hello is refused"
                self.link.session, self.link.request = fields["session"], 0
            case messages.COMMIT.name:
                staged = self.staged
                if staged is None:
                    return
                holds_ns = self._holds_ns(self.ask(messages.COMMIT, staged.program.digest()))
                if holds_ns is not None:
                    self.therapy = staged
                    history.program(asked_ns, holds_ns, staged.regimen)
                self.staged = None
            case messages.START.name:
                self._start()
            case messages.STOP.name:
                holds_ns = self._holds_ns(self.ask(messages.STOP))
                assert holds_ns is not None, "a stop is refused"
                history.stop(asked_ns, holds_ns)
            case messages.SET_TIME.name:
                now_s = self.clocks[-1].wall_ns(asked_ns) // NS_PER_S
                self._set_time(now_s + draw.choice((0, 1, -2, draw.randrange(-3_600, 3_600))))
            case messages.GIVE_BOLUS.name:
                self._give(asked_ns, draw.choice((KIND_CLINICIAN, KIND_TEMPORARY, KIND_PATIENT)), draw)
            case names.TEMPORARY:
                self._give(asked_ns, KIND_TEMPORARY, draw)
            case names.END_TEMPORARY:
                self._cancel(asked_ns, is_temporary=True)
            case messages.CANCEL_BOLUS.name:
                self._cancel(asked_ns, is_temporary=bool(draw.randrange(2)))
            case _:
                message = _message_of(name)
                values, tail = _values_of(message, draw, program.digest())
                if message in (messages.BOOTLOADER, messages.PROMPT) and not history.is_delivering:
                    return
                self.ask(message, *values, tail=tail)

    def _cancel(self, asked_ns: int, *, is_temporary: bool) -> None:
        holds_ns = self._holds_ns(self.ask(messages.CANCEL_BOLUS, is_temporary))
        if holds_ns is not None and self.history.is_delivering:
            cancel = self.history.cancel_temporary if is_temporary else self.history.cancel_boluses
            cancel(asked_ns, holds_ns)

    def _give(self, asked_ns: int, kind: int, draw: Random) -> None:
        seconds = draw.randrange(2, 60)
        rate = drawn_rate(draw.getrandbits(32))
        answer = self.ask(messages.GIVE_BOLUS, self.therapy.program.digest(), kind, rate, seconds)
        holds_ns = self._holds_ns(answer)
        if holds_ns is None:
            return
        if kind == KIND_TEMPORARY:
            self.history.set_temporary(asked_ns, holds_ns, Temporary(rate, holds_ns + seconds * NS_PER_S))
            return
        if kind == KIND_PATIENT:
            rate, seconds = _PATIENT.rate_nl_per_day, 60 * _PATIENT.minutes
        self.history.give(asked_ns, _span(holds_ns, seconds, rate))

    def _start(self) -> None:
        asked_ns = self.rig.now_ns
        holds_ns = self._holds_ns(self.ask(messages.START, self.therapy.program.digest()))
        if holds_ns is not None:
            self.history.start(asked_ns, holds_ns)

    def _set_time(self, utc_s: int) -> None:
        asked_ns = self.rig.now_ns
        answer = self.ask(messages.SET_TIME, utc_s, 0, OFFSET_MINUTES)
        holds_ns = self._holds_ns(answer)
        reading = self.ask(messages.GET_TIME)
        assert reading is not None
        if holds_ns is None:
            return
        clock = PumpClock(
            self.rig.boot_origin_ns, wall_ticks_at_boot(_Reading(**{k: reading[k] for k in _READ}))
        )
        self.clocks.append(clock)
        self.history.set_clock(asked_ns, holds_ns, clock.wall_ns(0) + OFFSET_MINUTES * 60 * NS_PER_S)

    def _press(self, held_s: float = _PRESSED_S) -> None:
        """Have the patient press the button; what comes of it is in the log."""
        pressed_ns = self.rig.now_ns
        self.life.presses += 1
        self.rig.hold_button(True)
        self.rig.run_for(held_s)
        self.rig.hold_button(False)
        self._changed_ns = pressed_ns
        self.rig.run_for(_SETTLED_NS / NS_PER_S)
        log = self._log(self.seen_event)
        begun = [
            event
            for event in log
            if event["code"] == events.EVENT_BOLUS_BEGUN
            and event["second"] >> events.KIND_SHIFT == KIND_PATIENT
            and self._instant_ns(event) >= pressed_ns
        ]
        if begun:
            effective = next(
                event
                for event in log
                if event["code"] == events.EVENT_PROGRAM_EFFECTIVE
                and event["sequence"] > begun[0]["sequence"]
            )
            put_off = sum(
                event["code"] == events.EVENT_CHANGE_LATE
                for event in log
                if begun[0]["sequence"] < event["sequence"] < effective["sequence"]
            )
            begins_ns = self._second_before(self._instant_ns(effective)) - put_off * NS_PER_S
            self.history.give(pressed_ns, _span(begins_ns, 60 * _PATIENT.minutes, _PATIENT.rate_nl_per_day))
        self._settle()

    def _let_the_reservoir_be_low(self) -> None:
        """Let the reservoir be low. Its alarm ends boluses, so the one under way is ended first; it is full again a
        little later."""
        for is_temporary in (False, True):
            self._cancel(self.rig.now_ns, is_temporary=is_temporary)
        self._settle()
        self.life.alarms += 1
        self.ask(messages.REFILL, _LOW_NL)
        self.rig.run_for(8)
        status = self.ask(messages.INTERROGATE)
        assert status is not None
        assert has(status["active_alarms"], alarms.LOW_RESERVOIR), "a low reservoir raises no alarm"
        self.ask(messages.REFILL, _FULL_NL)

    # --- what comes of it

    def _holds_ns(self, answer: dict[str, Any] | None) -> int | None:
        """Return the instant that an answer names; None if it is an error."""
        if answer is None:
            return None
        self._changed_ns = self.rig.now_ns
        return self.clocks[-1].rig_ns_of_boot(answer["effective_boot_s"], answer["effective_boot_us"])

    def _instant_ns(self, event: dict[str, Any]) -> int:
        return self.clocks[-1].rig_ns_of_boot(event["boot_s"], event["boot_us"])

    def _second_before(self, t_ns: int) -> int:
        """Return the latest whole second of the pump's clock, as it is or as it was before it was set."""
        return max(clock.whole_second_ns(t_ns) for clock in self.clocks[-2:])

    def _log(self, after: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        first = after + 1
        while True:
            answer = self.ask(messages.READ_LOG, first)
            assert answer is not None, "the log is not read"
            tail = answer["tail"]
            for at in range(0, len(tail), messages.EVENT.size):
                event = messages.EVENT.unpack(tail[at : at + messages.EVENT.size])
                assert event is not None
                found.append(event)
            first = answer["next_sequence"]
            if first > answer["latest_sequence"]:
                return [event for event in found if event["sequence"] > after]

    def _settle(self) -> None:
        """Let what was asked for be done, count what was near to what, and follow what the log says was put off."""
        rig = self.rig
        rig.run_until(max(rig.now_ns, self._changed_ns) + _SETTLED_NS)
        log = self._log(self.seen_event)
        for number, event in enumerate(log):
            if event["code"] == events.EVENT_TIMING_FAULT:
                self.life.timing_faults += 1
            if event["code"] == events.EVENT_CHANGE_LATE:
                self._follow_put_off(event, log[number + 1 :])
        if log:
            self.seen_event = log[-1]["sequence"]
        for begin_ns, end_ns in self._spans:
            for kind, instants in self.watched.instants.items():
                self.life.near[kind] += is_near(instants, begin_ns, end_ns, NEAR_NS)
        self._spans.clear()

    def _follow_put_off(self, event: dict[str, Any], following: list[dict[str, Any]]) -> None:
        life, noted_ns = self.life, self._instant_ns(event)
        life.late += 1
        erases = self.watched.instants[Event.ERASE]
        if not any(noted_ns - 2 * NS_PER_S <= erase_ns <= noted_ns for erase_ns in erases):
            life.late_without_erase += 1
        for later in following:
            if later["code"] == events.EVENT_STOPPED:
                return
            if later["code"] == events.EVENT_PROGRAM_EFFECTIVE:
                self.history.put_off(noted_ns, self._second_before(self._instant_ns(later)))
                return
        raise AssertionError("a change that was put off is never made")

    def _judge(self) -> None:
        life, rig = self.life, self.rig
        status = self.ask(messages.INTERROGATE)
        assert status is not None
        life.splices = len(self.watched.margins_ns)
        life.take_over_us, life.margin_us = status["take_over_us"], status["least_margin_us"]
        life.margin_outside_us = min(self.watched.margins_ns, default=0) // NS_PER_US
        check = check_pulses(self.history.ideal, rig.step_times_ns.tolist(), rig.now_ns)
        life.pulses, life.worst_edge_ticks = check.pulses, float(check.worst_edge_ticks)
        if check.divergence is not None:
            life.wrong.append(str(check.divergence))
        if check.worst_edge_ticks > 1:
            life.wrong.append(f"worst edge: {check.worst_edge}")
        if check.worst_volume_steps > 1:
            life.wrong.append(f"worst volume error: {check.worst_volume}")
        if life.timing_faults:
            life.wrong.append(f"{life.timing_faults} step timing faults")
        if life.late_without_erase:
            life.wrong.append(f"{life.late_without_erase} changes late with no erase in the way")
        if abs(life.margin_us - life.margin_outside_us) > _MOST_MARGIN_DIFFERENCE_US:
            life.wrong.append(
                f"a margin of {life.margin_us} us is reported, {life.margin_outside_us} us are seen"
            )
        if status["state"] != STATE_DELIVERING:
            life.wrong.append("the pump stands at the end")
        if len(rig.board.resets) > 1:
            life.wrong.append(f"reset: {rig.board.resets[-1].cause}")
        try:
            check_gate(rig)
        except GateError as error:
            life.wrong.append(str(error))


_READ: Final = ("boot_s", "boot_us", "utc_s", "utc_us")


@dataclass(frozen=True)
class _Sent:
    """A request that waits for its answer."""

    message: Message
    values: tuple[Any, ...]
    tail: bytes
    request: int
    sent_ns: int


@dataclass(frozen=True)
class _Reading:
    boot_s: int
    boot_us: int
    utc_s: int
    utc_us: int


def _span(begins_ns: int, seconds: int, nl_per_day: int) -> Span:
    return Span(begins_ns, begins_ns + seconds * NS_PER_S, Fraction(nl_per_day))


def _message_of(name: str) -> Message:
    return next(message for message in messages.MESSAGES if message.name == name)


def _values_of(message: Message, draw: Random, digest: bytes) -> tuple[tuple[Any, ...], bytes]:
    """Return values of a request that leaves delivery as it is."""
    tail = draw.randbytes(draw.randrange(200)) if message.request.has_tail else b""
    match message:
        case messages.READ_PROGRAM:
            return (draw.randrange(2), draw.randrange(400)), tail
        case messages.STAGE_BEGIN:
            return (draw.choice((0, 119, 207, 3_493, 3_494)),), tail
        case messages.STAGE_DATA:
            return (draw.choice((0, 0, 200, 3_400)),), tail
        case messages.STAGE_CHECK:
            return (draw.choice((0, 6)),), tail
        case messages.REFILL:
            return (draw.choice((10_000_000, _FULL_NL, 100_000_000)),), tail
        case messages.ACKNOWLEDGE:
            return (draw.choice((bytes(SET_BYTES), EVERY_ALARM, draw.randbytes(SET_BYTES))),), tail
        case messages.READ_LOG:
            return (draw.choice((0, draw.randrange(2_000))),), tail
        case messages.CHECK_BOLUS:
            return (draw.randrange(6), drawn_rate(draw.getrandbits(32)), draw.choice((60, 300, 43_201))), tail
        case messages.RENEW_PART | messages.CHECK_TONE | messages.CHALLENGE:
            return (draw.randrange(3),), tail
        case messages.AUTHENTICATE:
            return (1, draw.randbytes(16), draw.randbytes(16)), tail
        case messages.PAIR:
            return (draw.randrange(3), draw.randbytes(32)), tail
        case _:
            return any_values(message, draw), tail
