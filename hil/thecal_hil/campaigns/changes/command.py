"""The net under changes of therapy: ``thecal-hil changes`` (``make changes``).

Lives of the shipped image on emulated boards as slow as silicon, with requests, presses and alarms around everything
that can't wait; spikes on its inputs; resets of every cause; and sequences of faults on the model. Promises: what it
costs is said first; parts that are done are kept as long as image and sources are the same; every failure of a life or
a sequence is left as a short file, which ``--case FILE`` runs again; exit code 1 where a figure falls short.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from rich.console import Console

from thecal_fw.link import messages
from thecal_hil.campaigns.changes.case import CaseError, read_case
from thecal_hil.campaigns.changes.parts import Result, done_part, kept_part, wrong_with
from thecal_hil.campaigns.changes.plan import (
    EXACT,
    FAULTY,
    LIVES,
    MIXED,
    OF_LIVES,
    RESET,
    SEQUENCES,
    SPIKED,
    PartPlan,
    planned,
)
from thecal_hil.campaigns.changes.watched import Event
from thecal_hil.contract.image import FirmwareImage, ImageError, image_under_test
from thecal_hil.evidence.figures_table import figures_table
from thecal_hil.evidence.measurements import Evidence, Measurement, write_summary

_EVIDENCE: Final = Path("build/evidence/changes.json")
_NO_MEMORY: Final = messages.ERROR_NAMES[messages.ERROR_NO_MEMORY]

MEASUREMENTS: Final = (
    Measurement("requests", "requests", "requests", least=20_000),
    Measurement("of_each_kind", "of each kind, least", "requests", least=500),
    Measurement("near_a_splice", "within 100 ms of a splice", "requests", least=5_000),
    Measurement("near_a_block_end", "of a block's end", "requests", least=500),
    Measurement("near_a_write", "of a journal write", "requests", least=500),
    Measurement("near_an_erase", "of an erase", "requests", least=500),
    Measurement("fast_share", "of all, at 2,000 uL/day and more", "%", least=100 / 3),
    Measurement("full_heap_share", "of all, with a heap nearly full", "%", least=90),
    Measurement("splices", "splices", "splices", least=1_000),
    Measurement("presses", "presses", "presses", least=50),
    Measurement("alarms", "alarms", "alarms", least=20),
    Measurement("timing_faults", "step timing faults", "faults", most=0),
    Measurement("worst_edge", "worst edge", "ticks", most=1),
    Measurement("late", "changes put off", "changes"),
    Measurement("late_without_erase", "of these with no erase in the way", "changes", most=0),
    Measurement("late_at_45_ms", "put off on boards that erase in 45 ms", "changes", most=0),
    Measurement("lives_wrong", "lives in which something did not hold", "lives", most=0),
    Measurement("refused_for_memory", "requests refused for want of memory", "requests", most=0),
    Measurement(
        "exact_boards", "boards, P = 0 to 132, with every start and splice exact", "boards", least=10
    ),
    Measurement("margin_differs", "reported margin from what is seen, most", "us", most=500),
    Measurement("spikes_of_an_input", "spikes in an hour, of each input", "spikes", least=36_000),
    Measurement(
        "spiked_wrong",
        "inputs whose spikes did anything: a stop, an alarm, a press, a pulse moved",
        "inputs",
        most=0,
    ),
    Measurement("spiked_miscounted", "pulses miscounted under spikes", "pulses", most=0),
    Measurement("resets", "resets of every cause, on flash of every content", "resets", least=80),
    Measurement("resets_wrong", "cause, time or delivery wrong afterwards", "resets", most=0),
    Measurement("sequences", "sequences of faults on the model", "sequences", least=10_000),
    Measurement("sequences_wrong", "deaf, silent, or not exact afterwards", "sequences", most=0),
    Measurement("worst_answer_s", "longest until a hello is answered", "s", most=15),
)


def evidence_of(done: list[tuple[PartPlan, Result]]) -> Evidence:
    """Return the figures that the parts come to."""
    evidence = Evidence(MEASUREMENTS)
    lives = [result for part, result in done if part.kind in OF_LIVES]
    mixed = [result for part, result in done if part.kind == MIXED]
    exact = [result for part, result in done if part.kind == EXACT]
    sequences = [result for part, result in done if part.kind == FAULTY]
    asked: Counter[str] = Counter()
    near: Counter[str] = Counter()
    for life in mixed:
        asked.update(life["asked"])
        near.update(life["near"])

    def total(name: str) -> int:
        return sum(life[name] for life in mixed)

    requests = asked.total()
    evidence.take("requests", requests)
    evidence.take("of_each_kind", min(asked[message.name] for message in messages.MESSAGES))
    for key, event in (
        ("near_a_splice", Event.SPLICE),
        ("near_a_block_end", Event.BLOCK_END),
        ("near_a_write", Event.WRITE),
        ("near_an_erase", Event.ERASE),
    ):
        evidence.take(key, near[event])
    evidence.take("fast_share", 100 * total("fast_requests") / max(1, requests))
    evidence.take("full_heap_share", 100 * total("full_heap_requests") / max(1, requests))
    for key in ("splices", "presses", "alarms", "late"):
        evidence.take(key, total(key))
    for key in ("timing_faults", "late_without_erase"):
        evidence.take(key, sum(life[key] for life in lives))
    evidence.take("worst_edge", max((life["worst_edge_ticks"] for life in lives), default=0))
    evidence.take("late_at_45_ms", sum(life["late"] for life in lives if "erase=400ms" not in life["board"]))
    evidence.take("lives_wrong", sum(bool(life["wrong"]) for life in lives))
    evidence.take("refused_for_memory", sum(life["refused"].get(_NO_MEMORY, 0) for life in lives))
    evidence.take("exact_boards", sum(not life["wrong"] and not life["late"] for life in exact))
    evidence.take(
        "margin_differs",
        max((abs(life["margin_us"] - life["margin_outside_us"]) for life in lives), default=0),
    )
    spiked = [result for part, result in done if part.kind == SPIKED]
    evidence.take("spikes_of_an_input", min((hour["spikes"] for hour in spiked), default=0))
    evidence.take("spiked_wrong", sum(bool(hour["wrong"]) for hour in spiked))
    evidence.take("spiked_miscounted", sum(hour["miscounted"] for hour in spiked))
    resets = [result for part, result in done if part.kind == RESET]
    evidence.take("resets", sum(tried["cases"] for tried in resets))
    evidence.take("resets_wrong", sum(len(tried["wrong"]) for tried in resets))
    evidence.take("sequences", sum(result["sequences"] for result in sequences))
    evidence.take("sequences_wrong", sum(len(result["wrong"]) for result in sequences))
    evidence.take("worst_answer_s", max((result["worst_answer_s"] for result in sequences), default=0))
    return evidence


def _all_done(parts: list[PartPlan], image: FirmwareImage, workers: int) -> list[tuple[PartPlan, Result]]:
    kept = {part: result for part in parts if (result := kept_part(part, image)) is not None}
    to_do = [part for part in parts if part not in kept]
    print(
        f"changes: {len(parts)} parts, {len(kept)} of them done before; the rest takes about"
        f" {sum(part.cost_s for part in to_do) / 60:.0f} min of one core",
        flush=True,
    )
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(done_part, part): part for part in to_do}
        for number, future in enumerate(as_completed(running), 1):
            part, result = running[future], future.result()
            kept[part] = result
            print(f"{number} of {len(to_do)}: {part.name}: {_said_of(part, result)}", flush=True)
            for what in result["wrong"]:
                print(f"  WRONG: {what}", flush=True)
            if result.get("replay"):
                print(f"  again: thecal-hil changes --case {result['replay']}", flush=True)
    return [(part, kept[part]) for part in parts]


def _said_of(part: PartPlan, result: Result) -> str:
    if part.kind == FAULTY:
        return f"{result['sequences']} sequences"
    if part.kind == SPIKED:
        return f"{result['spikes']} spikes, {result['pulses']} pulses, {result['miscounted']} miscounted"
    if part.kind == RESET:
        return f"{result['cases']} cases"
    life = result
    return (
        f"{sum(life['asked'].values())} requests, {life['near'].get(Event.SPLICE, 0)} near a splice,"
        f" {life['late']} late, margin {life['margin_us']} us"
    )


def _run_case(path: Path) -> int:
    try:
        wrong = wrong_with(read_case(path))
    except (CaseError, ImageError) as error:
        print(f"changes: {error}")
        return 2
    for what in wrong:
        print(what)
    print(f"changes: {'FAIL' if wrong else 'PASS'} {path}")
    return int(bool(wrong))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil changes", description=__doc__)
    parser.add_argument("--lives", type=int, default=LIVES, help=f"of each board ({LIVES})")
    parser.add_argument("--sequences", type=int, default=SEQUENCES, help=f"of faults ({SEQUENCES})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--case", type=Path, help="run one file again, and nothing else")
    options = parser.parse_args(argv)
    if options.case is not None:
        return _run_case(options.case)
    try:
        image = image_under_test()
    except ImageError as error:
        print(f"changes: {error}")
        return 2
    began = time.monotonic()
    print(f"changes: seed {options.seed}, image {image.sha256[:16]}")
    done = _all_done(planned(options.seed, options.lives, options.sequences), image, options.workers)
    evidence = evidence_of(done)
    Console().print(figures_table("changes", evidence))
    write_summary(
        _EVIDENCE,
        {
            "image_sha256": image.sha256,
            "seed": options.seed,
            "passed": evidence.passed,
            "values": evidence.values(),
            "limits": evidence.limits(),
            "failures": evidence.failures(),
            "parts": {part.name: result for part, result in done},
        },
    )
    verdict = "PASS" if evidence.passed else "FAIL"
    print(f"changes: {verdict} in {time.monotonic() - began:.0f} s; written to {_EVIDENCE}")
    return 0 if evidence.passed else 1
