"""The findings of records: a verdict that is never better than its parts, and requirements with what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from report.records import blank, every_kind, failed, ran
from thecal_hil.campaigns.full_cycle import summary_of
from thecal_hil.evidence.measurements import with_seal
from thecal_hil.evidence.trace.catalogue import Catalogue, Requirement
from thecal_hil.evidence.trace.marks import Evidence, Marks
from thecal_hil.evidence.trace.matrix import Matrix, matrix_of
from thecal_hil.report.campaigns import Campaign, CampaignState, read_campaigns
from thecal_hil.report.divergence import first_divergence
from thecal_hil.report.findings import Findings, find
from thecal_hil.report.provenance import Provenance
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_sim.plant.full_cycle import full_cycle

FROM = Provenance("0.1.0", "abcdef0123", (), ())
NO_CAMPAIGN: tuple[Campaign, ...] = ()


def matrix(*ids: str) -> Matrix:
    requirements = tuple(Requirement(one, f"It must {one}.", (), "asked for here") for one in ids)
    marks = Marks([Evidence("tests/test_it.py::test_it", one, True) for one in ids])
    return matrix_of(Catalogue((), requirements, (), ()), marks)


def findings(records: list[ScenarioRecord], *campaigns: Campaign) -> Findings:
    return find(records, FROM, matrix("pulse-timing", "no-drift", "quiet"), campaigns)


def outcomes_of(**outcomes: str) -> Campaign:
    named = {f"tests/test_it.py::{name}": outcome for name, outcome in outcomes.items()}
    return Campaign("tests", "All tests", "make test", CampaignState.PASSED, outcomes=named)


def test_a_run_in_which_everything_passed_passes() -> None:
    assert findings([ran("steady"), ran("steady", "pico")]).passed


@pytest.mark.parametrize(
    "other",
    [
        failed("other"),
        blank("other", Status.ERROR),
        ran("other", worst_ticks=float("nan")),
    ],
    ids=["failed", "error", "no number"],
)
def test_one_run_that_did_not_pass_fails_the_whole(other: ScenarioRecord) -> None:
    if not other.evidence.passed and other.status is Status.PASSED:
        other.status = Status.FAILED
    assert not findings([ran("steady"), other]).passed


def test_nothing_run_and_all_skipped_is_no_pass() -> None:
    assert not findings([]).passed
    assert not findings([blank("steady", Status.SKIPPED)]).passed


def test_a_skipped_run_is_counted_and_fails_nothing() -> None:
    found = findings([ran("steady"), blank("other", Status.SKIPPED)])
    assert found.passed
    assert found.count(Status.SKIPPED) == 1


def test_scenarios_of_the_library_that_were_left_out_are_named() -> None:
    found = find([ran("steady")], FROM, None, NO_CAMPAIGN, library=["steady", "other"])
    assert found.left_out == ("other",)


def test_a_campaign_with_a_violation_fails_the_whole_and_one_not_run_does_not() -> None:
    def campaign(state: CampaignState) -> Campaign:
        return Campaign("longrun", "Long", "make longrun", state)

    assert findings([ran("steady")], campaign(CampaignState.NOT_RUN)).passed
    assert not findings([ran("steady")], campaign(CampaignState.FAILED)).passed


def test_a_missing_link_fails_the_whole_and_is_named() -> None:
    found = find([ran("steady")], FROM, matrix("pulse-timing"), NO_CAMPAIGN)
    assert found.faults == ("no-drift: named by a scenario, and no requirement",)
    assert not found.passed


def test_a_requirement_has_the_figures_that_name_it_on_each_rig() -> None:
    row = findings(every_kind()).rows[0]
    assert row.id == "pulse-timing"
    assert row.state == "failed"
    values = {one.scenario: one.values for one in row.measured}
    assert values == {"steady": [0.25, 0.25], "stumbling": [300]}


def test_a_requirement_without_a_figure_rests_on_its_tests_alone() -> None:
    rows = {row.id: row for row in findings([ran("steady")]).rows}
    assert (rows["quiet"].state, rows["no-drift"].state, rows["pulse-timing"].state) == (
        "tests",
        "measured",
        "measured",
    )
    assert rows["quiet"].tests == ["tests/test_it.py::test_it"]


def test_a_test_that_failed_fails_its_requirement() -> None:
    rows = {row.id: row for row in findings([ran("steady")], outcomes_of(test_it="failed")).rows}
    assert rows["quiet"].state == "failed"


def test_the_drawings_are_of_what_is_shipped_and_of_what_failed() -> None:
    group = findings([ran("steady"), ran("steady", "pico")]).groups[0]
    assert [one.rig for one in group.drawn] == ["pico"]
    group = findings([failed("steady"), ran("steady", "pico")]).groups[0]
    assert [one.rig for one in group.drawn] == ["pico", "model"]


def test_an_edge_beyond_a_limit_of_less_than_a_tick_is_where_to_look_first() -> None:
    record = ran("steady", worst_ticks=1.25)
    record.status = Status.FAILED
    record.edge_errors_ticks = record.edge_errors_ticks.copy()
    record.edge_errors_ticks[[40, 70]] = -1.25, 1.5
    found = first_divergence(record)
    assert found is not None
    assert found.text == "step 41 came -1.250000 ticks from its due instant, limit 1"
    assert found.t_ns == record.step_times_ns[40]
    assert [edge.t_ns for edge in found.edges if edge.level][2:4] == record.step_times_ns[39:41].tolist()


def test_a_failure_that_is_no_matter_of_edges_points_at_none() -> None:
    record = ran("steady")
    record.status = Status.FAILED
    assert first_divergence(record) is None


LONG_RUN = {
    "seed": 3,
    "days": 200.0,
    "tried": {"motor stalled": 4},
    "worst_detection_s": {"motor stalled": 12.0},
    "steps": 5_000,
    "resets": 2,
    "wrong": [],
    "checkout": "abcdef0123",
}


def campaign_of(folder: Path, name: str, content: object) -> Campaign:
    text = json.dumps(with_seal(name, content)) if isinstance(content, dict) else str(content)
    (folder / f"{name}.json").write_text(text)
    return next(one for one in read_campaigns(folder, "abcdef0123") if one.name == name)


def test_a_summary_of_this_commit_is_taken_in(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, "longrun", LONG_RUN)
    assert campaign.state is CampaignState.PASSED
    assert ("delivered", "200 days") in [(fact.name, fact.figure) for fact in campaign.facts]


@pytest.mark.parametrize("checkout", ["abcdef0123+", "0123abcdef", "unknown"])
def test_a_summary_of_another_commit_is_not(tmp_path: Path, checkout: str) -> None:
    campaign = campaign_of(tmp_path, "longrun", {**LONG_RUN, "checkout": checkout})
    assert campaign.state is CampaignState.OTHER_COMMIT
    assert not campaign.facts
    assert checkout in campaign.note


def test_a_summary_that_was_changed_or_copied_under_another_name_passes_for_nothing(tmp_path: Path) -> None:
    """A run on the model is none on the emulated board, whatever its file is called."""
    attack = {**NOTHING_ATTACKED, "frames": 5, "checkout": "abcdef0123"}
    assert campaign_of(tmp_path, "attack-model", attack).state is CampaignState.PASSED
    written = (tmp_path / "attack-model.json").read_text()
    for name, text in (
        ("attack-pico", written),
        ("attack-model", written.replace('"pulses": 9', '"pulses": 8')),
        ("attack-again", written),
        ("attack-model", json.dumps(attack)),
    ):
        campaign = campaign_of(tmp_path, name, text)
        assert campaign.state is CampaignState.UNREADABLE, name
        assert "changed since it was written, or lies under another name" in campaign.note
        (tmp_path / f"{name}.json").unlink()


def test_a_summary_of_changed_sources_is_of_no_commit_and_not_taken_in(tmp_path: Path) -> None:
    (tmp_path / "longrun.json").write_text(json.dumps({**LONG_RUN, "checkout": "abcdef0123+"}))
    (tmp_path / "unknown-to-all.json").write_text(json.dumps({"wrong": [], "checkout": "abcdef0123+"}))
    found = {one.name: one.state for one in read_campaigns(tmp_path, "abcdef0123+")}
    assert found["longrun"] is CampaignState.OTHER_COMMIT
    assert "unknown-to-all" not in found


NOTHING_TESTED = {"exit_code": 0, "passed": 0, "failed": 0, "skipped": 1, "arguments": [], "outcomes": {}}
NOTHING_ATTACKED = {"frames": 0, "pulses": 9, "worst_edge_ticks": 0.5, "sent": {}, "answers": {}, "wrong": []}
NOTHING_CHANGED = {
    "mutants": 0,
    "killed": 0,
    "explained": 0,
    "survived": 0,
    "score_percent": 0,
    "modules": {},
}


@pytest.mark.parametrize(
    ("name", "nothing_done", "told"),
    [
        ("tests", NOTHING_TESTED, "no test has passed"),
        ("powercuts", {"model": {"cuts": 0, "violations": []}}, "the power was never cut"),
        ("powercuts", {}, "the power was never cut"),
        ("longrun", {**LONG_RUN, "steps": 0}, "nothing was delivered"),
        ("longrun", {**LONG_RUN, "tried": {}}, "no fault was caused"),
        ("attack-model", NOTHING_ATTACKED, "no frame was sent"),
        ("mutants", NOTHING_CHANGED, "nothing was changed"),
    ],
)
def test_a_campaign_that_did_nothing_is_no_pass(
    tmp_path: Path, name: str, nothing_done: dict[str, object], told: str
) -> None:
    campaign = campaign_of(tmp_path, name, {**nothing_done, "checkout": "abcdef0123"})
    assert campaign.state is CampaignState.FAILED
    assert campaign.wrong == (told,)


def test_a_day_on_the_model_alone_is_none_on_the_emulated_board(tmp_path: Path) -> None:
    day = {"verdict": "PASS", "rig": "model", "limits": {}, "uf2_sha256": "", "edges_sha256": "0"}
    campaign = campaign_of(tmp_path, "verify", {**day, "checkout": "abcdef0123"})
    assert campaign.state is CampaignState.FAILED
    assert "on the model alone" in campaign.wrong[0]


def test_a_requirement_is_measured_on_the_rigs_that_could_carry_the_scenario_out() -> None:
    found = findings([ran("steady"), blank("steady", Status.SKIPPED, "board")])
    row = found.rows[0]
    assert found.passed
    assert (row.id, row.state, row.measured[0].rigs) == ("pulse-timing", "measured", ("model",))


def test_a_violation_in_a_summary_is_shown(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, "longrun", {**LONG_RUN, "wrong": ["day 3: it stood still"]})
    assert campaign.state is CampaignState.FAILED
    assert campaign.wrong == ("day 3: it stood still",)


@pytest.mark.parametrize("content", ["{", "[]", '{"checkout": "abcdef0123"}'])
def test_a_summary_that_can_not_be_read_is_named_and_is_no_pass(tmp_path: Path, content: str) -> None:
    assert campaign_of(tmp_path, "longrun", content).state is CampaignState.UNREADABLE


def test_a_campaign_without_a_summary_is_not_run(tmp_path: Path) -> None:
    assert {one.state for one in read_campaigns(tmp_path, "abcdef0123")} == {CampaignState.NOT_RUN}


def test_a_campaign_of_many_pumps_names_its_worst_and_how_to_do_that_again(tmp_path: Path) -> None:
    figures = {"p05": -7.0, "p50": 0.5, "p95": 8.0, "most": 11.0}
    names = ("overall_error_percent", "first_hour_error_percent", "worst_hour_error_percent")
    worst = [{"seed": 9, "overall_error_percent": 11.0, "model": "", "pico": "replay 9 on pico"}]
    found = {
        "runs": 100,
        "pump_days": 700,
        "wrong": [],
        "wrong_runs": 0,
        "figures": dict.fromkeys(names, figures),
        "worst": {"overall_error_percent": worst},
        "checkout": "abcdef0123",
    }
    (tmp_path / "campaign").mkdir()
    (tmp_path / "evidence").mkdir()
    (tmp_path / "campaign/report.json").write_text(json.dumps(with_seal("report", found)))
    campaigns = {one.name: one for one in read_campaigns(tmp_path / "evidence", "abcdef0123")}
    assert campaigns["campaign"].state is CampaignState.PASSED
    assert "replay 9 on pico" in [fact.figure for fact in campaigns["campaign"].facts]


def test_half_a_year_with_its_plant_is_told_without_how_long_this_machine_took(tmp_path: Path) -> None:
    summary = json.loads(json.dumps(summary_of(full_cycle(1, seed=4), seed=4)))
    again = summary_of(full_cycle(1, seed=4), seed=4)
    assert {**summary, "seconds": None} == {**again, "seconds": None}, "two runs, one summary but for times"
    campaign = campaign_of(tmp_path, "fullcycle", {**summary, "checkout": "abcdef0123"})
    assert campaign.state is CampaignState.PASSED
    told = {fact.name: fact.figure for fact in campaign.facts}
    assert told["delivered"] == "1 days"
    assert told["patient boluses"] == "3"
    slower = {**summary, "seconds": dict.fromkeys(summary["seconds"], 1e6), "checkout": "abcdef0123"}
    assert campaign_of(tmp_path, "fullcycle", slower) == campaign
    wrong = {**summary, "wrong": ["fluid flowed back"], "checkout": "abcdef0123"}
    assert campaign_of(tmp_path, "fullcycle", wrong).state is CampaignState.FAILED
    idle = {**summary, "pulses": 0, "checkout": "abcdef0123"}
    assert campaign_of(tmp_path, "fullcycle", idle).wrong == ("nothing was delivered",)


def test_a_summary_that_nobody_knows_shows_its_figures_without_those_of_the_machine(tmp_path: Path) -> None:
    campaign = campaign_of(
        tmp_path, "manufacturing", {"weeks": 1_000, "speed_x": 7.5, "wrong": [], "checkout": "abcdef0123"}
    )
    assert campaign.state is CampaignState.PASSED
    assert [fact.name for fact in campaign.facts] == ["weeks"]
