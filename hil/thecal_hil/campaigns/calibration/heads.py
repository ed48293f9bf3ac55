"""Simulated heads on a simulated bench: a hidden truth, and the sheet and the runs that a person would have of it.

    out of the head = turns k (1 + rate) (1 + wear) (1 + chance) + ripple - turns lost at a reversal
    shown           = out x density x buoyancy x (1 + span) - evaporated + drift + noise, to a digit, twice

Promises: nothing of ``thecal`` takes part; the same seed makes the same bytes. What the sheet says is what a person can
know: the thermometer's reading, the balance's data sheet, a usual room.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import pi, sin

import numpy as np

from thecal_hil.campaigns.calibration.physics import air_g_per_ml, shown_g_per_ml, water_g_per_ml

USUAL_HPA, U_HPA = 1_013.25, 15.0
USUAL_HUMIDITY, U_HUMIDITY = 50.0, 15.0
EVAPORATION_VARIES = 0.1
"""From run to run, as a part of it, standard deviation."""


@dataclass(frozen=True)
class Head:
    """The hidden truth. nl_per_turn: at the reference rate, in the middle of the session. rate_part: by how much more a
    turn delivers at the fastest rate than at the slowest, as a part, along (rate)^rate_power. wear_part: from the first
    turn to the last. chance: standard deviation of a run, as a part. slips: the part that each run loses."""

    nl_per_turn: float
    rate_part: float = 0.0
    rate_power: float = 1.0
    wear_part: float = 0.0
    chance: float = 0.001
    ripple: float = 0.0
    rollers: int = 3
    lost_turns: float = 0.0
    slips: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bench:
    """celsius, u_celsius: what the thermometer shows and how sure that is. off_kelvin, span: what it and the balance
    are off by. off_hpa, off_humidity: the room against a usual one. blanks_evaporate: as a part of what runs do.
    liquid_part: denser than water by. typed_g_per_ml: the density that the person writes down."""

    celsius: float
    u_celsius: float
    off_kelvin: float
    u_span: float
    span: float
    off_hpa: float
    off_humidity: float
    digit_g: float
    noise_g: float
    evaporated_g_per_h: float
    drift_g_per_h: float
    blanks_evaporate: float = 1.0
    liquid_part: float = 0.0
    typed_g_per_ml: float | None = None
    flask_ml: float = 50.0
    flask_off_ml: float = 0.0

    def liquid_g_per_ml(self, celsius: float) -> float:
        return water_g_per_ml(celsius) * (1.0 + self.liquid_part)

    def true_shown_g_per_ml(self) -> float:
        """Return what the balance shows of each millilitre that came out."""
        celsius = self.celsius + self.off_kelvin
        humidity = min(95.0, max(5.0, USUAL_HUMIDITY + self.off_humidity))
        air = air_g_per_ml(celsius, USUAL_HPA + self.off_hpa, humidity)
        return shown_g_per_ml(self.liquid_g_per_ml(celsius), air) * (1.0 + self.span)


@dataclass(frozen=True)
class Task:
    """One line of the procedure. turns: 0 for a blank run."""

    turns: float
    turns_per_min: float
    seconds: float
    direction: int = 1


@dataclass(frozen=True)
class Weighed:
    """task: what was done. before_g, after_g: as shown. rippled: turns' worth that the rollers' place gave
    beyond the turns, which nobody on the bench knows."""

    task: Task
    before_g: float
    after_g: float
    rippled: float = 0.0


@dataclass(frozen=True)
class Session:
    """reference: turns a minute. knows: the direction is among what is written down."""

    head: Head
    bench: Bench
    tasks: tuple[Task, ...]
    reference: float
    weighed: tuple[Weighed, ...] = field(default=())
    writes_both: bool = False
    mistyped: dict[int, str] = field(default_factory=dict)

    def rate_factor(self, turns_per_min: float) -> float:
        """Return the volume of a turn at a rate against that at the reference rate."""
        rates = [task.turns_per_min for task in self.tasks if task.turns]
        power = self.head.rate_power
        span = (max(rates) / self.reference) ** power - (min(rates) / self.reference) ** power
        return 1.0 + self.head.rate_part * ((turns_per_min / self.reference) ** power - 1.0) / (span or 1.0)


def draw(chance: np.random.Generator, *, whole_turns: bool = False) -> Session:
    """Return a sound head on a bench where all is done as it should be; a third of them do not turn whole turns,
    unless they have to."""
    nl_per_turn = 1_000.0 * 10 ** chance.uniform(0.0, 3.0)
    digit_g = float(chance.choice([0.000_1, 0.001]))
    mass_g = digit_g * 10 ** chance.uniform(3.4, 4.3)
    turns = max(1.0, mass_g / (nl_per_turn * 1e-6))
    turns = round(turns) if chance.random() < 0.67 or whole_turns else round(turns, 2)
    fast_s = chance.uniform(240.0, 900.0)
    wide = float(chance.choice([4.0, 6.0, 9.0]))
    fast = turns / fast_s * 60.0
    rates = (fast / wide, fast / wide**0.5, fast)
    head = Head(
        nl_per_turn,
        rate_part=float(chance.normal(0.0, 0.006)),
        rate_power=float(chance.uniform(0.7, 1.3)),
        wear_part=float(chance.uniform(-0.000_5, 0.000_5)),
        chance=10 ** float(chance.uniform(-3.3, -2.4)),
        ripple=float(chance.uniform(0.0, 0.8)),
        rollers=int(chance.integers(2, 7)),
        lost_turns=float(chance.uniform(0.0, 0.05)),
    )
    u_celsius, u_span = float(chance.uniform(0.2, 1.0)), float(chance.uniform(0.000_05, 0.000_3))
    bench = Bench(
        celsius=round(float(chance.uniform(17.0, 27.0)), 1),
        u_celsius=round(u_celsius, 2),
        off_kelvin=float(chance.normal(0.0, u_celsius)),
        u_span=u_span,
        span=float(chance.normal(0.0, u_span)),
        off_hpa=float(chance.normal(0.0, U_HPA)),
        off_humidity=float(chance.normal(0.0, U_HUMIDITY)),
        digit_g=digit_g,
        noise_g=digit_g * float(chance.uniform(0.5, 1.5)),
        evaporated_g_per_h=nl_per_turn
        * 1e-6
        * turns
        * 10 ** float(chance.uniform(-4.0, -2.3))
        / (fast_s * wide / 3_600),
        drift_g_per_h=float(chance.normal(0.0, digit_g)),
        flask_off_ml=float(chance.uniform(-0.06, 0.06)),
    )
    tasks = tasks_of(chance, turns, rates, both_ways=chance.random() < 0.2)
    return Session(head, bench, tasks, rates[1], writes_both=chance.random() < 0.3)


def tasks_of(
    chance: np.random.Generator, turns: float, rates: tuple[float, ...], *, both_ways: bool, repeats: int = 5
) -> tuple[Task, ...]:
    """Return each rate so many times, there and back; two runs at the fastest rate stay on the balance as long as the
    slowest takes; a blank run first, in the middle and last."""
    slowest_s = turns / min(rates) * 60.0

    def blank() -> Task:
        return Task(0.0, 0.0, round(slowest_s * float(chance.uniform(0.6, 1.0))))

    tasks = [blank()]
    for number in range(repeats):
        direction = -1 if both_ways and number % 2 else 1
        for rate in rates if number % 2 == 0 else rates[::-1]:
            stays_s = slowest_s if number % 2 and rate == max(rates) else turns / rate * 60.0
            tasks.append(Task(turns, rate, round(stays_s + float(chance.uniform(5.0, 30.0)), 1), direction))
        if number == repeats // 2:
            tasks.append(blank())
    return (*tasks, blank())


def weigh(session: Session, chance: np.random.Generator) -> Session:
    """Carry the tasks out."""
    head, bench = session.head, session.bench
    total = sum(task.turns for task in session.tasks)
    place, done, direction, number = float(chance.random()), 0.0, 0, 0
    vessel_g = float(chance.uniform(20.0, 60.0))
    per_ml = bench.true_shown_g_per_ml()
    weighed = []
    for task in session.tasks:
        gained_ml = rippled = 0.0
        if task.turns:
            wear = head.wear_part * ((done + task.turns / 2) / total - 0.5)
            slip = head.slips[number] if head.slips else 0.0
            lost = head.lost_turns if direction and direction != task.direction else 0.0
            per_turn = head.nl_per_turn * session.rate_factor(task.turns_per_min)
            per_turn *= (1.0 + wear) * (1.0 + head.chance * float(chance.standard_normal())) * (1.0 - slip)
            ending = place + task.direction * task.turns
            wave = head.ripple / (2 * pi * head.rollers)
            rippled = wave * (sin(2 * pi * head.rollers * ending) - sin(2 * pi * head.rollers * place))
            gained_ml = per_turn * (task.direction * (task.turns - lost) + rippled) * 1e-6
            place, done, direction, number = ending, done + task.turns, task.direction, number + 1
        hours = task.seconds / 3_600.0
        part = 1.0 if task.turns else bench.blanks_evaporate
        evaporated_g = (
            bench.evaporated_g_per_h
            * hours
            * part
            * (1.0 + EVAPORATION_VARIES * float(chance.standard_normal()))
        )
        gained_g = gained_ml * per_ml - evaporated_g + bench.drift_g_per_h * hours
        before_g = vessel_g + bench.noise_g * float(chance.standard_normal())
        after_g = vessel_g + gained_g + bench.noise_g * float(chance.standard_normal())
        weighed.append(Weighed(task, _shown(before_g, bench), _shown(after_g, bench), rippled))
        vessel_g += gained_g
    return replace(session, weighed=tuple(weighed))


def _shown(grams: float, bench: Bench) -> float:
    return round(grams / bench.digit_g) * bench.digit_g


# --- what a person has of it


def runs_text(session: Session) -> str:
    decimals = 4 if session.bench.digit_g < 0.000_5 else 3
    both = session.writes_both and not session.mistyped
    lines = [f"turns,time (s),rate (turns/min),direction,{'before (g),after (g)' if both else 'mass (g)'}"]
    for at, one in enumerate(session.weighed):
        task = one.task
        cells = [f"{task.turns:g}", f"{task.seconds:g}", f"{task.turns_per_min:.6g}" if task.turns else ""]
        cells.append("forward" if task.direction > 0 else "backward")
        if both:
            cells += [f"{one.before_g:.{decimals}f}", f"{one.after_g:.{decimals}f}"]
        else:
            cells.append(session.mistyped.get(at, f"{one.after_g - one.before_g:.{decimals}f}"))
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def sheet_text(session: Session) -> str:
    bench = session.bench
    celsius = bench.celsius + bench.off_kelvin
    flask_g = (bench.flask_ml + bench.flask_off_ml) * bench.true_shown_g_per_ml()
    density = "" if bench.typed_g_per_ml is None else f"g_per_ml = {bench.typed_g_per_ml:.4f}\n"
    assert 5 < celsius < 40
    return (
        f"reference_turns_per_min = {session.reference:.6g}\n"
        f'[about]\nhead = "simulated"\n'
        f"[room]\ncelsius = {bench.celsius:.1f}\nu_celsius = {bench.u_celsius:.2f}\n"
        f"[liquid]\n{density}"
        f"density_check ="
        f" {{ volume_ml = {bench.flask_ml:.1f}, tolerance_ml = 0.06, mass_g = {_shown(flask_g, bench):.4f} }}\n"
        f"[balance]\ndigit_mg = {1_000 * bench.digit_g:.1f}\nnoise_mg = {1_000 * bench.digit_g:.1f}\n"
        f"u_percent = {100 * bench.u_span:.4f}\n"
    )
