"""``thecal-hil silicon`` finds on an emulated board what was imposed on it, and leaves the pump as it found it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from thecal.errors import ThecalError
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.rp2 import pins
from thecal_fw.store.layout import Layout
from thecal_hil.campaigns.changes.watched import Watched
from thecal_hil.campaigns.silicon_check import assumptions, clocks, margins, resets, sense_line
from thecal_hil.campaigns.silicon_check.emulated_way import EmulatedWay
from thecal_hil.campaigns.silicon_check.flash_cache import FlashCache
from thecal_hil.campaigns.silicon_check.flash_chip import FlashChip
from thecal_hil.campaigns.silicon_check.loop import readings as of_loop
from thecal_hil.campaigns.silicon_check.prompt import Prompt
from thecal_hil.campaigns.silicon_check.record import all_agree
from thecal_hil.campaigns.silicon_check.run import Measured, Measurement, PumpDeliversError
from thecal_hil.campaigns.silicon_check.verdicts import (
    Assumption,
    Finding,
    NotMeasuredError,
    Reading,
    Readings,
    Verdict,
    judge,
)
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import ENABLE
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import EmulatedPico, ResetCause
from thecal_hil.emulator.fixes import SystemConfiguration
from thecal_hil.emulator.pty import EmulatedPty
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_faults import SECTOR_BYTES
from thecal_hil.rigs.pico_rig import PicoRig, bench_board

_NS_PER_MS = 1_000_000
_OURS_END = 640 * 1_024 + Layout().all_sectors * SECTOR_BYTES
"""Behind journal and keys, which begin 1,408 kB from the end of 2 MB (docs/storage.md)."""


@cache
def measured_on(silicon: str) -> tuple[Measured, EmulatedPico]:
    board = bench_board(image_under_test(), Silicon.read(silicon))
    measured = Measurement(EmulatedWay(board)).run(through_boot_loader=True)
    return measured, board


def findings(silicon: str) -> dict[str, Finding]:
    return {one.assumption.key: one for one in measured_on(silicon)[0].findings}


def at_prompt(silicon: str = "ideal", prepare: Callable[[EmulatedPico], None] | None = None) -> Prompt:
    """Return the clean prompt of a pump on such a board."""
    board = bench_board(image_under_test(), Silicon.read(silicon))
    if prepare is not None:
        prepare(board)
    way = EmulatedWay(board)
    prompt = Prompt.leave(way.find_pump(), way.port())
    prompt.soft_reset()
    return prompt


def values(readings: Readings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with_reason = iter(readings)
    try:
        for key, reading in with_reason:
            found[key] = reading.value if isinstance(reading, Reading) else str(reading)
    except NotMeasuredError as error:
        found["why"] = str(error)
    return found


AS_SILICON = "silicon,flash=blank"
"""An erase is measured in a sector that is blank."""
SLOW = "silicon,P=132,fill=half,replace=random,seed=3,erase=400ms,page=2.5ms,frames=off,flash=blank"
IDEAL = "ideal"


@pytest.mark.requirement("chip-measured")
def test_a_board_as_slow_as_silicon_is_believed_to_be_agrees_in_all() -> None:
    found = findings(AS_SILICON)
    not_agreeing = {key: one.verdict for key, one in found.items() if one.verdict is not Verdict.AGREES}
    # It has delivered nothing yet.
    assert not_agreeing == dict.fromkeys(("write", "margin", "masked-margin"), Verdict.NOT_MEASURED)
    assert len(found) == sum(
        len(group)
        for group in vars(assumptions).values()
        if isinstance(group, tuple) and all(isinstance(one, Assumption) for one in group)
    )
    assert all_agree(measured_on(AS_SILICON)[0])


@pytest.mark.requirement("chip-measured")
@pytest.mark.parametrize(
    ("key", "imposed", "tolerance"),
    [
        ("miss", 132, 0.5),
        ("uncached", 132, 0.5),
        ("fill", "half", None),
        ("replacement", "random", None),
        ("ways", 2, 0),
        ("set", 8_192, 0),
        ("erase", 400, 1),
        ("erase-longest", 400, 1),
        ("page", 2.5, 0.3),
        ("frames", 0, 0),
        ("kept-awake", 0, 5),
    ],
)
def test_what_was_imposed_is_found(key: str, imposed: float | str, tolerance: float | None) -> None:
    reading = findings(SLOW)[key].reading
    assert reading is not None
    if isinstance(imposed, str):
        assert reading.value == imposed
    else:
        assert reading.value == pytest.approx(imposed, abs=tolerance)


@pytest.mark.requirement("chip-measured")
def test_a_slow_board_differs_where_it_was_made_slow_and_nowhere_else() -> None:
    differing = {key for key, one in findings(SLOW).items() if one.verdict is Verdict.DIFFERS}
    assert differing == {
        *(
            "miss",
            "uncached",
            "fill",
            "replacement",
            "erase",
            "page",
            "frames",
            "kept-awake",
            "tool-zero",
            "bite-zero",
            "take-over",
        )
    }
    assert not all_agree(measured_on(SLOW)[0])


@pytest.mark.requirement("chip-measured")
def test_what_an_ideal_board_does_not_show_is_not_measured_and_says_why() -> None:
    found = findings(IDEAL)
    for key in ("fill", "neighbour", "ways", "set", "replacement"):
        assert (found[key].verdict, found[key].why[:25]) == (
            Verdict.NOT_MEASURED,
            "a miss costs nothing on t",
        )
    assert found["fed-meanwhile"].why.startswith("erases of 0.")
    for key in ("miss", "erase", "page", "frames", "bite-zero", "tool-zero"):
        assert found[key].verdict is Verdict.DIFFERS, key


@pytest.mark.requirement("chip-measured")
@pytest.mark.parametrize(
    ("miss_cycles", "replacement", "fill"),
    [
        (5, "lru", "line"),
        (40, "random", "line"),
        (50, "lru", "half"),
        (132, "lru", "line"),
        (250, "random", "half"),
    ],
)
def test_price_and_rules_of_the_cache_are_found_for_any(
    miss_cycles: int, replacement: str, fill: str
) -> None:
    prompt = at_prompt(f"P={miss_cycles},replace={replacement},fill={fill},seed=7")
    found = values(FlashCache(prompt).readings())
    assert found.pop("miss") == pytest.approx(miss_cycles, abs=0.4)
    assert found.pop("uncached") == pytest.approx(miss_cycles, abs=0.4)
    assert found.pop("hit") == pytest.approx(0, abs=0.4)
    assert found.pop("flush") == pytest.approx(1_024, abs=3)
    expected = {"fill": fill, "neighbour": "not filled", "ways": 2, "set": 8_192, "replacement": replacement}
    assert found == expected


@pytest.mark.parametrize("khz", [2_000, 4_000, 6_500, 11_000])
def test_the_ring_oscillator_is_found(khz: int) -> None:
    prompt = at_prompt(prepare=lambda board: setattr(board.chip.clocks, "ring_khz", khz))
    assert values(clocks.readings(prompt))["ring"] == khz


@pytest.mark.parametrize("ppm", [-500, -40, 40, 500])
def test_a_crystal_that_is_off_is_found_within_what_is_stated(ppm: int) -> None:
    class WrongClock(EmulatedWay):
        def now_ns(self) -> int:
            return round(super().now_ns() * (1 - ppm / 1e6))

    way = WrongClock(bench_board(image_under_test(), Silicon.read("frames=on")))
    found = dict(of_loop(way.find_pump(), way, 60.0))["crystal"]
    assert isinstance(found, Reading)
    assert found.uncertainty <= 35
    assert found.value == pytest.approx(ppm, abs=found.uncertainty)


def test_without_a_wire_from_step_to_sense_pulses_are_not_measured() -> None:
    def cut(board: EmulatedPico) -> None:
        next(wire for wire in board.wires if wire.target == pins.SENSE).stuck = 0

    board = bench_board(image_under_test(), Silicon.read("ideal"))
    way = EmulatedWay(board)
    prompt = Prompt.leave(way.find_pump(), way.port())
    prompt.soft_reset()
    cut(board)
    assert values(sense_line.readings(prompt))["why"] == (
        "no pulse on STEP came back on SENSE: wire the two together"
    )


def test_a_boot_rom_that_leaves_the_masks_of_interrupts_alone_is_found(monkeypatch) -> None:
    monkeypatch.setattr(SystemConfiguration, "reset", lambda self: None)
    monkeypatch.setattr(SystemConfiguration, "enter_boot_rom", lambda self: None)
    way = EmulatedWay(bench_board(image_under_test(), Silicon.read("ideal")))
    found = values(resets.Resets(way).bite())
    # The bit that tells a bite from a debugger's reset has not gone either.
    assert (found["bite-masks"], found["bite-cause"]) == ("kept", "no bite")


def test_a_chip_that_loses_its_memory_in_a_bite_is_found() -> None:
    board = bench_board(image_under_test(), Silicon.read("ideal"))

    def bitten() -> None:
        board.reset(ResetCause.WATCHDOG)
        board.write_sram(0x2004_0300, bytes(512))

    board.chip.watchdog.on_watchdog_trigger = bitten
    found = values(resets.Resets(EmulatedWay(board)).bite())
    assert found["bite-memory"] == "lost"
    assert found["bite-zero"] == "the instant of the reset was lost with the memory"


@pytest.mark.requirement("chip-motor-off")
@pytest.mark.parametrize("silicon", [AS_SILICON, SLOW, IDEAL])
def test_the_motor_is_off_from_the_first_moment_to_the_last_and_the_pump_stands_again(silicon: str) -> None:
    _, board = measured_on(silicon)
    assert [edge for edge in board.edges if edge.signal == ENABLE and edge.level == 0] == []
    assert board.level(ENABLE) == 1
    assert EmulatedWay(board).find_pump().interrogate().state == STATE_STOPPED


@pytest.mark.requirement("chip-flash-kept")
def test_nothing_is_erased_but_the_journals_sectors_and_one_that_was_blank() -> None:
    _, board = measured_on(SLOW)
    erased = {sector for sector in board.flash_timing.erases if sector * SECTOR_BYTES >= _OURS_END}
    assert len(erased) == 1
    (sector,) = erased
    assert board.flash_image[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES] == b"\xff" * SECTOR_BYTES


def test_no_sector_is_used_that_holds_something() -> None:
    def fill(board: EmulatedPico) -> None:
        board.chip.flash[2 * 1_024 * 1_024 - 64 * SECTOR_BYTES : 2 * 1_024 * 1_024] = (
            b"\x5a" * 64 * SECTOR_BYTES
        )

    with pytest.raises(NotMeasuredError, match="none of the last 64 sectors is blank"):
        FlashChip(at_prompt(prepare=fill))


def delivering() -> PicoRig:
    rig = PicoRig(image_under_test())
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(2_000_000))
    course.start()
    rig.run_for(10)
    return rig


@pytest.mark.requirement("chip-not-while-delivering")
def test_a_pump_that_delivers_is_left_alone() -> None:
    rig = delivering()
    resets_before = len(rig.board.resets)
    with pytest.raises(PumpDeliversError, match="the pump is delivering"):
        Measurement(EmulatedWay(rig.board)).run()
    rig.run_for(30)
    assert len(rig.board.resets) == resets_before
    assert EmulatedWay(rig.board).find_pump().interrogate().rate_nl_per_day == 2_000_000


def test_a_pump_is_started_again_whatever_fails_in_between(monkeypatch) -> None:
    def fail(prompt: Prompt) -> Readings:
        raise ThecalError("as a test wants it")

    monkeypatch.setattr(clocks, "readings", fail)
    board = bench_board(image_under_test(), Silicon.read("ideal"))
    with pytest.raises(ThecalError, match="as a test wants it"):
        Measurement(EmulatedWay(board), crystal_s=1).run()
    assert EmulatedWay(board).find_pump().interrogate().state == STATE_STOPPED


def margins_of_one_that_has_delivered(silicon: str) -> tuple[dict[str, Finding], Watched]:
    rig = PicoRig(image_under_test(), Silicon.read(silicon))
    watched = Watched(rig.board)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(2_000_000))
    # A reset has a dry run of taking over a queue, and a commit of preparing a change.
    watched.margins_ns.clear()
    course.start()
    rig.run_for(5)
    course.prescribe(continuous(424_000))
    rig.run_for(5)
    course.stop()
    judged = {one.key: one for one in assumptions.MARGINS}
    return {key: judge(judged.pop(key), one) for key, one in margins.readings(rig.pump())}, watched


@pytest.mark.requirement("chip-measured")
def test_margins_of_a_pump_that_has_delivered_are_what_was_seen_from_outside() -> None:
    found, watched = margins_of_one_that_has_delivered("silicon,flash=blank")
    assert {one.verdict for one in found.values()} == {Verdict.AGREES}
    assert set(found) == {one.key for one in assumptions.MARGINS}
    margin = found["margin"].reading
    assert margin is not None
    assert margin.value == pytest.approx(min(watched.margins_ns) / _NS_PER_MS, abs=0.5)


@pytest.mark.requirement("chip-measured")
@pytest.mark.parametrize("silicon", ["ideal", "silicon,flash=blank,P=132,replace=random"])
def test_a_cost_of_misses_that_is_not_the_one_assumed_shows_in_taking_over(silicon: str) -> None:
    found, _ = margins_of_one_that_has_delivered(silicon)
    assert found["take-over"].verdict is Verdict.DIFFERS


FIGURE = Assumption("figure", "X1", "a figure", 10, "ms", 8, 14)


@pytest.mark.parametrize(
    ("value", "uncertainty", "verdict"),
    [
        (10, 0, Verdict.AGREES),
        (8, 3, Verdict.AGREES),
        (10, 3.1, Verdict.NOT_MEASURED),
        (14.2, 0.1, Verdict.DIFFERS),
        (14.2, 0.3, Verdict.NOT_MEASURED),
        (5, 2, Verdict.DIFFERS),
        (float("nan"), 0, Verdict.NOT_MEASURED),
    ],
)
def test_a_figure_agrees_or_differs_only_where_its_uncertainty_lets_it(value, uncertainty, verdict) -> None:
    assert judge(FIGURE, Reading(value, uncertainty)).verdict is verdict


def silicon_command(port: str, folder: Path) -> list[str]:
    program = (sys.executable, "-m", "thecal_hil.cli")
    return [*program, "silicon", "--port", port, "--crystal-seconds", "2", "--out", str(folder)]


def run_command(port: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "180"}
    return subprocess.run(
        silicon_command(port, folder),
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )


@pytest.fixture
def pty() -> Iterator[EmulatedPty]:
    board = bench_board(image_under_test(), Silicon.read("silicon,flash=blank"))
    with EmulatedPty(board) as bridge:
        yield bridge


@pytest.mark.requirement("chip-measured")
def test_the_command_measures_a_board_behind_a_port_and_leaves_a_record(pty: EmulatedPty, tmp_path) -> None:
    done = run_command(pty.path, tmp_path)
    (record,) = tmp_path.glob("silicon-*.json")
    written = json.loads(record.read_text())
    rows = {row["key"]: row for row in written["rows"]}
    image = image_under_test()
    assert (written["board"]["version"], written["board"]["commit"]) == (image.version, image.commit)
    assert written["board"]["boot_rom_version"] == 2
    assert written["image"]["sha256"] == image.sha256
    # An emulated board keeps to this computer's clock only as far as the computer is quick enough.
    against_clock = {"answer", "crystal", "tool-zero", "bite-zero"}
    differing = {key for key, row in rows.items() if row["verdict"] == "differs"}
    assert differing <= against_clock, done.stdout
    assert rows["miss"]["measured"] == pytest.approx(66, abs=0.5)
    assert rows["kept-awake"]["why"] == "this computer takes whatever the board sends, read or not"
    assert done.returncode == (1 if differing else 0), done.stderr
    assert "wait at a miss of the flash cache" in done.stdout


def test_a_port_that_is_not_there_is_told(tmp_path) -> None:
    done = run_command("/dev/no-such-port", tmp_path)
    assert done.returncode == 2
    assert "thecal-hil: there is no port /dev/no-such-port" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_pump_is_told(tmp_path) -> None:
    master, slave = os.openpty()
    try:
        done = run_command(os.ttyname(slave), tmp_path)
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 2
    assert "nothing answers on the port" in done.stderr


def test_a_pump_that_delivers_is_refused_in_words(tmp_path) -> None:
    with EmulatedPty(delivering().board) as bridge:
        done = run_command(bridge.path, tmp_path)
    assert done.returncode == 2
    assert "the pump is delivering" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_board_that_is_unplugged_half_way_is_told(tmp_path) -> None:
    board = bench_board(image_under_test(), Silicon.read("ideal"))
    with EmulatedPty(board) as bridge:
        running = subprocess.Popen(
            silicon_command(bridge.path, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert running.stderr is not None
        for line in running.stderr:
            if "clocks" in line:
                break
    _, said = running.communicate(timeout=120)
    assert running.returncode == 2
    assert "has gone" in said, said
    assert list(tmp_path.iterdir()) == []
