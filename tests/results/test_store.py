"""The store keeps every run that was finished, once, whoever writes beside and whoever is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from results.made_runs import figure, large_run, made_run
from thecal_hil.results.parts import DamagedPartError, read_part, write_part
from thecal_hil.results.store import Store, StoreError, copy_store


def test_a_run_comes_back_as_it_was_left(tmp_path: Path) -> None:
    run = large_run(1, subjects=3)
    store = Store(tmp_path)
    store.add(run)
    assert store.merge() == 1
    assert store.run(store.heads()[0]) == run


def test_a_figure_that_was_never_taken_has_no_value_afterwards_either(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(made_run(1, [figure(None)]))
    store.merge()
    assert [one.value for one in store.figures(store.heads()[0])] == [None]


def test_a_part_that_is_seen_twice_is_one_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.add(made_run(1, [figure(0.5)]))
    content = path.read_bytes()
    store.merge()
    path.write_bytes(content)
    assert store.merge() == 0
    assert store.count() == 1
    assert not path.exists()


def test_a_damaged_part_is_told_and_left_and_the_others_are_taken(tmp_path: Path) -> None:
    store = Store(tmp_path)
    damaged = store.add(made_run(1, [figure(0.5)]))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0x40
    damaged.write_bytes(content)
    store.add(made_run(2, [figure(0.5)]))
    assert store.merge() == 1
    assert [damaged.name in line for line in store.damaged] == [True]
    assert damaged.exists()


@pytest.mark.parametrize("length", [0, 10, 200])
def test_a_part_that_was_cut_short_is_no_run(tmp_path: Path, length: int) -> None:
    path = write_part(tmp_path, large_run(1, subjects=2))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedPartError, match="damaged"):
        read_part(path)


def test_a_trend_goes_over_runs_that_measured_other_things_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(made_run(1, [figure(0.1), figure(7, key="other")]))
    store.add(made_run(2, [figure(8, key="other")]))
    store.add(made_run(3, [figure(0.3, most=2.0)]))
    store.merge()
    (points,) = store.trend("worst_edge").values()
    assert [(point.head.id, point.figure.value, point.figure.most) for point in points] == [
        ("made-00000001", 0.1, 1.0),
        ("made-00000003", 0.3, 2.0),
    ]


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no results"):
        Store(tmp_path / "nowhere", create=False)


def test_a_copy_has_all_runs_and_another_store_takes_in_what_it_lacks(tmp_path: Path) -> None:
    one = Store(tmp_path / "one")
    for number in range(3):
        one.add(made_run(number, [figure(number / 10)]))
    assert copy_store(tmp_path / "one", tmp_path / "copy") == 3
    with pytest.raises(StoreError, match="has results already"):
        copy_store(tmp_path / "one", tmp_path / "copy")
    other = Store(tmp_path / "other")
    other.add(made_run(2, [figure(0.2)]))
    other.merge()
    one.merge()
    assert other.take_from(one) == 2
    assert sorted(head.id for head in other.heads()) == [f"made-{number:08}" for number in range(3)]


WRITER = """
import sys
from pathlib import Path
from results.made_runs import large_run
from thecal_hil.results.store import Store
folder, first = Path(sys.argv[1]), int(sys.argv[2])
store = Store(folder)
for number in range(first, first + 400):
    store.add(large_run(number, subjects=4))
    print(number, flush=True)
    if number % 7 == 0:
        store.merge()
"""


def test_writers_that_are_killed_lose_no_run_that_they_finished(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(first)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for first in (0, 10_000)
    ]
    finished: set[str] = set()
    for writer, enough in zip(writers, (9, 23), strict=True):
        assert writer.stdout is not None
        for line in writer.stdout:
            finished.add(f"made-{int(line):08}")
            if len(finished) >= enough:
                break
        writer.send_signal(signal.SIGKILL)
        finished |= {f"made-{int(line):08}" for line in writer.stdout if line.endswith("\n")}
        writer.wait()
    store = Store(tmp_path)
    kept = [head.id for head in store.heads()]
    assert len(kept) == len(set(kept))
    assert finished <= set(kept)
    assert store.damaged == []
    assert all(len(store.run(head).figures) == 60 for head in store.heads())
