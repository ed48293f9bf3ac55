"""The files of a report: one page that needs nothing else, and the same figures and edges for programs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest

from report.records import every_kind, ran, weighed
from thecal_hil.report.page import page_of
from thecal_hil.report.writing import gather, write
from thecal_hil.scenario.campaign import RigWanted, run_one
from thecal_hil.scenario.reader import LIBRARY, read_scenario
from thecal_hil.scenario.record import Curve, ScenarioRecord

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def written(records: list[ScenarioRecord], folder: Path, made_at: datetime = MADE) -> Path:
    return write(records, folder, made_at=made_at, summaries=folder / "none")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


class Page(HTMLParser):
    """Places, links, and whatever a page refers to outside of itself."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif tag == "a" and name == "href":
                self.links.append(str(value))
            elif name in ("src", "href", "srcset", "data", "action", "poster") and value != "data:,":
                self.outside.append(f"{tag} {name}={value}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    written(every_kind(), made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page(folder / "report.html")


def test_the_page_refers_to_nothing_outside_of_itself(page: Page) -> None:
    assert page.outside == []
    assert not {"script", "link", "img", "iframe", "object"}.difference({"link"}).intersection(page.tags)
    assert "url(" not in page.text
    assert "@import" not in page.text
    assert not [link for link in page.links if "//" in link]


def test_every_link_of_the_page_leads_somewhere(page: Page, folder: Path) -> None:
    places, files = set(page.ids), set(contents(folder))
    assert len(page.ids) == len(places), "a place is there twice"
    for link in page.links:
        assert link[1:] in places if link.startswith("#") else link in files, link


def test_every_drawing_has_a_title_and_a_description(page: Page) -> None:
    drawings = page.text.count("<svg")
    assert drawings > 8
    assert page.text.count("<desc") == drawings
    assert page.text.count('role="img"') == drawings


def test_every_heading_of_a_column_says_so(page: Page) -> None:
    heads = re.findall(r"<th[ >][^>]*", page.text)
    assert heads
    assert all("scope=" in head for head in heads)


def test_the_verdict_comes_before_all_figures(page: Page) -> None:
    assert page.text.index("<strong>FAIL</strong>") < page.text.index("<table")


def test_what_a_record_says_is_escaped(page: Page) -> None:
    assert "&lt;of escaping&gt; &amp; more" in page.text


def test_a_failure_shows_its_first_divergence_the_edges_around_it_and_how_to_do_it_again(page: Page) -> None:
    section = page.text[page.text.index('id="s-stumbling"') :]
    section = section[: section.index("</section>")]
    assert "pulse 101 came 3 ms late" in section
    assert "at 300.003002500 s of the course" in section
    assert "-3,000.000000" in section, "the edge three seconds before it"
    assert "thecal-hil run stumbling --rig model" in section


def test_a_scenario_on_two_rigs_has_both_figures_side_by_side_and_the_digest_of_the_image(page: Page) -> None:
    assert "cd" * 32 in page.text
    section = page.text[page.text.index('id="s-steady"') :]
    row = re.search(r'<th scope="row">edge error, worst</th>\s*(.*?)<td>ticks', section, re.DOTALL)
    assert row is not None
    assert re.findall(r">([\d.]+)<", row.group(1)) == ["0.25", "0.25"]


def test_a_requirement_leads_to_scenario_figure_and_drawing(page: Page) -> None:
    row = page.text[page.text.index('<tbody id="r-pulse-timing"') :]
    row = row[: row.index("</tbody>")]
    assert 'href="#s-steady"' in row
    assert 'href="#p-steady">0.25 / 0.25</a>' in row
    assert 'href="#t-pulse-timing"' in row


def test_two_reports_of_the_same_records_differ_in_the_date_on_the_page_alone(tmp_path: Path) -> None:
    written(every_kind(), tmp_path / "one")
    written(list(reversed(every_kind())), tmp_path / "two", datetime(2031, 5, 6, 7, 8, tzinfo=UTC))
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert one["report.html"] != two["report.html"]
    dated = re.compile(rb'(<time id="made">)[^<]*(</time>)')
    for files in (one, two):
        files["report.html"], count = dated.subn(rb"\1\2", files["report.html"])
        assert count == 1
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.parametrize("name", ["a-power-cut-while-delivering", "a-line-that-closes-and-opens"])
def test_a_scenario_run_twice_gives_the_same_report(tmp_path: Path, name: str) -> None:
    scenario = read_scenario(LIBRARY / f"{name}.toml")
    for name in ("one", "two"):
        written([run_one(scenario, RigWanted("model"))], tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_scenario_with_a_plant_shows_what_a_balance_under_the_tip_saw(tmp_path: Path) -> None:
    record = run_one(read_scenario(LIBRARY / "a-line-that-closes-and-opens.toml"), RigWanted("model"))
    page = Page(written([record], tmp_path))
    found = re.search(
        r"from the total mass (\S+) % \(from pulses (\S+) %, of what left the tip (\S+) %\)", page.text
    )
    assert found is not None
    by_mass, from_pulses, left_tip = map(float, found.groups())
    assert from_pulses == pytest.approx(0, abs=0.01), "no pulse is missing"
    assert by_mass == pytest.approx(left_tip, abs=0.1), "0.1 mg of 0.1 g"
    assert -2 < left_tip < 0, "what three minutes of eight had stored came when the line opened"
    assert "by mass</title>" in page.text
    (told,) = json.loads((tmp_path / "results.json").read_text())["scenarios"]
    assert told["overall_error_percent"]["from_mass"] == pytest.approx(by_mass, abs=1e-4)
    assert told["overall_error_percent"]["left_tip"] == pytest.approx(left_tip, abs=1e-4)


def test_the_json_holds_every_figure_and_no_date(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text())
    assert results["verdict"] == "FAIL"
    assert results["counts"]["passed"] == 2
    assert (results["counts"]["failed"], results["counts"]["error"], results["counts"]["skipped"]) == (
        1,
        1,
        1,
    )
    steady = next(one for one in results["scenarios"] if one["name"] == "steady" and one["rig"] == "pico")
    assert steady["figures"]["worst_edge"]["value"] == 0.25
    assert steady["image_sha256"] == "cd" * 32
    for file in ("results.json", "junit.xml"):
        assert "2026-01" not in (folder / file).read_text()


def test_junit_has_a_case_for_each_run_with_its_outcome(folder: Path) -> None:
    root = ElementTree.parse(folder / "junit.xml").getroot()
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    cases = {f"{case.get('classname')}/{case.get('name')}": case for case in root.iter("testcase")}
    failure = cases["scenarios.model/stumbling"].find("failure")
    assert failure is not None
    assert "first divergence" in str(failure.text)
    assert cases["scenarios.pico/steady"].find("failure") is None


def test_parquet_has_a_row_for_each_measurement_and_null_for_one_never_taken(folder: Path) -> None:
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    assert len(rows) == 10
    taken = {(row["scenario"], row["rig"], row["measurement"]): row["value"] for row in rows}
    assert taken["stumbling", "model", "worst_edge"] == 300
    assert taken["broken", "model", "worst_edge"] is None


def test_parquet_has_every_edge_in_order(folder: Path) -> None:
    record = ran("steady")
    edges = pq.read_table(folder / "edges/steady-model.parquet").to_pydict()
    assert edges["t_ns"] == sorted(edges["t_ns"])
    steps = [t for t, name in zip(edges["t_ns"], edges["signal"], strict=True) if name == "step"]
    assert steps == record.signals[0].t_ns.tolist()
    assert edges["signal"][0] == "enable"


def test_what_an_earlier_report_left_is_not_taken_for_evidence_of_this_one(tmp_path: Path) -> None:
    written(every_kind(), tmp_path)
    written([ran("steady")], tmp_path)
    assert sorted(path.name for path in (tmp_path / "edges").iterdir()) == ["steady-model.parquet"]
    assert sorted(path.name for path in (tmp_path / "waves").iterdir()) == [
        "steady-model-close.vcd",
        "steady-model.vcd",
    ]


def test_a_page_of_ninety_scenarios_on_two_rigs_with_plants_stays_below_5_mb(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    records = [weighed(f"number-{number}", rig) for number in range(90) for rig in ("model", "pico")]
    for record in records:
        prescribed, delivered, further = record.curves
        values = delivered.values + chance.normal(size=len(delivered.values)).cumsum()
        record.curves = (prescribed, Curve("delivered", "uL", delivered.t_ns, values), further)
    page = tmp_path / "page.html"
    page.write_text(page_of(gather(records, tmp_path, tmp_path), MADE), encoding="utf-8")
    assert 500_000 < page.stat().st_size < 5_000_000


def test_two_records_of_one_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"more than one record of steady\[model\]"):
        written([ran("steady"), ran("steady")], tmp_path)


def test_a_project_without_its_requirements_still_gets_a_report(tmp_path: Path) -> None:
    page = write([ran("steady")], tmp_path, made_at=MADE, summaries=tmp_path, root=tmp_path)
    assert "The requirements file was not at hand." in page.read_text()
