"""A withdrawal from the reservoir is held against what should be in it, by the published limits."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.conftest import EXAMPLES, Bench
from thecal.errors import BadInputError
from thecal.residual_check import EVALUATE_BEYOND_NL, SYRINGE_NL, judge_fill, judge_residual, need_volumes

ML = 1_000_000
SIMPLE = str(EXAMPLES / "simple_continuous.toml")
volumes = st.integers(0, 40 * ML)


@pytest.mark.requirement("residual-check")
@given(volumes, volumes, volumes, st.integers(1, 300), st.integers(0, 100_000))
def test_a_withdrawal_is_evaluated_exactly_outside_the_accuracy_or_beyond_two_millilitres(
    fill, expected, withdrawn, permille, uncertain
):
    expected = min(fill, expected)
    check = judge_residual(fill, expected, withdrawn, permille, uncertain)
    # The smallest difference that any amount between none and all of the uncertain volume leaves.
    low, high = expected, min(fill, expected + uncertain)
    gap = max(low - withdrawn, withdrawn - high, 0)
    nearest = min(max(withdrawn, low), high)
    outside = gap > max(SYRINGE_NL, Fraction((fill - nearest) * permille, 1_000))
    assert abs(check.difference_nl) == gap
    assert check.must_evaluate == (outside or gap > EVALUATE_BEYOND_NL)


@pytest.mark.requirement("residual-direction")
@given(volumes, volumes, volumes, st.integers(1, 300))
def test_less_than_expected_is_over_infusion_and_more_is_under_infusion(fill, expected, withdrawn, permille):
    expected = min(fill, expected)
    check = judge_residual(fill, expected, withdrawn, permille)
    named = {-1: "over-infusion", 0: "none", 1: "under-infusion"}
    is_seen = abs(withdrawn - expected) > SYRINGE_NL
    assert check.direction == named[is_seen * ((withdrawn > expected) - (withdrawn < expected))]
    if check.error_percent is not None and is_seen:
        assert (check.error_percent > 0) == (check.direction == "over-infusion")


@pytest.mark.requirement("residual-check")
@given(volumes, volumes, volumes, st.integers(0, 100_000), st.integers(1, 100_000))
def test_more_uncertainty_never_makes_a_difference_larger(fill, expected, withdrawn, uncertain, more):
    expected = min(fill, expected)
    before, after = (
        judge_residual(fill, expected, withdrawn, 145, one) for one in (uncertain, uncertain + more)
    )
    assert abs(after.difference_nl) <= abs(before.difference_nl)


@pytest.mark.requirement("residual-check")
def test_a_pump_that_gave_a_tenth_more_is_within_its_accuracy_and_one_that_gave_a_fifth_more_is_not():
    tenth = judge_residual(20 * ML, 10 * ML, 9 * ML, 145)
    assert (tenth.error_percent, tenth.must_evaluate) == (10, False)
    assert tenth.text() == (
        "withdrawn 9 mL, expected 10 mL: 1 mL less than expected, which points to over-infusion, within the pump's"
        " accuracy of 1.45 mL"
    )
    fifth = judge_residual(20 * ML, 10 * ML, 8 * ML, 145)
    assert fifth.must_evaluate
    assert "beyond 1.45 mL: evaluate pump and catheter" in fifth.text()


@pytest.mark.requirement("residual-check")
def test_more_than_two_millilitres_are_evaluated_though_a_large_pump_s_accuracy_would_let_them_pass():
    assert not judge_residual(40 * ML, 5 * ML, 7 * ML, 145).must_evaluate
    assert judge_residual(40 * ML, 5 * ML, 7 * ML + 1, 145).must_evaluate


@pytest.mark.requirement("residual-check")
def test_what_the_pump_is_uncertain_of_widens_what_is_expected():
    check = judge_residual(20 * ML, 10 * ML, 10 * ML + 2_000, 145, Fraction(5_000, 3))
    assert (check.most_expected_nl, check.difference_nl) == (10_001_667, 333)
    assert judge_residual(20 * ML, 10 * ML, 10 * ML + 1_000, 145, 2_000).text().endswith(": as expected")


@pytest.mark.requirement("residual-check")
def test_after_the_refill_one_millilitre_matters_with_a_small_pump_and_two_with_a_large_one():
    assert not judge_fill(20 * ML, 19 * ML, 20 * ML).must_evaluate
    assert judge_fill(20 * ML, 19 * ML - 1, 20 * ML).must_evaluate
    assert not judge_fill(40 * ML, 38 * ML, 40 * ML).must_evaluate
    assert "Do not continue before it is found" in judge_fill(40 * ML, 37 * ML, 40 * ML).text()


@pytest.mark.requirement("residual-check")
@given(volumes, st.sampled_from((20 * ML, 40 * ML)))
def test_nothing_is_ever_filled_above_the_reservoir(fill, reservoir):
    if 0 < fill <= reservoir:
        need_volumes(None, fill, reservoir)
    else:
        with pytest.raises(BadInputError, match=r"fill .* allowed: more than 0 and at most"):
            need_volumes(None, fill, reservoir)


@pytest.mark.requirement("residual-check")
def test_the_command_judges_a_withdrawal_and_says_so_with_its_exit_code(bench: Bench):
    assert "does not know what its reservoir holds" in bench.refused(1, "residual", "12")
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    assert bench.ok("residual", "20") == "withdrawn 20 mL, expected 20 mL: as expected\n"
    evaluate = bench.thecal("residual", "18.5", "--json")
    assert (evaluate.returncode, '"must_evaluate": true' in evaluate.stdout) == (3, True)
    assert "over-infusion" in bench.thecal("residual", "18.5").stdout
    assert "read the syringe again" in bench.refused(2, "residual", "20.5")
    assert "write it like 12.3" in bench.refused(2, "residual", "a lot")
