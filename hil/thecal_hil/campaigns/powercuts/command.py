"""The command ``thecal-hil powercuts``: run the campaign, print its table, write its counts."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from thecal_hil.campaigns.powercuts.campaign import carry_out_on_pico, replay, run, run_on_pico
from thecal_hil.campaigns.powercuts.scenarios import SCENARIOS
from thecal_hil.campaigns.powercuts.trial import cut_of
from thecal_hil.contract.image import image_under_test
from thecal_hil.evidence.measurements import write_summary

_SHOWN_VIOLATIONS = 20
_EVIDENCE = Path("build/evidence/powercuts.json")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil powercuts", description=__doc__)
    parser.add_argument(
        "--scenario", action="append", choices=list(SCENARIOS), help="only these (repeatable)"
    )
    parser.add_argument("--seeds", type=int, default=2, help="how many seeds each outcome is tried with")
    parser.add_argument(
        "--instants", type=int, default=300, help="cuts of the emulated board at random instants"
    )
    parser.add_argument("--seed", type=int, default=0, help="of those instants")
    parser.add_argument("--rig", choices=("model", "pico"), help="only this one")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", metavar="CUT", help="one cut again, as a violation names it")
    options = parser.parse_args(argv)
    if options.replay:
        return _replay(options)
    began = time.monotonic()
    result: dict[str, Any] = {}
    if options.rig != "pico":
        scenarios = options.scenario or list(SCENARIOS)
        print(f"power cuts of the model: {len(scenarios)} scenarios, seeds 0 to {options.seeds - 1}")
        result["model"] = run(scenarios, options.seeds, options.processes)
    if options.rig != "model":
        image = image_under_test()
        print(f"power cuts of the emulated board: seed {options.seed}, image {image.sha256[:16]}")
        result["pico"] = run_on_pico(options.instants, options.seed, options.processes)
        result["uf2_sha256"] = image.sha256
    write_summary(_EVIDENCE, result)
    violations = [
        violation for part in ("model", "pico") for violation in result.get(part, {}).get("violations", [])
    ]
    _show(result, violations)
    cuts = sum(result[part]["cuts"] for part in ("model", "pico") if part in result)
    verdict = "FAIL" if violations else "PASS"
    print(
        f"powercuts: {verdict} {cuts:,} cuts, {len(violations)} violations, {time.monotonic() - began:.0f} s"
    )
    print(f"counts in {_EVIDENCE}")
    return 1 if violations else 0


def _replay(options: argparse.Namespace) -> int:
    if options.replay.startswith("pico:"):
        _, violations = carry_out_on_pico(options.instants, options.seed, 0, 1, options.replay)
    else:
        violations = replay(cut_of(options.replay)).violations
    for _, what in violations:
        print(what)
    print("all holds" if not violations else f"{len(violations)} violations")
    return 1 if violations else 0


def _show(result: dict[str, Any], violations: list[dict[str, str]]) -> None:
    table = Table("what was cut", "cuts")
    table.columns[1].justify = "right"
    parts = [("pico", "emulated board", "cuts_by_outcome")]
    parts += [
        ("model", title, key)
        for title, key in (
            ("model, scenario", "by_scenario"),
            ("model, first cut", "first_cuts_by_outcome"),
            ("model, second cut", "second_cuts_by_outcome"),
        )
    ]
    for rig, title, key in reversed(parts):
        for name, count in result.get(rig, {}).get(key, {}).items():
            table.add_row(f"{title}: {name.replace('_', ' ')}", f"{count:,}")
        table.add_section()
    Console().print(table)
    for violation in violations[:_SHOWN_VIOLATIONS]:
        print(f"{violation['what']}\n  --replay {violation['cut']}")
