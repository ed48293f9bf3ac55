"""One file describes a pump: it is read strictly, and what follows from it is exact."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from thecal.pumps.constants import NO_PIN, chosen, constants_of, module_of
from thecal.pumps.description import MOST_RATE_NL_PER_DAY
from thecal.pumps.reader import SHIPPED, names, read_description, read_file
from thecal.pumps.table import MOST_BYTES, DescriptionError
from thecal_fw.core import described
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.metering import step_weight, weight_per_rate

REFERENCE = (SHIPPED / "reference.toml").read_text(encoding="utf-8")
REPOSITORY = Path(__file__).resolve().parents[2]


def described_as(tmp_path: Path, *changes: tuple[str, str]):
    """Return the reference with other text in places."""
    text = REFERENCE
    for was, becomes in changes:
        assert text.count(was) == 1, was
        text = text.replace(was, becomes)
    path = tmp_path / "pump.toml"
    path.write_text(text, encoding="utf-8")
    return read_file(path)


def problems_of(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    with pytest.raises(DescriptionError) as refused:
        described_as(tmp_path, *changes)
    return refused.value.problems


@pytest.mark.parametrize("name", names())
def test_each_shipped_description_is_read(name):
    pump = read_description(name)
    assert pump.name == name
    assert pump.microsteps_per_nl == Fraction(pump.microsteps_of_the_ratio, pump.nl_of_the_ratio)


def test_the_shipped_descriptions_are_found_at_the_root_of_the_checkout():
    assert sorted(path.stem for path in (REPOSITORY / "pumps").glob("*.toml")) == names()


def test_the_shipped_pumps_have_numbers_of_their_own_that_programs_name():
    numbers = [read_description(name).calibration_id for name in names()]
    assert len(set(numbers)) == len(numbers) >= 3


def test_the_reference_has_50_microlitres_and_3200_microsteps_a_turn():
    pump = read_description("reference")
    ratio = (pump.nl_of_the_ratio, pump.microsteps_of_the_ratio, pump.turns_of_the_ratio)
    assert ratio == (50_000, 3_200, 1)
    assert pump.not_fitted == ()


def test_the_gear_of_a_28byj_48_is_exact():
    pump = read_description("plain-28byj")
    assert pump.motor.gear == Fraction(25_792, 405)
    assert pump.microsteps_per_nl == Fraction(32 * 8 * 25_792, 405 * 40_000)
    assert pump.not_fitted == ("encoder", "supply monitor", "sense wire")


def test_everything_wrong_with_a_description_is_told_at_once(tmp_path):
    problems = problems_of(
        tmp_path,
        ("step = 2\n", "step = 29\n"),
        ("microsteps_per_full_step = 16", "microsteps_per_full_step = 15"),
        ("nl_per_turn = 50000", "nl_per_turn = 50.5"),
        ("calibrated_on = 2026-01-01", 'calibrated_on = "lately"'),
        ("quantum_nl = 1000\n", "quantum_ul = 1\n"),
        ("[20, 40]", "[40, 20]"),
    )
    assert [problem.split()[0] for problem in problems] == [
        "board.pins.step",
        "motor.microsteps_per_full_step",
        "head.nl_per_turn",
        "head.calibrated_on",
        "limits.quantum_nl",
        "limits.reservoirs_ml",
        "limits.quantum_ul",
    ]
    assert "did you mean quantum_nl?" in problems[-1]


def test_a_ratio_with_a_decimal_point_is_refused_as_inexact(tmp_path):
    [problem] = problems_of(tmp_path, ("gear = 1\n", "gear = 63.68\n"))
    assert problem.startswith("motor.gear = 63.68, allowed: an exact ratio")


@pytest.mark.parametrize("gear", ['"1/0"', '"-1/2"', '"1/2/3"', '"1e9"', "true", "[]"])
def test_what_is_no_ratio_is_refused(tmp_path, gear):
    [problem] = problems_of(tmp_path, ("gear = 1\n", f"gear = {gear}\n"))
    assert problem.startswith("motor.gear = ")


def test_a_file_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "film.toml"
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(DescriptionError, match=f"more than {MOST_BYTES} bytes"):
        read_file(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = ", b"[a]\n[a]\n", b"a = " + b"[" * 5_000])
def test_what_is_no_toml_is_refused_in_words(tmp_path, content):
    path = tmp_path / "pump.toml"
    path.write_bytes(content)
    with pytest.raises(DescriptionError, match="is not valid TOML"):
        read_file(path)


def test_a_name_that_is_none_is_refused_with_the_names_there_are():
    with pytest.raises(DescriptionError, match="there are lead-screw, plain-28byj, planetary, reference"):
        read_description("refference")


def test_a_rate_beyond_motor_and_step_generator_is_refused_with_the_greatest_one(tmp_path):
    too_fast = ("microsteps_per_full_step = 16", "microsteps_per_full_step = 256"), ("= 3200", "= 51200")
    [problem] = problems_of(tmp_path, *too_fast)
    # 100 microsteps/s of 50,000/51,200 nL each
    assert "limits.most_nl_per_day = 96000000, allowed: up to 8437500:" in problem
    slower = ("= 96000000", "= 8437500"), ("= 24000000", "= 8437500")
    assert described_as(tmp_path, *too_fast, *slower).greatest_nl_per_day == 8_437_500


def test_without_an_encoder_a_pump_may_be_faster():
    assert read_description("plain-28byj").most_microsteps_per_s == 250
    assert read_description("planetary").most_microsteps_per_s == 100


def test_a_slow_motor_lowers_the_greatest_rate(tmp_path):
    [problem] = problems_of(tmp_path, ("most_full_steps_per_s = 500", "most_full_steps_per_s = 1"))
    assert "allowed: up to 21600000:" in problem


def test_no_rate_needs_more_than_the_bits_there_are_for_it(tmp_path):
    [problem] = problems_of(
        tmp_path, ("most_nl_per_day = 96000000", f"most_nl_per_day = {MOST_RATE_NL_PER_DAY + 1}")
    )
    assert problem.startswith("limits.most_nl_per_day = 268435456, allowed: ")
    coarse = ("nl_per_turn = 50000", "nl_per_turn = 500000")
    assert described_as(tmp_path, coarse, ("= 96000000", f"= {MOST_RATE_NL_PER_DAY}"))


def test_a_minimum_rate_with_more_than_an_hour_between_microsteps_is_refused_with_the_least(tmp_path):
    [problem] = problems_of(tmp_path, ("minimum_nl_per_day = 6000", "minimum_nl_per_day = 374"))
    assert "allowed: from 375," in problem
    assert described_as(tmp_path, ("minimum_nl_per_day = 6000", "minimum_nl_per_day = 375"))


def test_limits_that_do_not_rise_are_refused(tmp_path):
    [problem] = problems_of(tmp_path, ("least_basal_nl_per_day = 48000", "least_basal_nl_per_day = 24000001"))
    assert problem == "limits.least_basal_nl_per_day = 24000001 is more than limits.most_basal_nl_per_day"


def test_a_ratio_that_the_pump_can_t_keep_is_refused_with_its_size(tmp_path):
    [problem] = problems_of(tmp_path, ("nl_per_turn = 50000", 'nl_per_turn = "50000000001/1000000"'))
    assert "50000000001 nL over 3200000000 microsteps" in problem


def test_two_signals_on_one_pin_are_refused(tmp_path):
    [problem] = problems_of(tmp_path, ("buzzer = 6", "buzzer = 2"))
    assert problem == "board.pins.buzzer = 2 is the pin of step; each signal needs its own"


def test_sense_is_the_step_pin_where_no_wire_goes_back_and_only_there(tmp_path):
    [problem] = problems_of(tmp_path, ('sense_at = "driver"', 'sense_at = "step"'))
    assert problem.startswith("board.pins.sense = 5, allowed")
    pump = described_as(tmp_path, ('sense_at = "driver"', 'sense_at = "step"'), ("sense = 5", "sense = 2"))
    assert pump.not_fitted == ("sense wire",)


def test_what_is_not_fitted_has_neither_pin_nor_level(tmp_path):
    no_encoder = ("[encoder]\nedges_per_motor_turn = 3200\nchannels = 1\n", "")
    no_monitor = ("supply_monitor = true", "supply_monitor = false")
    problems = problems_of(tmp_path, no_encoder, no_monitor)
    assert [problem.split()[0] for problem in problems] == [
        "board.pins.motion",
        "board.pins.supply_good",
        "board.levels.supply_is_good",
    ]
    plain = constants_of(read_description("plain-28byj"))
    assert (plain["MOTION"], plain["SUPPLY_GOOD"]) == (NO_PIN, NO_PIN)
    assert (plain["HAS_ENCODER"], plain["HAS_SUPPLY_MONITOR"]) == (0, 0)


def test_a_pico_w_has_no_led(tmp_path):
    pump = described_as(tmp_path, ('kind = "pico"', 'kind = "pico_w"'))
    assert pump.not_fitted == ("led",)
    assert constants_of(pump)["LED"] == NO_PIN


def test_another_board_says_whether_it_has_an_led_and_where(tmp_path):
    own = ('kind = "pico"', 'kind = "rp2040"\nled = true'), ("supply_good = 17", "supply_good = 17\nled = 20")
    numbers = constants_of(
        described_as(tmp_path, *own, ('buzzer_on = "high"', 'buzzer_on = "low"\nled_on = "low"'))
    )
    assert (numbers["LED"], numbers["LED_ON"], numbers["BUZZER_ON"]) == (20, 0, 0)


def test_a_byte_more_is_another_digest(tmp_path):
    assert described_as(tmp_path).digest == read_description("reference").digest
    assert (
        described_as(tmp_path, ("version = 1\n", "version = 1 \n")).digest
        != read_description("reference").digest
    )


def test_the_firmware_s_numbers_are_those_of_the_description_and_no_others():
    numbers = {name: value for name, value in vars(described).items() if name.isupper()}
    assert numbers == constants_of(chosen())


@pytest.mark.parametrize("name", names())
def test_the_module_that_the_build_writes_has_the_same_names(name):
    built: dict = {}
    exec(module_of(read_description(name)), built)
    assert {key: value for key, value in built.items() if key.isupper()} == constants_of(
        read_description(name)
    )


@pytest.mark.parametrize("name", names())
def test_the_weights_that_a_description_is_judged_by_are_those_that_metering_has(name):
    pump = read_description(name)
    calibration = Calibration(1, pump.nl_of_the_ratio, pump.microsteps_of_the_ratio, pump.turns_of_the_ratio)
    assert (weight_per_rate(calibration), step_weight(calibration)) == (
        pump.weight_per_rate,
        pump.step_weight,
    )


def test_no_other_source_has_a_number_of_the_reference_pump():
    """The numbers looked for are those that no other thing has: its volume and microsteps a turn, and its highest
    rate."""
    numbers = re.compile(r"(?<![\d_])(?:50_?000|3_?200|96_?000_?000)(?![\d_])")
    names = re.compile(r"NL|nl|STEPS|steps|RATE|rate")
    found = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()}"
        for root in ("firmware/thecal_fw", "host", "sim", "hil")
        for path in sorted((REPOSITORY / root).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if numbers.search(line) and names.search(line)
    ]
    assert found == []
