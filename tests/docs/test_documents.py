"""The documents say what the code does: generated parts are up to date, and whatever they refer to exists."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, FrameReader

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
DOCUMENTS = [REPOSITORY / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
DRAWINGS = sorted(DOCS.glob("*.svg"))


def generate(*arguments: str, script: Path = DOCS / "generate.py") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False
    )


def name_of(path: Path) -> str:
    return path.name


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Provide the documents, where they may be spoilt."""
    for path in [*DOCS.glob("*.md"), *DRAWINGS]:
        shutil.copy(path, tmp_path)
    return tmp_path


def test_the_generated_parts_are_up_to_date():
    result = generate("--check")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "name",
    ["protocol.md", "wiring.md", "hazards.md", "wiring.svg", "architecture.svg", "bench.md", "bench.svg"],
)
def test_a_figure_changed_by_hand_is_found_and_put_right(copy, name):
    whole = (copy / name).read_text(encoding="utf-8")
    figure = re.compile(r"(?<=\| )[1-9]\d*(?= \|)|(?<=x=\")\d+|\b\d+ (?=min|s\b)")
    generated = whole.index("<!-- begin") if name.endswith(".md") else 0
    (copy / name).write_text(
        whole[:generated] + figure.sub("999", whole[generated:], count=1), encoding="utf-8"
    )
    found = generate("--check", "--folder", str(copy))
    assert found.returncode == 1
    assert f"{name} is out of date" in found.stderr
    assert generate("--folder", str(copy)).returncode == 0
    assert (copy / name).read_text(encoding="utf-8") == whole


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("<!-- begin error-list -->", "", "begun but not ended, or ended but not begun"),
        ("begin error-list -->", "begin errors -->", "begun but not ended, or ended but not begun"),
        ("error-list -->", "errors -->", "no generator for the part 'errors'"),
    ],
)
def test_a_spoilt_mark_is_named(copy, before, after, message):
    path = copy / "protocol.md"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    result = generate("--check", "--folder", str(copy))
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("generator", "before", "after", "message"),
    [
        (
            "protocol_text.py",
            "FIELD_TEXT = {",
            'FIELD_TEXT = {"dose_of_hope": "",',
            "explained but no longer there, fields of messages: dose_of_hope",
        ),
        (
            "protocol_text.py",
            '    "no program": (',
            '    "no plan": (',
            "explained but no longer there, errors: no plan",
        ),
        (
            "hazards.py",
            "in ROWS.items()",
            "in ROWS.items() if alarm",
            "not explained, alarms: empty reservoir",
        ),
        ("wiring.py", '    "BUTTON": (', '    "KEY": (', "pins.py names"),
        (
            "wiring_drawing.py",
            '"MS1, MS2", "3V3"',
            '"MS1, MS2" + 90 * "!", "3V3"',
            "Wiring of the Thecal bench pump: ",
        ),
    ],
)
def test_a_generator_that_no_longer_fits_the_code_says_so(tmp_path, generator, before, after, message):
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "firmware").symlink_to(REPOSITORY / "firmware")
    path = tmp_path / "docs/generators" / generator
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    result = generate("--check", script=tmp_path / "docs/generate.py")
    assert result.returncode == 2
    assert message in result.stderr


def test_a_part_that_no_document_shows_is_named(copy):
    (copy / "hazards.md").unlink()
    result = generate("--check", "--folder", str(copy))
    assert result.returncode == 2
    assert "no document asks for the generated parts: alarm-table, alarm-tones" in result.stderr


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        to = (path.parent / name) if name else path
        assert to.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", to.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings
            }, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_test_and_file_that_is_named_exists(path):
    text = path.read_text(encoding="utf-8")
    for name, test in re.findall(r"`((?:tests|firmware|host|sim|hil|docs)/[\w./-]+?)/?(?:::(\w+))?`", text):
        assert (REPOSITORY / name).exists(), name
        if test:
            assert f"def {test}(" in (REPOSITORY / name).read_text(encoding="utf-8"), f"{name}::{test}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_make_target_that_is_named_exists(path):
    targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make ([\w-]+)", path.read_text(encoding="utf-8"))) <= set(targets)


@pytest.mark.parametrize("path", DRAWINGS, ids=name_of)
def test_a_drawing_is_well_formed_and_readable_in_dark_mode_too(path):
    text = path.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).get("role") == "img"
    assert "prefers-color-scheme:dark" in text


def test_the_drawing_and_the_table_have_every_pin_of_the_firmware():
    pins = runpy.run_path(str(REPOSITORY / "firmware/thecal_fw/rp2/pins.py"))
    table = (DOCS / "wiring.md").read_text(encoding="utf-8")
    drawing = (DOCS / "wiring.svg").read_text(encoding="utf-8")
    for signal in ("STEP", "DIR", "ENABLE", "SENSE", "BUZZER", "BUTTON", "LED"):
        assert f"| GP{pins[signal]} | {signal} |" in table
    for signal in ("STEP", "DIR", "ENABLE", "SENSE", "BUZZER", "BUTTON"):
        assert re.search(rf'font-weight="600">GP{pins[signal]}<', drawing), signal


def test_the_bench_has_every_line_of_the_probe():
    pins = runpy.run_path(str(REPOSITORY / "firmware/probe/thecal_probe/pins.py"))
    table = (DOCS / "bench.md").read_text(encoding="utf-8")
    drawing = (DOCS / "bench.svg").read_text(encoding="utf-8")
    for name in (*pins["INPUTS"], *pins["SWITCHES"]):
        line = name.upper()
        assert f"| GP{pins[line]} | {line} |" in table
        assert f">{line}<" in drawing
        assert f">GP{pins[line]}, pin " in drawing


def test_the_worked_example_is_what_the_code_reads():
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    request, response = (
        frame_of(line) for line in re.findall(r"on the wire +([0-9a-f ]+)$", text, re.MULTILINE)
    )
    assert (request.kind, request.session, request.request) == (messages.REFILL.kind, 7, 3)
    assert messages.REFILL.request.unpack(request.payload) == {"fill_nl": 20_000_000}
    assert (response.kind, response.session, response.request) == (
        messages.REFILL.kind | messages.RESPONSE,
        7,
        3,
    )
    assert messages.REFILL.response.unpack(response.payload) == {
        "expected_residual_nl": 1_999_984,
        "fill_known_before": 1,
        "is_stored": 1,
    }


def frame_of(line: str) -> Frame:
    reader = FrameReader()
    frames = [frame for frame in map(reader.push, bytes.fromhex(line)) if frame is not None]
    assert len(frames) == 1
    return frames[0]
