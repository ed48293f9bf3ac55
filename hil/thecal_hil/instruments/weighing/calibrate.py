"""``thecal calibrate`` as it runs: plan, guided runs, result, record and page, verification."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import typer

from thecal.calibration.estimate import Estimate, estimate
from thecal.calibration.judging import Finding, findings_of
from thecal.calibration.plan import Plan, minutes, plan_of
from thecal.calibration.record import read_calibration_record, record_of
from thecal.calibration.run_file import read_runs
from thecal.calibration.sheet import read_sheet
from thecal.calibration.verification import Verification, verified
from thecal.cli.common import pairs, print_json, show
from thecal.errors import BadInputError
from thecal.reports.calibration import calibration_report, result_rows
from thecal_hil.instruments.weighing.guided import ByHand, TypedScale, balance_on, run_guided

EXIT_EVALUATE = 3
"""As of every command: done, and a person has to look at it."""


def calibrate(
    sheet_file: Path,
    runs_file: Path | None,
    *,
    guide: bool,
    balance: str | None,
    baud: int,
    verify: Path | None,
    record: Path | None,
    page: Path | None,
    as_json: bool,
    today: date,
) -> int:
    """Calibrate and return the exit code: 3 where a person has to look at a finding, or where a record does not
    hold. Raise BadInputError for options that do not go together."""
    sheet = read_sheet(sheet_file)
    against = None if verify is None else read_calibration_record(verify)
    plan = plan_of(sheet)
    if runs_file is None or guide:
        _tell_plan(plan, as_json=as_json and not guide)
    if runs_file is None:
        if guide or record or page or verify:
            raise BadInputError(
                ["name the file of the runs as well, as in thecal calibrate sheet.toml runs.csv"]
            )
        return 0
    for file in (record, page):
        if file is not None and file.exists():
            raise BadInputError([f"{file} is there already; name another file"])
    if guide:
        with balance_on(balance, baud) if balance else nullcontext(TypedScale()) as scale:
            run_guided(runs_file, plan.tasks, ByHand(), scale)
    table = read_runs(runs_file, sheet.microsteps_per_turn)
    sheet = sheet.for_amounts(table.reads_volume, table.digit)
    found = estimate(table.runs, sheet.setting)
    findings = findings_of(found, sheet.setting)
    verification = None if against is None else verified(found, against)
    document = record_of(sheet, found, findings, today)
    if record is not None:
        _write(record, json.dumps(document, indent=1) + "\n")
    if page is not None:
        _write(page, calibration_report(sheet, found, findings, today, document["digest"], verification))
    if as_json:
        print_json(_with_verification(document, verification))
    else:
        _tell(found, findings, verification)
    is_sound = not any(one.must_evaluate for one in findings) and (verification is None or verification.holds)
    return 0 if is_sound else EXIT_EVALUATE


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise BadInputError([f"{file} can't be written: {error.strerror}"]) from error


def _tell_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(plan))
        return
    rows = [(f"{number}", task.text) for number, task in enumerate(plan.tasks, 1)]
    show(pairs(rows), "What is to be run")
    typer.echo(
        f"It takes {minutes(plan.seconds)} and {plan.grams:.3g} g in all. If the head is as the sheet"
        f" expects, the constant"
        f" comes out to +/- {plan.expanded_percent:.2g} %, and with this balance and thermometer to no better than"
        f" {plan.least_percent:.2g} %."
    )


def _with_verification(document: dict[str, Any], one: Verification | None) -> dict[str, Any]:
    if one is None:
        return document
    return {
        **document,
        "verification": {**asdict(one), "off_percent": one.off_percent, "e_n": one.e_n, "holds": one.holds},
    }


def _tell(found: Estimate, findings: list[Finding], verification: Verification | None) -> None:
    show(pairs(result_rows(found)), "Calibration")
    if verification is not None:
        typer.echo(f"verification: {verification.text}")
    for one in findings:
        typer.echo(f"{'finding' if one.must_evaluate else 'note'}: {one.kind}: {one.text}", err=True)
