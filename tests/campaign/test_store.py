"""Results on disk: whole batches or none, one campaign a directory, the same bytes whatever the order."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import thecal
from thecal_hil.campaign.sources import sources_digest
from thecal_hil.campaign.store import CampaignError, Plan, Store
from thecal_hil.campaign.week import Row


def rows(plan: Plan, batch: int) -> list[Row]:
    return [{"seed": seed, "error_percent": seed / 7} for seed in plan.seeds_of(batch)]


@given(st.integers(1, 500), st.integers(1, 40), st.integers(0, 1_000))
def test_the_batches_of_a_plan_hold_each_seed_once(runs: int, batch: int, first: int) -> None:
    plan = Plan(runs, 7, first, batch)
    seeds = [seed for number in range(plan.batches) for seed in plan.seeds_of(number)]
    assert seeds == list(range(first, first + runs))


def test_a_batch_counts_once_its_file_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path, Plan(7, 1, batch=3))
    with store.held():
        assert store.missing() == [0, 1, 2]
    (tmp_path / "parts" / "part-000001.parquet.partial").write_bytes(b"half of it")
    store.keep(2, rows(store.plan, 2))
    assert store.missing() == [0, 1]
    assert store.finished_runs() == 1
    with store.held():
        assert not list(tmp_path.glob("parts/*.partial"))
    with pytest.raises(CampaignError, match="2 batches"):
        store.put_together()


def test_the_results_are_the_same_bytes_in_whatever_order_batches_are_finished(tmp_path: Path) -> None:
    plan = Plan(7, 1, batch=3)
    found = []
    for name, order in (("forth", (0, 1, 2)), ("back", (2, 0, 1))):
        store = Store(tmp_path / name, plan)
        for batch in order:
            store.keep(batch, rows(plan, batch))
        found.append(store.put_together().read_bytes())
    assert found[0] == found[1]
    assert pq.read_table(tmp_path / "back" / "results.parquet")["seed"].to_pylist() == list(range(7))


def test_rows_of_other_seeds_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path, Plan(7, 1, batch=3))
    with pytest.raises(ValueError, match="other seeds"):
        store.keep(0, rows(store.plan, 1))


def test_a_directory_keeps_to_one_plan_and_one_campaign_at_a_time(tmp_path: Path) -> None:
    store = Store(tmp_path, Plan(7, 1))
    with store.held(), pytest.raises(CampaignError, match="at work"), Store(tmp_path, Plan(7, 1)).held():
        pass
    with pytest.raises(CampaignError, match="another plan"), Store(tmp_path, Plan(7, 2)).held():
        pass
    with store.held():
        pass


def test_a_campaign_is_not_gone_on_with_by_other_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, Plan(7, 1))
    with store.held():
        pass
    monkeypatch.setattr("thecal_hil.campaign.store.sources_digest", lambda: "of another state")
    with pytest.raises(CampaignError, match="another build"), store.held():
        pass


def test_nothing_finished_is_told_and_no_empty_table(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="no run"):
        Store(tmp_path, Plan(7, 1)).table()


def test_runs_whose_plan_is_gone_are_taken_for_nobody_s(tmp_path: Path) -> None:
    store = Store(tmp_path, Plan(7, 1, batch=3))
    with store.held():
        store.keep(0, rows(store.plan, 0))
    (tmp_path / "plan.json").unlink()
    with pytest.raises(CampaignError, match="not the plan they are of"), store.held():
        pass


def test_the_sources_that_results_depend_on_are_those_of_the_host_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sources_digest()
    (tmp_path / "another.py").write_text("")
    monkeypatch.setattr(thecal, "__file__", str(tmp_path / "__init__.py"))
    assert sources_digest() != before
