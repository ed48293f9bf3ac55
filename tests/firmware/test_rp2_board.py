"""The board as a whole: its lines at boot, what it remembers over a reset, and the main loop on the emulated chip."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_fw.rp2 import pins
from thecal_hil.emulator import EmulatedPico, ResetCause
from thecal_hil.emulator.repl import RawRepl

from .conftest import WATCHED, Bench, build_image

MOST_BOOT_NS = 300_000_000


def test_the_annunciator_moves_its_lines(bench: Bench):
    bench.run("from thecal_fw.rp2.annunciator import Annunciator\nannunciator = Annunciator()")
    level = bench.pico.level
    assert (level("buzzer"), level("led")) == (0, 0)
    bench.run("annunciator.buzzer(True); annunciator.led(True)")
    assert (level("buzzer"), level("led")) == (1, 1)
    bench.run("annunciator.buzzer(False); annunciator.led(False)")
    assert (level("buzzer"), level("led")) == (0, 0)


@pytest.mark.requirement("key-pairing")
def test_the_button_is_held_while_its_line_is_low_and_a_disturbance_is_no_push(bench: Bench):
    line = bench.pico.chip.gpio[pins.BUTTON]
    bench.run("from thecal_fw.rp2.button import Button\nbutton = Button()")
    assert bench.run("print(button.is_held())") == "False"
    line.set_input_value(False)
    assert bench.run("print(button.is_held())") == "True"
    line.set_input_value(True)
    assert bench.run("print(button.is_held())") == "False"
    # Low for the first looks only: shorter than a push can be.
    bench.run("import time\nresults = []")
    for length_ns in (1_000, 20_000, 100_000):
        bench.pico.call_at(bench.pico.now_ns + 40_000_000, lambda: line.set_input_value(False))
        bench.pico.call_at(bench.pico.now_ns + 40_000_000 + length_ns, lambda: line.set_input_value(True))
        looks = "for _ in range(2000):\n    if button.is_held(): results.append(1)"
        bench.run(looks)
    assert bench.run("print(len(results))") == "0"


@pytest.mark.requirement("keys")
def test_the_board_draws_as_many_random_bytes_as_are_asked_for(bench: Bench):
    # The emulated oscillator gives the same each time. That nonces differ all the same, the scenarios show.
    bench.run("from thecal_fw.rp2.board import Machine\nboard = Machine(False, None)")
    assert bench.run("print([len(board.random_bytes(count)) for count in (1, 16, 32)])") == "[1, 16, 32]"


@pytest.mark.requirement("watchdog")
def test_the_watchdog_leaves_alone_who_feeds_it(bench: Bench):
    bench.run("from thecal_fw.rp2.watchdog import Watchdog\nwatchdog = Watchdog()")
    for _ in range(4):
        bench.run_for_s(7)
        bench.run("watchdog.feed()")
    assert len(bench.pico.resets) == 1


def pump(uf2: Path) -> EmulatedPico:
    wires = [(pins.STEP, pins.SENSE), (pins.BUZZER, pins.BUZZER)]
    return EmulatedPico(uf2, watch=WATCHED, wires=wires, released={"enable": 1})


@pytest.fixture(scope="module")
def main_uf2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_image(
        tmp_path_factory.mktemp("image"), "main", "from thecal_fw.start.main import main\nmain()\n"
    )


@pytest.mark.requirement("restart-in-time")
def test_the_main_loop_sleeps_soon_after_reset_and_stays_asleep(main_uf2: Path):
    pico = pump(main_uf2)
    while not pico.sleeping and pico.now_ns < MOST_BOOT_NS:
        pico.run_for(1_000_000)
    assert pico.sleeping
    assert pico.level("enable") == 1
    pico.run_for(1_000_000_000)
    busy = pico.busy_cycles
    pico.run_for(100_000_000_000)
    assert pico.busy_cycles - busy < 100 * 125_000
    assert len(pico.resets) == 1
    assert pico.backlog_drops == 0


@pytest.mark.requirement("exception-stops-motor", "exception-resets", "watchdog")
def test_an_exception_stops_the_motor_and_ends_in_a_watchdog_reset(tmp_path: Path):
    main = """
from thecal_fw.start import main
from thecal_fw.pump.controller import Controller
def broken(self, now_s, now_us):
    if now_s >= 2:
        raise RuntimeError('broken')
    if now_s == 1 and not self.hardware.train._is_playing:
        self.hardware.gate.arm(1_000)
        self.hardware.driver.enable()
        train, clock = self.hardware.train, self.hardware.clock
        train.load()
        for _ in range(500):
            train.push(1_000)
        train.release()
        clock.read()
        train.start(clock.s, clock.us + 20_000)
    self.wake_s, self.wake_us = now_s + 1, 0
    self.hardware.watchdog.feed()
Controller.poll = broken
main.main()
"""
    pico = pump(build_image(tmp_path, "broken", main))
    pico.serial.timeout = 1.0
    pico.serial.open()
    pico.run_for(9_000_000_000 - pico.now_ns)
    assert b"RuntimeError: broken" in pico.serial.read(pico.serial.in_waiting)
    steps = [edge.t_ns for edge in pico.edges if edge.signal == "step" and edge.level]
    # The first 64 are the self-test's, with the motor off.
    assert 80 < len(steps) - 64 <= 100
    assert max(steps) < 2_001_000_000 + 100_000_000
    assert pico.level("enable") == 1
    assert len(pico.resets) == 1
    pico.run_for(3_000_000_000)
    assert pico.resets[1].cause is ResetCause.WATCHDOG


def test_the_prompt_is_reached_with_the_motor_off_and_the_watchdog_fed(tmp_path: Path):
    main = """
from thecal_fw.start import main
from thecal_fw.pump.controller import Controller
def leaving(self, now_s, now_us):
    self.hardware.watchdog.feed()
    self.hardware.gate.arm(1_000)
    self.hardware.driver.enable()
    self.wake_s, self.wake_us = now_s + 1, 0
    if now_s >= 1:
        self.hardware.machine.prompt()
Controller.poll = leaving
main.main()
"""
    pico = pump(build_image(tmp_path, "leaving", main))
    pico.serial.open()
    pico.run_for(2_000_000_000)
    assert pico.level("enable") == 1
    prompt = RawRepl(pico.serial)
    for _ in range(3):
        pico.run_for(10_000_000_000)
        assert prompt.run("print(6 * 7)").strip() == "42"
    assert len(pico.resets) == 1
