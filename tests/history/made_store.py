"""A store of 10,000 made runs of 1,500 figures: what asking it costs, four writers at once, and writers that are
killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from history.figures import FOLDER, Cost, Row, cost_of
from results.made_runs import large_run
from thecal_hil.results.parts import parts_in
from thecal_hil.results.store import Store

RUNS: Final = 10_000
_WRITERS: Final = 4
_KILLS: Final = 60
_MB: Final = 500
_MERGE: Final = "import sys; from history.made_store import merge; merge(sys.argv[1])"
_WRITE: Final = "import sys; from history.made_store import write; write(*sys.argv[1:])"
_KILLED: Final = "import sys; from history.made_store import write_and_merge; write_and_merge(*sys.argv[1:])"


def merge(folder: str) -> None:
    """Merge what writers have left, as whoever asks first does."""
    Store(Path(folder)).close()


def write(folder: str, first: str, count: str) -> None:
    """Leave made runs, as a writer does; those that are there already are not made again."""
    store = Store(Path(folder))
    there = {head.id for head in store.heads()}
    for number in range(int(first), int(first) + int(count)):
        if f"made-{number:08}" not in there:
            store.add(large_run(number))


def write_and_merge(folder: str, first: str) -> None:
    """Leave small runs for ever, merging now and then, and say of each that it is finished."""
    store = Store(Path(folder))
    number = int(first)
    while True:
        store.add(large_run(number, subjects=3))
        os.write(1, b"%d\n" % number)
        number += 1
        if number % 5 == 0:
            store.merge()


def made() -> list[Row]:
    """Make the store, unless it is there, and measure what asking it costs."""
    folder = FOLDER / "made"
    each = RUNS // _WRITERS
    began = time.perf_counter()
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITE, str(folder), str(place * each), str(each)])
        for place in range(_WRITERS)
    ]
    failed = sum(writer.wait() != 0 for writer in writers)
    writing_s = time.perf_counter() - began
    merged = cost_of(["-c", _MERGE, str(folder)], folder)
    store = Store(folder)
    count, damaged = store.count(), len(store.damaged)
    store.close()
    compare = _least("compare", "made-00000017", "made-00009973", folder=folder)
    trend = _least("trend", "scenario-42[model]:figure_7", "--most", "0", folder=folder)
    memory = max(one.memory_mb for one in (merged, compare, trend))
    return [
        Row("runs of four writers in the store", count, "runs", RUNS, RUNS),
        Row("writers that failed, and parts that are damaged", failed + damaged, "", most=0),
        Row("writing what was not there yet", writing_s, "s"),
        Row("merging what was not merged yet, processor time", merged.processor_s, "s"),
        Row("compare, whole command, processor time", compare.processor_s, "s", most=2),
        Row("compare, whole command, on the wall", compare.wall_s, "s"),
        Row("trend over all runs, whole command, processor time", trend.processor_s, "s", most=1),
        Row("trend, whole command, on the wall", trend.wall_s, "s"),
        Row("most memory of merging, compare and trend", memory, "MB", most=_MB),
        Row(
            "size of the store",
            sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6,
            "MB",
        ),
    ]


def _least(command: str, *arguments: str, folder: Path) -> Cost:
    """Return the cheapest of three tries: what else runs on a machine can only add to it."""
    tries = [cost_of(["-m", "thecal_hil.cli", command, *arguments], folder) for _ in range(3)]
    return min(tries, key=lambda one: one.processor_s)


def killed() -> list[Row]:
    """Return what writers lost that were killed, four at a time, at drawn instants, of the runs that they had
    finished."""
    folder = FOLDER / "killed"
    draw = random.Random(20261203)
    finished: set[str] = set()
    for turn in range(_KILLS // _WRITERS):
        first = 1_000_000 * (turn + 1)
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _KILLED, str(folder), str(first + 100_000 * place)],
                stdout=subprocess.PIPE,
            )
            for place in range(_WRITERS)
        ]
        heard = []
        for writer in writers:
            assert writer.stdout is not None
            heard.append(os.read(writer.stdout.fileno(), 1))
        for writer in writers:
            time.sleep(draw.random() * 0.4)
            writer.send_signal(signal.SIGKILL)
        for before, writer in zip(heard, writers, strict=True):
            assert writer.stdout is not None
            told = (before + writer.stdout.read()).decode().split("\n")[:-1]
            finished |= {f"made-{int(line):08}" for line in told}
            writer.wait()
    store = Store(folder)
    kept = [head.id for head in store.heads()]
    whole = sum(len(store.figures(head)) == 45 for head in store.heads())
    rows = [
        Row("writers killed at drawn instants", _KILLS, ""),
        Row("runs that they had finished", len(finished), "runs", least=_KILLS),
        Row("of these lost", len(finished - set(kept)), "runs", most=0),
        Row("runs counted twice", len(kept) - len(set(kept)), "runs", most=0),
        Row("runs that are not whole", len(kept) - whole, "runs", most=0),
        Row("damaged or left parts", len(store.damaged) + len(list(parts_in(folder / "parts"))), "", most=0),
    ]
    store.close()
    return rows
