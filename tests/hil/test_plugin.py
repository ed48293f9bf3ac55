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


def test_without_a_port_the_board_is_skipped_and_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): ...")
    result = pytester.runpytest("--rig", "board", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the board rig needs a board: say where it is with --port*"])


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
