"""A pump's description read from its file. Every fault is reported at once, with the figure that would be allowed."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

from thecal.pumps.description import (
    MOST_LINE_MICROSTEPS,
    MOST_RATE_NL_PER_DAY,
    MOST_RATIO,
    MOST_STEP_WEIGHT,
    MOST_WEIGHT_PER_RATE,
    Board,
    Encoder,
    Head,
    Limits,
    Line,
    Motor,
    PumpDescription,
    Service,
)
from thecal.pumps.table import DescriptionError, Fields, read_tables

SHIPPED = Path(__file__).parent / "shipped"
REFERENCE = "reference"
FORMAT = 1

PINS = ("step", "direction", "enable", "sense", "buzzer", "button", "motion", "supply_good")
LEVELS = ("direction_forward", "enable_on", "buzzer_on", "button_held", "supply_is_good")
_PICO_LED = 25
_LAST_PIN = 28
_ML = 1_000_000
_MOST_NL = 1_000 * _ML


def names() -> list[str]:
    """Return the names of the descriptions that come with Thecal."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def read_description(name_or_path: str) -> PumpDescription:
    """Return the description of a name that comes with Thecal, or in a file; raise DescriptionError if it can't be
    used."""
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return read_file(Path(name_or_path))
    if name_or_path not in names():
        problem = f"no pump of that name; there are {', '.join(names())}, or give the path of a .toml file"
        raise DescriptionError(name_or_path or '""', [problem])
    return read_file(SHIPPED / f"{name_or_path}.toml")


def read_file(path: Path) -> PumpDescription:
    """Return the description in a file; raise DescriptionError with all that is wrong with it."""
    content, as_bytes = read_tables(path)
    problems: list[str] = []
    fields = Fields(content, "", problems)
    fields.whole("format", FORMAT, FORMAT)
    described = PumpDescription(
        name=fields.name("name"),
        version=fields.whole("version", 1, 65_535),
        calibration_id=fields.whole("calibration_id", 1, 65_535),
        about=fields.words("about"),
        digest=hashlib.sha256(as_bytes).hexdigest(),
        board=_board(fields.table("board"), _absent(content)),
        motor=_motor(fields.table("motor")),
        head=_head(fields.table("head")),
        encoder=_encoder(fields.table("encoder")) if fields.has("encoder") else None,
        limits=_limits(fields.table("limits")),
        line=_line(fields.table("line")),
        service=_service(fields.table("service")),
        **_fitted(fields.table("fitted")),
    )
    fields.finish()
    if not problems:
        problems += faults_of(described)
    if problems:
        raise DescriptionError(str(path), problems)
    return described


def _absent(content: dict) -> set[str]:
    """Return signals that nothing is fitted for: they have neither pin nor level."""
    fitted = content.get("fitted")
    has_monitor = isinstance(fitted, dict) and fitted.get("supply_monitor") is True
    return {
        name
        for name, is_there in (
            ("motion", "encoder" in content),
            ("supply_good", has_monitor),
            ("supply_is_good", has_monitor),
        )
        if not is_there
    }


def _board(fields: Fields, absent: set[str]) -> Board:
    kind = fields.choice("kind", ("pico", "pico_w", "rp2040"))
    has_led = fields.flag("led") if kind == "rp2040" else kind == "pico"
    sense_at = fields.choice("sense_at", ("driver", "step"))
    pins = fields.table("pins")
    numbers = {name: pins.whole(name, 0, _LAST_PIN) for name in PINS if name not in absent}
    if kind == "pico":
        numbers["led"] = _PICO_LED
    elif has_led:
        numbers["led"] = pins.whole("led", 0, _LAST_PIN)
    _need_different(pins, numbers, sense_at)
    pins.finish()
    levels = fields.table("levels")
    names = [name for name in LEVELS if name not in absent]
    found = {name: int(levels.choice(name, ("high", "low")) == "high") for name in names}
    if kind == "rp2040" and has_led:
        found["led_on"] = int(levels.choice("led_on", ("high", "low")) == "high")
    levels.finish()
    fields.finish()
    return Board(kind, numbers, found, has_led, sense_at)


def _need_different(pins: Fields, numbers: dict[str, int], sense_at: str) -> None:
    """Report signals that share a pin, which none may, save for SENSE: it may be STEP itself where no wire goes
    back."""
    taken: dict[int, str] = {}
    for name, number in numbers.items():
        if name == "sense" and sense_at == "step":
            if number != numbers["step"]:
                pins.complain(
                    name, f'= {number}, allowed: {numbers["step"]}, the pin of step, with sense_at = "step"'
                )
            continue
        if number in taken:
            pins.complain(name, f"= {number} is the pin of {taken[number]}; each signal needs its own")
        taken.setdefault(number, name)


def _motor(fields: Fields) -> Motor:
    motor = Motor(
        fields.whole("full_steps_per_turn", 4, 400),
        fields.power_of_two("microsteps_per_full_step", 256),
        fields.ratio("gear", 1, 1_000),
        fields.whole("most_full_steps_per_s", 1, 5_000),
    )
    fields.finish()
    return motor


def _head(fields: Fields) -> Head:
    kind = fields.choice("kind", ("peristaltic", "screw"))
    head = Head(
        kind,
        fields.ratio("nl_per_turn", 100, 1_000_000),
        fields.whole("uncertainty_permille", 0, 200),
        fields.day("calibrated_on"),
        fields.whole("travel_turns", 1, 100_000) if kind == "screw" else 0,
    )
    fields.finish()
    return head


def _encoder(fields: Fields) -> Encoder:
    encoder = Encoder(fields.whole("edges_per_motor_turn", 8, 409_600), fields.whole("channels", 1, 2))
    fields.finish()
    return encoder


def _fitted(fields: Fields) -> dict:
    hold = fields.choice("hold_current", ("always", "released"))
    fitted = {
        "buzzer": fields.choice("buzzer", ("active", "passive")),
        "has_supply_monitor": fields.flag("supply_monitor"),
        "hold": hold,
        "release_after_s": fields.whole("release_after_s", 1, 3_600) if hold == "released" else 0,
    }
    fields.finish()
    return fitted


def _limits(fields: Fields) -> Limits:
    rate = 1, MOST_RATE_NL_PER_DAY
    limits = Limits(
        fields.whole("minimum_nl_per_day", *rate),
        fields.whole("least_basal_nl_per_day", *rate),
        fields.whole("most_basal_nl_per_day", *rate),
        fields.whole("most_nl_per_day", *rate),
        fields.whole("most_bolus_nl", 1, _MOST_NL),
        fields.whole("quantum_nl", 1, _ML),
        tuple(_ML * millilitres for millilitres in fields.wholes("reservoirs_ml", 1, 1_000, 2)),
        fields.whole("least_low_reservoir_nl", 0, _MOST_NL),
    )
    fields.finish()
    return limits


def _line(fields: Fields) -> Line:
    line = Line(
        fields.whole("dead_volume_id", 1, 255),
        fields.whole("pump_tubing_nl", 0, 5 * _ML),
        fields.whole("most_catheter_nl", 0, 5 * _ML),
    )
    fields.finish()
    return line


def _service(fields: Fields) -> Service:
    service = Service(
        fields.whole("pump_days", 1, 36_500),
        fields.whole("notice_days", 1, 3_650),
        fields.whole("tubing_days", 1, 36_500),
        fields.whole("tubing_turns", 100, 5_000_000),
    )
    fields.finish()
    return service


def faults_of(pump: PumpDescription) -> list[str]:
    """Return what does not go together in a description whose fields are right one by one."""
    faults = []
    limits = pump.limits
    if max(pump.nl_of_the_ratio, pump.microsteps_of_the_ratio) > MOST_RATIO:
        faults.append(
            f"motor and head: {pump.nl_of_the_ratio} nL over {pump.microsteps_of_the_ratio} microsteps is the least "
            f"exact ratio, and neither may be more than {MOST_RATIO}: give nl_per_turn or gear in smaller numbers"
        )
    if pump.weight_per_rate > MOST_WEIGHT_PER_RATE or pump.step_weight > MOST_STEP_WEIGHT:
        faults.append(
            f"motor and head: a microstep of {pump.nl_of_the_ratio}/{pump.microsteps_of_the_ratio} nL can't be metered "
            f"exactly ({pump.weight_per_rate} units a tick, at most {MOST_WEIGHT_PER_RATE}; {pump.step_weight} a "
            f"microstep, at most {MOST_STEP_WEIGHT}): give nl_per_turn or gear in smaller numbers"
        )
    if limits.most_nl_per_day > pump.greatest_nl_per_day:
        faults.append(
            f"limits.most_nl_per_day = {limits.most_nl_per_day}, allowed: up to {pump.greatest_nl_per_day}: motor, "
            f"generator and encoder can do {pump.most_microsteps_per_s} microsteps/s, and no rate may be more than "
            f"{MOST_RATE_NL_PER_DAY} nL/day"
        )
    if limits.minimum_nl_per_day < pump.least_nl_per_day:
        faults.append(
            f"limits.minimum_nl_per_day = {limits.minimum_nl_per_day}, allowed: from {pump.least_nl_per_day}, at which "
            "a microstep comes each hour"
        )
    reservoir_steps = limits.reservoirs_nl[-1] * pump.microsteps_per_nl
    if reservoir_steps > MOST_RATIO:
        most_ml = int(MOST_RATIO / pump.microsteps_per_nl / _ML)
        faults.append(
            f"limits.reservoirs_ml = {limits.reservoirs_nl[-1] // _ML}, allowed: up to {most_ml}; one reservoir may "
            f"hold {MOST_RATIO} microsteps, and these are {int(reservoir_steps)}"
        )
    line_steps = (pump.line.pump_tubing_nl + pump.line.most_catheter_nl) * pump.microsteps_per_nl
    if line_steps > MOST_LINE_MICROSTEPS:
        faults.append(
            f"line: tubing and catheter hold {int(line_steps)} microsteps, allowed: up to {MOST_LINE_MICROSTEPS}"
        )
    rising = ("minimum_nl_per_day", "least_basal_nl_per_day", "most_basal_nl_per_day", "most_nl_per_day")
    for lower, higher in pairwise(rising):
        if getattr(limits, lower) > getattr(limits, higher):
            faults.append(f"limits.{lower} = {getattr(limits, lower)} is more than limits.{higher}")
    if limits.quantum_nl * pump.microsteps_per_nl < 1:
        each_nl = float(1 / pump.microsteps_per_nl)
        faults.append(
            f"limits.quantum_nl = {limits.quantum_nl} is less than a microstep, which is {each_nl:.3f} nL"
        )
    for name in ("most_bolus_nl", "least_low_reservoir_nl"):
        if getattr(limits, name) > limits.reservoirs_nl[0]:
            faults.append(
                f"limits.{name} = {getattr(limits, name)} is more than the smallest reservoir holds"
            )
    faults += _faults_of_the_encoder(pump)
    if pump.service.notice_days > pump.service.pump_days:
        faults.append("service.notice_days is more than service.pump_days")
    return faults


def _faults_of_the_encoder(pump: PumpDescription) -> list[str]:
    encoder, motor = pump.encoder, pump.motor
    if encoder is None:
        return []
    faults = []
    if encoder.channels == 2:
        faults.append("encoder.channels = 2, allowed: 1; a second channel is not read")
    microsteps = motor.full_steps_per_turn * motor.microsteps_per_full_step
    if encoder.edges_per_motor_turn != microsteps:
        faults.append(
            f"encoder.edges_per_motor_turn = {encoder.edges_per_motor_turn}, allowed: {microsteps}, one for each "
            "microstep of the motor; leave [encoder] out for one that has others"
        )
    return faults
