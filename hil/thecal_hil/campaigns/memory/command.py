"""Measures memory and time of requests on the emulated board: ``thecal-hil memory``.

The shipped image is given the largest program that validates and delivers it; requests of every kind come in an order
that chance gives, with two commits of such programs in between; doses are asked for with a day of it behind; then a
stock image is given every example; and how long the processor is awake in a day is measured beside a host that stays,
one that leaves and one that does not read. All of it is measured on the default board, as slow as silicon is believed
to be. Promises: what it will cost is said first; a part that is done is kept, by the image's digest, and not done
again; exit code 1 if a figure falls short.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from thecal_fw.link import messages
from thecal_hil.campaigns.memory.awake import HOSTS, awake_percent
from thecal_hil.campaigns.memory.full_day import run_full_day
from thecal_hil.campaigns.memory.part import Part, run_part
from thecal_hil.campaigns.memory.stock import EXAMPLES, StockLife, run_stock_life
from thecal_hil.contract.image import FirmwareImage, image_under_test, stock_image
from thecal_hil.evidence.figures_table import figures_table
from thecal_hil.evidence.measurements import Evidence, Measurement, write_json, write_summary

_PARTS = Path("build/memory")
_SUMMARY = Path("build/evidence/memory.json")
_PART_REQUESTS = 2_500
_SECONDS_PER_REQUEST = 0.1
"""Of one core, about."""

LEAST_FREE_BYTES = 16_384
LEAST_FREE_BYTES_ON_STOCK = 4_096
"""Three times what a request takes in one piece at most."""
MOST_ALLOCATION_BYTES = 2_048
LONGEST_MS = 150
LONGEST_ANSWER_MS = 500
"""Of a request that takes several polls: half of what a host waits before it asks again."""
LONGEST_INTERROGATION_MS = 100
MOST_AWAKE_PERCENT = 0.05

MEASUREMENTS = (
    Measurement("requests", "requests asked", "requests", least=1),
    Measurement("commits", "largest programs committed", "programs", least=3),
    Measurement("largest_free_bytes", "largest free piece, least", "bytes", least=LEAST_FREE_BYTES),
    Measurement("largest_allocation", "largest allocation", "bytes", most=MOST_ALLOCATION_BYTES),
    Measurement("beyond_bound", "kinds beyond their bound", "kinds", most=0),
    Measurement("longest_answer_ms", "longest answer, all its polls", "ms", most=LONGEST_ANSWER_MS),
    Measurement("not_asked", "kinds never asked in peace", "kinds", most=0),
    Measurement("longest_declared_ms", "longest bound declared", "ms", most=LONGEST_MS),
    Measurement("interrogation_declared_ms", "interrogation's bound", "ms", most=LONGEST_INTERROGATION_MS),
    *(
        Measurement(
            f"awake_{host}", f"awake, host {host.replace('_', ' ')}", "% of the day", most=MOST_AWAKE_PERCENT
        )
        for host in HOSTS
    ),
    Measurement("out_of_memory", "requests out of memory", "requests", most=0),
    Measurement("resets", "resets", "resets", most=0),
    Measurement("wrong", "what did not hold", "findings", most=0),
    Measurement("stock_examples", "examples delivered, stock", "programs", least=len(EXAMPLES)),
    Measurement("stock_refused", "programs refused, stock", "programs", least=2),
    Measurement("stock_free_bytes", "largest free piece, stock", "bytes", least=LEAST_FREE_BYTES_ON_STOCK),
    Measurement("stock_out_of_memory", "requests out of memory, stock", "requests", most=0),
    Measurement("stock_resets", "resets, stock", "resets", most=0),
    Measurement("stock_wrong", "what did not hold, stock", "findings", most=0),
)


def _kept_part(image: FirmwareImage, seed: int, requests: int) -> Part:
    """Return a part, from an earlier run of the same image or done now."""
    path = _PARTS / f"{image.sha256[:16]}-{seed}-{requests}.json"
    if path.exists():
        return Part(**json.loads(path.read_text(encoding="utf-8")))
    part = run_part(image, seed, requests)
    write_json(path, asdict(part))
    return part


def _longest(parts: list[Part]) -> dict[str, float]:
    longest: dict[str, float] = {}
    for part in parts:
        for name, took_ms in part.longest_ms.items():
            longest[name] = max(took_ms, longest.get(name, 0.0))
    return longest


def evidence_of(parts: list[Part], full_day: Part, stock: StockLife) -> Evidence:
    """Return the figures that the parts, the day behind and the stock board's life come to."""
    evidence = Evidence(MEASUREMENTS)
    longest = _longest([*parts, full_day])
    bounds_ms = {message.name: message.longest_us / 1_000 for message in messages.MESSAGES}
    evidence.take("requests", sum(part.requests for part in parts))
    evidence.take("commits", min(part.commits for part in parts))
    evidence.take("largest_free_bytes", min(part.largest_free_bytes for part in parts))
    evidence.take("largest_allocation", max(part.largest_allocation_bytes for part in parts))
    evidence.take("beyond_bound", sum(took > bounds_ms[name] for name, took in longest.items()))
    evidence.take("longest_answer_ms", max(part.longest_answer_ms for part in [*parts, full_day]))
    # A hello opens each part, before its time is taken.
    evidence.take("not_asked", len(set(bounds_ms) - set(longest) - {messages.HELLO.name}))
    evidence.take("longest_declared_ms", max(bounds_ms.values()))
    evidence.take("interrogation_declared_ms", bounds_ms[messages.INTERROGATE.name])
    out_of_memory = messages.ERROR_NAMES[messages.ERROR_NO_MEMORY]
    evidence.take("out_of_memory", sum(part.refused.get(out_of_memory, 0) for part in parts))
    evidence.take("resets", sum(part.resets for part in [*parts, full_day]))
    evidence.take("wrong", sum(len(part.wrong) for part in [*parts, full_day]))
    evidence.take("stock_examples", stock.examples)
    evidence.take("stock_refused", stock.refused)
    evidence.take("stock_free_bytes", stock.largest_free_bytes)
    evidence.take("stock_out_of_memory", stock.out_of_memory)
    evidence.take("stock_resets", stock.resets)
    evidence.take("stock_wrong", len(stock.wrong))
    return evidence


def _table_of_times(parts: list[Part]) -> Table:
    table = Table("request", "longest, ms", "declared, ms", title="time of requests", title_justify="left")
    longest = _longest(parts)
    for message in sorted(messages.MESSAGES, key=lambda message: -longest.get(message.name, 0.0)):
        took = longest.get(message.name)
        table.add_row(
            message.name, "never" if took is None else f"{took:.1f}", f"{message.longest_us / 1e3:g}"
        )
    return table


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="of all parts (10000)")
    parser.add_argument("--part", type=int, default=_PART_REQUESTS, help="requests of one board's life")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    image = image_under_test()
    count = max(1, options.requests // options.part)
    minutes = count * options.part * _SECONDS_PER_REQUEST / 60
    print(f"memory: {count} lives of {options.part:,} requests each, about {minutes:.0f} min of one core")
    parts = []
    for seed in range(options.seed, options.seed + count):
        began = time.monotonic()
        part = _kept_part(image, seed, options.part)
        parts.append(part)
        print(
            f"seed {seed}: {part.requests:,} requests, largest free {part.largest_free_bytes:,} bytes, "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
        for what in part.wrong:
            print(f"  WRONG: {what}")
    full_day = run_full_day(image)
    print(f"a day behind: longest {max(full_day.longest_ms.values()):.1f} ms", flush=True)
    stock = run_stock_life(stock_image())
    print(f"stock image: {stock.examples} examples, largest free {stock.largest_free_bytes:,} bytes")
    for what in stock.wrong:
        print(f"  WRONG: {what}")
    evidence = evidence_of(parts, full_day, stock)
    for host in HOSTS:
        evidence.take(f"awake_{host}", awake_percent(image, host))
    console = Console()
    console.print(_table_of_times([*parts, full_day]))
    console.print(figures_table("memory and time of requests", evidence))
    write_summary(
        _SUMMARY,
        {
            "image_sha256": image.sha256,
            "passed": evidence.passed,
            "values": evidence.values(),
            "limits": evidence.limits(),
            "longest_ms": _longest([*parts, full_day]),
            "parts": [asdict(part) for part in parts],
            "stock": asdict(stock),
        },
    )
    print(f"memory: {'PASS' if evidence.passed else 'FAIL'}; written to {_SUMMARY}")
    return 0 if evidence.passed else 1
