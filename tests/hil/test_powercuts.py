"""The power-cut campaign: a sample of it, and that it notices a pump that does not keep its promises."""

import random

import pytest

from thecal_fw.pump.recovery import Recovery
from thecal_fw.store.journal import Journal
from thecal_hil.campaigns.powercuts import campaign
from thecal_hil.campaigns.powercuts.on_pico import OUTCOMES, PicoTrials, remains
from thecal_hil.campaigns.powercuts.trial import Cut, cut_of
from thecal_hil.contract.rig import Rig

SAMPLE_CUTS = 200


def violations(cuts: int, seed: int, *courses: str) -> list[str]:
    """Return the violations of cuts in some courses, in all of them if none is named."""
    sample = campaign.sample(cuts, seed, courses) if courses else campaign.sample(cuts, seed)
    return [what for _, trials in sample for _, what in trials.violations]


@pytest.mark.requirement("power-cut")
def test_a_sample_of_the_campaign_finds_nothing() -> None:
    assert violations(SAMPLE_CUTS, seed=3) == []


@pytest.mark.requirement("power-cut")
@pytest.mark.needs("power cut")
def test_a_few_cuts_of_the_emulated_board_find_nothing(rig: Rig) -> None:
    if rig.name != "pico":
        pytest.skip("the model has a campaign of its own")
    tried = {"program subset": 40, "erase partly": 1, "at an instant": 2}
    seen: dict[str, int] = {}

    def is_chosen(_: int, cut: object) -> bool:
        kind = {"subset": "program subset", "partly": "erase partly", "instant": "at an instant"}.get(
            cut.outcome  # type: ignore[attr-defined]
        )
        seen[kind or ""] = seen.get(kind or "", 0) + 1
        return kind is not None and seen[kind] == tried[kind]

    trials = PicoTrials(rig, 5, is_chosen)  # type: ignore[arg-type]
    trials.cut_everywhere(instants=3)
    assert trials.counts == dict.fromkeys(tried, 1)
    assert trials.violations == []


def forget_what_was_granted(recovery: Recovery, state) -> int:
    recovery._uncertain_steps = 0
    recovery._gate_had_tripped = False
    recovery._ledger.go_on_after(state.counted_steps)
    return 0


def write_no_grant(journal: Journal, *changed: int) -> bool:
    return True


def forget_the_program(recovery: Recovery, state, service) -> None:
    recovery._restore_count(state)
    recovery.was_delivering = bool(state.delivering)


@pytest.mark.parametrize(
    ("place", "name", "broken", "course", "told"),
    [
        (Recovery, "_restore_count", forget_what_was_granted, "many_grants", "count: "),
        (Journal, "write_grant", write_no_grant, "many_grants", "count: "),
        (Recovery, "_restore_state", forget_the_program, "commit_over_a_running_program", "program: "),
    ],
)
def test_the_campaign_notices_a_pump_that_forgets(
    monkeypatch: pytest.MonkeyPatch, place: type, name: str, broken: object, course: str, told: str
) -> None:
    monkeypatch.setattr(place, name, broken)
    assert any(what.startswith(told) for what in violations(120, 1, course))


def test_a_cut_is_named_so_that_it_can_be_made_again() -> None:
    for cut in (Cut("refills", 3, "weak", 7), Cut("refills", 3, "weak", 7, 2, "before")):
        assert cut_of(str(cut)) == cut
    cut, trials = next(campaign.sample(1, seed=9))
    assert campaign.replay(cut).counts == trials.counts


def test_what_a_cut_leaves_lies_between_what_was_and_what_was_to_be() -> None:
    chance = random.Random(4)
    before, after = bytes(range(256)), bytes(byte & 0x5A for byte in range(256))
    for outcome in {*OUTCOMES[True], *OUTCOMES[False]}:
        left = remains(outcome, chance, before, after)
        assert all(
            (kept ^ old) & ~(old ^ new) == 0 for kept, old, new in zip(left, before, after, strict=True)
        )
    assert remains("before", chance, before, after) == before
    assert remains("after", chance, before, after) == after
