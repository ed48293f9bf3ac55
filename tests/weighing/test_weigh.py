"""Weighings as people bring them: every way of writing them down, and everything that happens to a balance meanwhile.

The truth is a flow that is drawn here; nothing of the reader or of the metrics takes part in making it.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from thecal.cli import run
from thecal.errors import BadInputError
from thecal_hil.instruments.weighing.record_file import read_record

DAY_S = 86_400
ML_PER_DAY = 10.0
G_PER_S = ML_PER_DAY * 0.998 / DAY_S


def weighed(arguments: Sequence[str]) -> tuple[int, Any, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["weigh", *arguments, "--json"])
    return code, json.loads(out.getvalue()) if out.getvalue() else None, err.getvalue()


def readings(seconds: int = 4 * 3_600, every_s: int = 10, part: float = 1.0) -> list[tuple[float, float]]:
    """Return a flow of so much of what is prescribed, weighed to 0.01 mg, on a vessel that was there before."""
    return [(float(t), round(12.0 + part * G_PER_S * t, 5)) for t in range(0, seconds + 1, every_s)]


def written(path: Path, rows: Sequence[tuple[float, float]], heading: str = "time (s),mass (g)\n") -> str:
    path.write_text(heading + "".join(f"{t:g},{mass:.5f}\n" for t, mass in rows), encoding="utf-8")
    return str(path)


def given(path: Path, rows: Sequence[tuple[float, float]]) -> tuple[int, Any, str]:
    return weighed([written(path, rows), "--ml-per-day", str(ML_PER_DAY)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mass.csv"


@pytest.mark.parametrize("part", [1.0, 0.93, 1.08])
def test_an_even_flow_is_off_by_what_it_is_off_in_every_figure(file: Path, part: float) -> None:
    code, found, _ = given(file, readings(part=part))
    off = 100 * (part - 1)
    assert code == 0
    assert found["overall_error_percent"] == pytest.approx(off, abs=0.01)
    assert found["mean_ml_per_day"] == pytest.approx(part * ML_PER_DAY, rel=1e-4)
    assert found["trumpet"]["windows"] == "standard"
    assert [point["window_s"] for point in found["trumpet"]["points"]] == [120, 300, 660, 1_140, 1_860]
    for point in found["trumpet"]["points"]:
        # 0.01 mg is 0.07 % of what comes in two minutes, and a window has two ends.
        assert point["least_percent"] == pytest.approx(off, abs=0.15)
        assert point["most_percent"] == pytest.approx(off, abs=0.15)
    assert found["start_up"]["settled_s"] == 0


def test_a_late_start_shows_in_the_start_up_and_not_in_the_trumpet(file: Path) -> None:
    rows = [(t, max(mass, 12.0 + G_PER_S * 1_800)) for t, mass in readings()]
    _, found, _ = given(file, rows)
    assert 1_500 <= found["start_up"]["settled_s"] <= 1_900
    assert found["overall_error_percent"] == pytest.approx(-12.5, abs=0.01)
    assert found["trumpet"]["overall_percent"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        pytest.param("time (s),mass (g)\n", "{s:.0f},{g:.5f}", id="plain"),
        pytest.param("", "{s:.0f},{g:.5f}", id="no heading"),
        pytest.param(
            "\ufefftime;mass [mg]\n", "{s:.0f};{mg}", id="byte order mark, decimal comma, milligrams"
        ),
        pytest.param("Zeit (min);Gewicht (g)\n", "{minutes};{comma}", id="minutes and decimal commas"),
        pytest.param("t_s\tmass_g\n", "{s:.0f}\t{comma}", id="tabs"),
        pytest.param("", "{s:.0f} {comma}", id="blanks and decimal commas"),
        pytest.param("no,timestamp,weight (g),stable\n", "7,{date},{g:.5f},1", id="dates, more columns"),
        pytest.param("clock,mass\n", "{clock},{g:.5f} g", id="a clock past midnight, units in cells"),
        pytest.param(
            "# from a spreadsheet\n\ntime,mass\n", '"{s:.0f}","{g:.5f}"\n', id="quotes, empty lines"
        ),
    ],
)
def test_every_way_of_writing_the_same_readings_down_gives_the_same_figures(
    file: Path, heading: str, line: str
) -> None:
    lines = []
    for s, g in readings():
        clock_s = int(s) + 22 * 3_600
        words = {
            "s": s,
            "g": g,
            "mg": f"{g * 1_000:.2f}".replace(".", ","),
            "minutes": f"{s / 60:.6f}".replace(".", ","),
            "comma": f"{g:.5f}".replace(".", ","),
            "clock": f"{clock_s // 3_600 % 24:02d}:{clock_s // 60 % 60:02d}:{clock_s % 60:02d}",
            "date": f"2026-03-{6 + clock_s // DAY_S:02d} {clock_s // 3_600 % 24:02d}:{clock_s // 60 % 60:02d}"
            f":{clock_s % 60:02d}",
        }
        lines.append(line.format(**words))
    file.write_text(heading + "\n".join(lines) + "\n", encoding="utf-8")
    _, found, err = weighed([str(file), "--ml-per-day", str(ML_PER_DAY)])
    assert found is not None, err
    assert found["readings"] == len(lines)
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)
    assert [finding for finding in found["findings"] if "units not all named" not in finding] == []


def test_the_text_of_a_spreadsheet_in_sixteen_bits_is_read(file: Path) -> None:
    file.write_bytes(Path(written(file, readings())).read_text("utf-8").encode("utf-16"))
    assert weighed([str(file)])[1]["readings"] == len(readings())


def test_a_file_that_can_be_read_in_two_ways_is_not_guessed_at(file: Path) -> None:
    file.write_text("0,5,12,001\n1,5,12,002\n2,5,12,003\n", encoding="utf-8")
    with pytest.raises(BadInputError, match="commas may be between columns or in numbers"):
        read_record(file)


# --- what happens to a balance


@pytest.mark.requirement("weighing-told")
def test_a_balance_set_to_zero_half_way_is_told_and_costs_no_volume(file: Path) -> None:
    rows = readings()
    half = len(rows) // 2
    rows = [*rows[:half], *((t, mass - rows[half][1]) for t, mass in rows[half:])]
    code, found, _ = given(file, rows)
    assert code == 3
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.05)
    assert found["findings"] == [
        f"at 2:00:00 the mass falls by {rows[half - 1][1]:.6g} g at once: taken for a balance set to zero, not for"
        " delivery"
    ]


@pytest.mark.requirement("weighing-told")
def test_what_was_put_on_the_balance_is_told_and_counts_for_nothing(file: Path) -> None:
    rows = [(t, mass + (0.5 if t >= 6_000 else 0.0)) for t, mass in readings()]
    code, found, _ = given(file, rows)
    assert code == 3
    assert "at 1:40:00 the mass rises by 0.50" in found["findings"][0]
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.05)


@pytest.mark.requirement("weighing-told")
def test_a_gap_is_told_and_no_window_of_the_trumpet_reaches_over_it(file: Path) -> None:
    # In the gap nothing comes, and after it all of it at once: windows over it would show both.
    rows = [(t, mass) for t, mass in readings(6 * 3_600) if not 3_900 < t < 7_200]
    code, found, _ = given(file, rows)
    assert code == 3
    assert found["findings"] == ["no reading from 1:05:00 to 2:00:00: taken to have continued evenly"]
    assert found["gaps"] == [{"begin_s": 3_900.0, "end_s": 7_200.0}]
    assert found["trumpet"]["begin_s"] >= 7_200
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)


@pytest.mark.requirement("weighing-told")
def test_readings_without_a_mass_out_of_order_or_twice_are_told_and_the_figures_are_numbers(
    file: Path,
) -> None:
    rows = readings()
    rows[100] = (rows[100][0], math.nan)
    rows[300], rows[301] = rows[301], rows[300]
    rows.insert(500, rows[500])
    text = Path(written(file, rows)).read_text("utf-8").replace("nan", "NaN") + "4h,lots\n"
    file.write_text(text, encoding="utf-8")
    code, found, _ = weighed([str(file), "--ml-per-day", str(ML_PER_DAY)])
    assert code == 3
    assert found["findings"] == [
        f"1 line not read: line {len(rows) + 2}: '4h' is no time",
        "1 reading without a mass left out",
        "time goes back 1 time: readings put in order of time",
        "1 reading at the instant of another left out",
    ]
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)
    assert all(math.isfinite(point["most_percent"]) for point in found["trumpet"]["points"])


@pytest.mark.requirement("weighing-told")
def test_a_balance_set_to_zero_again_and_again_is_told_and_costs_no_volume(file: Path) -> None:
    zeroed_at_s = (1_810.0, 5_400.0, 5_410.0, 9_000.0, 12_600.0)
    rows = [(t, mass - sum(2.0 for at in zeroed_at_s if t >= at)) for t, mass in readings()]
    code, found, _ = given(file, rows)
    assert code == 3
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.05)
    assert [finding.split(" the mass")[0] for finding in found["findings"]] == [
        "at 0:30:10",
        "at 1:30:00",
        "at 1:30:10",
        "2 more jumps of the kind",
    ]


@pytest.mark.requirement("weighing-told")
@pytest.mark.parametrize("zeroed", [1.0, 12.7])
def test_a_balance_set_to_zero_in_a_gap_is_told_with_the_gap(file: Path, zeroed: float) -> None:
    rows = [(t, mass - (zeroed if t >= 7_200 else 0.0)) for t, mass in readings() if not 3_900 < t < 7_200]
    code, found, _ = given(file, rows)
    assert code == 3
    assert [finding.split(":")[0] for finding in found["findings"]] == ["no reading from 1", "at 2"]
    # What came in the gap is taken to have come as usual: nobody weighed it.
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.05)


def test_what_came_while_a_coarse_balance_was_set_to_zero_is_what_comes_usually(file: Path) -> None:
    # One milligram is nine readings of ten seconds: the median reading has risen by nothing.
    rows = [(t, round(12.0 + G_PER_S / 10 * t - (3.0 if t >= 7_200 else 0.0), 3)) for t, _ in readings()]
    rows = [(t, mass) for t, mass in rows if not 3_900 < t < 7_200]
    code, found, _ = weighed([written(file, rows), "--ml-per-day", str(ML_PER_DAY / 10)])
    assert code == 3
    assert found["overall_error_percent"] == pytest.approx(0, abs=1.5)


@pytest.mark.requirement("weighing-told")
def test_a_reservoir_that_is_filled_up_meanwhile_is_told_and_counts_for_nothing(file: Path) -> None:
    rows = [(t, 40.0 - mass + (15.0 if t >= 7_200 else 0.0)) for t, mass in readings()]
    code, found, _ = weighed([written(file, rows), "--ml-per-day", str(ML_PER_DAY), "--reservoir"])
    assert code == 3
    assert len(found["findings"]) == 1
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.05)


@pytest.mark.requirement("weighing-told")
@pytest.mark.parametrize("places", [(0,), (-1,), (0, 1, 2, -1), tuple(range(0, 1_400, 2))])
def test_wherever_masses_are_missing_they_are_counted_and_the_figures_are_numbers(
    file: Path, places: Sequence[int]
) -> None:
    rows = readings()
    for place in places:
        rows[place] = (rows[place][0], math.nan)
    code, found, _ = given(file, rows)
    assert code == 3
    assert (
        f"{len(places)} reading{'s' if len(places) > 1 else ''} without a mass left out"
        in found["findings"][0]
    )
    assert found["readings"] == len(rows) - len(places)
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)
    assert found["gaps"] == []


def test_a_heading_with_as_many_commas_as_its_lines_settles_what_they_are(file: Path) -> None:
    lines = "".join(f"{n},{n * 10},{12_000 + n},1\n" for n in range(20))
    file.write_text("no,time (s),mass (mg),stable\n" + lines, encoding="utf-8")
    assert read_record(file).mass_g[-1] == pytest.approx(12.019)
    file.write_text("time (s),mass (mg)\n" + lines, encoding="utf-8")
    with pytest.raises(BadInputError, match="commas may be between columns or in numbers"):
        read_record(file)


def test_uneven_times_make_no_error(file: Path) -> None:
    drawn = random.Random(7)
    times = sorted({0.0, 14_400.0, *(round(drawn.uniform(0, 14_400), 1) for _ in range(1_500))})
    _, found, _ = given(file, [(t, 12.0 + G_PER_S * t) for t in times])
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)
    assert found["gaps"] == []
    assert abs(found["trumpet"]["points"][0]["most_percent"]) < 0.2


def test_bursts_with_nothing_in_between_are_no_finer_than_what_is_in_between(file: Path) -> None:
    rows = [(t + s, 12.0 + G_PER_S * (t + s)) for t in range(0, 6 * 3_600, 600) for s in range(5)]
    _, found, _ = given(file, rows)
    assert [point["window_s"] for point in (found["trumpet"] or {"points": []})["points"]] == []
    assert any("no trumpet curve" in note for note in found["notes"])


def test_a_falling_reservoir_is_weighed_with_its_option_and_refused_without(file: Path) -> None:
    rows = [(t, 40.0 - mass) for t, mass in readings()]
    path = written(file, rows)
    code, found, err = weighed([path, "--ml-per-day", str(ML_PER_DAY)])
    assert (code, found) == (2, None)
    assert "add --reservoir" in err
    _, found, _ = weighed([path, "--ml-per-day", str(ML_PER_DAY), "--reservoir"])
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)


def test_what_evaporates_is_added(file: Path) -> None:
    rows = [(t, mass - 0.01 * t / 3_600) for t, mass in readings()]
    path = written(file, rows)
    _, found, _ = weighed([path, "--ml-per-day", str(ML_PER_DAY)])
    assert found["overall_error_percent"] < -2
    _, found, _ = weighed([path, "--ml-per-day", str(ML_PER_DAY), "--evaporates", "10"])
    assert found["overall_error_percent"] == pytest.approx(0, abs=0.01)


def test_boluses_are_told_one_by_one_with_their_interval(file: Path) -> None:
    given_ul, asked_ul = (95.0, 102.0, 110.0), 100.0
    begins_s = (3_600, 7_200, 10_800)

    def extra_g(t: float) -> float:
        return sum(
            ul * 0.998e-3 * min(1.0, max(0.0, (t - begin) / 600))
            for ul, begin in zip(given_ul, begins_s, strict=True)
        )

    path = written(file, [(t, mass + extra_g(t)) for t, mass in readings()])
    options = [part for begin in begins_s for part in ("--bolus", f"100@{begin}s..{begin + 600}s")]
    code, found, _ = weighed([path, "--ml-per-day", str(ML_PER_DAY), *options])
    assert code == 0
    assert found["boluses_percent"] == pytest.approx([100 * (ul / asked_ul - 1) for ul in given_ul], abs=0.1)
    least, most = found["boluses_90_90_percent"]
    assert least < -5 < 10 < most
    assert found["overall_error_percent"] == pytest.approx(100 * 7 / (300 + 10_000 / 6), abs=0.01)


def test_without_a_rate_it_is_held_against_its_own_mean_and_says_so(file: Path) -> None:
    code, found, _ = weighed([written(file, readings(part=0.9))])
    assert (code, found["overall_error_percent"], found["against_own_mean"]) == (0, None, True)
    assert "no rate given" in found["notes"][0]


def test_what_is_too_short_or_too_coarse_has_no_curve_and_says_why(file: Path) -> None:
    _, found, _ = given(file, readings(1_800))
    assert found["trumpet"] is None
    assert any("no trumpet curve: the longest stretch" in note for note in found["notes"])
    _, found, _ = given(file, readings(4 * 3_600, 300))
    assert [point["window_s"] for point in found["trumpet"]["points"]] == [300]
    assert any("windows left out" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is nothing in it"),
        ("time,mass\n", "two readings are needed, there is 0"),
        ("a,b,c\n1,2,3\n", "no column of its heading is the time"),
        ("time,\n1\n2\n", "no column of its heading is the mass"),
        ("time,mass\n1\n2\n", "line 2: 1 columns, 2 are needed"),
        ("0,1\n0,2\n0,3\n", "three readings at different times"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_words(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")
    code, found, err = weighed([str(file)])
    assert (code, found) == (2, None)
    assert message in err
    assert "Traceback" not in err


def test_wrong_options_are_refused_with_what_is_allowed(file: Path) -> None:
    path = written(file, readings(100))
    for option, value, message in (
        ("--bolus", "10@2h", "write it like 10@1h30m..1h40m"),
        ("--windows", "brass", "allowed: standard, ambulatory"),
        ("--time-unit", "fortnight", "allowed: ms, s, min"),
        ("--mass-unit", "lb", "allowed: ug, mg, g, kg"),
    ):
        code, _, err = weighed([path, option, value])
        assert code == 2
        assert message in err
    assert "can't be read" in weighed([str(file.with_name("nowhere.csv"))])[2]
