"""Readers of what comes over a wire or lies in flash: frames both ways, answers, programs, journals, a balance."""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Callable
from typing import Any

from serial import SerialException

from thecal.answers import program_in
from thecal.client import Pump
from thecal.errors import BadAnswerError, ThecalError
from thecal.prescription import load_prescription
from thecal.words import describe
from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.core.program import ProgramFormatError, decode
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES, FrameReader, encode_frame
from thecal_fw.store.decoding import decode as decode_state
from thecal_fw.store.journal import Journal
from thecal_fw.store.keys import KeyStore
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import CRC_OFFSET, LAYOUT_VERSION, State
from thecal_hil.campaigns.readers.reader import Read, Reader, of_bytes
from thecal_hil.campaigns.readers.wires import Answering, Line, pieces_of
from thecal_hil.campaigns.stage import EXAMPLES, Stage
from thecal_hil.instruments.balance import Balance, BalanceError
from thecal_sim.nor_flash import NorFlash

_SMALL = Layout(state_sectors=2, event_sectors=3)
_MOST_PROGRAM_BYTES = 4_096
_SERVED_NS = 5_000_000
_FRAMES_A_PUMP = 1_000
"""A pump is made anew after so many, since what came before may matter."""
_MOST_FRAMES = 4
_MOST_ITERATIONS = 50
_HOST_NONCE = 5
_LEAVING = (bytes([messages.BOOTLOADER.kind]), bytes([messages.PROMPT.kind]))
"""A pump may be gone after these messages."""


def _frames(data: bytes) -> None:
    """Read frames: whatever comes, a frame that is taken for whole is one that was sent."""
    reader = FrameReader()
    for byte in data:
        frame = reader.push(byte)
        if frame is not None and frame.version == 1:
            again = encode_frame(frame.kind, frame.session, frame.request, frame.payload)
            assert bytes(again).rstrip(b"\0") in data


def _requests() -> Read:
    """Send a model pump a frame for each piece: its first byte is the kind, the rest the payload."""
    stage, sent, may_leave = Stage(), 0, False

    def reads(data: bytes) -> None:
        nonlocal stage, sent, may_leave
        may_leave |= any(piece[:1] in _LEAVING for piece in pieces_of(data))
        try:
            send(data)
        except SerialException:
            if not may_leave:
                raise
            sent = _FRAMES_A_PUMP + 1

    def send(data: bytes) -> None:
        nonlocal stage, sent, may_leave
        if sent > _FRAMES_A_PUMP:
            stage, sent, may_leave = Stage(), 0, False
        model, port = stage.model, stage.model.serial
        hello = messages.HELLO.request.pack(messages.schema_hash(), _HOST_NONCE)
        port.write(b"\0" + encode_frame(messages.HELLO.kind, 0, 1, hello))
        model.run_for(_SERVED_NS)
        session = _session_in(port.read(port.in_waiting))
        for number, piece in enumerate(pieces_of(data)[:_MOST_FRAMES], 1):
            kind, payload = piece[:1] or b"\0", piece[1 : 1 + MOST_PAYLOAD_BYTES]
            port.write(encode_frame(kind[0], session, number, payload))
            model.run_for(_SERVED_NS)
            sent += 1
            port.read(port.in_waiting)

    return reads


def _session_in(answer: bytes) -> int:
    reader = FrameReader()
    for byte in answer:
        frame = reader.push(byte)
        if frame is not None and frame.kind == messages.HELLO.kind | messages.RESPONSE:
            return frame.session
    return 0


def _request_seeds() -> list[bytes]:
    found = []
    for message in messages.MESSAGES:
        payload = bytes(message.request.size)
        found.append(bytes([1 + len(payload), message.kind]) + payload)
    program = load_prescription(EXAMPLES / "simple_continuous.toml").program.encode()
    begin = bytes([3, messages.STAGE_BEGIN.kind]) + struct.pack("<H", len(program))
    data = bytes([3 + len(program), messages.STAGE_DATA.kind, 0, 0]) + program
    commit = (
        bytes([33, messages.COMMIT.kind])
        + load_prescription(EXAMPLES / "simple_continuous.toml").program.digest()
    )
    return [*found, begin + data + bytes([1, messages.STAGE_CHECK.kind]) + commit]


_ASKED: tuple[Callable[[Pump], Any], ...] = (
    lambda pump: pump.interrogate(),
    lambda pump: pump.time(),
    lambda pump: pump.log(),
    lambda pump: pump.boluses(),
    lambda pump: pump.outlook(),
    lambda pump: pump.service_life(),
    lambda pump: pump.access(),
    lambda pump: pump.check_bolus(0),
    lambda pump: pump.stop(),
    lambda pump: pump.refill(1),
    lambda pump: describe(pump.read_program()),
    lambda pump: pump.program(load_prescription(EXAMPLES / "flex_with_boluses.toml").program),
)


def _answers(data: bytes) -> None:
    """Read answers: the first byte says what is asked of a pump; the pieces behind it are its answers."""
    if data:
        _ASKED[data[0] % len(_ASKED)](Pump(Answering(pieces_of(data[1:])), host_nonce=_HOST_NONCE))


def _answer_seeds() -> list[bytes]:
    stage = Stage()
    found: list[bytes] = []

    class Recorded:
        """The model's port; what it answers is noted."""

        def __init__(self) -> None:
            self.reader, self.payloads = FrameReader(), list[bytes]()

        def __getattr__(self, name: str) -> Any:
            return getattr(stage.model.serial, name)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "timeout":
                stage.model.serial.timeout = value
            else:
                super().__setattr__(name, value)

        def read(self, size: int = 1) -> bytes:
            data = stage.model.serial.read(size)
            for byte in data:
                frame = self.reader.push(byte)
                if frame is not None:
                    self.payloads.append(bytes(frame.payload))
            return data

    for at, ask in enumerate(_ASKED[:7]):
        port = Recorded()
        pump = Pump(port, host_nonce=_HOST_NONCE)  # type: ignore[arg-type] - a port that notes what passes
        ask(pump)
        answers = port.payloads[1:4]
        found.append(bytes([at]) + b"".join(bytes([len(one)]) + one for one in answers))
    return found


def _answered_bytes(data: bytes) -> None:
    """Read bytes as they come, in place of frames."""
    Pump(Answering([data], is_framed=False), host_nonce=_HOST_NONCE).time()


def _program(data: bytes) -> None:
    program = decode(data)
    assert program.encode() == data
    describe(program_in(data))


def _programs() -> list[bytes]:
    return [load_prescription(path).program.encode() for path in sorted(EXAMPLES.glob("*.toml"))[1:]]


def _state(data: bytes) -> None:
    record = bytearray(data[:STATE_BYTES].ljust(STATE_BYTES, b"\0"))
    struct.pack_into("<I", record, CRC_OFFSET, crc32(record[:CRC_OFFSET]) & 0xFFFFFFFF)
    state = decode_state(record)
    # What an older firmware wrote may have had more room than this one gives it.
    if state is not None and record[1] == LAYOUT_VERSION:
        state.encode()


def _used_flash() -> NorFlash:
    """Return a small journal's chip with state, program and events."""
    flash = NorFlash(_SMALL.all_sectors, 1)
    journal = Journal(flash, _SMALL)
    journal.open()
    pair = journal.put_program(_programs()[0])
    state = State()
    state.program_pair = 0 if pair is None else pair
    for number in range(20):
        state.counted_steps = 100 * number
        journal.write(state)
        journal.append_event(number, 2, 3, 4, 5, 6, 7, 8)
        while journal.needs_erase():
            journal.erase_one()
    KeyStore(flash, _SMALL.keys).open(True, True)
    return flash


def _journal() -> Read:
    """Put each piece over the flash of a pump that was in use: sector, place, and what stands there."""
    used = _used_flash()

    def reads(data: bytes) -> None:
        flash = used.copy(0)
        for piece in pieces_of(data):
            if len(piece) > 3:
                sector, offset = piece[0] % _SMALL.all_sectors, int.from_bytes(piece[1:3], "little") % 4_096
                cells = flash._cells[sector]
                cells[offset : offset + len(piece) - 3] = piece[3 : 3 + len(cells) - offset]
        journal = Journal(flash, _SMALL)
        journal.open()
        journal.read_program(bytearray(_MOST_PROGRAM_BYTES))
        for sequence in range(journal.oldest_event(), journal.oldest_event() + _MOST_ITERATIONS):
            journal.event(sequence)
        journal.scrub()
        KeyStore(flash, _SMALL.keys).open(False, True)
        for _ in range(_MOST_ITERATIONS):
            if not journal.needs_erase():
                break
            journal.erase_one()
        if journal.state is not None:
            journal.write(journal.state)

    return reads


def _journal_seeds() -> list[bytes]:
    record = State().encode()
    return [
        bytes([3 + len(record), 0, 0, 0]) + record,
        bytes([9, 1, 0, 1]) + bytes(6),
        bytes([5, 4, 0, 0, 0, 0]),
    ]


def _balance(data: bytes) -> None:
    """Read a balance: the first byte says what is asked; the rest is what the balance sends."""
    balance = Balance(Line(data[1:]), stable_within_s=0.01)
    asked: tuple[Callable[[], Any], ...] = (
        balance.cancel,
        balance.serial_number,
        balance.model,
        lambda: (balance.weigh_stable().grams, balance.weigh().resolution_g),
        balance.zero,
        balance.tare,
        lambda: [reading for reading, _ in zip(balance.repeat(), range(9), strict=False)],
    )
    asked[(data[0] if data else 0) % len(asked)]()


def _balance_seeds() -> list[bytes]:
    weight = b"S S     100.00 g\r\n"
    return [
        b'\0I4 A "B021002593"\r\n',
        b'\2I2 A "XS204 210.0090 g"\r\n',
        b"\3" + weight + weight,
        b"\4Z A\r\n",
        b"\5ZI D\r\n",
        b"\6T S      10.00 g\r\n",
        b"\x08S D   1.0 mg\r\nS +\r\n",
        b"\3ES\r\n",
    ]


READERS = (
    Reader(
        "frames", of_bytes(_frames), lambda: [bytes(encode_frame(2, 3, 4, b"abc")) * 2, b"\0\1\0\2\xff\0"]
    ),
    Reader("requests", _requests, _request_seeds),
    Reader("answers", of_bytes(_answers, ThecalError), _answer_seeds),
    Reader(
        "bytes for an answer", of_bytes(_answered_bytes, ThecalError), lambda: [b"MicroPython v1.25\r\n>>> "]
    ),
    Reader("program", of_bytes(_program, ProgramFormatError, BadAnswerError), _programs),
    Reader("state record", of_bytes(_state), lambda: [State().encode()]),
    Reader("journal image", _journal, _journal_seeds),
    Reader(
        "balance",
        of_bytes(_balance, BalanceError),
        _balance_seeds,
        ("S S", "I4 A", "\\x0d\\x0a", " kg", " mg"),
    ),
)
