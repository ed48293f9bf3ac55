"""Boards of a bench handed out to tests, over pseudo-terminals with model pumps behind, by one process or several."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from thecal_fw.version import COMMIT, VERSION
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock
from thecal_hil.bench.board_queue import lock_first_free, wait_for_any
from thecal_hil.cli.command import app
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

pytest_plugins = ["pytester"]

NOTES_WHO_HAS_WHAT = """
    import os
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("number", range(4))
    def test_it(rig, number):
        held = Path("held") / rig.port.port.replace("/", "-")
        held.mkdir(parents=True)          # fails if another test has this board
        rig.run_for(0.4)
        held.rmdir()
        Path(f"done-{number}").write_text(f"{os.getpid()} {rig.port.port}")
"""

BOTH_AT_ONCE = """
    import os
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("number", range(2))
    def test_it(rig, number):
        Path(f"done-{number}").write_text(f"{os.getpid()} {rig.port.port}")
        for _ in range(200):
            if Path(f"done-{1 - number}").exists():
                return
            rig.run_for(0.1)
        assert False, "the other test had no board in the meantime"
"""
"""Each of two tests keeps its board until the other has one."""

Boards = Callable[[int], list[str]]
BenchFile = Callable[[list[str]], Path]


def pump_on_for_a_minute() -> ModelPump:
    """Return a scenario; one on a pump that has just started waits for half a minute first."""
    model = ModelPump()
    model.run_until(60_000_000_000)
    return model


@pytest.fixture
def boards() -> Iterator[Boards]:
    """Provide ports of as many pumps as are asked for."""
    with ExitStack() as stack:
        yield lambda count: [
            stack.enter_context(model_pty(pump_on_for_a_minute())).path for _ in range(count)
        ]


@pytest.fixture
def bench_file(pytester: pytest.Pytester) -> BenchFile:
    def written(ports: list[str]) -> Path:
        tables = [
            f'[[board]]\nname = "board {n}"\npump = {{ port = "{port}" }}\n' for n, port in enumerate(ports)
        ]
        path = pytester.path / "shelf.toml"
        path.write_text("\n".join(tables), encoding="utf-8")
        return path

    return written


@pytest.fixture
def image(pytester: pytest.Pytester) -> Path:
    """Provide an image that says it is what the model pumps run."""
    path = pytester.path / "image.uf2"
    path.write_bytes(b"nothing to flash")
    described = {
        "version": VERSION,
        "commit": COMMIT,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
    return path


@pytest.fixture
def run(pytester: pytest.Pytester, image: Path, monkeypatch: pytest.MonkeyPatch):
    """Provide a function that runs somebody's tests on the board rig, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))

    def run(*arguments: str | Path) -> pytest.RunResult:
        return pytester.runpytest_subprocess("--rig", "board", "--uf2", image, "-rs", *arguments)

    return run


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], int]]:
    """Provide a function that has another process take a board, and returns its number."""
    program = (
        "import sys; from thecal_hil.bench.board_lock import BoardLock; "
        "lock = BoardLock(sys.argv[1]); print(flush=True); sys.stdin.read()"
    )
    with ExitStack() as stack:

        def take(board: str) -> int:
            process = subprocess.Popen(
                [sys.executable, "-c", program, board],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            stack.callback(process.communicate)
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            return process.pid

        yield take


def who_had_what(folder: Path) -> list[tuple[str, str]]:
    """Return the process and port of each test that was done."""
    said = (path.read_text().split() for path in sorted(folder.glob("done-*")))
    return [(process, port) for process, port in said]


@pytest.mark.requirement("bench-board-once")
def test_two_workers_have_a_board_each_and_never_the_same(boards, bench_file, pytester, run):
    bench = bench_file(boards(2))
    pytester.makepyfile(BOTH_AT_ONCE)
    run("--bench", bench, "-n", "2").assert_outcomes(passed=2)
    had = who_had_what(pytester.path)
    assert len({process for process, _ in had}) == len({port for _, port in had}) == 2


@pytest.mark.requirement("bench-board-once")
def test_two_workers_with_one_board_wait_for_each_other(boards, bench_file, pytester, run):
    bench = bench_file(boards(1))
    pytester.makepyfile(NOTES_WHO_HAS_WHAT)
    run("--bench", bench, "-n", "2").assert_outcomes(passed=4)
    had = who_had_what(pytester.path)
    assert len({process for process, _ in had}) == 2
    assert len({port for _, port in had}) == 1


@pytest.mark.requirement("bench-board-once")
def test_two_workers_at_one_port_wait_for_each_other(boards, pytester, run):
    pytester.makepyfile(NOTES_WHO_HAS_WHAT)
    run("--port", *boards(1), "-n", "2").assert_outcomes(passed=4)


@pytest.mark.requirement("bench-board-once")
@pytest.mark.parametrize("way", ["--port", "--bench"])
def test_a_board_of_another_run_is_refused_with_its_process(
    boards, bench_file, pytester, run, elsewhere, way
):
    (port,) = boards(1)
    process = elsewhere(port)
    pytester.makepyfile("def test_it(rig): ...")
    result = run(way, port if way == "--port" else bench_file([port]))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*board {port}: in use by process {process} (*"])


@pytest.mark.requirement("bench-file")
def test_a_board_that_is_free_is_taken_while_another_run_has_its_neighbour(
    boards, bench_file, pytester, run, elsewhere
):
    ports = boards(2)
    elsewhere(ports[0])
    pytester.makepyfile(NOTES_WHO_HAS_WHAT)
    run("--bench", bench_file(ports)).assert_outcomes(passed=4)
    assert {port for _, port in who_had_what(pytester.path)} == {ports[1]}


@pytest.mark.requirement("bench-file")
def test_a_board_is_let_go_after_each_test_also_after_one_that_failed(boards, bench_file, pytester, run):
    (port,) = boards(1)
    pytester.makepyfile(
        f"""
        import pytest
        from thecal_hil.bench.board_lock import BoardBusyError, BoardLock

        def test_has_it(rig):
            with pytest.raises(BoardBusyError, match="in use by process"):
                BoardLock({port!r})
            assert False

        def test_is_free():
            BoardLock({port!r}).release()
        """
    )
    run("--bench", bench_file([port])).assert_outcomes(passed=1, failed=1)


@pytest.mark.requirement("bench-file")
def test_what_no_board_of_the_bench_has_is_told_board_by_board(boards, bench_file, pytester, run):
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.needs("power cut")
        def test_power(rig): ...
        def test_weight(rig, bench_balance): ...
        """
    )
    result = run("--bench", bench_file(boards(2)))
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines_random(
        [
            "*board 0 has no power cut; board 1 has no power cut*",
            "*board 0 has no balance; board 1 has no balance*",
        ]
    )


@pytest.mark.requirement("bench-file")
def test_a_test_gets_the_board_that_has_the_balance_it_asks_for(boards, bench_file, pytester, run):
    class Pan:
        def reading_g(self, _t_ns: int) -> tuple[float, bool]:
            return 2.5, True

    ports = boards(2)
    bench = bench_file(ports)
    pytester.makepyfile(
        f"""
        def test_weight(rig, bench_balance):
            assert rig.port.port == {ports[1]!r}
            assert bench_balance.weigh_stable().grams == 2.5
        """
    )
    with SimulatedBalance(MtSics(Pan())) as balance:
        bench.write_text(bench.read_text() + f'balance = {{ port = "{balance.path}" }}\n')
        run("--bench", bench).assert_outcomes(passed=1)


@pytest.mark.requirement("bench-file")
def test_a_test_with_two_pumps_gets_two_boards_and_waits_for_both(boards, bench_file, pytester, run):
    bench = bench_file(boards(2))
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.parametrize("number", range(3))
        def test_pair(rig, another_rig, number):
            assert rig.port.port != another_rig.port.port
            rig.run_for(0.2)
        @pytest.mark.parametrize("number", range(3))
        def test_single(rig, number):
            rig.run_for(0.2)
        """
    )
    run("--bench", bench, "-n", "2").assert_outcomes(passed=6)
    result = run("--bench", bench_file(boards(1)))
    result.assert_outcomes(passed=3, skipped=3)
    result.stdout.fnmatch_lines(["*2 boards are needed at once; those that fit: board 0*"])


@pytest.mark.requirement("bench-file-faults")
def test_a_bench_that_is_wrong_is_told_before_any_test(pytester, run):
    (pytester.path / "wrong.toml").write_text('[[board]]\npump = { port = "a" }\n[[board]]\npump = {}\n')
    pytester.makepyfile("def test_it(rig): ...")
    result = run("--bench", "wrong.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*board 2: pump.serial or board 2: pump.port: one of them is needed, and neither is given*"]
    )
    assert run("--bench", "wrong.toml", "--port", "a").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.requirement("bench-file")
def test_a_board_is_the_same_by_its_port_and_by_a_link_to_it(boards, pytester, run, elsewhere):
    (port,) = boards(1)
    process = elsewhere(port)
    link = pytester.path / "usb-pump"
    link.symlink_to(port)
    pytester.makepyfile("def test_it(rig): ...")
    run("--port", link).stdout.fnmatch_lines([f"*in use by process {process} (*"])


@pytest.mark.requirement("bench-file")
def test_a_scenario_that_a_board_of_the_bench_can_not_do_is_skipped_with_the_reason(boards, bench_file):
    result = CliRunner().invoke(
        app, ["run", "weekend-at-midnight", "--rig", "board", "--bench", str(bench_file(boards(1)))]
    )
    assert result.exit_code == 2
    assert "board 0 has no" in result.output


SHORT_SCENARIO = """
title = "Two seconds of delivery"
purpose = "Something short."
requirements = []
duration = "2s"

[prescription.clinic]
drug = "baclofen"
concentration_mcg_per_ml = 500
mode = "simple continuous"
dose_mcg_per_day = 240
reservoir = { capacity_ml = 20, low_alarm_ml = 2 }
limits = { most_mcg_per_bolus = 60, most_mcg_per_hour = 100, most_mcg_per_day = 600 }

[setup]
prescription = "clinic"
fill_ml = 18

[[course]]
at = "0s"
do = "start"

[[check]]
measure = "alarms active"
exactly_alarms = 0
"""


@pytest.mark.requirement("bench-file")
@pytest.mark.parametrize("count", [1, 2])
def test_scenarios_two_at_a_time_share_the_boards_of_a_bench(boards, bench_file, pytester, image, count):
    paths = [pytester.path / f"short-{number}.toml" for number in range(3)]
    for path in paths:
        path.write_text(SHORT_SCENARIO, encoding="utf-8")
    bench = bench_file(boards(count))
    options = ["--rig", "board", "--uf2", str(image), "--bench", str(bench), "--jobs", "2"]
    out = pytester.path / "out"
    result = CliRunner().invoke(app, ["run", *map(str, paths), *options, "--out", str(out)])
    assert "PASS 3 passed on the board rig" in result.output
    records = json.loads((out / "scenarios-board.json").read_text("utf-8"))["scenarios"]
    assert all(f"--rig board --bench {bench}" in record["reproduce"] for record in records)


# --- the queue


@pytest.mark.requirement("bench-file")
def test_whoever_waits_gets_the_board_that_is_let_go_first(tmp_path):
    with BoardLock("a", tmp_path, run="r"):
        # Nobody has it, so its sleeper has it at once.
        got = wait_for_any(["a", "b"], "r", tmp_path)
        assert got.board == "b"
        with pytest.raises(BoardBusyError, match=f"in use by process {os.getpid()} "):
            BoardLock("b", tmp_path)
        got.release()
    # The one that slept for the other board does not keep it.
    BoardLock("a", tmp_path).release()
    BoardLock("b", tmp_path).release()


@pytest.mark.requirement("bench-file")
def test_boards_of_another_run_are_not_waited_for(tmp_path):
    with (
        BoardLock("a", tmp_path, run="other"),
        BoardLock("b", tmp_path),
        pytest.raises(BoardBusyError, match=r"board a: in use .*; board b: in use"),
    ):
        lock_first_free(["a", "b"], "r", tmp_path)
