"""Scenarios on a Dask cluster leave the records that processes of this machine leave, also where a worker is lost."""

import pytest
from typer.testing import CliRunner

from thecal_hil.cli.command import app
from thecal_hil.contract.rig import RigUnavailableError
from thecal_hil.scenario.campaign import RigWanted, run_all
from thecal_hil.scenario.reader import scenario_named

NAMES = ("a-start-taken-back", "an-unsafe-program-is-refused", "without-the-time")


def told(records) -> dict[str, tuple]:
    return {one.identity: (one.status, one.edges_sha256, one.evidence.values()) for one in records}


def test_workers_of_a_cluster_leave_the_same_records() -> None:
    distributed = pytest.importorskip("distributed")
    scenarios = [one for name in NAMES for one in scenario_named(name)]
    wanted = RigWanted("model")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
    ) as cluster:
        there = told(run_all(scenarios, wanted, 1, scheduler=cluster.scheduler_address))
    assert there == told(run_all(scenarios, wanted, 1))


def test_a_cluster_that_is_not_there_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from thecal_hil.scenario import cluster

    monkeypatch.setattr(cluster, "_WAIT_S", 1)
    with pytest.raises(RigUnavailableError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        list(run_all(scenario_named(NAMES[0]), RigWanted("model"), 1, scheduler="tcp://127.0.0.1:1"))


def test_boards_are_not_run_on_a_cluster() -> None:
    ran = CliRunner().invoke(app, ["run", NAMES[0], "--rig", "board", "--scheduler", "tcp://127.0.0.1:1"])
    assert ran.exit_code == 2
    assert "boards are on this machine's bench" in ran.stderr
