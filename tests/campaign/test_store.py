"""A campaign on disk: whole batches or none, parts checked before they are used, the same bytes in any order."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thecal
from campaign.inline import InlineWorkers
from thecal_hil.campaigns.weeks import results as results_module
from thecal_hil.campaigns.weeks.parts import Contents, PartError, part_of, rows_of
from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.run import carry_out
from thecal_hil.campaigns.weeks.sources import sources_digest
from thecal_hil.campaigns.weeks.store import CampaignError, Store, WrongPartsError
from thecal_hil.campaigns.weeks.week import Row

PLAN = Plan(7, 1, batch=3)


def rows(plan: Plan, batch: int) -> list[Row]:
    return [{"seed": seed, "error_percent": seed / 7} for seed in plan.seeds_of(batch)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Provide a store in which all batches of the plan are finished."""
    store = Store(tmp_path, PLAN)
    with store.held():
        for batch in range(PLAN.batches):
            store.keep(batch, rows(PLAN, batch))
    return store


@given(st.integers(1, 500), st.integers(1, 40), st.integers(0, 1_000))
def test_the_batches_of_a_plan_hold_each_seed_once(runs: int, batch: int, first: int) -> None:
    plan = Plan(runs, 7, first, batch)
    seeds = [seed for number in range(plan.batches) for seed in plan.seeds_of(number)]
    assert seeds == list(range(first, first + runs))


def test_a_batch_counts_once_its_file_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path, PLAN)
    with store.held():
        assert store.missing() == [0, 1, 2]
    (tmp_path / "parts" / f"{store.path_of(1).name}.partial").write_bytes(b"half of it")
    store.keep(2, rows(store.plan, 2))
    assert store.missing() == [0, 1]
    assert store.finished_runs() == 1
    with store.held():
        assert not list(tmp_path.glob("parts/*.partial"))
    with pytest.raises(CampaignError, match="2 batches are not finished: 0, 1"):
        store.put_together()


def test_the_results_are_the_same_bytes_in_whatever_order_batches_are_finished(tmp_path: Path) -> None:
    found = []
    for name, order in (("forth", (0, 1, 2)), ("back", (2, 0, 1))):
        store = Store(tmp_path / name, PLAN)
        for batch in order:
            store.keep(batch, rows(PLAN, batch))
        found.append(store.put_together().read_bytes())
    assert found[0] == found[1]
    table = pq.read_table(tmp_path / "back" / "results.parquet")
    assert table.to_pylist() == [row for batch in range(3) for row in rows(PLAN, batch)]
    assert [str(kind) for kind in table.schema.types] == ["int64", "double"]


@settings(max_examples=40)
@given(runs=st.integers(1, 60), batch=st.integers(1, 25), in_a_group=st.integers(1, 30))
def test_the_results_do_not_show_in_which_batches_the_runs_were_done(
    tmp_path_factory: pytest.TempPathFactory, runs: int, batch: int, in_a_group: int
) -> None:
    """Also where a batch lies across two groups of rows, or is larger than one."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results_module, "ROWS_IN_A_GROUP", in_a_group)
        for size in (batch, 1):
            plan = Plan(runs, 1, batch=size)
            store = Store(tmp_path_factory.mktemp("batches"), plan)
            for number in range(plan.batches):
                store.keep(number, rows(plan, number))
            found.append(store.put_together().read_bytes())
    assert found[0] == found[1]
    file = pq.ParquetFile(store.results)
    assert file.read()["seed"].to_pylist() == list(range(runs))
    assert file.metadata.num_row_groups == -(-runs // in_a_group)


def test_rows_of_other_seeds_or_columns_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path, PLAN)
    with pytest.raises(ValueError, match="other seeds"):
        store.keep(0, rows(store.plan, 1))
    with pytest.raises(ValueError, match="different columns"):
        store.keep(0, [{**row, **({"more": 1} if row["seed"] == 2 else {})} for row in rows(PLAN, 0)])
    assert store.missing() == [0, 1, 2]


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
    with Store(tmp_path, Plan(7, 1)).held():
        pass
    monkeypatch.setattr("thecal_hil.campaigns.weeks.plan.sources_digest", lambda: "of another state")
    with pytest.raises(CampaignError, match="another build"), Store(tmp_path, Plan(7, 1)).held():
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '"plan"'])
def test_a_plan_that_can_not_be_read_is_told_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(CampaignError, match="can't be read"), Store(tmp_path, PLAN).held():
        pass


def test_runs_whose_plan_is_gone_are_taken_for_nobody_s(store: Store) -> None:
    (store.directory / "plan.json").unlink()
    with pytest.raises(CampaignError, match="not the plan they are of"), store.held():
        pass


def test_the_sources_that_results_depend_on_are_those_of_the_host_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sources_digest()
    (tmp_path / "another.py").write_text("")
    monkeypatch.setattr(thecal, "__file__", str(tmp_path / "__init__.py"))
    assert sources_digest() != before


# --- parts that are not what was written


def copied_over_another(store: Store) -> None:
    copyfile(store.path_of(0), store.path_of(1))


def with_a_flipped_bit(store: Store) -> None:
    data = bytearray(store.path_of(1).read_bytes())
    data[-3] ^= 0x10
    store.path_of(1).write_bytes(data)


def cut_short(store: Store) -> None:
    data = store.path_of(1).read_bytes()
    store.path_of(1).write_bytes(data[: len(data) // 2])


def emptied(store: Store) -> None:
    store.path_of(1).write_bytes(b"")


def lengthened(store: Store) -> None:
    store.path_of(1).write_bytes(store.path_of(1).read_bytes() + b"\n")


def of_another_plan(store: Store) -> None:
    other = Store(store.directory / "other", Plan(7, 2, batch=3))
    other.keep(1, rows(other.plan, 1))
    copyfile(other.path_of(1), store.path_of(1))


def of_no_batch(store: Store) -> None:
    copyfile(store.path_of(1), store.path_of(PLAN.batches))


def left_under_another_name(store: Store) -> None:
    copyfile(store.path_of(1), store.path_of(1).with_name("batch-000001 (copy).part"))


def a_directory(store: Store) -> None:
    store.path_of(1).unlink()
    store.path_of(1).mkdir()


WRONG: list[tuple[Callable[[Store], None], str]] = [
    (
        copied_over_another,
        r"batch-000001.part is a copy of batch 0, with seeds 0 to 2 in place of seeds 3 to 5",
    ),
    (with_a_flipped_bit, r"batch-000001.part is damaged: its content does not have the digest"),
    (cut_short, r"batch-000001.part is cut short: \d+ of \d+ bytes are left"),
    (emptied, r"batch-000001.part does not begin with its digest"),
    (lengthened, r"batch-000001.part has 1 bytes more than were written"),
    (of_another_plan, r"batch-000001.part is of a campaign with another plan or other sources"),
    (of_no_batch, r"batch-000003.part belongs to no batch of this campaign"),
    (left_under_another_name, r"batch-000001 \(copy\).part belongs to no batch of this campaign"),
    (a_directory, r"batch-000001.part can't be read: "),
]
"""What happens to the parts, and what is said of it."""


@pytest.mark.parametrize(("happens", "said"), WRONG, ids=[happens.__name__ for happens, _ in WRONG])
def test_a_part_that_is_not_what_was_written_stops_the_campaign_before_any_work(
    store: Store, happens: Callable[[Store], None], said: str
) -> None:
    store.path_of(2).unlink()
    happens(store)
    workers = InlineWorkers()
    with pytest.raises(WrongPartsError, match=said) as stopped:
        carry_out(Store(store.directory, PLAN), workers)
    assert workers.given == []
    assert len(stopped.value.faults) == 1
    (path,) = stopped.value.faults
    assert "Remove them and give the same command again" in str(stopped.value)
    assert str(path) in str(stopped.value).rpartition("rm ")[2]
    assert not store.results.exists()


@pytest.mark.parametrize(
    ("happens", "said"),
    [one for one in WRONG if one[0] not in (of_no_batch, left_under_another_name)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_part_that_changes_after_it_was_checked_gets_into_no_results(
    store: Store, happens: Callable[[Store], None], said: str
) -> None:
    store.check()
    results = store.put_together().read_bytes()
    happens(store)
    with pytest.raises(WrongPartsError, match=said):
        store.put_together()
    assert store.results.read_bytes() == results
    assert not list(store.directory.glob("*.partial"))


def test_all_wrong_parts_are_told_at_once_and_of_very_many_the_first(tmp_path: Path) -> None:
    plan = Plan(30, 1, batch=1)
    store = Store(tmp_path, plan)
    for batch in range(plan.batches):
        store.keep(batch, rows(plan, batch))
    store.check()
    for batch in (3, 8):
        store.path_of(batch).write_bytes(b"")
    with pytest.raises(WrongPartsError, match=r"(?s)^2 of .*000003.*000008"):
        store.check()
    for batch in range(13):
        store.path_of(batch).write_bytes(b"")
    with pytest.raises(WrongPartsError, match="and 3 more") as many:
        store.check()
    assert len(many.value.faults) == 13


def test_a_part_with_other_columns_than_the_rest_gets_into_no_results(store: Store) -> None:
    store.keep(1, [{**row, "another": 0.5} for row in rows(PLAN, 1)])
    with pytest.raises(
        WrongPartsError, match=r"batch-000001.part has other columns than the parts before it"
    ):
        store.put_together()
    assert not store.results.exists()


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_a_part_can_be_flipped_without_its_being_found(at: int, bit: int) -> None:
    contents = Contents("of this campaign", 1, 3, 3)
    data = bytearray(part_of(contents, rows(PLAN, 1)))
    assert rows_of(bytes(data), contents)["seed"].tolist() == [3, 4, 5]
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(PartError):
        rows_of(bytes(data), contents)


@given(
    st.lists(st.one_of(st.floats(allow_nan=False), st.integers(-(1 << 53), 1 << 53)), min_size=3, max_size=3)
)
def test_a_part_holds_its_figures_to_the_last_bit(figures: list[int | float]) -> None:
    contents = Contents("of this campaign", 1, 3, 3)
    kept: list[Row] = [{"seed": 3 + at, "figure": figure} for at, figure in enumerate(figures)]
    read = rows_of(part_of(contents, kept), contents)
    assert read["figure"].tolist() == figures
    whole = all(isinstance(figure, int) for figure in figures)
    assert read["figure"].dtype == (np.int64 if whole else np.float64)
