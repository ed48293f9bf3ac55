"""Reports are whole in themselves, say everything the pump says, and never leave out what is not known."""

import re
import shutil
import subprocess
from datetime import datetime
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.strategies import bolus_programs, valid_programs
from host.conftest import EXAMPLES, Bench
from thecal.cli import run
from thecal.client import Event
from thecal.contacts import load_contacts
from thecal.errors import BadInputError
from thecal.prescription import load_prescription
from thecal.reports.day_picture import BOTTOM, TOP, basal_steps, bolus_words, boluses_of_day, day_picture
from thecal.reports.handout import OVERDOSE, WITHDRAWAL, date_text
from thecal.reports.interrogation import events_since_last_visit
from thecal.reports.page import BANNER, element, facts, page
from thecal.words import volume_of_day_nl
from thecal_fw.core.events import EVENT_HELLO, EVENT_REFILLED, EVENT_STARTED
from thecal_fw.core.modes import MODE_FLEX

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CONTACTS = str(EXAMPLES / "clinic/contacts.toml")
BOLUSES = load_prescription(EXAMPLES / "flex_with_boluses.toml").program
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Checked(HTMLParser):
    """Follows every tag; each that is opened has to be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def said(text: str) -> str:
    """Return what a reader sees; the page is checked to be whole and to refer to nothing outside of it."""
    checked = Checked(text)
    assert checked.addresses == []
    assert not {"script", "link", "iframe", "img", "object"} & set(checked.seen)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "size: A4" in text
    return " ".join(" ".join(checked.words).split())


@pytest.mark.requirement("reports")
@given(st.text(), st.text())
def test_whatever_a_name_holds_it_is_shown_and_never_becomes_part_of_the_page(label, text):
    made = page("A page", facts([(label, text)]))
    checked = Checked(made)
    assert checked.seen.count("td") == checked.seen.count("th") == 1
    assert "script" not in checked.seen


@pytest.mark.requirement("reports-dose")
@settings(max_examples=40)
@given(valid_programs, st.integers(0, 6))
def test_the_area_of_the_picture_is_the_basal_dose_of_the_day(program, weekday):
    steps = basal_steps(program, weekday)
    assert (steps[0][0], steps[-1][1]) == (0, 1_440)
    total = sum(((end - begin) * dose for begin, end, dose in steps), Fraction(0)) / 1_440
    if program.mode == MODE_FLEX:
        volume = volume_of_day_nl(program, program.weekdays[weekday])
        boluses = sum((dose for _, dose in boluses_of_day(program, weekday)), Fraction(0))
        if program.periodic_bolus is None:
            assert total + boluses == volume * program.concentration_ng_per_ml / 1_000_000_000
    picture = day_picture(program, weekday)
    points = picture.find("polyline").get("points").split()  # type: ignore[union-attr]
    heights = [float(point.split(",")[1]) for point in points]
    assert all(TOP - 0.1 <= height <= BOTTOM for height in heights)
    # The highest step uses at least half of the picture, so that steps can be distinguished.
    assert min(heights) <= (TOP + BOTTOM) / 2


@pytest.mark.requirement("reports")
def test_a_picture_is_well_formed_and_can_be_read_aloud():
    picture = ElementTree.fromstring(ElementTree.tostring(day_picture(BOLUSES, 0)))
    title = picture.findtext("{http://www.w3.org/2000/svg}title")
    assert title == picture.get("aria-label")
    assert "00:00 to 06:00 120 mcg/day" in str(title)
    assert "bolus at 06:00 15 mcg" in str(title)


def event(sequence: int, code: int) -> Event:
    return Event(sequence, 0, 0, 0, 0, code, 0, 0, 1)


@pytest.mark.requirement("reports-alarms")
def test_events_are_those_since_the_refill_before_and_a_visit_s_own_refill_does_not_hide_them():
    log = [
        event(number, code)
        for number, code in enumerate(
            (EVENT_STARTED, EVENT_REFILLED, EVENT_HELLO, EVENT_STARTED, EVENT_REFILLED)
        )
    ]
    assert [one.sequence for one in events_since_last_visit(log)] == [4]
    assert [one.sequence for one in events_since_last_visit(log, before_sequence=4)] == [1, 3, 4]


@pytest.mark.requirement("reports-dates")
def test_a_date_can_not_be_read_the_wrong_way_round():
    assert date_text(datetime(2026, 4, 3, 9, 5)) == "Friday, 3 April 2026"
    assert date_text(datetime(2026, 4, 3, 9, 5), with_time=True) == "Friday, 3 April 2026, 09:05"
    assert date_text(None) == "does not come at this dose"


@pytest.mark.requirement("reports", "report-of-the-clinic", "reports-dose", "reports-dates", "reports-alarms")
def test_the_hand_out_and_the_clinic_s_report_of_a_pump_that_delivers(bench: Bench, tmp_path):
    clinic, handout = tmp_path / "clinic.html", tmp_path / "handout.html"
    bench.ok("time", "--set")
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    written = bench.json("report", "--clinic", str(clinic), "--handout", str(handout), "--contacts", CONTACTS)
    assert written == {"written": [str(clinic), str(handout)], "standing": False}
    patient = said(handout.read_text())
    for wanted in (
        "MODEL",
        "20 mL",
        "170 mcg/day",
        "baclofen, 500 mcg/mL",
        "Refill by",
        str(datetime.now().year),
        BANNER,
        "5 mcg over",
    ):
        assert wanted in patient, wanted
    for wanted in (
        *WITHDRAWAL,
        *OVERDOSE,
        "One tone of 1 second, every 1 hour",
        "6 short tones within 3 seconds",
    ):
        assert wanted in patient, wanted
    assert "<svg" in handout.read_text()
    report = said(clinic.read_text())
    dates = bench.json("dates")
    for wanted in (
        "refilled",
        "program digest",
        "every 6 hours, 12.5 mcg over 5 minutes",
        BANNER,
    ):
        assert wanted in report, wanted
    local = datetime.fromisoformat(dates["refill_by"])
    assert str(local.year) in report
    assert list(tmp_path.iterdir()) in ([clinic, handout], [handout, clinic])


@pytest.mark.requirement("reports")
def test_a_pump_that_knows_neither_program_nor_volume_says_so_in_both(bench: Bench, tmp_path):
    clinic, handout = tmp_path / "clinic.html", tmp_path / "handout.html"
    pages = ("--clinic", str(clinic), "--handout", str(handout))
    assert "no telephone number" in bench.refused(2, "report", *pages)
    assert "does not know the time" in bench.refused(2, "report", *pages, "--no-telephone")
    made = bench.thecal("report", *pages, "--no-telephone", "--reason", "new on the bench")
    assert (made.returncode, "stands and gives nothing" in made.stderr) == (3, True)
    assert "gave NOTHING. Do not leave the clinic" in said(handout.read_text())
    assert "Refill by not known: ask the clinic before you leave" in said(handout.read_text())
    assert "none: no program that delivers" in said(clinic.read_text())


@pytest.mark.requirement("reports")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give --clinic FILE, --handout FILE, or both"),
        (("--clinic", "/none/clinic.html"), "there is no folder /none; make it first"),
        (("--handout", "/tmp"), "/tmp is a folder; name a file in it"),
    ],
)
def test_a_place_that_can_not_be_written_to_is_refused_before_any_port_is_opened(
    arguments, message, capfd, monkeypatch
):
    monkeypatch.setenv("THECAL_PORT", "/dev/none")
    assert run(["report", *arguments]) == 2
    assert message in capfd.readouterr().err


@pytest.mark.requirement("reports")
def test_text_between_nodes_stays_where_it_was_put():
    paragraph = element("p", "one ", element("b", "two"), " three", " four")
    assert ElementTree.tostring(paragraph) == b"<p>one <b>two</b> three four</p>"


@pytest.mark.requirement("reports-dose")
@given(bolus_programs, st.integers(0, 6))
def test_no_two_doses_of_a_picture_lie_over_each_other_and_each_is_told_in_words(program, weekday):
    labels = [node for node in day_picture(program, weekday).iter("text") if "mcg" in (node.text or "")]
    spans: dict[str, list[tuple[float, float]]] = {}
    for label in labels:
        x, width = float(label.attrib["x"]), 7.0 * len(label.text or "")
        left = x - width if label.attrib["text-anchor"] == "end" else x
        spans.setdefault(label.attrib["y"], []).append((left, left + width))
    for row in spans.values():
        for (_, end), (begin, _) in pairwise(sorted(row)):
            assert end <= begin
    words = bolus_words(program, weekday)
    assert all(
        f"{minute // 60:02d}:{minute % 60:02d}" in words for minute, _ in boluses_of_day(program, weekday)
    )


@pytest.mark.requirement("reports")
def test_a_place_that_takes_no_page_is_told_before_the_pump_is_asked(bench: Bench, tmp_path):
    page = str(tmp_path / "page.html")
    assert "both pages" in bench.refused(2, "report", "--clinic", page, "--handout", page)
    assert "both pages" in bench.refused(2, "visit", "--yes", "--report", page, "--handout", page)
    told = bench.refused(2, "report", "--clinic", str(tmp_path / ("x" * 300)))
    assert "File name too long" in told
    assert "port" not in told


@pytest.mark.requirement("sheet-telephone", "sheet-fields")
def test_the_sheet_has_all_that_a_family_needs(bench: Bench, tmp_path):
    sheet = tmp_path / "sheet.html"
    bench.ok("time", "--set")
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    assert "no telephone number" in bench.refused(2, "report", "--handout", str(sheet))
    bench.ok("report", "--handout", str(sheet), "--contacts", CONTACTS)
    told = said(sheet.read_text())
    for wanted in (
        "+49 30 000 0001", "+49 30 000 0002", "Telephone 112", "Refill by", "Low-reservoir alarm", "170 mcg/day",
        "itching", "tingling", "irritability", "vomiting", "fits", "Call an ambulance at once if", "hard to wake",
        "slow or shallow", "Baclofen by mouth", "Press the button once", "One short tone", "Three short tones",
        "this computer's clock", "pump's clock",
    ):  # fmt: skip
        assert wanted in told, wanted


@pytest.mark.requirement("sheet-telephone")
def test_a_clinic_s_file_without_a_number_or_with_a_strange_one_is_refused(tmp_path):
    text = (EXAMPLES / "clinic/contacts.toml").read_text()
    for old, new, message in (
        ('"112"', '"soon"', "ambulance_telephone = 'soon', allowed: a telephone number"),
        ("telephone = ", "telefon = ", "telephone is missing"),
    ):
        file = tmp_path / "clinic.toml"
        file.write_text(text.replace(old, new, 1))
        with pytest.raises(BadInputError, match=re.escape(message)):
            load_contacts(file)


@pytest.mark.requirement("sheet-sides")
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
@pytest.mark.parametrize("is_started", [True, False])
def test_dates_and_signs_are_on_one_side_of_a4_each(bench: Bench, tmp_path, is_started):
    sheet, printed = tmp_path / "sheet.html", tmp_path / "sheet.pdf"
    bench.ok("time", "--set")
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes")
    bench.ok("refill", "20", "--yes")
    if is_started:
        bench.ok("start")
    bench.thecal("report", "--handout", str(sheet), "--contacts", CONTACTS)
    more = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--no-pdf-header-footer",
    )
    subprocess.run(
        [str(CHROMIUM), *more, f"--print-to-pdf={printed}", sheet.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    # The third is the day of the program as a picture.
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes())) == 3
