"""Parts of the protocol document, made from the layouts that firmware and host share."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence

from generators.protocol_text import (
    ERROR_TEXT,
    EVENT_TEXT,
    FIELD_TEXT,
    HEADER_FIELDS,
    PROGRAM_FIELDS,
    THERAPY_FIELDS,
    UNITS,
)
from generators.text import StaleTextError, need_complete, need_subjects, table
from thecal_fw.core import alarms, events, modes, program
from thecal_fw.core.bolus import KIND_NAMES
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.program_fault import FIELD_NAMES
from thecal_fw.core.pump_state import STATE_NAMES
from thecal_fw.core.roles import ACCESS_NAMES, ROLE_NAMES
from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES
from thecal_fw.link import frames, messages

_TYPES = {"B": "u8", "H": "u16", "I": "u32", "Q": "u64", "b": "i8", "h": "i16", "i": "i32", "q": "i64"}
_ENUMERATIONS = (
    ("state", STATE_NAMES),
    ("mode", modes.MODE_NAMES),
    ("time_source", TIME_SOURCE_NAMES),
    ("reset_cause", events.RESET_NAMES),
    ("fault field", FIELD_NAMES),
    ("bolus_kind", KIND_NAMES),
    ("bolus_refusal", REFUSAL_NAMES),
    ("role", ROLE_NAMES),
    ("access", ACCESS_NAMES),
)


def _type(code: str | None) -> str:
    if code is None:
        return "bytes"
    return f"bytes[{code[:-1]}]" if code.endswith("s") else _TYPES[code]


def _layouts() -> list[tuple[str, messages.Layout]]:
    """Return every layout with the name that explanations use for it."""
    named = []
    for message in messages.MESSAGES:
        named.append((f"{message.name} request", message.request))
        named.append((f"{message.name} response", message.response))
    return [*named, ("fault", messages.FAULT), ("event", messages.EVENT), ("error", messages.ERROR)]


def _meaning(layout_name: str, field: str) -> str:
    """Return an explanation of the field in this layout, or of its name anywhere, or its unit alone."""
    for key in (f"{layout_name}.{field}", field):
        if key in FIELD_TEXT:
            return FIELD_TEXT[key]
    for suffix, unit in UNITS.items():
        if field.endswith(suffix):
            return f"{field[: -len(suffix)].replace('_', ' ')}, {unit}"
    return field.replace("_", " ")


def _fields(layout_name: str, layout: messages.Layout) -> str:
    if not layout.fields:
        return "No payload."
    rows = []
    offset = 0
    for field, code in layout.fields:
        size = struct.calcsize("<" + code) if code else 0
        rows.append((offset, size or "rest", f"`{field}`", _type(code), _meaning(layout_name, field)))
        offset += size
    return table(("at", "bytes", "field", "type", "meaning"), rows)


def frame_format() -> str:
    """Return the frame's format; raise StaleTextError if the header's fields are not those explained here."""
    codes = re.findall(r"\d*[a-zA-Z]", frames._HEADER)
    if len(codes) != len(HEADER_FIELDS):
        raise StaleTextError(f"the frame header has {len(codes)} fields, {len(HEADER_FIELDS)} are explained")
    rows: list[tuple[object, ...]] = []
    offset = 0
    for code, (name, meaning) in zip(codes, HEADER_FIELDS, strict=True):
        size = struct.calcsize("<" + code)
        rows.append((offset, size, f"`{name}`", _type(code), meaning))
        offset += size
    rows.append(
        (
            offset,
            f"0 to {frames.MOST_PAYLOAD_BYTES}",
            "`payload`",
            "bytes",
            "fields of the message, see below",
        )
    )
    rows.append(("end", 4, "`crc`", "u32", "CRC-32 (the one of zlib and Ethernet) of everything before it"))
    return (
        table(("at", "bytes", "field", "type", "meaning"), rows)
        + f"\n\nThe longest frame is {frames.MOST_FRAME_BYTES} bytes on the wire, its closing zero included. "
        + f"This is protocol version {frames.PROTOCOL_VERSION}; the schema hash of this release is "
        + f"`{messages.schema_hash().hex()}`."
    )


def worked_example() -> str:
    """Return one request and its response, taken apart byte by byte."""
    session, request, fill_nl = 7, 3, 20_000_000
    ask = messages.REFILL.request.pack(fill_nl)
    answer = messages.REFILL.response.pack(1_999_984, 1, 1)
    parts = [
        f"Request `refill` with `fill_nl` = {fill_nl:,} nL (20 mL), as request {request} of session {session}:",
        _dissected(messages.REFILL.kind, session, request, ask),
        "The pump answers that it expected 1,999,984 nL to be left, and that it knew the volume before:",
        _dissected(messages.REFILL.kind | messages.RESPONSE, session, request, answer),
    ]
    return "\n\n".join(parts)


def _dissected(kind: int, session: int, request: int, payload: bytes) -> str:
    frame = frames.encode_frame(kind, session, request, payload)
    body = bytes(frames.cobs_decode(frame[:-1]) or b"")
    header = struct.calcsize(frames._HEADER)
    lines = [
        ("version, kind", body[:2]),
        ("session, request", body[2:header]),
        ("payload", body[header:-4]),
        ("crc", body[-4:]),
        ("on the wire", frame),
    ]
    return "```text\n" + "\n".join(f"{name:<17} {data.hex(' ')}" for name, data in lines) + "\n```"


def message_list() -> str:
    rows = []
    for message in messages.MESSAGES:
        anchor = message.name
        rows.append(
            (
                f"`0x{message.kind:02x}`",
                f"[{message.name}](#{anchor})",
                "yes" if message.changes else "no",
                _whose_key(message),
                _size(message.request),
                _size(message.response),
                message.doc,
            )
        )
    return table(
        ("kind", "message", "changes", "key of", "request bytes", "response bytes", "what it does"), rows
    )


def _whose_key(message: messages.Message) -> str:
    whose = ROLE_NAMES[message.role]
    if message.lesser is None:
        return whose
    field, value, role = message.lesser
    return f"{whose}; {ROLE_NAMES[role]} if `{field}` is {value}"


def _size(layout: messages.Layout) -> str:
    return f"{layout.size}+" if layout.has_tail else str(layout.size)


def message_details() -> str:
    layouts = _layouts()
    existing = {field for _, layout in layouts for field, _ in layout.fields}
    existing |= {f"{name}.{field}" for name, layout in layouts for field, _ in layout.fields}
    need_subjects("fields of messages", FIELD_TEXT, existing)
    parts = []
    for message in messages.MESSAGES:
        parts.append(f"### {message.name}\n\n`0x{message.kind:02x}`. {message.doc}")
        parts.append("Request:\n\n" + _fields(f"{message.name} request", message.request))
        parts.append("Response:\n\n" + _fields(f"{message.name} response", message.response))
    return "\n\n".join(parts)


def records() -> str:
    parts = [
        "### fault\n\nOne thing wrong with a staged program.\n\n" + _fields("fault", messages.FAULT),
        "### event\n\nOne entry of the event log.\n\n" + _fields("event", messages.EVENT),
    ]
    return "\n\n".join(parts)


def error_list() -> str:
    need_complete("errors", ERROR_TEXT, messages.ERROR_NAMES)
    rows = [(code, name, *ERROR_TEXT[name]) for code, name in enumerate(messages.ERROR_NAMES)]
    return _fields("error", messages.ERROR) + "\n\n" + table(("code", "error", "when", "detail"), rows)


def event_list() -> str:
    need_complete("events", EVENT_TEXT, events.EVENT_NAMES)
    rows = [(code, name, *EVENT_TEXT[name]) for code, name in enumerate(events.EVENT_NAMES)]
    return f"The pump keeps the latest {events.CAPACITY} events.\n\n" + table(
        ("code", "event", "first", "second"), rows
    )


def alarm_bits() -> str:
    rows = [
        (
            row[alarms.AT_NUMBER],
            row[alarms.AT_NUMBER] // 8,
            f"`0x{1 << row[alarms.AT_NUMBER] % 8:02x}`",
            row[alarms.AT_NAME],
            alarms.PRIORITY_NAMES[row[alarms.AT_PRIORITY]],
            alarms.RESPONSE_NAMES[row[alarms.AT_RESPONSE]],
        )
        for row in alarms.ALARMS
    ]
    return table(("alarm", "byte", "bit", "name", "priority", "response of the pump"), rows)


def enumerations() -> str:
    rows = []
    for field, names in _ENUMERATIONS:
        rows.append((field, ", ".join(f"{value} {name}" for value, name in enumerate(names))))
    return table(("field", "values"), rows)


def program_encoding() -> str:
    rows = _packed(program._HEADER, PROGRAM_FIELDS, 0)
    rows += _packed(program._THERAPY, THERAPY_FIELDS, struct.calcsize(program._HEADER))
    return (
        table(("at", "bytes", "field", "type", "meaning"), rows)
        + f"\n\nThen, for each pattern: the number of its steps (u8, at most {program.MOST_STEPS_PER_DAY}) and of its "
        + f"boluses (u8, at most {program.MOST_BOLUSES_PER_DAY}). For each step "
        + f"{struct.calcsize(program._STEP)} bytes: the minute of the day at which it begins (u16) and its rate in "
        + f"nL/day (u32). For each bolus {struct.calcsize(program._BOLUS)} bytes: the minute of the day at which it "
        + f"begins (u16), its rate in nL/day (u32) and its minutes (u16). At most {program.MOST_PATTERNS} patterns, "
        + f"at most {program.MOST_PROGRAM_BYTES:,} bytes in all. "
        + f"This is program layout {program.PROGRAM_LAYOUT_VERSION}."
    )


def _packed(layout: str, fields: Sequence[tuple[str, str]], offset: int) -> list[tuple[object, ...]]:
    """Return a row for each field of a packed part of the program."""
    codes = re.findall(r"\d*[a-zA-Z]", layout)
    if len(codes) != len(fields):
        raise StaleTextError(
            f"part {layout} of a program has {len(codes)} fields, {len(fields)} are explained"
        )
    rows: list[tuple[object, ...]] = []
    for code, (name, meaning) in zip(codes, fields, strict=True):
        size = struct.calcsize("<" + code)
        shown = f"u8[{size}]" if code[0].isdigit() and code.endswith("B") else _type(code)
        rows.append((offset, size, f"`{name}`", shown, meaning))
        offset += size
    return rows


PARTS: dict[str, Callable[[], str]] = {
    "frame-format": frame_format,
    "worked-example": worked_example,
    "message-list": message_list,
    "message-details": message_details,
    "records": records,
    "error-list": error_list,
    "event-list": event_list,
    "alarm-bits": alarm_bits,
    "enumerations": enumerations,
    "program-encoding": program_encoding,
}
