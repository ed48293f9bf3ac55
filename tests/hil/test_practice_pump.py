"""The practice pump as a person has it: found without a port, programmed, troubled, and gone without a trace."""

import contextlib
import io
import signal
import time
from pathlib import Path

import pytest

from host.practice_pump import WAIT_S, practice_pump
from host.test_flash_command import image_in
from thecal.cli import run
from thecal.errors import BadInputError
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.image import REPOSITORY, ImageError, image_under_test
from thecal_hil.contract.rig import ResetCause
from thecal_hil.practice import troubles
from thecal_hil.practice.pump import TALK_S, PracticePump
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.plant import Plant

FLEX = str(REPOSITORY / "examples/paediatric_flex.toml")
NS_PER_S = 1_000_000_000
ENDS = [pytest.param((), id="pseudo-terminal"), pytest.param(("--socket", "0"), id="socket")]


@pytest.mark.parametrize("end", ENDS)
def test_it_is_found_and_used_like_a_board_without_naming_a_port(
    tmp_path: Path, end: tuple[str, ...]
) -> None:
    with practice_pump(tmp_path, *end) as demo:
        assert f"{demo.said['port']}  practice pump  {demo.said['serial_number']}" in demo.ok("ports")
        demo.ok("time", "--set")
        demo.ok("refill", "20", "--yes")
        demo.ok("program", FLEX, "--yes", "--reason", "a test")
        demo.ok("start")
        assert demo.json("interrogate")["state"] in ("starting", "delivering")
        assert f"socket{'://' if end else ''}" in demo.said["port"] or not end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_by_a_signal_it_leaves_no_trace(tmp_path: Path, number: int) -> None:
    with practice_pump(tmp_path) as demo:
        (written,) = tmp_path.rglob("*.json")
        assert demo.end(number) == 0
        assert not written.exists()
        assert "no Thecal board is attached" in demo.thecal("interrogate").stderr


def test_killed_outright_it_is_not_found_any_more(tmp_path: Path) -> None:
    with practice_pump(tmp_path) as demo:
        demo.end(signal.SIGKILL)
        assert list(tmp_path.rglob("*.json"))
        assert "practice pump" not in demo.ok("ports")


def test_it_delivers_a_prescription_from_the_beginning_at_the_speed_and_from_the_instant_asked_for(
    tmp_path: Path,
) -> None:
    with practice_pump(tmp_path, "--speed", "3600", "--at", "2026-03-06T08:00", "--program", FLEX) as demo:
        status = demo.json("interrogate")
        assert status["state"] == "delivering"
        # An hour goes by in each second until somebody asks.
        assert status["local_time"].startswith(("2026-03-06", "2026-03-07"))
        end_s, counted = time.monotonic() + WAIT_S, status["counted_steps"]
        while status["counted_steps"] < counted + 1_000:
            # A thousand microsteps are 47 minutes or more at these rates.
            assert time.monotonic() < end_s, status
            # While somebody talks to it, its time is theirs.
            time.sleep(2 * TALK_S)
            status = demo.json("interrogate")


def test_a_fault_that_was_asked_for_comes_and_is_told(tmp_path: Path) -> None:
    planned = ("--fault", "cut-sense-wire@30m", "--fault", "cut-sense-wire@29m..29m30s")
    with practice_pump(tmp_path, "--speed", "3600", "--program", FLEX, *planned) as demo:
        assert demo.heard() == "29m: cut sense wire begins\n"
        assert demo.heard() == "29m30s: cut sense wire ends\n"
        assert demo.heard() == "30m: cut sense wire begins\n"
        end_s = time.monotonic() + WAIT_S
        while not demo.json("interrogate")["active_alarms"]:
            assert time.monotonic() < end_s


def test_a_hand_at_its_button_and_trouble_are_typed_in_its_own_terminal(tmp_path: Path) -> None:
    with practice_pump(tmp_path) as demo:
        demo.type("button 5")
        assert demo.heard() == "the button is held for 5 s\n"
        demo.type("fault power-cut")
        assert demo.heard().endswith("power cut: the pump starts again\n")
        demo.type("fault occlusion")
        assert demo.heard().endswith("occlusion begins\n")
        demo.type("end occlusion")
        assert demo.heard() == "occlusion ends\n"
        demo.type("button for ever")
        assert "allowed: more than 0" in demo.heard()
        demo.type("what")
        assert "What can go wrong: stalled-motor" in demo.heard()
        assert demo.json("interrogate")["state"] == "stopped"
        demo.type("quit")
        demo.process.communicate(timeout=WAIT_S)
        assert demo.process.returncode == 0


def test_the_image_that_is_flashed_is_practised_on_an_emulated_board(tmp_path: Path) -> None:
    try:
        image = image_under_test()
    except ImageError as error:
        pytest.skip(str(error))
    with practice_pump(tmp_path, "--pico", "--program", FLEX) as demo:
        assert demo.said["rig"] == "pico"
        assert "practice pump" in demo.ok("ports")
        status = demo.json("interrogate")
        assert (status["state"], status["commit"]) == ("delivering", image.commit)
        demo.ok("stop", "--yes")
        assert demo.json("interrogate")["state"] == "stopped"
        assert demo.end() == 0


def test_it_is_not_taken_for_a_board_that_takes_an_image(tmp_path: Path) -> None:
    image = image_in(tmp_path)
    with practice_pump(tmp_path / "state") as demo:
        refused = demo.thecal("flash", "--image", str(image), "--wait", "0.2")
        assert refused.returncode == 1
        assert "no board" in refused.stderr
        assert demo.json("interrogate")["state"] == "stopped"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "occlussion@2h"), "nothing that can go wrong here; write it like occlusion@2h"),
        (("--fault", "occlusion@2x"), "no time after the beginning"),
        (("--fault", "occlusion@3h..2h"), "ends before it begins"),
        (("--fault", "power-cut@3h..4h"), "a reset is over at once"),
        (("--fault", "worn-tubing=a-lot@2h"), "'a-lot' is no amount"),
        (("--at", "noon"), "'noon' is no time"),
        (("--program", "nowhere.toml"), "nowhere.toml"),
        (("--speed", "0"), "speed"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_runs(arguments: tuple[str, ...], message: str) -> None:
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        assert run(["demo", *arguments]) == 2
    assert message in err.getvalue()


# --- its time, and what goes wrong, by the instant


class Wall:
    """A wall clock that continues by itself with each look, as one does."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        self.s += 1e-6
        return self.s


def practised(speed: float, *planned: str) -> tuple[PracticePump, Wall, list[str]]:
    rig, wall, said = ModelRig(serial_number=b"PRACTICE"), Wall(), list[str]()
    rig.attach(Plant())
    found = [troubles.read(text, rig.possible_faults) for text in planned]
    return PracticePump(rig, speed, found, said.append, wall), wall, said


def pass_by(pump: PracticePump, wall: Wall, seconds: float) -> int:
    """Let so much time pass on the wall; how much that was for the pump, in ns."""
    before_ns = pump.elapsed_ns
    for _ in range(round(seconds / 0.02)):
        wall.s += 0.02
        pump.advance(lambda: False)
    return pump.elapsed_ns - before_ns


def test_its_time_goes_at_the_speed_asked_for_but_while_somebody_talks_to_it() -> None:
    pump, wall, _ = practised(600.0)
    pass_by(pump, wall, 2 * TALK_S)
    assert pass_by(pump, wall, 1.0) == pytest.approx(600 * NS_PER_S, rel=0.01)
    pump.take(b"\0")
    assert pass_by(pump, wall, TALK_S - 0.04) == pytest.approx((TALK_S - 0.04) * NS_PER_S, rel=0.01)


def test_a_machine_that_was_asleep_is_not_made_up_for() -> None:
    pump, wall, _ = practised(1.0)
    wall.s += 3_600
    pump.advance(lambda: False)
    assert pump.elapsed_ns <= NS_PER_S // 10


def test_a_fault_begins_and_ends_at_its_very_instant() -> None:
    pump, wall, said = practised(3_600.0, "occlusion@1h..1h30m")
    begun: list[int] = []
    plant = pump.rig.plant
    occlude, release = plant.occlude, plant.release
    plant.occlude = lambda: (begun.append(pump.elapsed_ns), occlude())[1]  # type: ignore[method-assign]
    plant.release = lambda: (begun.append(pump.elapsed_ns), release())[1]  # type: ignore[method-assign]
    pass_by(pump, wall, 3.0)
    assert begun == [3_600 * NS_PER_S, 5_400 * NS_PER_S]
    assert said == ["1h: occlusion begins", "1h30m: occlusion ends"]


def test_a_pump_that_leaves_for_its_boot_loader_is_switched_off_and_on() -> None:
    pump, wall, said = practised(1.0)
    rig = pump.rig
    assert isinstance(rig, ModelRig)
    rig.pump().bootloader()
    pass_by(pump, wall, 4.0)
    assert said == ["the pump has left its program, as for its boot loader; it is switched off and on again"]
    assert rig.pump().interrogate().state_name == "stopped"


def test_troubles_are_read_as_a_person_writes_them() -> None:
    possible = ModelRig.attainable_faults()
    minute = 60 * NS_PER_S
    assert troubles.read("occlusion@1h30m", possible) == troubles.Trouble(Fault.OCCLUSION, 0, 90 * minute)
    assert troubles.read("worn tubing=75@0..2m", possible) == troubles.Trouble(
        Fault.TUBING_WEAR, 75, 0, 2 * minute
    )
    assert troubles.read("driver-that-wont-disable", possible, now_ns=7).what is Fault.DRIVER_STICKS_ENABLED
    assert troubles.read("power-cut@1m", possible).what is ResetCause.POWER_ON
    with pytest.raises(BadInputError, match="nothing that can go wrong here"):
        troubles.read("occlusion@1h", frozenset())
