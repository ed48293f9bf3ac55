"""The commands' answers about the store, and what they end with."""

import json
from pathlib import Path

import pytest

from results.made_runs import figure, made_run
from thecal_hil.cli import long_work
from thecal_hil.results.edges import Line, keep_edges, kept_edges, parting
from thecal_hil.results.run import Run, Subject
from thecal_hil.results.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("THECAL_RESULTS", str(tmp_path / "results"))
    return Store(tmp_path / "results")


def test_a_figure_that_lost_a_quarter_of_its_margin_is_named(store: Store, capsys) -> None:
    store.add(made_run(1, [figure(0.5), figure(0.1, key="volume")]))
    store.add(made_run(2, [figure(0.63), figure(0.1, key="volume")]))
    assert long_work.run("compare", ["last~1", "last"]) == 1
    said = capsys.readouterr().out
    assert "26 % of its margin" in said
    assert "volume" not in said
    assert "1 of 2 figures got worse" in said


def test_two_runs_that_measured_the_same_differ_in_nothing(store: Store, capsys) -> None:
    for number in (1, 2):
        store.add(made_run(number, [figure(0.5)]))
    assert long_work.run("compare", ["last~1"]) == 0
    assert "PASS" in capsys.readouterr().out


def test_a_subject_that_fails_now_is_worse_though_no_figure_moved(store: Store, capsys) -> None:
    store.add(made_run(1, states={"a[model]": "passed"}))
    store.add(made_run(2, states={"a[model]": "failed"}))
    assert long_work.run("compare", ["last~1", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == []
    assert long_work.run("compare", ["last~1"]) == 1
    assert "a[model]: passed before, failed now" in capsys.readouterr().out


def test_a_baseline_allows_what_it_says(store: Store, capsys) -> None:
    store.add(made_run(1, [figure(0.5)]))
    store.add(made_run(2, [figure(0.63)]))
    assert long_work.run("baseline", ["week", "last~1", "--tolerance", "*:worst_edge", "0.3", "drawn"]) == 0
    assert long_work.run("compare", ["baseline:week"]) == 0
    assert long_work.run("baseline", ["week", "last~1"]) == 0
    assert long_work.run("compare", ["baseline:week"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "nothing"), "there is no run nothing"),
        (("compare", "baseline:none"), "there is no baseline none"),
        (("compare", "last~5"), "the store has 1 runs"),
        (("trend", "worst_edg"), "did you mean worst_edge?"),
        (("baseline", "Week", "last"), "small letters"),
    ],
)
def test_bad_input_is_told_in_words(store: Store, capsys, arguments: tuple[str, ...], said: str) -> None:
    store.add(made_run(1, [figure(0.5)]))
    assert long_work.run(arguments[0], arguments[1:]) == 2
    assert said in capsys.readouterr().err


def test_a_store_that_is_not_there_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setenv("THECAL_RESULTS", str(tmp_path / "none"))
    assert long_work.run("history", []) == 2
    assert "THECAL_RESULTS" in capsys.readouterr().err


def test_a_test_that_failed_once_with_the_same_sources_is_flaky_and_a_broken_one_is_not(
    store: Store, capsys
) -> None:
    stable = {"stable": "passed", "sound": "passed"}
    for number in range(30):
        store.add(
            made_run(number, states={**stable, "odd": "failed" if number == 17 else "passed"}, kind="tests")
        )
    store.add(
        made_run(
            30, states={**stable, "odd": "passed", "broken": "failed"}, checkout="fedcba9876", kind="tests"
        )
    )
    assert long_work.run("flaky", ["--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["failed"], found["tried"]) == ("odd", 1, 30)
    assert found["last_failed_in"] == "made-00000017"


def test_a_test_that_other_sources_broke_and_mended_is_not_flaky(store: Store) -> None:
    for number, (checkout, state) in enumerate(
        [("aaaaaaaaaa", "passed"), ("bbbbbbbbbb", "failed"), ("cccccccccc", "passed")]
    ):
        store.add(made_run(number, states={"one": state, "two": "passed"}, checkout=checkout, kind="tests"))
    assert long_work.run("flaky", []) == 0


def test_a_run_in_which_most_failed_makes_nothing_flaky(store: Store) -> None:
    for number, state in enumerate(["passed", "failed", "passed"]):
        store.add(made_run(number, states=dict.fromkeys(("one", "two", "three"), state), kind="tests"))
    assert long_work.run("flaky", []) == 0


def test_what_takes_longer_than_usual_on_the_same_machine_is_told(store: Store, capsys) -> None:
    for number in range(5):
        store.add(made_run(number, states={"a": "passed", "b": "passed"}))
    slower = made_run(5, states={"a": "passed"})
    store.add(
        Run(
            *(slower.id, slower.kind, slower.began, 9.0, "", 0),
            slower.facts,
            (Subject("a", "passed", 8.0),),
            (),
        )
    )
    assert long_work.run("slow", ["--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["seconds"], found["usual_s"], found["is_slower"]) == (8.0, 0.25, True)


def test_a_page_holds_what_moved_and_loads_nothing(store: Store, tmp_path: Path) -> None:
    store.add(made_run(1, [figure(0.5)]))
    store.add(made_run(2, [figure(0.8)]))
    assert long_work.run("history", ["--page", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "60 % of its margin" in page
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_edges_come_back_and_the_first_that_parts_is_found(tmp_path: Path) -> None:
    one = {"step": Line([10, 20, 30, 40], [1, 0, 1, 0]), "led": Line([15], [1])}
    other = {"step": Line([110, 120, 131, 140], [1, 0, 1, 0]), "led": Line([190], [1])}
    keep_edges(tmp_path, "ab12", one)
    again = kept_edges(tmp_path, "ab12")
    assert {name: (list(line.t_ns), list(line.levels)) for name, line in again.items()} == {
        name: (list(line.t_ns), list(line.levels)) for name, line in one.items()
    }
    parts = parting(again, other, (0, 100))
    assert parts is not None
    assert (parts.signal, parts.number, parts.one_ns, parts.other_ns) == ("led", 0, 15, 90)
    del other["led"]
    parts = parting(again, other, (0, 100))
    assert parts is not None
    assert (parts.signal, parts.number, parts.one_ns, parts.other_ns) == ("step", 2, 30, 31)
    assert parting(again, other, (0, 100), slack_ns=1) is None


def test_the_edges_where_two_runs_part_are_shown(store: Store, capsys) -> None:
    for number, digest, late in ((1, "aa11", 0), (2, "bb22", 10_000)):
        keep_edges(store.folder, digest, {"step": Line([10_000_000, 20_000_000 + late], [1, 0])})
        run = made_run(number)
        subject = Subject("a[model]", "passed", edges=digest)
        store.add(Run(*(run.id, run.kind, run.began, 1.0, "", 0), run.facts, (subject,), ()))
    assert long_work.run("compare", ["last~1", "--edges"]) == 0
    assert "edge 2 of step, 0.020000000 s before, came +1.0000 ticks from there" in capsys.readouterr().out
