"""The pytest plugin: rigs by name, capabilities, declared faults, and the gate at the end of each test."""

import pytest

pytest_plugins = ["pytester"]


def test_scenarios_run_on_each_rig_that_was_chosen(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): assert rig.now_ns >= 0")
    pytester.runpytest("--rig", "model").assert_outcomes(passed=1)
    chosen = pytester.runpytest("--rig", "model,board", "--collect-only", "-q")
    chosen.stdout.fnmatch_lines(["*test_it[[]model[]]", "*test_it[[]board[]]"])


def test_an_unknown_rig_is_refused_with_the_ones_there_are(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): ...")
    result = pytester.runpytest("--rig", "abacus")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*abacus: choose of model, pico, board*"])


def test_the_emulated_board_is_as_the_option_says_also_in_copies(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): assert rig.board_model == 'P=40,frames=on'")
    result = pytester.runpytest("--rig", "pico", "--thecal-board", "P=40,frames=on")
    result.assert_outcomes(passed=1)


def test_a_board_that_is_none_is_refused_before_anything_runs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): ...")
    result = pytester.runpytest("--rig", "model", "--thecal-board", "P=fast")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--thecal-board P=fast: 66 is what it takes*"])


def test_a_board_without_a_port_is_refused_and_says_what_to_give(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): ...")
    result = pytester.runpytest("--rig", "board")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*say where the board is with --thecal-port*"])


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_a_rig_asked_for_by_name_that_ran_nothing_fails_the_run(
    pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makepyfile("def test_it(rig): ...\ndef test_other(): ...")
    result = pytester.runpytest_subprocess("--rig", "board", "--port", "/dev/none", *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*the rig board was asked for, and no test ran on it"])
    done = pytester.runpytest_subprocess("--rig", "model", *processes)
    assert done.ret == pytest.ExitCode.OK
    assert "no test ran" not in done.stdout.str()


STRANGERS = """
import pytest
@pytest.mark.needs("docker")
@pytest.mark.expects("rain")
def test_marked(): ...
@pytest.fixture
def rig(): return "theirs"
def test_their_own_rig(rig): assert rig == "theirs"
"""


def test_nothing_applies_to_tests_that_use_no_rig_of_ours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_strangers=STRANGERS)
    pytester.makepyfile(
        test_drilling="""
        import pytest
        @pytest.mark.parametrize("rig", ["oil", "gas"])
        def test_it(rig): assert rig in ("oil", "gas")
        """
    )
    pytester.runpytest("--strict-markers").assert_outcomes(passed=4)


def test_a_project_s_own_options_stay_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "def pytest_addoption(parser):\n    parser.addoption('--port', type=int)\n"
        "    parser.addoption('--rig', choices=['oil'])"
    )
    pytester.makepyfile(
        "def test_it(request): assert (request.config.getoption('--port'), request.config.getoption('--rig'))"
        " == (5, 'oil')\ndef test_ours(rig): assert rig.name == 'model'"
    )
    result = pytester.runpytest_subprocess("--port", "5", "--rig", "oil", "--thecal-rig", "model")
    result.assert_outcomes(passed=2)


def test_the_value_of_a_short_option_is_no_folder_of_tests(pytester: pytest.Pytester) -> None:
    pytester.mkdir("model")
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef given(): return 3")
    pytester.makepyfile("def test_it(rig, given): assert given == 3")
    pytester.runpytest_subprocess("--rig", "model").assert_outcomes(passed=1)


def test_a_failing_test_leaves_its_waveform(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig):\n    rig.run_for(1)\n    assert False")
    result = pytester.runpytest("--rig", "model")
    result.assert_outcomes(failed=1)
    (wave,) = (pytester.path / "build/failed").glob("*test_it*.vcd")
    text = wave.read_text()
    assert "$timescale 1 ns $end" in text
    assert "step" in text.lower()
    result.stdout.fnmatch_lines([f"*{wave.name}"])


def test_a_rig_that_lacks_a_capability_is_skipped_and_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.needs("power cut")
        def test_it(rig): ...
        """
    )
    result = pytester.runpytest("--rig", "board", "--port", "/dev/null", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the board rig has no power cut*"])


@pytest.mark.parametrize(("marker", "name"), [("expects", "rain"), ("needs", "wings")])
def test_an_unknown_declaration_is_refused(pytester: pytest.Pytester, marker: str, name: str) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.{marker}('{name}')\ndef test_it(rig): ...")
    result = pytester.runpytest("--rig", "model")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_it*{name}*"])


@pytest.mark.requirement("gate-link")
@pytest.mark.parametrize(
    ("declaration", "outcome"), [("", "errors"), ("@pytest.mark.expects('garbled frames')", "passed")]
)
def test_a_garbled_frame_fails_the_gate_unless_it_was_declared(
    pytester: pytest.Pytester, declaration: str, outcome: str
) -> None:
    pytester.makepyfile(
        f"""
        import pytest
        {declaration}
        def test_it(rig):
            rig.port.write(b"no frame at all" + bytes(1))
            rig.run_for(1)
        """
    )
    result = pytester.runpytest("--rig", "model")
    assert result.parseoutcomes().get(outcome) == 1


def test_a_declared_fault_that_never_came_fails_the_gate(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.expects('garbled frames')\ndef test_it(rig): ...")
    result = pytester.runpytest("--rig", "model")
    assert result.parseoutcomes().get("errors") == 1
    result.stdout.fnmatch_lines(["*declares that it causes 'garbled frames', but there is none*"])


def test_after_a_failed_test_the_gate_keeps_quiet(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(rig):\n    rig.port.write(b'junk' + bytes(1))\n    rig.run_for(1)\n    assert False"
    )
    pytester.runpytest("--rig", "model").assert_outcomes(failed=1)
