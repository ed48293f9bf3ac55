"""Generated cases for ``core``, ``link`` and ``store``, run by CPython and by MicroPython; both must print the same.

Own pseudo-random numbers, so that the same seed gives the same cases on both. Every case prints one line: its
name, its number and a CRC of everything the modules answered. Usage: ``cases.py SEED COUNT``.
"""

import binascii
import hashlib
import struct
import sys

from thecal_fw.core.alarm_sets import MOST_ALARMS
from thecal_fw.core.alarms import ALARMS, Alarms
from thecal_fw.core.annunciation import Annunciation
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.events import EventLog
from thecal_fw.core.instant import TICKS_PER_DAY, microsecond_of_ticks, second_of_ticks
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.metering import Metering
from thecal_fw.core.modes import OWN_PATTERNS, OWN_RATE, TRAITS
from thecal_fw.core.program import Program, ProgramFormatError, decode
from thecal_fw.core.reservoir import Reservoir
from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_PATIENT
from thecal_fw.core.schedule import mean_rate, minutes_to_next_step, rate_at
from thecal_fw.core.slowdown import Slowdown
from thecal_fw.core.timeline import ChangingTimeline, Timeline
from thecal_fw.core.validation import validate
from thecal_fw.core.wall_clock import WallClock, clock_set_to
from thecal_fw.link import authentication, messages
from thecal_fw.link.frames import FrameReader, cobs_decode, cobs_encode, encode_frame
from thecal_fw.link.session import Session
from thecal_fw.store.decoding import decode as decode_state
from thecal_fw.store.journal import Journal
from thecal_fw.store.keys import KeyStore
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import FIELDS, State, is_whole


class Numbers:
    """A 48-bit linear congruential generator."""

    def __init__(self, seed):
        self.state = seed * 2 + 1

    def below(self, limit):
        self.state = (self.state * 0x5DEECE66D + 11) & 0xFFFFFFFFFFFF
        return (self.state >> 16) % limit

    def between(self, least, most):
        return least + self.below(most - least + 1)

    def octets(self, count):
        return bytes([self.below(256) for _ in range(count)])

    def bytes(self, most):
        return bytes([self.below(256) for _ in range(self.below(most + 1))])

    def pick(self, values):
        return values[self.below(len(values))]


class Train:
    """Keeps the intervals pushed to it."""

    def __init__(self):
        self.intervals = []

    def push(self, interval_ticks):
        self.intervals.append(interval_ticks)


class Flash:
    """Flash in memory, only as large as small rings need. A write may be torn, and bytes may rot."""

    SECTOR_BYTES = 512
    PAGE_BYTES = 256

    def __init__(self, sectors, numbers):
        self.cells = [bytearray(b"\xff" * self.SECTOR_BYTES) for _ in range(sectors)]
        self.numbers = numbers
        self.operations_left = 1_000_000

    def read_into(self, sector, offset, buffer):
        buffer[:] = self.cells[sector][offset : offset + len(buffer)]

    def begin(self):
        self.operations_left -= 1
        if self.operations_left < 0:
            raise OSError

    def program(self, sector, offset, data):
        self.begin()
        written = len(data) if self.operations_left else self.numbers.below(len(data))
        for index in range(written):
            self.cells[sector][offset + index] &= data[index]

    def erase(self, sector):
        self.begin()
        if self.operations_left or self.numbers.below(2):
            self.cells[sector][:] = b"\xff" * self.SECTOR_BYTES

    def rot(self):
        sector = self.numbers.below(len(self.cells))
        self.cells[sector][self.numbers.below(self.SECTOR_BYTES)] ^= self.numbers.between(1, 255)


def random_rate(numbers):
    return numbers.pick(
        (48_000, 24_000_000, 423_800, numbers.between(48_000, 24_000_000), numbers.below(60_000))
    )


def random_program(numbers):
    mode = numbers.below(len(TRAITS))
    patterns = []
    weekdays = (0,) * 7
    if TRAITS[mode] & OWN_PATTERNS:
        for _ in range(numbers.between(1, 7)):
            starts = sorted({numbers.below(1440) for _ in range(numbers.below(12))} | {0})
            patterns.append([(start, random_rate(numbers)) for start in starts])
        weekdays = tuple(numbers.below(len(patterns) + (numbers.below(10) == 0)) for _ in range(7))
    return Program(
        mode,
        "".join(chr(numbers.between(0x20, 0x7E)) for _ in range(numbers.below(17))),
        numbers.below(5_000_000),
        numbers.below(3),
        random_rate(numbers) if TRAITS[mode] & OWN_RATE else 0,
        numbers.pick((20_000_000, 40_000_000, 1)),
        numbers.below(11_000_000),
        numbers.below(30_000_000),
        numbers.below(30_000_000),
        patterns,
        weekdays,
    )


def valid_weekdays(program):
    return all(index < max(1, len(program.patterns)) for index in program.weekdays)


def case_program(numbers):
    program = random_program(numbers)
    encoded = program.encode()
    calibration = Calibration(numbers.below(3), numbers.between(1, 10**6), numbers.between(1, 10**5))
    answers = [encoded, program.digest(), decode(encoded).encode() == encoded]
    if valid_weekdays(program):
        answers.append(repr(validate(program, BENCH_LIMITS, calibration)))
    damaged = bytearray(encoded)
    damaged[numbers.below(len(damaged))] ^= numbers.between(1, 255)
    try:
        answers.append(decode(damaged[: numbers.between(0, len(damaged))]).encode())
    except ProgramFormatError as error:
        answers.append(str(error))
    return answers


def case_schedule(numbers):
    program = random_program(numbers)
    if not valid_weekdays(program):
        return []
    weekday, minute = numbers.below(7), numbers.below(1440)
    return [
        rate_at(program, weekday, minute),
        minutes_to_next_step(program, weekday, minute),
        mean_rate(program),
    ]


def case_metering(numbers):
    microsteps_per_rev = numbers.pick((200, 3_200, 51_200))
    # A microstep of at most 400 nL: with more, the minimum rate would have hours between two of them.
    metering = Metering(Calibration(1, numbers.between(1_000, 400 * microsteps_per_rev), microsteps_per_rev))
    phase = numbers.below(10**15) % metering.step_weight
    answers = []
    for _ in range(4):
        metering.begin(numbers.between(6_000, 24_000_000), phase, numbers.below(TICKS_PER_DAY))
        answers += [metering.pulses_left, metering.phase_after, metering.last_pulse_ticks()]
        for _ in range(min(30, metering.pulses_left)):
            answers.append(metering.next_ticks())
        phase = metering.phase_after
    return answers


def case_geared_metering(numbers):
    motor_turns, head_turns = numbers.pick(((25_792, 405), (57, 11), (3_969, 289)))
    microsteps = numbers.pick((32, 48, 200)) * numbers.pick((8, 16, 256)) * motor_turns
    metering = Metering(Calibration(1, numbers.between(1_000, 10**6) * head_turns, microsteps, head_turns))
    phase = numbers.below(10**15) % metering.step_weight
    metering.begin(numbers.between(10**6, (1 << 28) - 1), phase, numbers.below(TICKS_PER_DAY // 1_000))
    answers = [metering.pulses_left, metering.phase_after, metering.last_pulse_ticks()]
    for _ in range(min(60, metering.pulses_left)):
        answers.append(metering.next_ticks())
    return answers


def random_clock(numbers):
    if numbers.below(5) == 0:
        return WallClock()
    utc_s = numbers.between(1_704_067_200, 4_000_000_000)
    return clock_set_to(utc_s, numbers.below(10**6), numbers.between(-840, 840), numbers.below(10**8), 0)


def case_delivery(numbers):
    programs = [random_program(numbers), random_program(numbers)]
    for program in programs:
        if program.mode == 0 or not valid_weekdays(program):
            return []
    timelines = [Timeline(program, random_clock(numbers), 6_000) for program in programs]
    anchor = numbers.below(10**13)
    # A flex day may hold a step of rate 0 here, and one of nothing else would never have a pulse.
    if not all(timeline._mean_rate() > 1_000 for timeline in timelines):
        return []
    delivery = Delivery(Calibration(1, 50_000, 3_200), 4, 1_024)
    change = anchor + numbers.below(10**10)
    delivery.begin(anchor, numbers.below(10**11), 7, ChangingTimeline(timelines[0], change, timelines[1]))
    train = Train()
    delivery.plan(train, 40, 10**9)
    answers = train.intervals
    answers += [delivery.planned, delivery.tail_s, delivery.tail_us, delivery.instant_of(8)]
    tick = anchor + numbers.below(10**9)
    due = delivery.settle(second_of_ticks(tick), microsecond_of_ticks(tick))
    answers += [due, delivery.head_s, delivery.head_us]
    return answers + [delivery.phase_at(tick, due), delivery.rate_at(tick)]


def case_frames(numbers):
    data = numbers.bytes(254)
    encoded = cobs_encode(data)
    decoded = cobs_decode(numbers.bytes(20))
    answers = [bytes(encoded), cobs_decode(encoded) == data, decoded is None or bytes(decoded)]
    reader = FrameReader()
    kind, payload = numbers.below(256), numbers.bytes(236)
    frame = encode_frame(kind, numbers.below(65536), numbers.below(65536), payload)
    damaged = bytearray(frame)
    damaged[numbers.below(len(damaged))] ^= numbers.between(1, 255)
    for byte in numbers.bytes(400) + b"\0" + frame + bytes(damaged) + b"\0" + frame:
        read = reader.push(byte)
        if read:
            answers += [read.version, read.kind, read.session, read.request, read.payload]
    return answers + [reader.garbled, reader.overlong]


def case_messages(numbers):
    answers = []
    for message in messages.MESSAGES:
        for layout in (message.request, message.response):
            payload = bytes([numbers.below(256) for _ in range(layout.size)])
            values = layout.unpack(payload)
            assert values is not None
            answers.append([(name, values[name]) for name in layout.names])
            answers.append(layout.pack(*[values[name] for name in layout.names]))
            answers.append(layout.unpack(payload[:-1]) is None)
    return answers


def case_session(numbers):
    session = Session()
    reader = FrameReader()
    answers = []
    for _ in range(20):
        if numbers.below(6) == 0:
            answers.append(session.open(numbers.below(2**32)))
        number = session.number if numbers.below(5) else numbers.below(65536)
        frame = None
        for byte in encode_frame(numbers.below(4), number, numbers.below(8), numbers.bytes(2)):
            frame = reader.push(byte) or frame
        assert frame is not None
        decision = session.judge(frame, bool(numbers.below(2)))
        answers.append(decision)
        if decision == 0 and numbers.below(2):
            session.remember(frame, b"answer")
    return answers


ROWS_OF_64 = ALARMS + tuple(
    [(number, "", number % 2, number % 5, number % 3 == 0, "") for number in range(len(ALARMS), MOST_ALARMS)]
)


def case_alarms(numbers):
    alarms, annunciation, log = Alarms(ROWS_OF_64), Annunciation(), EventLog()
    reservoir = Reservoir(Calibration(1, numbers.between(1_000, 10**6), 3_200))
    clock = random_clock(numbers)
    answers = []
    s, us = 5, 0
    for _ in range(30):
        alarm = numbers.below(MOST_ALARMS)
        answers.append(alarms.set_cause(alarm, bool(numbers.below(2))))
        if numbers.below(4) == 0:
            answers.append(bytes(alarms.acknowledge(numbers.octets(8), s)))
        s, us = s + numbers.below(500), numbers.below(10**6)
        alarms.end_silences(s)
        log.record(s, us, clock, numbers.below(10), numbers.below(2**32), alarm)
        answers += [
            bytes(alarms.active),
            bytes(alarms.silenced),
            alarms.response(),
            alarms.next_unsilencing_s(10**9),
        ]
        answers.append(annunciation.update(s, us, alarms.audible_priority(), alarms.audible()))
        answers += [annunciation.next_s, annunciation.next_us, log.oldest(), log.get(log.latest)]
    reservoir.set_low_threshold(numbers.below(5 * 10**6))
    reservoir.refill(numbers.between(1, 4 * 10**7), numbers.below(10**6))
    answers += [reservoir.low_step, reservoir.empty_step]
    return answers + [reservoir.residual_nl(numbers.between(10**6, 10**7))]


def random_state(numbers):
    state = State()
    for name in FIELDS:
        setattr(state, name, numbers.below(256))
    state.delivering, state.reservoir_known = numbers.below(2), numbers.below(2)
    state.time_source = numbers.below(4)
    state.active_alarms = numbers.octets(8)
    state.program_digest = bytes([numbers.below(256) for _ in range(32)])
    state.offset_minutes = numbers.between(-840, 840)
    state.counted_steps, state.utc_s = numbers.below(2**32), numbers.below(2**32)
    return state


def told(state):
    return state and [getattr(state, name) for name in FIELDS]


def case_state(numbers):
    record = bytearray(random_state(numbers).encode())
    answers = [bytes(record), told(decode_state(record))]
    record[numbers.below(len(record))] ^= numbers.between(0, 255)
    return answers + [is_whole(record, memoryview(record)[:-4]), told(decode_state(record))]


def act(journal, numbers):
    choice = numbers.below(6)
    state = journal.state
    if choice == 0 or not state:
        state = state or random_state(numbers)
        state.boots += 1
        if not journal.state:
            state.program_pair = 255
        return [journal.write(state)]
    if choice == 1:
        answers = [journal.can_commit()]
        encoded = bytes([numbers.below(256) for _ in range(numbers.between(1, 500))])
        pair = journal.put_program(encoded)
        if pair is not None:
            state.program_pair, state.program_bytes = pair, len(encoded)
            state.program_digest = hashlib.sha256(encoded).digest()
            answers.append(journal.write(state))
        return answers + [pair]
    if choice == 2:
        values = [numbers.below(2**30) for _ in range(8)]
        values[3:6] = [numbers.below(3), numbers.below(15), state.boots]
        return [journal.append_event(*values), journal.latest_event]
    if choice == 3:
        return [journal.scrub(), journal.oldest_event(), journal.event(journal.latest_event)]
    if choice == 4 and journal.needs_erase():
        journal.erase_one()
        return ["erased"]
    return [journal.write_grant(numbers.below(2**32), numbers.below(2**32), 5, numbers.below(2**32), 7, 0)]


def case_journal(numbers):
    layout = Layout(2, 3)
    flash = Flash(layout.sectors, numbers)
    answers = []
    for _ in range(6):
        journal = Journal(flash, layout)
        answers += [journal.open(), told(journal.state), journal.latest_event]
        buffer = bytearray(Flash.SECTOR_BYTES)
        length = journal.read_program(buffer)
        answers += [bytes(buffer[:length]), journal.program_copies]
        flash.operations_left = numbers.between(1, 60)
        try:
            for _ in range(20):
                answers += act(journal, numbers)
        except OSError:
            answers.append("power cut")
        answers += [journal.failures, journal.has_failed]
        flash.operations_left = 1_000_000
        if numbers.below(2):
            flash.rot()
    whole = b"".join([bytes(cells) for cells in flash.cells])
    return answers + [struct.unpack("<I", whole[:4])[0], binascii.crc32(whole) & 0xFFFFFFFF]


def case_authentication(numbers):
    key, message = numbers.bytes(100), numbers.bytes(300)
    other = numbers.pick((key, numbers.bytes(100)))
    answers = [authentication.hmac_sha256(key, message), authentication.are_equal(key, other)]
    nonces = [numbers.bytes(16) for _ in range(2)]
    role, number = numbers.below(3), numbers.below(65536)
    session_key = authentication.session_key(key, role, number, nonces[0], nonces[1])
    answers += [session_key, authentication.host_proof(session_key), authentication.pump_proof(session_key)]
    tag = authentication.request_tag(session_key, number, numbers.below(65536), numbers.below(64), message)
    seconds = numbers.below(10**9)
    return answers + [
        tag,
        authentication.pump_nonce(key, nonces[0], number, 3, seconds, numbers.below(10**6)),
    ]


def case_slowdown(numbers):
    slowdown, now_s, answers = Slowdown(), 0, []
    for _ in range(30):
        now_s += numbers.pick((0, 1, numbers.below(100), numbers.below(5_000)))
        answers += [slowdown.wait_s(now_s), slowdown.note_failure(now_s), slowdown.failures]
        if numbers.below(10) == 0:
            slowdown.clear()
    return answers


def case_keys(numbers):
    flash = Flash(3, numbers)
    answers = []
    for _ in range(8):
        keys = KeyStore(flash, 1)
        flash.operations_left = numbers.pick((numbers.between(1, 12), 1_000_000))
        try:
            keys.open(numbers.below(8) == 0, True)
            answers += [keys.access, keys.roles, keys.key(ROLE_CLINICIAN), keys.key(ROLE_PATIENT)]
            for _ in range(2):
                key = bytes([numbers.below(256) for _ in range(32)])
                answers.append(keys.put(numbers.pick((ROLE_CLINICIAN, ROLE_PATIENT)), key))
        except OSError:
            answers.append("power cut")
        flash.operations_left = 1_000_000
        if numbers.below(3) == 0:
            flash.rot()
    return answers + [binascii.crc32(b"".join([bytes(cells) for cells in flash.cells])) & 0xFFFFFFFF]


CASES = (
    case_program,
    case_schedule,
    case_metering,
    case_geared_metering,
    case_delivery,
    case_frames,
    case_messages,
    case_session,
    case_alarms,
    case_state,
    case_journal,
    case_authentication,
    case_slowdown,
    case_keys,
)


def main(seed, count):
    print("schema", binascii.hexlify(messages.schema_hash()).decode())
    for number in range(count):
        case = CASES[number % len(CASES)]
        answers = case(Numbers(seed + number))
        # Negative numbers and bytes print alike on both; dictionaries and sets are not among the answers.
        text = repr(answers)
        print(case.__name__, number, "%08x" % (binascii.crc32(text.encode()) & 0xFFFFFFFF))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
