"""A visit is guided or scripted, changes nothing before all is agreed to, and reports what is true when it fails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host.conftest import EXAMPLES, Bench
from host.test_commands import at_a_terminal
from thecal.cli import run
from thecal.cli.reviewing import reviewer
from thecal.cli.visit_talk import ConsoleTalk
from thecal.client import Pump
from thecal.errors import NoAnswerError
from thecal.prescription import load_prescription
from thecal.visit.plan import Plan
from thecal.visit.steps import STEPS, TABLE, Outcome, State, after
from thecal.visit.visit import Visit
from thecal_fw.core.program import Program
from thecal_sim.model import ModelPump

SIMPLE = load_prescription(EXAMPLES / "simple_continuous.toml")
ML = 1_000_000
CONTACTS = str(EXAMPLES / "clinic/contacts.toml")
VOLUMES = ("--withdrawn", "20", "--fill", "19")
TYPED_AGAIN = ("--again", "concentration_mcg_per_ml=1000", "--reason", "a test")


def prescription(folder: Path, dose: str, concentration: str = "500") -> Path:
    text = (EXAMPLES / "simple_continuous.toml").read_text().replace("211.9", dose)
    text = text.replace("most_mcg_per_hour = 10", "most_mcg_per_hour = 40").replace(
        "_day = 230", "_day = 1000"
    )
    path = folder / f"{dose}_{concentration}.toml"
    path.write_text(text.replace("per_ml = 500", f"per_ml = {concentration}\ncatheter_ul = 180"))
    return path


@pytest.fixture
def at_the_clinic(bench: Bench) -> Bench:
    """Provide a pump that delivers its program from 20 mL, with its clock right."""
    bench.ok("time", "--set")
    bench.ok("program", str(EXAMPLES / "simple_continuous.toml"), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    return bench


@pytest.mark.requirement("visit")
def test_every_step_leads_to_an_end_and_a_failure_to_the_end_at_once():
    for state in TABLE:
        assert after(state, Outcome.FAILED) is after(state, Outcome.NOT_KNOWN) is State.BROKEN_OFF
        assert STEPS.index(state) < (*STEPS, State.FINISHED).index(after(state, Outcome.DONE))
    assert after(State.INTERROGATE, Outcome.SKIPPED) is State.BROKEN_OFF


@pytest.mark.requirement("visit")
def test_no_step_changes_the_pump_before_the_review():
    changing = [STEPS.index(state) for state, row in TABLE.items() if row.changes_pump]
    assert min(changing) > STEPS.index(State.REVIEW)


@pytest.mark.requirement("visit", "visit-record")
def test_a_scripted_visit_does_everything_and_keeps_a_record(at_the_clinic: Bench, tmp_path):
    bench, report, handout = at_the_clinic, tmp_path / "out.html", tmp_path / "patient.html"
    file = prescription(tmp_path, "240")
    done = bench.json(
        "visit", "--withdrawn", "20", "--fill", "19.5", "--drawn-back", "19.4", "--program", str(file), "--yes",
        "--report", str(report), "--handout", str(handout), "--contacts", CONTACTS, "--reason", "spasms",
        "--library", str(EXAMPLES / "drug_library.toml"),
    )  # fmt: skip
    assert done["finished"]
    outcomes = {step["step"]: step["outcome"] for step in done["steps"]}
    assert {step for step, outcome in outcomes.items() if outcome != "done"} == {
        "set the clock",
        "start delivery",
    }
    assert (done["filled_nl"], done["program_changed"], done["must_evaluate"]) == (19_500_000, True, False)
    assert done["dates"]["refill_by"] < done["dates"]["low"]
    told = report.read_text()
    for wanted in (
        "211.9 mcg/day",
        "240 mcg/day",
        "withdrawn 20 mL, expected 20 mL: as expected",
        "drawn back 19.4 mL",
    ):
        assert wanted in told, wanted
    assert "refilled" in told
    assert "240 mcg/day" in handout.read_text()
    assert bench.json("interrogate")["fill_nl"] == 19_500_000


@pytest.mark.requirement("visit")
@pytest.mark.parametrize(
    ("arguments", "dose", "message"),
    [
        (("--fill", "20.5", "--yes"), "220", "allowed: more than 0 and at most 20 mL"),
        (("--fill", "20", "--yes"), "400", "This is a hard limit"),
        (("--fill", "20", "--yes"), "248", "give a reason with --reason TEXT"),
        (("--fill", "20", "--reason", "spasms"), "220", "add --yes"),
        (("--fill", "20", "--withdrawn", "17", "--yes"), "220", "points to over-infusion"),
        (("--fill", "20", "--withdrawn", "21", "--yes"), "220", "read the syringe again"),
    ],
)
def test_what_is_refused_at_the_review_leaves_the_pump_as_it_was(
    at_the_clinic, tmp_path, arguments, dose, message
):
    before = at_the_clinic.json("interrogate")
    file = str(prescription(tmp_path, dose))
    refused = at_the_clinic.thecal("visit", *arguments, "--program", file, "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert message in refused.stderr
    now = at_the_clinic.json("interrogate")
    for unchanged in ("program_digest", "fill_nl", "latest_event"):
        assert now[unchanged] == before[unchanged]


@pytest.mark.requirement("visit")
def test_a_withdrawal_to_evaluate_goes_on_with_a_reason_and_ends_with_exit_code_3(at_the_clinic: Bench):
    done = at_the_clinic.thecal(
        "visit", "--withdrawn", "17", "--fill", "20", "--yes", "--json", "--reason", "drawn twice"
    )
    assert (done.returncode, json.loads(done.stdout)["finished"]) == (3, True)


@pytest.mark.requirement("visit")
def test_a_visit_that_only_looks_changes_nothing_and_says_what_was_not_asked_for(at_the_clinic: Bench):
    told = at_the_clinic.thecal("visit", "--yes")
    assert told.returncode == 0
    for step in ("refill", "reprogram", "print-out"):
        assert f"  {step}: not asked for" in told.stdout


@pytest.mark.requirement("visit")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--withdrawn", "much"), "--withdrawn 'much' is no volume in mL"),
        (("--drawn-back", "19"), "goes with --fill"),
        (("--program", "none.toml"), "none.toml: can't be read"),
        (("--report", "/none/x.html"), "there is no folder /none"),
    ],
)
def test_bad_input_is_refused_before_any_port_is_opened(arguments, message, capfd, monkeypatch):
    monkeypatch.setenv("THECAL_PORT", "/dev/none")
    assert run(["visit", *arguments, "--yes"]) == 2
    assert message in capfd.readouterr().err


class LostLinkError(NoAnswerError):
    """The link was lost on purpose."""


class FaultyLink:
    """Connections to one pump, the first of which is lost at a request; before or after the pump has carried it out."""

    def __init__(self, model: ModelPump, at_request: int, is_carried_out: bool, comes_back: bool) -> None:
        self.model, self.left = model, at_request
        self.is_carried_out, self.comes_back = is_carried_out, comes_back
        self.connections = 0

    @contextmanager
    def connect(self) -> Iterator[Pump]:
        self.connections += 1
        if self.connections > 1 and not self.comes_back:
            raise LostLinkError("no answer")
        pump = Pump(self.model.serial, host_nonce=self.connections)
        link, is_first = pump._link, self.connections == 1
        ask = link.ask

        def lossy(*arguments, **named):
            self.left -= 1
            if is_first and self.left < 0:
                if self.left == -1 and self.is_carried_out:
                    ask(*arguments, **named)
                raise LostLinkError("no answer")
            return ask(*arguments, **named)

        link.ask = lossy  # type: ignore[method-assign]
        yield pump


def programmed(program: Program) -> ModelPump:
    model = ModelPump()
    pump = Pump(model.serial, host_nonce=99)
    pump.set_time(1_772_794_800, 60)
    pump.program(program)
    pump.refill(20 * ML)
    return model


def visited(link: FaultyLink, file: Path) -> tuple[Visit, Program]:
    compiled = load_prescription(file)
    again = ["concentration_mcg_per_ml=1000"]
    talk = ConsoleTalk(reviewer(None, "child", "for the test", again), False, True, True)
    visit = Visit(link.connect, Plan(20 * ML, 19 * ML, None, compiled), talk, lambda *_: [])
    visit.run()
    return visit, compiled.program


@pytest.mark.requirement("change-is-a-transaction", "visit-record")
@pytest.mark.parametrize("is_carried_out", [False, True])
@pytest.mark.parametrize("comes_back", [False, True])
def test_wherever_the_link_is_lost_each_change_is_whole_and_the_record_is_true(
    tmp_path, is_carried_out, comes_back
):
    file = prescription(tmp_path, "220")
    at_request = 0
    broken_off = []
    while True:
        model = programmed(SIMPLE.program)
        visit, new = visited(FaultyLink(model, at_request, is_carried_out, comes_back), file)
        record, held = visit.record, model.controller.orders.program
        assert held is not None
        happened = {
            State.REFILL: Pump(model.serial, host_nonce=100).interrogate().fill_nl == 19 * ML,
            State.REPROGRAM: held.digest() == new.digest(),
        }
        assert held.digest() in (new.digest(), SIMPLE.program.digest())
        for state, was_done in happened.items():
            outcome = record.steps.get(state, (Outcome.NOT_REACHED, ""))[0]
            if outcome is Outcome.NOT_KNOWN:
                assert not comes_back
            else:
                assert (outcome is Outcome.DONE) == was_done, (at_request, state, record.steps)
        if record.is_finished:
            break
        assert record.state is State.BROKEN_OFF
        broken_off.append(list(record.steps)[-1] if record.steps else None)
        at_request += 1
    assert {State.INTERROGATE, State.REVIEW, State.REFILL, State.REPROGRAM, State.DATES} <= set(broken_off)


@pytest.mark.requirement("visit")
def test_another_concentration_that_was_filled_and_not_programmed_is_warned_of(tmp_path):
    """The requests before the commit are counted on a visit that goes well."""
    file = prescription(tmp_path, "220", "1000")
    warned = 0
    for at_request in range(60):
        visit, _ = visited(FaultyLink(programmed(SIMPLE.program), at_request, False, True), file)
        record = visit.record
        if record.is_finished:
            break
        half_way = record.before is not None and not record.program_changed
        told = any("still doses for baclofen 500 mcg/mL" in warning for warning in record.warnings)
        assert told == half_way
        warned += told
    assert warned > 1


@pytest.mark.requirement("visit")
def test_another_drug_of_the_same_concentration_that_was_filled_and_not_agreed_to_is_warned_of(
    at_the_clinic: Bench, tmp_path
):
    file = prescription(tmp_path, "212")
    file.write_text(file.read_text().replace('"baclofen"', '"morphine"'))
    shown = at_a_terminal(
        at_the_clinic.port,
        "visit",
        "--withdrawn",
        "20",
        "--fill",
        "19",
        "--program",
        str(file),
        "--reason",
        "a test",
        typed="n",
    )
    assert "was for morphine 500 mcg/mL and the pump still doses for baclofen 500 mcg/mL" in " ".join(
        shown.split()
    )


@pytest.mark.requirement("visit")
def test_drug_that_may_lie_beside_the_pump_stops_a_visit_before_the_pump_is_told(
    at_the_clinic: Bench, tmp_path
):
    before = at_the_clinic.json("interrogate")
    file = str(prescription(tmp_path, "220"))
    volumes = ("--fill", "20", "--drawn-back", "18.9", "--program", file, "--yes")
    refused = at_the_clinic.thecal("visit", *volumes, "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "may lie beside the pump" in refused.stderr
    now = at_the_clinic.json("interrogate")
    # Sessions in a row are counted in a burst; nothing else has happened.
    assert (now["program_digest"], now["latest_event"]) == (before["program_digest"], before["latest_event"])
    done = at_the_clinic.thecal("visit", *volumes, "--json", "--reason", "imaging shows none")
    assert (done.returncode, json.loads(done.stdout)["program_changed"]) == (3, True)


@pytest.mark.requirement("visit")
def test_dates_that_are_not_known_are_no_dates_that_nobody_asked_for(bench: Bench):
    assert "confirm dates: done: no dates" in bench.thecal("visit", "--yes", "--set-clock").stdout


@pytest.mark.requirement("bridge")
def test_a_visit_with_another_concentration_bridges_it(at_the_clinic: Bench, tmp_path):
    file = str(prescription(tmp_path, "212", "1000"))
    done = at_the_clinic.thecal(
        "visit", "--withdrawn", "20", "--fill", "19", "--program", file, "--yes", *TYPED_AGAIN
    )
    assert done.returncode == 0, done.stderr
    assert at_the_clinic.json("bolus", "status")["bridge_left_s"] > 0


@pytest.mark.requirement("visit")
def test_a_person_at_a_terminal_who_says_no_leaves_the_pump_as_it_was(at_the_clinic: Bench, tmp_path):
    file = str(prescription(tmp_path, "220"))
    shown = at_a_terminal(
        at_the_clinic.port,
        "visit",
        "--withdrawn",
        "20",
        "--fill",
        "19",
        "--program",
        file,
        "--reason",
        "a test",
        typed="n",
    )
    assert shown.endswith("exit 1")
    assert "declined by the person at the terminal" in shown
    assert "refill: not reached" in shown
    now = at_the_clinic.json("interrogate")
    assert now["fill_nl"] == 20_000_000
    assert now["program_digest"] == SIMPLE.program.digest().hex()
