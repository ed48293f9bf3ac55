"""A bench as a file: what it says is what is opened, and what is wrong in it is reported with field and value."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thecal.ports import Candidate
from thecal_fw.version import COMMIT, VERSION
from thecal_hil.bench import bench as bench_module
from thecal_hil.bench.bench import BenchError, Place
from thecal_hil.bench.bench_file import open_bench, open_boards
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock, lock_path
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.image import DEFAULT_UF2, FirmwareImage
from thecal_hil.contract.rig import Capability
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

IMAGE = FirmwareImage(DEFAULT_UF2, VERSION, COMMIT, sha256="")
WHOLE = """
name = "left bench"

[pump]
serial = "E6614C311B4A8B2C"

[probe]
serial = "E66118604B5A4E21"
inputs = { step = "step", enable = "enable", auxiliary = "led" }
switches = ["run", "button", "sense_cut"]

[balance]
port = "/dev/serial/by-id/usb-balance"
baud = 19200
stable_within_s = 12.5

[analyser]
driver = "fx2lafw"
samplerate_hz = 8000000
channels = { step = "D0", enable = "D1" }
"""


@pytest.fixture
def bench_file(tmp_path: Path):
    def written(text: str) -> Path:
        path = tmp_path / "bench.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.mark.requirement("bench-file")
def test_a_whole_bench_is_read_as_it_is_written(bench_file):
    bench = open_bench(bench_file(WHOLE))
    assert bench.name == "left bench"
    assert bench.pump == Place(serial="E6614C311B4A8B2C")
    assert bench.probe is not None
    assert bench.probe.inputs == {"step": "step", "enable": "enable", "auxiliary": "led"}
    assert bench.balance is not None
    assert (bench.balance.baud, bench.balance.stable_within_s) == (19_200, 12.5)
    assert bench.analyser is not None
    assert bench.analyser.resolution_ns == 125


@pytest.mark.requirement("bench-file")
def test_a_bench_can_do_what_is_wired_and_nothing_else(bench_file):
    bench = open_bench(bench_file(WHOLE))
    assert bench.capabilities == {Capability.EXACT_EDGES, Capability.POWER_CUT, Capability.BUTTON}
    assert bench.possible_faults == {Fault.SENSE_CUT}
    less = open_bench(bench_file(WHOLE.replace('step = "step", ', "").replace('"run", "button", ', "")))
    assert less.capabilities == frozenset()
    alone = open_bench(bench_file('[pump]\nport = "/dev/ttyACM0"\n'))
    assert (alone.name, alone.capabilities, alone.possible_faults) == ("bench", frozenset(), frozenset())
    assert alone.probe is alone.balance is alone.analyser is None


@pytest.mark.requirement("bench-file-faults")
@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[pump]", "[pumps]", "pump is missing; give a table [pump]"),
        ('name = "left bench"', "name = 3", "name = 3, allowed: the bench's name"),
        ('name = "left bench"', 'nome = "x"', "nome is not known; did you mean name?"),
        ('serial = "E6614C311B4A8B2C"', "serial = 12", "pump.serial = 12, allowed: a board's serial number"),
        ('serial = "E6614C311B4A8B2C"', "", "pump.port: one of them is needed, and neither is given"),
        ('serial = "E6614C311B4A8B2C"', 'serial = "1"\nport = "x"', "one of them is needed, and both are given"),
        ('serial = "E6614C311B4A8B2C"', 'serial = "E66118604B5A4E21"', "probe: serial number E66118604B5A4E21 is"),
        ('{ step = "step",', '{ stop = "step",', "probe.inputs.stop is not known; did you mean step?"),
        ('{ step = "step",', '{ step = "stop",', "probe.inputs.step = 'stop', allowed: \"step\", \"direction\""),
        ('auxiliary = "led"', 'auxiliary = "step"', "probe.inputs.auxiliary = 'step' is wired twice"),
        ('["run", "button", "sense_cut"]', '["valve"]', "probe.switches = 'valve', allowed: \"run\", \"power\""),
        ('["run", "button", "sense_cut"]', '"run"', "probe.switches = 'run' is no list of words"),
        ("baud = 19200", "baud = 1000", "balance.baud = 1000, allowed: whole numbers from 1200 to 115200"),
        ("baud = 19200", "baud = 2000", "balance.baud = 2000, allowed: 1200, 2400"),
        ("12.5", "-1", "balance.stable_within_s = -1, allowed 1 to 600"),
        ("samplerate_hz = 8000000", "samplerate_hz = 24000000", "analyser.samplerate_hz: 24000000 does not divide"),
        ("samplerate_hz = 8000000", "", "analyser.samplerate_hz is missing; give a whole number"),
        ('driver = "fx2lafw"', "", "analyser.driver is missing; give the driver's name"),
        ('{ step = "D0", enable = "D1" }', "{}", "analyser.channels: none is named"),
        ('{ step = "D0", enable = "D1" }', '{ step = "D0", enable = "D0" }', "channels.enable = 'D0' is wired"),
        ('{ step = "D0", enable = "D1" }', "{ step = 0 }", "analyser.channels.step = 0, allowed: a channel's name"),
        ("[analyser]", "[other]\nx = 1\n[unused]", "other is not known; known here: board, name, pump"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_bench_is_told_with_field_and_value(bench_file, before, after, message):
    assert before in WHOLE
    with pytest.raises(BenchError) as found:
        open_bench(bench_file(WHOLE.replace(before, after, 1)))
    assert message in str(found.value)


SHELF = """
[[board]]
name = "left"
pump = { serial = "A" }
[board.balance]
port = "/dev/balance"

[[board]]
pump = { serial = "B" }
probe = { serial = "C", switches = ["run"] }
"""


@pytest.mark.requirement("bench-file")
def test_several_boards_are_read_each_with_what_is_beside_it(bench_file):
    left, second = open_boards(bench_file(SHELF))
    assert (left.name, left.pump, left.offers) == ("left", Place(serial="A"), {"balance"})
    assert (second.name, second.offers) == ("board 2", {"power cut"})
    with pytest.raises(BenchError, match="has 2 boards: left, board 2"):
        open_bench(bench_file(SHELF))


@pytest.mark.requirement("bench-board-once")
@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"B"', '"A"', "board 2: serial number A is left's already"),
        ('serial = "C"', 'port = "/dev/balance"', "board 2: /dev/balance is left's already"),
        ('pump = { serial = "B" }', 'name = "left"\npump = { serial = "B" }', "left: name 'left' is left's already"),
        ('["run"]', '["valve"]', "board 2: probe.switches = 'valve', allowed:"),
        ("[[board]]\nname", 'pump = { port = "x" }\n[[board]]\nname', "pump is not known; known here: board, name"),
    ],
)  # fmt: skip
def test_boards_that_share_a_device_or_a_name_are_refused(bench_file, before, after, message):
    with pytest.raises(BenchError) as found:
        open_boards(bench_file(SHELF.replace(before, after, 1)))
    assert message in str(found.value)


def test_a_file_without_any_board_in_its_list_is_refused(bench_file):
    with pytest.raises(BenchError, match=r"begin each board with \[\[board\]\]"):
        open_boards(bench_file("board = []"))


@pytest.mark.requirement("bench-file-faults")
def test_everything_that_is_wrong_is_told_at_once(bench_file):
    text = WHOLE.replace("19200", "1").replace('"run", ', '"runs", ').replace("8000000", "7")
    with pytest.raises(BenchError) as found:
        open_bench(bench_file(text))
    assert str(found.value).count("\n") == 3


def test_a_file_that_is_not_there_or_no_toml_is_told(bench_file, tmp_path):
    with pytest.raises(BenchError, match="can't be read: No such file"):
        open_bench(tmp_path / "nowhere.toml")
    with pytest.raises(BenchError, match="is not valid TOML"):
        open_bench(bench_file("pump = ["))


@pytest.mark.requirement("bench-file")
def test_a_board_that_is_not_attached_is_told_with_those_that_are(bench_file, monkeypatch):
    there = [Candidate("/dev/ttyACM7", "Thecal bench pump", "E66000000000", is_thecal=True)]
    monkeypatch.setattr(bench_module, "candidates", lambda: there)
    bench = open_bench(bench_file(WHOLE))
    with pytest.raises(
        BenchError, match=r"E6614C311B4A8B2C is attached; those that are: E66000000000 at /dev/tty"
    ):
        bench.open_rig(IMAGE)
    assert Place(serial="E66000000000").device() == "/dev/ttyACM7"


def locked_elsewhere(board: str, folder: Path) -> str:
    """Return what another process says that tries to have a board."""
    program = "from pathlib import Path; from thecal_hil.bench.board_lock import BoardLock; BoardLock({!r}, Path({!r}))"
    command = [sys.executable, "-c", program.format(board, str(folder))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return finished.stderr.strip()


@pytest.mark.requirement("bench-board-once")
def test_a_board_is_had_by_one_run_at_a_time_and_the_second_is_told_who_has_it(tmp_path):
    with BoardLock("E66/1", tmp_path):
        with pytest.raises(BoardBusyError, match=f"board E66/1: in use by process {os.getpid()}"):
            BoardLock("E66/1", tmp_path)
        with BoardLock("E66/2", tmp_path):
            pass
        assert f"in use by process {os.getpid()}" in locked_elsewhere("E66/1", tmp_path)
    assert locked_elsewhere("E66/1", tmp_path) == ""
    with BoardLock("E66/1", tmp_path):
        pass


def test_whoever_died_with_a_board_is_not_taken_for_the_one_that_has_it_now(tmp_path):
    finished = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    with BoardLock("E66/1", tmp_path):
        # The new holder has not written yet.
        lock_path("E66/1", tmp_path).write_bytes(finished.stdout)
        with pytest.raises(BoardBusyError, match="in use by process unknown") as busy:
            BoardLock("E66/1", tmp_path)
        assert busy.value.run is None


@pytest.mark.requirement("bench-file")
def test_a_bench_with_a_pump_alone_opens_it_and_keeps_others_off(bench_file):
    with model_pty(ModelPump()) as pty:
        bench = open_bench(bench_file(f'[pump]\nport = "{pty.path}"\n'))
        rig = bench.open_rig(IMAGE)
        with pytest.raises(BenchError, match="in use by process"):
            bench.open_rig(IMAGE)
        assert not rig.capabilities
        rig.close()
        bench.open_rig(IMAGE).close()


def test_the_balance_of_a_bench_is_opened_ready_to_weigh(bench_file):
    class Pan:
        def reading_g(self, _t_ns: int) -> tuple[float, bool]:
            return 2.5, True

    with SimulatedBalance(MtSics(Pan())) as simulated:
        text = f'[pump]\nport = "/dev/null"\n[balance]\nport = "{simulated.path}"\n'
        with open_bench(bench_file(text)).opened_balance() as balance:
            assert float(balance.weigh_stable().grams) == 2.5
    with (
        pytest.raises(BenchError, match="bench has no balance"),
        open_bench(bench_file('[pump]\nport = "x"\n')).opened_balance(),
    ):
        pass
