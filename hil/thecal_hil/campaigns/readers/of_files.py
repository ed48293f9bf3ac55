"""Readers of files: what people write, what other programs leave, and what this project kept itself."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
from pathlib import Path

from thecal.calibration.record import digest_of, read_calibration_record
from thecal.calibration.run_file import read_runs
from thecal.calibration.sheet import read_sheet
from thecal.contacts import load_contacts
from thecal.drug_library import load_library
from thecal.errors import BadInputError
from thecal.flash import load_image
from thecal.prescription import load_prescription
from thecal.pumps.reader import SHIPPED, read_file
from thecal.pumps.table import DescriptionError
from thecal.uf2 import RP2040_FAMILY, blocks_of, check_uf2
from thecal.words import describe
from thecal_hil.bench.bench import BenchError
from thecal_hil.bench.bench_file import open_boards
from thecal_hil.campaigns.doses.sequence import SequenceError, sequence_in
from thecal_hil.campaigns.readers.reader import Reader, of_bytes, of_file
from thecal_hil.campaigns.weeks.parts import Contents, PartError, part_of, rows_of
from thecal_hil.groundwork.sealed import sealed
from thecal_hil.instruments.sigrok import AnalyserError, read_vcd
from thecal_hil.instruments.weighing.course import course_of
from thecal_hil.instruments.weighing.record_file import read_record
from thecal_hil.scenario.document import ScenarioError
from thecal_hil.scenario.reader import LIBRARY, read_scenario

_EXAMPLES = Path("examples")
_LONGEST_SEED = 6_000
_CONTENTS = Contents("a plan", 0, 5, 2)
_VCD_HEAD = (
    b"$timescale 1 us $end\n$scope module top $end\n$var wire 1 ! step $end\n$upscope $end\n"
    b"$enddefinitions $end\n"
)
_BENCH = b"""name = "bench"
[pump]
serial = "E6"
[probe]
port = "/dev/ttyACM1"
[balance]
port = "/dev/ttyUSB0"
baud = 9600
[analyser]
driver = "fx2lafw"
samplerate_hz = 1000000
channels = { step = "D0" }
"""


def _of(*paths: Path) -> list[bytes]:
    return [path.read_bytes() for path in paths]


def _names_in(texts: list[bytes]) -> tuple[str, ...]:
    """Return the fields and words of TOML files, for the fuzzer to put together anew."""
    found = {
        match
        for text in texts
        for match in re.findall(rb'[a-z_]{3,30}(?= =)|"[^"\n]{1,20}"|\[+[a-z_.]{3,30}\]+', text)
    }
    return tuple(sorted(word.decode("ascii", "ignore") for word in found))


def _prescriptions() -> list[bytes]:
    return _of(*sorted(_EXAMPLES.glob("*.toml"))[1:])


def _scenarios() -> list[bytes]:
    return [text for text in _of(*sorted(LIBRARY.glob("*.toml"))) if len(text) < _LONGEST_SEED][:30]


def _described(path: Path) -> None:
    describe(load_prescription(path).program)


def _image(path: Path) -> None:
    for _address, _data in blocks_of(load_image(path).content):
        pass


def _checked_image(data: bytes) -> None:
    check_uf2("image", data)
    for _address, _data in blocks_of(data):
        pass


def _one_image() -> list[bytes]:
    def block(index: int, count: int) -> bytes:
        head = struct.pack(
            "<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * index, 256, index, count, RP2040_FAMILY
        )
        return head + bytes(476) + struct.pack("<I", 0x0AB16F30)

    return [block(0, 1), block(0, 2) + block(1, 2)]


def _weighed(path: Path) -> None:
    course_of(read_record(path))


def _weighings() -> list[bytes]:
    lines = "".join(f"{60 * at},{10 + 0.01 * at:.4f}\n" for at in range(20))
    return [
        f"time (s),mass (g)\n{lines}".encode(),
        f"Zeit;Masse (mg)\n{lines.replace(',', ';').replace('.', ',')}".encode(),
        b"time (s)\tmass (g)\n0:00:01\t10\n0:01:01\t10.1\n2026-03-06T12:00:00\t11\n",
    ]


def _runs() -> list[bytes]:
    return [
        b"turns,time (s),mass (g)\n20,1200,1.0012\n20,600,1.0010\n20,1200,0.9999\n",
        b"microsteps;time (min);before (g);after (g);direction;temperature\n64000;20;10,0000;11,0001;back;21,5\n",
    ]


def _record(data: bytes) -> bytes:
    """Return what the fuzzer made as a record whose digest is right, so that it gets past it."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return data
    if not isinstance(content, dict):
        return data
    try:
        return json.dumps({**content, "digest": digest_of(content)}).encode()
    except (ValueError, RecursionError):
        return data


def _read_record(path: Path) -> None:
    path.write_bytes(_record(path.read_bytes()))
    read_calibration_record(path)


def _part_rows(data: bytes) -> None:
    rows_of(sealed(data), _CONTENTS)
    rows_of(data, _CONTENTS)


def _parts() -> list[bytes]:
    rows = [{"seed": seed, "days": 7, "overall_error_percent": 0.5} for seed in (5, 6)]
    whole = part_of(_CONTENTS, rows)
    return [whole[whole.index(b"\n") + 1 :], whole, json.dumps(dataclasses.asdict(_CONTENTS)).encode()]


def _sequences() -> list[bytes]:
    return [
        b'about = "x"\nutc_s = 1700000000\noffset_minutes = 60\n'
        b'program = { mode = "stopped" }\nsteps = [\n    { do = "wait", seconds = 5 },\n]\n'
    ]


READERS = (
    Reader(
        "prescription",
        of_file(".toml", _described, BadInputError),
        _prescriptions,
        _names_in(_prescriptions()),
    ),
    Reader(
        "library",
        of_file(".toml", load_library, BadInputError),
        lambda: [text[:_LONGEST_SEED] for text in _of(_EXAMPLES / "drug_library.toml")],
        _names_in(_of(_EXAMPLES / "drug_library.toml")),
    ),
    Reader(
        "contacts",
        of_file(".toml", load_contacts, BadInputError),
        lambda: _of(_EXAMPLES / "clinic/contacts.toml"),
        _names_in(_of(_EXAMPLES / "clinic/contacts.toml")),
    ),
    Reader(
        "scenario", of_file("-one.toml", read_scenario, ScenarioError), _scenarios, _names_in(_scenarios())
    ),
    Reader("bench", of_file(".toml", open_boards, BenchError), lambda: [_BENCH], _names_in([_BENCH])),
    Reader(
        "pump description",
        of_file(".toml", read_file, DescriptionError),
        lambda: _of(*sorted(SHIPPED.glob("*.toml"))),
        _names_in(_of(*sorted(SHIPPED.glob("*.toml")))),
    ),
    Reader(
        "sheet",
        of_file(".toml", read_sheet, BadInputError),
        lambda: _of(_EXAMPLES / "calibration/sheet.toml"),
        _names_in(_of(_EXAMPLES / "calibration/sheet.toml")),
    ),
    Reader(
        "sequence of doses",
        of_bytes(lambda data: sequence_in(data.decode("utf-8")), SequenceError, UnicodeDecodeError),
        _sequences,
        _names_in(_sequences()),
    ),
    Reader("image", of_file(".uf2", _image, BadInputError), _one_image),
    Reader("weighings", of_file(".csv", _weighed, BadInputError), _weighings, ("time", "mass", "(g)", ";")),
    Reader("runs", of_file(".csv", read_runs, BadInputError), _runs, ("turns", "mass", "(g)", "before", ";")),
    Reader(
        "calibration record",
        of_file(".json", _read_record, BadInputError),
        lambda: [b'{"format": "thecal calibration 1", "digest": "", "result": {"nl_per_turn": 49876.5}}'],
    ),
    Reader(
        "waveform",
        of_bytes(lambda data: read_vcd(io.BytesIO(data)), AnalyserError),
        lambda: [
            _VCD_HEAD + b"#0 0!\n#30 1!\n#40 0!\n#1000\n",
            b"META samplerate: 1\n" + _VCD_HEAD + b"#5\n$dumpvars 0! $end\n",
        ],
        ("$var", "$end", "$timescale", "#", "real", "b01", "r1.5", "$comment", "$dumpvars"),
    ),
    Reader("campaign part", of_bytes(_part_rows, PartError), _parts, ('"<i8"', '"<f8"', '"O"', '"|V9999"')),
)
