"""Every reader of bytes takes what it should, refuses the rest in its own words, and is quick about it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from thecal.answers import program_in
from thecal.bounded import RefusedFileError, read_bounded, toml_of
from thecal.errors import MOST_PROBLEMS, BadAnswerError, BadInputError
from thecal.prescription import load_prescription
from thecal_hil.bench.bench import BenchError
from thecal_hil.bench.bench_file import open_boards
from thecal_hil.campaigns.readers.catalogue import READERS
from thecal_hil.campaigns.readers.child import MOST_SECONDS
from thecal_hil.campaigns.readers.wires import pieces_of
from thecal_hil.scenario.document import ScenarioError
from thecal_hil.scenario.reader import read_scenario

CORPUS = Path(__file__).parent / "corpus"
CHANGED = 40
MOST_BYTES = 990_000


def _inputs(name: str) -> list[bytes]:
    """Return what is read as it should be, what a fuzzer found, and both with bytes changed, cut out and doubled."""
    kept = [path.read_bytes() for path in sorted((CORPUS / name.replace(" ", "-")).glob("*"))]
    sound, draw = [*READERS[name].seeds(), *kept], random.Random(name)
    changed = []
    for _ in range(CHANGED):
        data = bytearray(draw.choice(sound))
        for _ in range(draw.choice((1, 1, 2, 8))):
            at = draw.randrange(len(data) + 1)
            way = draw.randrange(4)
            if way == 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            elif way == 1:
                del data[at : at + draw.randrange(1, 30)]
            elif way == 2:
                data[at:at] = data[at : at + draw.randrange(1, 60)]
            else:
                data[at:at] = draw.choice((b"\0", b"\xff\xff", b"-1", b"1e400", b"[", b'"', b"\n", b"9" * 30))
        changed.append(bytes(data))
    return [*sound, *changed, b""]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_survives_what_a_fuzzer_found_and_a_sample_of_changed_bytes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    read = READERS[name].made()
    for data in _inputs(name):
        began_s = time.process_time()
        read(data)
        assert time.process_time() - began_s < MOST_SECONDS, data[:200]


def _many(line: str, last: int = MOST_BYTES) -> str:
    return "".join(line.replace("#", str(number)) for number in range(last // len(line)))


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * (MOST_BYTES // 2) + " = 1",
        _many("a#" + ".a" * 18 + " = 1\n"),
        _many("[a#.b.c.d.e.f]\n"),
        _many("k# = 1\n"),
        'mode = "flex"\n' + _many("[[pattern.p#]]\n"),
        _many("[[board]]\n"),
        _many("[[step]]\n"),
        "needs = [\n" + _many('"x",\n') + "]",
        "needs = [" + '"x",' * 4_000 + "]",
        "a = " + "[" * 15_000,
        "a = 0x" + "f" * 15_000 + "\nduration = 0x" + "f" * 15_000,
        "a = 1e99999999999999999999",
        ('"' * 19_000 + "\n") * 50,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_a_file_as_large_as_may_be_is_read_or_refused_in_time_and_in_few_words(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(text, encoding="utf-8")
    for read, refusal in (
        (load_prescription, BadInputError),
        (read_scenario, ScenarioError),
        (open_boards, BenchError),
    ):
        began_s = time.process_time()
        with pytest.raises(refusal) as refused:
            read(path)
        assert time.process_time() - began_s < MOST_SECONDS
        assert len(str(refused.value).splitlines()) <= MOST_PROBLEMS + 3
        assert len(str(refused.value)) < 100_000


def test_the_largest_week_that_can_be_prescribed_is_within_the_bounds(tmp_path: Path) -> None:
    steps = "".join(
        f'[[pattern.p#]]\nfrom = "{at // 2:02}:{at % 2 * 30:02}"\nto = "{(at + 1) // 2:02}:{(at + 1) % 2 * 30:02}"\n'
        f"dose_mcg_per_day = {200 + at}.123456789012\n"
        for at in range(48)
    )
    text = Path("examples/flex_with_boluses.toml").read_text(encoding="utf-8")
    days = "".join(steps.replace("#", str(pattern)) for pattern in range(7))
    assert toml_of(text + "\n" + days)


def test_no_more_of_a_file_is_read_than_its_kind_can_have(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 11)
    assert read_bounded(path, 11) == b"x" * 11
    with pytest.raises(RefusedFileError, match="more than 10 bytes"):
        read_bounded(path, 10)
    for place in (tmp_path, Path("/dev/zero")):
        with pytest.raises(RefusedFileError, match="can't be read"):
            read_bounded(place, 10)


def test_a_program_that_names_patterns_it_has_not_is_no_answer() -> None:
    program = load_prescription("examples/flex_with_boluses.toml").program
    program.weekdays = (9,) * 7
    with pytest.raises(BadAnswerError, match="does not hold together: see its"):
        program_in(program.encode())


def test_the_pieces_of_an_input_are_what_their_lengths_say() -> None:
    assert pieces_of(b"\2ab\0\1c\xffrest") == [b"ab", b"", b"c", b"rest"]
