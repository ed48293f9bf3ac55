"""The family's sheet: one side of A4 with telephone numbers, dates, dose and tones, one with signs and what to do.

Written to the family. Its fields are those of the discharge sheets of clinics (Gillette, RCH Melbourne, Children's
Wisconsin 1227, the emergency card of Medtronic): whom to call, refill-by and alarm dates, dose, early signs of
withdrawal with itching as the first, signs of overdose, when to call an ambulance, a rescue plan, both alarm tones and
how to ask for a bolus. Like every instruction here it is text of a bench model. What the pump or the clinic does not
know is said to be unknown or left as a line to write on, never left out.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from xml.etree.ElementTree import Element

from thecal.amounts import millilitres, plain
from thecal.bolus_words import duration, span, times
from thecal.contacts import Contacts
from thecal.program_figures import bolus_doses_mcg, day_doses_mcg, gives_therapy
from thecal.reports.day_picture import bolus_words, day_picture
from thecal.reports.interrogation import Interrogation
from thecal.reports.page import bullets, element, facts, page, section
from thecal.words import weekdays_text
from thecal_fw.core.annunciation import PATTERNS
from thecal_fw.core.modes import OWN_PATTERNS
from thecal_fw.core.program import Program

EARLY_WITHDRAWAL = (
    "itching without a rash, often the first sign",
    "tingling of the skin",
    "irritability, restlessness",
)
WITHDRAWAL = (
    *EARLY_WITHDRAWAL,
    "spasticity that comes back stronger than before, stiff muscles",
    "light-headedness, low blood pressure",
    "fever",
    "confusion or a changed state of mind",
)
OVERDOSE = (
    "unusual drowsiness or dizziness",
    "muscles that become very slack",
    "vomiting",
    "a low body temperature",
    "slow or shallow breathing",
    "fits",
    "being hard to wake",
)
AMBULANCE = (
    "your child is hard to wake",
    "breathing is slow or shallow",
    "your child has a fit",
    "there is high fever with confusion or very stiff muscles",
)
_TO_WRITE = "________________________________"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on


def is_standing(read: Interrogation) -> bool:
    """Return True if the pump gives nothing at the moment."""
    return not read.status.is_delivering


def handout(read: Interrogation, contacts: Contacts | None) -> str:
    """Return the page. contacts: None where the clinic has agreed to write its numbers on it by hand."""
    dates = [
        *_standing(read),
        section("Whom to call", facts(_numbers(contacts))),
        section("Dates to remember", facts(_dates(read), large=True), *_dates_note(read)),
        section("Your pump", facts(_pump(read))),
        section("What the pump's tones mean", facts([*_alarm_tones(), *_bolus_tones(read.program)])),
    ]
    signs = [
        element(
            "div",
            element("h2", "Call an ambulance at once if"),
            bullets(AMBULANCE),
            element("p", f"Telephone {contacts.ambulance if contacts else _TO_WRITE}. Show this sheet."),
            class_="urgent",
        ),
        section("Too little (withdrawal)", *_withdrawal()),
        section("Too much (overdose)", *_overdose()),
        section("If it happens", bullets(_what_to_do(contacts))),
        section("Always", bullets(_always())),
    ]
    sides = [
        element("div", *dates, element("p", printed(read), class_="note"), class_="side"),
        element("div", element("h1", "Signs to watch for"), *signs, class_="side"),
    ]
    program = read.program
    if program is not None and gives_therapy(program):
        day = section("What the pump gives over the day", *day_figures(program))
        sides.append(element("div", day, class_="side"))
    return page("Your baclofen pump" if _is_baclofen(program) else "Your pump", *sides)


def _is_baclofen(program: Program | None) -> bool:
    return program is not None and program.drug.lower() == "baclofen"


def _standing(read: Interrogation) -> list[Element]:
    if not is_standing(read):
        return []
    text = (
        f"When this was printed the pump was {read.status.state_name} and gave NOTHING. Do not leave the clinic"
        " before it has been started and a new sheet printed."
    )
    return [element("p", text, class_="banner")]


def _numbers(contacts: Contacts | None) -> list[tuple[str, str]]:
    if contacts is None:
        return [("By day", _TO_WRITE), ("Nights, weekends", _TO_WRITE), ("Ambulance", _TO_WRITE)]
    return [
        (contacts.clinic, contacts.telephone),
        ("Nights, weekends", contacts.out_of_hours),
        ("Ambulance", contacts.ambulance),
    ]


def _pump(read: Interrogation) -> list[tuple[str, str]]:
    program = read.program
    rows = [("Pump", f"{read.board}, serial number {read.serial}")]
    if program is None or not program.reservoir_nl:
        return [*rows, ("Dose", "none: the pump has no program that delivers")]
    concentration = plain(Fraction(program.concentration_ng_per_ml, 1_000))
    rows += [
        ("Patient", program.patient or _TO_WRITE),
        ("Drug", f"{program.drug}, {concentration} mcg/mL, reservoir {millilitres(program.reservoir_nl)} mL"),
        ("Dose", dose_text(program)),
    ]
    if read.bridge_left_s:
        rows.append(("Drug from before", f"given for {span(read.bridge_left_s)} more, then the dose above"))
    return rows


def dose_text(program: Program) -> str:
    """Return the dose of a day; where days differ, from the least to the most."""
    doses = day_doses_mcg(program)
    least, most = plain(min(doses)), plain(max(doses))
    return f"{most} mcg/day" if least == most else f"{least} to {most} mcg/day, by day of the week"


def _dates(read: Interrogation) -> list[tuple[str, str]]:
    if read.dates is None:
        return [("Refill by", "not known: ask the clinic before you leave")]
    return [
        ("Refill by", date_text(read.dates.refill_by)),
        ("Low-reservoir alarm", date_text(read.dates.low)),
    ]


def _dates_note(read: Interrogation) -> list[Element]:
    notes = [
        "Come before the first date: do not wait for the alarm. After it only a few days of medicine are left."
    ]
    if read.outlook.is_known and not read.outlook.alarm_protects:
        notes.append(
            "This pump's alarm is calculated and may come after the reservoir is empty. Only the refill date counts."
        )
    return [element("p", note, class_="note") for note in notes]


def day_figures(program: Program) -> list[Element]:
    """Return a picture for each pattern of the week, or one if all days are the same."""
    if not program.has(OWN_PATTERNS):
        return [_day_figure(program, 0, "every day")]
    return [
        _day_figure(program, program.weekdays.index(index), weekdays_text(program, index))
        for index in range(len(program.patterns))
        if index in program.weekdays
    ]


def _day_figure(program: Program, weekday: int, days: str) -> Element:
    boluses = bolus_words(program, weekday)
    caption = f"{days}; boluses: {boluses}" if boluses else days
    return element("figure", day_picture(program, weekday), element("figcaption", caption))


def _alarm_tones() -> list[tuple[str, str]]:
    (_, single_us, _, single_repeat_s), (tones, tone_us, pause_us, repeat_s) = PATTERNS[:2]
    lasts_s = tones * (tone_us + pause_us) // 1_000_000
    return [
        (
            f"One tone of {single_us // 1_000_000} second, every {single_repeat_s // 3_600} hour",
            "Not critical, for example the reservoir is getting low. Call the clinic the same day.",
        ),
        (
            f"{tones} short tones within {lasts_s} seconds, every {repeat_s // 60} minutes",
            "Critical: the reservoir may be empty or the pump may have stopped. Call at once, day or night.",
        ),
    ]


def _bolus_tones(program: Program | None) -> list[tuple[str, str]]:
    """Return how to ask for a bolus, and what the pump answers."""
    patient = program.patient_bolus if program is not None else None
    if program is None or patient is None:
        return [("The button", "No extra dose is programmed: a press is answered by three short tones.")]
    dose = plain(bolus_doses_mcg(program)["patient_bolus.dose_mcg"])
    return [
        (
            "To ask for an extra dose",
            f"Press the button once, for less than two seconds. {dose} mcg over {duration(patient.minutes)}, at most"
            f" {times(patient.most_per_day)} in 24 hours, {duration(patient.lockout_minutes)} apart.",
        ),
        ("One short tone", "The extra dose is given."),
        ("Three short tones", "It is not given: too soon, too often, or an alarm. Do not continue pressing."),
    ]


def _withdrawal() -> list[Element]:
    text = (
        "It may follow a missed refill or a pump that has stopped, and can threaten life within days. Signs:"
    )
    return [element("p", text), bullets(WITHDRAWAL)]


def _overdose() -> list[Element]:
    text = "It is most likely within hours of a refill or a change of dose. Signs:"
    return [element("p", text), bullets(OVERDOSE)]


def _what_to_do(contacts: Contacts | None) -> list[str]:
    plan = contacts.rescue_plan if contacts is not None and contacts.rescue_plan else _TO_WRITE
    return [
        "One of these signs: call the clinic at once, at night the number for nights.",
        f"Agreed with you for signs of too little: {plan}",
        "Too much: nothing by mouth, lay your child on the side, stay with it, do not press the button.",
    ]


def _always() -> list[str]:
    return [
        "Keep every refill appointment; if you can't, call beforehand.",
        "Carry this sheet with you and show it wherever you are treated, also before a scan (MRI).",
        "An alarm that falls silent is not over. Call even if you no longer hear it.",
    ]


def printed(read: Interrogation) -> str:
    """Return when a page was made, with both clocks, so that a wrong one shows on it for as long as it is kept."""
    clocks = "; ".join(f"{name}: {shown}" for name, shown in read.clocks.rows())
    return f"Read from the pump on {date_text(read.local_read_at, with_time=True)}. Clocks then: {clocks}."


def date_text(date: datetime | None, *, with_time: bool = False) -> str:
    """Return a date nobody can read the wrong way round."""
    if date is None:
        return "does not come at this dose"
    text = f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year}"
    return f"{text}, {date:%H:%M}" if with_time else text
