"""The patient's hand-out: what the pump gives, until when, what its tones mean, and what to watch for.

Its fields are those of the discharge sheets of clinics (Gillette: pump model, reservoir, daily dose, low-reservoir
alarm date, refill-by date, both alarm tones). Signs of withdrawal are those of the boxed warning on the Lioresal
label. Those of overdose are general knowledge and, like every instruction here, text of a bench model.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from xml.etree.ElementTree import Element

from thecal.amounts import millilitres, plain
from thecal.bolus_words import bolus_lines, span
from thecal.program_figures import day_doses_mcg, gives_therapy
from thecal.reports.day_picture import bolus_words, day_picture
from thecal.reports.interrogation import Interrogation
from thecal.reports.page import bullets, element, facts, page, section
from thecal.words import weekdays_text
from thecal_fw.core.annunciation import PATTERNS
from thecal_fw.core.modes import OWN_PATTERNS
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_STOPPED

WITHDRAWAL = (
    "high fever",
    "confusion or a changed state of mind",
    "spasticity that comes back stronger than before",
    "stiff muscles",
)
OVERDOSE = (
    "unusual drowsiness or dizziness",
    "muscles that become very slack",
    "slow or shallow breathing",
    "being hard to wake",
)

_BOLUSES = ("periodic bolus", "patient bolus")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on


def handout(read: Interrogation) -> str:
    """The page. It says what is not known instead of leaving it out."""
    program = read.program
    sections = [
        section("Your pump", facts(_pump(read))),
        section("Dates to remember", facts(_dates(read), large=True), *_dates_note(read)),
    ]
    if program is not None and gives_therapy(program):
        sections.append(section("Your day", *day_figures(program)))
    sections += [
        section("The two alarm tones", facts(_tones()), bullets(_what_to_do())),
        section("Call at once, day and night", *_warnings()),
    ]
    return page("Pump information for the patient", *sections, element("p", printed(read), class_="note"))


def _pump(read: Interrogation) -> list[tuple[str, str]]:
    program = read.program
    rows = [("Pump model", read.board), ("Serial number", read.serial)]
    if program is None or not program.reservoir_nl:
        return [*rows, ("Program", "none that delivers")]
    if program.patient:
        rows.append(("Patient", program.patient))
    rows += [
        ("Reservoir size", f"{millilitres(program.reservoir_nl)} mL"),
        ("Drug", f"{program.drug}, {plain(Fraction(program.concentration_ng_per_ml, 1_000))} mcg/mL"),
        ("Current dose", dose_text(program)),
    ]
    rows += [(line.label.capitalize(), line.brief) for line in bolus_lines(program) if line.label in _BOLUSES]
    if read.bridge_left_s:
        rows.append(
            ("From the drug before", f"still given for {span(read.bridge_left_s)}, then the current dose")
        )
    if read.status.state == STATE_STOPPED:
        rows.append(("State", f"{read.status.state_name}: the pump is giving nothing at the moment"))
    return rows


def dose_text(program: Program) -> str:
    """The dose of a day; where days differ, from the least to the most."""
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
    notes = ["The refill date comes first on purpose: do not wait for the alarm."]
    if read.outlook.is_known and not read.outlook.alarm_protects:
        notes.append(
            "This pump's alarm is calculated and may come after the reservoir is empty. Only the refill date counts."
        )
    return [element("p", note, class_="note") for note in notes]


def day_figures(program: Program) -> list[Element]:
    """A picture for each pattern of the week, or one if all days are the same."""
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


def _tones() -> list[tuple[str, str]]:
    (_, single_us, _, single_repeat_s), (tones, tone_us, pause_us, repeat_s) = PATTERNS[:2]
    lasts_s = tones * (tone_us + pause_us) // 1_000_000
    return [
        (
            f"One tone of {single_us // 1_000_000} second, every {single_repeat_s // 3_600} hour",
            "Not critical, for example the reservoir is getting low. Call the clinic the same day.",
        ),
        (
            f"{tones} short tones within {lasts_s} seconds, every {repeat_s // 60} minutes",
            "Critical: the reservoir may be empty or the pump may have stopped. Call at once.",
        ),
    ]


def _what_to_do() -> list[str]:
    return [
        "Keep every refill appointment; if you can't, call beforehand.",
        "Carry this sheet with you and show it wherever you are treated.",
        "An alarm that falls silent is not over. Call even if you no longer hear it.",
    ]


def _warnings() -> list[Element]:
    withdrawal = element("p", "Too little (withdrawal), after a missed refill or a pump that stopped:")
    overdose = element("p", "Too much (overdose), most likely within hours of a refill or a change:")
    return [element("div", withdrawal, bullets(WITHDRAWAL), overdose, bullets(OVERDOSE), class_="urgent")]


def printed(read: Interrogation) -> str:
    """When a page was made, with both clocks, so that a wrong one shows on it for as long as it is kept."""
    clocks = "; ".join(f"{name}: {shown}" for name, shown in read.clocks.rows())
    return f"Read from the pump on {date_text(read.local_read_at, with_time=True)}. {clocks}."


def date_text(date: datetime | None, *, with_time: bool = False) -> str:
    """A date nobody can read the wrong way round."""
    if date is None:
        return "does not come at this dose"
    text = f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year}"
    return f"{text}, {date:%H:%M}" if with_time else text
