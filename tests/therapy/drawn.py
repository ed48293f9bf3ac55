"""Draws sequences: any program that validates, then anything that can be asked of a pump or happen to it, with amounts
over their valid and invalid ranges and on their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

from hypothesis import strategies as st

from thecal_hil.campaigns.doses.sequence import MONDAY_UTC_S, Sequence, Step
from thecal_sim.therapy.plan import plan_of
from thecal_sim.units import MINUTES_PER_DAY


@dataclass(frozen=True)
class Size:
    """Says how long a sequence is: about so many steps, and the longest wait among them."""

    steps: int
    most_wait_s: int


SIZES = {"model": Size(30, 4 * 3_600), "pico": Size(10, 3_600)}
"""By rig. An hour of delivery on the emulated board costs as much as hundreds of steps on the model, so sequences there
differ in what meets, and not in how long nothing happens."""

_MOST_BOLUS_NL = 100_000
_HOUR_S = 3_600
_DAY_S = 86_400
_MOST_DRAWN_RATE = 40_000_000
"""Basal rate, a dose of the clock and the patient's together stay below the highest rate of the pump."""
_WORD = (1 << 32) - 1

_basal = st.integers(48_000, 900_000)
_volume = st.one_of(st.integers(1, 20_000), st.integers(1, _MOST_BOLUS_NL))


@st.composite
def _clock_dose(draw: st.DrawFn) -> tuple[int, int]:
    """Return the rate and minutes of a dose that is no larger than the limit of a single one."""
    minutes = draw(st.integers(1, 25))
    return min(_MOST_DRAWN_RATE, max(1, draw(_volume) * MINUTES_PER_DAY // minutes)), minutes


@st.composite
def _patient(draw: st.DrawFn) -> list[int]:
    rate, minutes = draw(_clock_dose())
    lockout = draw(st.integers(max(15, minutes), 300))
    return [rate, minutes, lockout, draw(st.integers(1, 12))]


def _most_of_patient(patient: list[int], window_minutes: int) -> int:
    rate, minutes, lockout, most_per_day = patient
    whole, rest = divmod(window_minutes, lockout)
    minutes = min(whole * minutes + min(rest, minutes), most_per_day * minutes)
    return -(-minutes * rate // MINUTES_PER_DAY)


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:
    """Return fields of a program that validates, with limits as narrow as they may be or with some room."""
    fields: dict[str, Any] = {
        "mode": draw(st.sampled_from(["continuous", "continuous", "flex", "flex", "stopped"]))
    }
    if fields["mode"] == "stopped":
        return fields
    if fields["mode"] == "continuous":
        fields["rate"] = draw(_basal)
        if draw(st.booleans()):
            rate, minutes = draw(_clock_dose())
            interval = draw(st.sampled_from([30, 60, 120, 240, 480, 720, 1_440]))
            fields["periodic"] = [draw(st.integers(0, interval - 1)), interval, rate, minutes]
    else:
        minutes = draw(st.lists(st.integers(1, MINUTES_PER_DAY - 1), max_size=3, unique=True).map(sorted))
        fields["patterns"] = [[[minute, draw(_basal)] for minute in [0, *minutes]]]
        halves = draw(st.lists(st.integers(0, 47), max_size=6, unique=True).map(sorted))
        fields["boluses"] = [[[30 * half, *draw(_clock_dose())] for half in halves]]
    fields["most_per_bolus"] = _MOST_BOLUS_NL
    if draw(st.booleans()):
        fields["patient"] = draw(_patient())
    if draw(st.integers(0, 7)) == 0:
        fields["catheter"] = draw(st.integers(0, 500_000))
        fields["bridge"] = [draw(st.integers(1, 4 * _HOUR_S)), draw(st.integers(6_000, 4_000_000))]
    most, room = plan_of(fields).most_by_the_clock, draw(st.one_of(st.just(0), st.integers(0, 300_000)))
    patient = fields.get("patient")
    fields["most_per_hour"] = most[60] + room + (_most_of_patient(patient, 60) if patient else 0)
    day_nl = most[1_440] + 2 * room + (_most_of_patient(patient, 1_440) if patient else 0)
    fields["most_per_day"] = day_nl
    return fields


def _do(do: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Step]]:
    return st.fixed_dictionaries({"do": st.just(do), **fields}).map(lambda step: [step])


_kind = st.one_of(
    st.sampled_from(["clinician", "patient", "prime", "temporary rate"]),
    st.sampled_from(["scheduled", 5, 16, 255]),
)


@st.composite
def _give(draw: st.DrawFn) -> list[Step]:
    kind = draw(_kind)
    seconds = draw(
        st.one_of(
            st.integers(1, _HOUR_S), st.sampled_from([0, 1, 12 * _HOUR_S, 12 * _HOUR_S + 1, 1 << 16, _WORD])
        )
    )
    if draw(st.integers(0, 9)) == 0:
        rate = draw(st.sampled_from([0, 1, 48_000, 24_000_000, 24_000_001, 96_000_000, 96_000_001, _WORD]))
    elif kind == "temporary rate":
        rate = draw(st.integers(48_000, 2_000_000))
    else:
        rate = min(_WORD, max(1, draw(_volume) * _DAY_S // max(1, seconds)))
    return [{"do": "give", "kind": kind, "rate": rate, "seconds": seconds}]


_jump_s = st.one_of(
    st.sampled_from([0, 1, _HOUR_S, 2 * _HOUR_S, 2 * _HOUR_S + 1, 12 * _HOUR_S, _DAY_S, 400 * _DAY_S]),
    st.integers(0, 3 * _HOUR_S),
    st.integers(0, 3 * _DAY_S),
)
_seconds = st.one_of(st.integers(0, 90_000), st.integers(0, 4_000_000)).map(lambda ms: ms / 1_000)

_requests = st.one_of(
    _give(),
    _give(),
    _do("press", seconds=st.sampled_from([0.2, 0.2, 0.02, 3.0])),
    _do("cancel", is_temporary_rate=st.booleans()),
    _do("commit", program=programs()),
    _do("refused commit"),
    _do("start"),
    _do("stop"),
    _do("refill", nl=st.integers(20_000_000, 40_000_000)),
    _do(
        "shift clock",
        seconds=st.tuples(_jump_s, st.sampled_from([-1, 1])).map(lambda drawn: drawn[0] * drawn[1]),
    ),
    _do("set offset", minutes=st.integers(-14, 14).map(lambda hours: 60 * hours)),
    _do("acknowledge"),
    _do("new tubing"),
    _do("rinse"),
    _do("hello", times=st.integers(1, 5)),
)
_events = st.one_of(_do("watchdog"), _do("hang"), _do("power cut"))


def _steps(most_wait_s: int) -> st.SearchStrategy[list[Step]]:
    times = st.one_of(
        _do("wait", seconds=_seconds.map(lambda seconds: min(seconds, most_wait_s))),
        _do("wait", seconds=st.integers(1, most_wait_s)),
    )
    low_supply = st.tuples(st.lists(st.one_of(times, _requests), max_size=2), times).map(
        lambda drawn: [{"do": "supply low"}, *chain(*drawn[0]), *drawn[1], {"do": "supply good"}]
    )
    return st.one_of(_requests, _requests, _requests, times, times, times, _events, low_supply)


@st.composite
def sequences(draw: st.DrawFn, size: Size) -> Sequence:
    """Return a pump with a program and a clock, and what happens to it."""
    steps = _steps(size.most_wait_s)
    return Sequence(
        draw(programs()),
        tuple(chain(*draw(st.lists(steps, min_size=size.steps // 2, max_size=3 * size.steps // 2)))),
        MONDAY_UTC_S + draw(st.integers(0, 7 * _DAY_S - 1)),
        draw(st.integers(-12, 14)) * 60,
    )
