"""One life of a board under requests: what they leave of its memory, and how long each kind took at the longest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thecal.alarm_sets import EVERY_ALARM
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.link.messages import Message
from thecal_hil.campaigns.memory.largest import largest_program
from thecal_hil.campaigns.memory.polls import Polls
from thecal_hil.campaigns.memory.requests import Requests
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.course.raw_link import RawLink
from thecal_hil.emulator.heap import Heap
from thecal_hil.rigs.pico_rig import PicoRig

FULL_NL = 40_000_000
UTC_S = 1_772_409_600
"""Monday, 2 March 2026."""
_SETTLED_NS = 2_500_000_000
"""After a change was asked for nothing waits for it any more."""
_MAKES_A_CHANGE = (
    messages.COMMIT,
    messages.START,
    messages.SET_TIME,
    messages.GIVE_BOLUS,
    messages.CANCEL_BOLUS,
    messages.ACKNOWLEDGE,
    messages.REFILL,
)
"""What may have the pump prepare a change of delivery, which other requests then wait for."""
_LARGE_BYTES = 1_024
_LOOK_EVERY = 10


@dataclass
class Part:
    """longest_ms: the longest poll that served a kind of request which was asked while no change was pending, apart
    from what the flash held the processor for. longest_answer_ms: from the last byte of any such request to its whole
    answer, which may take several polls. asked, refused: how often, by kind and by error.
    largest_free_bytes: the least that was left in one piece right after a collection. largest_allocation_bytes: in one
    piece, of what came after the boot."""

    seed: int
    requests: int = 0
    commits: int = 0
    resets: int = 0
    largest_free_bytes: int = 0
    largest_allocation_bytes: int = 0
    worst_poll_us: int = 0
    longest_answer_ms: float = 0.0
    longest_ms: dict[str, float] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class TimedHost:
    """Asks one request after the other, and takes the time of each."""

    def __init__(self, rig: PicoRig, part: Part) -> None:
        self.rig = rig
        self.part = part
        rig.port.timeout = 3
        self.link = RawLink(rig.port, part.seed + 1)
        self._changed_ns = 0
        self._polls = Polls(rig)

    def ask(self, message: Message, *values: Any, tail: bytes = b"") -> dict[str, Any] | None:
        """Return the answer's fields; None if it is an error, which is counted. The request is repeated while it is
        in progress."""
        while True:
            fields, error = self.ask_once(message, *values, tail=tail)
            if error != messages.ERROR_IN_PROGRESS:
                return fields
            self.rig.run_for(0.02)

    def ask_once(self, message: Message, *values: Any, tail: bytes) -> tuple[dict[str, Any] | None, int]:
        rig, part = self.rig, self.part
        is_settled = rig.now_ns - self._changed_ns > _SETTLED_NS
        frame = self.link.frame(message, *values, tail=tail)
        flash = rig.board.flash_timing
        asked_ns, held_ns = rig.now_ns, flash.held_ns
        self._polls.begin()
        answer = self.link.answer(frame)
        took_ms = (rig.now_ns - asked_ns - (flash.held_ns - held_ns)) / 1e6
        part.requests += 1
        if answer is None:
            part.wrong.append(f"request {part.requests}, {message.name}: no answer")
            return None, messages.ERROR_NONE
        if is_settled:
            part.longest_answer_ms = max(part.longest_answer_ms, took_ms)
            poll_ms = self._polls.longest_ms()
            part.longest_ms[message.name] = max(poll_ms, part.longest_ms.get(message.name, 0.0))
        if message in _MAKES_A_CHANGE:
            self._changed_ns = rig.now_ns
        if answer.kind != messages.KIND_ERROR:
            return message.response.unpack(answer.payload), messages.ERROR_NONE
        code = (messages.ERROR.unpack(answer.payload) or {})["code"]
        name = messages.ERROR_NAMES[code]
        part.refused[name] = part.refused.get(name, 0) + 1
        return None, code

    def program(self, program: Program) -> bool:
        """Stage, read back, check and commit; whether the pump took it."""
        encoded = program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        size = MOST_PAYLOAD_BYTES - messages.STAGE_DATA.request.size
        for offset in range(0, len(encoded), size):
            self.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + size])
        for offset in range(0, len(encoded), size):
            self.ask(messages.READ_PROGRAM, 1, offset)
        self.rig.run_for(3)
        check = self.ask(messages.STAGE_CHECK, 0)
        taken = check is not None and self.ask(messages.COMMIT, program.digest()) is not None
        self.part.commits += taken
        if not taken:
            self.part.wrong.append(f"request {self.part.requests}: a program was not taken")
        return taken


def run_part(image: FirmwareImage, seed: int, requests: int) -> Part:
    """Program a board with the largest program, have it deliver, make so many requests with two more such programs in
    between, and look at its memory again and again."""
    part = Part(seed)
    rig = PicoRig(image)
    host = TimedHost(rig, part)
    heap = Heap(rig.board)
    part.largest_free_bytes = heap.size
    at_boot = heap.allocations(_LARGE_BYTES)
    chance = Requests(seed, UTC_S)

    def look() -> None:
        for piece in heap.allocations(_LARGE_BYTES) - at_boot:
            part.largest_allocation_bytes = max(part.largest_allocation_bytes, piece.size)
        heap.collect_next()
        rig.run_for(0.2)
        host.link.ask(messages.GET_TIME)
        part.largest_free_bytes = min(part.largest_free_bytes, heap.largest_free_bytes())

    def program(number: int) -> None:
        largest = largest_program(seed + number)
        if host.program(largest):
            chance.digest = largest.digest()
        rig.run_for(3)

    host.ask(messages.SET_TIME, UTC_S, 0, 60)
    host.ask(messages.REFILL, FULL_NL)
    program(0)
    host.ask(messages.START, chance.digest)
    look()
    commits_at = {requests // 3: 1, 2 * requests // 3: 2}
    for number in range(requests):
        if number in commits_at:
            program(commits_at[number])
        message, values, tail = chance.next()
        host.ask(message, *values, tail=tail)
        rig.run_for(chance.pause_s())
        if number % (3 * _LOOK_EVERY) == 0:
            rig.run_for(3)
            host.ask(messages.STOP)
            host.ask(messages.ACKNOWLEDGE, EVERY_ALARM)
            host.ask(messages.START, chance.digest)
        if number % _LOOK_EVERY == 0:
            look()
    rig.run_for(3)
    status = host.link.ask(messages.INTERROGATE)
    part.worst_poll_us = status["worst_poll_us"]
    part.resets = len(rig.board.resets) - 1
    if status["state"] == STATE_STOPPED:
        part.wrong.append("the pump stands at the end")
    rig.close()
    return part
