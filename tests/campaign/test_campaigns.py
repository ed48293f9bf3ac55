"""Whole campaigns: stopped and gone on with, on processes or a Dask cluster, and what is reported of them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from campaign.inline import InlineWorkers
from thecal_hil.campaign.report import FIGURES, summary, text, write_report
from thecal_hil.campaign.run import carry_out
from thecal_hil.campaign.store import Plan, Store
from thecal_hil.campaign.workers import DaskWorkers

PLAN = Plan(runs=10, days=1, first_seed=40, batch=1)
SOURCES = [entry for entry in sys.path if Path(entry).is_dir()]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results, _ = carry_out(Store(tmp_path_factory.mktemp("whole"), PLAN), InlineWorkers())
    return results


def begun_command(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "thecal_hil.campaign", "--to", str(directory)]
    plan = f"--runs {PLAN.runs} --days {PLAN.days} --first-seed {PLAN.first_seed} --batch {PLAN.batch}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, *plan.split()], stderr=pipe, stdout=pipe, text=True, env=environment)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 130)])
def test_a_campaign_stopped_midway_goes_on_without_losing_or_repeating_a_finished_run(
    tmp_path: Path, uninterrupted: Path, number: signal.Signals, status: int
) -> None:
    campaign = begun_command(tmp_path)
    assert campaign.stderr is not None
    told = 0
    for line in campaign.stderr:
        if found := re.match(r"(\d+)/10 runs finished", line):
            told = int(found[1])
        if told >= 3:
            break
    campaign.send_signal(number)
    # The pipes close once no process of the campaign holds them any more: none outlives it.
    campaign.communicate(timeout=60)
    assert campaign.returncode == status

    store = Store(tmp_path, PLAN)
    missing = store.missing()
    assert 3 <= told <= store.finished_runs() < PLAN.runs
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("parts/*.parquet")}
    workers = InlineWorkers()
    results, effort = carry_out(store, workers)
    assert workers.given == missing
    assert effort.runs == len(missing)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert results.read_bytes() == uninterrupted.read_bytes()

    again = InlineWorkers()
    carry_out(store, again)
    assert again.given == []


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


def test_progress_is_told_after_each_batch(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    plan = Plan(5, 1, batch=2)
    carry_out(Store(tmp_path, plan), InlineWorkers(), lambda finished, of: told.append((finished, of)))
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_the_report_tells_the_distribution_and_the_worst_cases_with_how_to_do_them_again(
    tmp_path: Path, uninterrupted: Path
) -> None:
    table = pq.read_table(uninterrupted)
    found = write_report(tmp_path, table)
    written = json.loads((tmp_path / "report.json").read_text())
    assert written.pop("checkout")
    assert written == found
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    errors = table["overall_error_percent"].to_pylist()
    figure = found["figures"]["overall_error_percent"]
    assert figure["least"] == min(errors)
    assert figure["most"] == max(errors)
    worst = max(zip(errors, table["seed"].to_pylist(), strict=True), key=lambda pair: abs(pair[0]))
    case = found["worst"]["overall_error_percent"][0]
    assert (case["overall_error_percent"], case["seed"]) == worst
    assert case["pico"] == f"python -m thecal_hil.campaign --replay {worst[1]} --days 1 --rig pico"
    assert next(iter(found["goes_with_overall_error"])) == "calibration_error_percent"
    shown = (tmp_path / "report.txt").read_text()
    assert case["model"] in shown
    for name in FIGURES:
        assert name in shown


def test_a_run_that_went_wrong_is_named(uninterrupted: Path) -> None:
    rows = pq.read_table(uninterrupted).to_pylist()
    rows[4]["microsteps_missed"] = 2
    found = summary(pq.read_table(uninterrupted).from_pylist(rows))
    assert found["wrong"] == [{"seed": 44, "wrong": ["2 microsteps missed"]}]
    assert "WRONG: seed 44" in text(found)
