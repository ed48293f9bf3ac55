"""Whole campaigns: stopped and continued, on processes or a Dask cluster, and what is reported of them."""

import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaign.inline import InlineWorkers
from thecal_hil.campaigns.weeks.command import main
from thecal_hil.campaigns.weeks.memory import put_together
from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.report import FIGURES, NAMED_WRONG, summary, text, write_report
from thecal_hil.campaigns.weeks.results import Results
from thecal_hil.campaigns.weeks.run import carry_out
from thecal_hil.campaigns.weeks.store import Store
from thecal_hil.campaigns.weeks.workers import Batch, DaskWorkers, Do, Done
from thecal_hil.evidence.measurements import is_as_written

PLAN = Plan(runs=10, days=1, first_seed=40, batch=1)
SOURCES = [entry for entry in sys.path if Path(entry).is_dir()]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results, _ = carry_out(Store(tmp_path_factory.mktemp("whole"), PLAN), InlineWorkers())
    return results


def begun_command(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "thecal_hil.cli", "weeks", "--to", str(directory)]
    plan = f"--runs {PLAN.runs} --days {PLAN.days} --first-seed {PLAN.first_seed} --batch {PLAN.batch}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, *plan.split()], stderr=pipe, stdout=pipe, text=True, env=environment)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 130)])
def test_a_campaign_stopped_midway_goes_on_without_losing_or_repeating_a_finished_run(
    tmp_path: Path, uninterrupted: Path, number: signal.Signals, status: int
) -> None:
    campaign = begun_command(tmp_path)
    while campaign.poll() is None and len(list(tmp_path.glob("parts/*.part"))) < 3:
        with suppress(subprocess.TimeoutExpired):
            campaign.wait(0.01)
    there = len(list(tmp_path.glob("parts/*.part")))
    campaign.send_signal(number)
    # The pipes close once no process of the campaign holds them any more: none outlives it.
    campaign.communicate(timeout=60)
    assert campaign.returncode == status

    store = Store(tmp_path, PLAN)
    missing = store.missing()
    assert 3 <= there <= store.finished_runs() < PLAN.runs
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("parts/*.part")}
    workers = InlineWorkers()
    results, effort = carry_out(store, workers)
    assert workers.given == missing
    assert effort.runs == len(missing)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert results.read_bytes() == uninterrupted.read_bytes()

    again = InlineWorkers()
    carry_out(store, again)
    assert again.given == []


def test_a_request_to_stop_ends_the_workers_wherever_it_comes() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    command = [sys.executable, "-m", "campaign.stopped_anywhere"]
    lines = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=300).stdout
    assert int(lines) > 100


def test_the_order_in_which_workers_finish_does_not_show(tmp_path: Path, uninterrupted: Path) -> None:
    results, _ = carry_out(Store(tmp_path, PLAN), InlineWorkers(backward=True))
    assert results.read_bytes() == uninterrupted.read_bytes()


def test_a_dask_cluster_finds_the_same(tmp_path: Path, uninterrupted: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=None,  # pyright: ignore[reportArgumentType]
    ) as cluster:
        workers = DaskWorkers(str(cluster.scheduler_address))  # pyright: ignore[reportAttributeAccessIssue]
        try:
            results, effort = carry_out(Store(tmp_path, PLAN), workers)
        finally:
            workers.close()
    assert results.read_bytes() == uninterrupted.read_bytes()
    assert effort.runs == PLAN.runs


def test_a_batch_is_on_disk_before_the_next_one_counts(tmp_path: Path) -> None:
    store, finished = Store(tmp_path, Plan(5, 1, batch=2)), []

    class Watched(InlineWorkers):
        def all_done(self, batches: Sequence[Batch], do: Do) -> Iterator[Done]:
            for done in super().all_done(batches, do):
                finished.append(store.finished_runs())
                yield done

    carry_out(store, Watched())
    assert finished == [0, 2, 4]


def test_a_campaign_whose_part_was_damaged_ends_in_words_before_it_does_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And does the runs of that part anew once it is removed, as it says."""
    plan = Plan(4, 1, batch=2)
    store = Store(tmp_path / "a campaign", plan)
    carry_out(store, InlineWorkers())
    whole = store.results.read_bytes()
    store.results.unlink()
    damaged = store.path_of(1)
    data = bytearray(damaged.read_bytes())
    data[-20] ^= 1
    damaged.write_bytes(data)
    arguments = ["--runs", "4", "--days", "1", "--batch", "2", "--to", str(tmp_path / "a campaign")]
    monkeypatch.setattr("thecal_hil.campaigns.weeks.command.LocalWorkers", lambda processes: InlineWorkers())

    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert f"{damaged} is damaged: its content does not have the digest" in said
    assert "Traceback" not in said
    assert not store.results.exists()

    program, *removed = shlex.split(said.rpartition("anew: ")[2])
    assert (program, removed) == ("rm", [str(damaged)])
    damaged.unlink()
    assert main(arguments) == 0
    assert "2 runs in" in capsys.readouterr().out
    assert store.results.read_bytes() == whole


def test_the_report_tells_the_distribution_and_the_worst_cases_with_how_to_do_them_again(
    tmp_path: Path, uninterrupted: Path
) -> None:
    table = pq.read_table(uninterrupted)
    found = write_report(tmp_path, Results(uninterrupted))
    written = json.loads((tmp_path / "report.json").read_text())
    assert is_as_written("report", written)
    assert written.pop("checkout")
    assert written.pop("seal")
    assert written == found
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    errors = table["overall_error_percent"].to_pylist()
    figure = found["figures"]["overall_error_percent"]
    assert figure["least"] == min(errors)
    assert figure["most"] == max(errors)
    worst = max(zip(errors, table["seed"].to_pylist(), strict=True), key=lambda pair: abs(pair[0]))
    case = found["worst"]["overall_error_percent"][0]
    assert (case["overall_error_percent"], case["seed"]) == worst
    assert case["pico"] == f"thecal-hil weeks --replay {worst[1]} --days 1 --rig pico"
    assert next(iter(found["goes_with_overall_error"])) == "calibration_error_percent"
    shown = (tmp_path / "report.txt").read_text()
    assert case["model"] in shown
    for name in FIGURES:
        assert name in shown


def changed(uninterrupted: Path, path: Path, times: int, place: int) -> Results:
    """Return results in which a run went wrong, so many times over."""
    rows = pq.read_table(uninterrupted).to_pylist()
    rows[place]["microsteps_missed"] = 2
    pq.write_table(pa.Table.from_pylist(rows * times), path, row_group_size=7)
    return Results(path)


def test_a_run_that_went_wrong_is_named(uninterrupted: Path, tmp_path: Path) -> None:
    found = summary(changed(uninterrupted, tmp_path / "changed.parquet", 1, 4))
    assert found["wrong"] == [{"seed": 44, "wrong": ["2 microsteps missed"]}]
    assert "WRONG: seed 44" in text(found)
    assert "more runs" not in text(found)


def test_of_very_many_runs_that_went_wrong_the_first_are_named_and_all_are_counted(
    uninterrupted: Path, tmp_path: Path
) -> None:
    found = summary(changed(uninterrupted, tmp_path / "changed.parquet", NAMED_WRONG + 3, 9))
    assert found["wrong_runs"] == NAMED_WRONG + 3
    assert len(found["wrong"]) == NAMED_WRONG
    assert "WRONG: 3 more runs" in text(found)


def test_the_figures_of_a_report_are_those_of_all_runs_whatever_groups_they_are_read_in(
    uninterrupted: Path, tmp_path: Path
) -> None:
    rows = pq.read_table(uninterrupted).to_pylist()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "groups.parquet", row_group_size=3)
    found = summary(Results(tmp_path / "groups.parquet"))
    assert found == summary(Results(uninterrupted))
    for name, figure in found["figures"].items():
        values = sorted(row[name] for row in rows)
        assert figure["least"] == values[0]
        assert figure["most"] == values[-1]
        assert figure["p50"] == pytest.approx((values[4] + values[5]) / 2)
        assert figure["mean"] == pytest.approx(statistics.fmean(values))
        assert figure["standard_deviation"] == pytest.approx(statistics.stdev(values))
    by_size = sorted(rows, key=lambda row: (-abs(row["worst_hour_error_percent"]), row["seed"]))
    worst = found["worst"]["worst_hour_error_percent"]
    assert [case["seed"] for case in worst] == [row["seed"] for row in by_size[:3]]


def test_putting_a_campaign_together_is_measured_in_a_process_of_its_own() -> None:
    found = put_together(runs=12)
    assert (found.runs, found.parts) == (12, 3)
    # An interpreter with pyarrow and matplotlib takes this much.
    assert 30e6 < found.peak_bytes < 1e9
    assert found.cpu_s > 0
