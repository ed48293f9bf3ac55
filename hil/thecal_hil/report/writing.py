"""Writes all files of a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from thecal.whole_file import write_whole
from thecal_hil.evidence.measurements import write_json
from thecal_hil.evidence.trace.matrix import Matrix
from thecal_hil.evidence.trace.project import REQUIREMENTS, matrix_of_project
from thecal_hil.groundwork.checkout import REPOSITORY
from thecal_hil.report.campaigns import read_campaigns
from thecal_hil.report.findings import Findings, find
from thecal_hil.report.junit import write_junit
from thecal_hil.report.names import close_wave_name, edges_name, wave_name
from thecal_hil.report.page import page_of
from thecal_hil.report.provenance import provenance_of
from thecal_hil.report.results import results_of
from thecal_hil.report.tables import write_edges, write_results
from thecal_hil.report.waves import write_close_wave, write_wave
from thecal_hil.scenario.coverage import coverage_of
from thecal_hil.scenario.reader import LIBRARY, read_library
from thecal_hil.scenario.record import ScenarioRecord

SUMMARIES = Path("build/evidence")
PAGE = "report.html"


def write(
    records: Sequence[ScenarioRecord],
    out_dir: Path,
    *,
    made_at: datetime | None = None,
    summaries: Path = SUMMARIES,
    root: Path = REPOSITORY,
) -> Path:
    """Write the report of some records into a folder, which is made; returns where the page is.

    made_at: the date on the page, now if not given. summaries: where campaigns have left theirs. root: the project,
    with its requirements and tests; without them the page says that they are not at hand.
    """
    records = sorted(records, key=lambda record: record.identity)
    findings = gather(records, summaries, root)
    _make_room(out_dir / "edges", "*.parquet")
    _make_room(out_dir / "waves", "*.vcd")
    write_json(out_dir / "results.json", results_of(findings))
    write_junit(findings.records, out_dir / "junit.xml")
    write_results(findings.records, findings.provenance, out_dir / "results.parquet")
    for record in findings.records:
        if record.signals:
            write_edges(record, out_dir / "edges" / edges_name(record))
            write_wave(record, out_dir / "waves" / wave_name(record))
            write_close_wave(record, out_dir / "waves" / close_wave_name(record))
    page = out_dir / PAGE
    write_whole(page, page_of(findings, made_at or datetime.now(UTC)))
    return page


def _make_room(folder: Path, pattern: str) -> None:
    """Make a folder, without what an earlier report has left there: it may be of runs that this one does not have."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(pattern):
        path.unlink()


def gather(
    records: Sequence[ScenarioRecord], summaries: Path = SUMMARIES, root: Path = REPOSITORY
) -> Findings:
    """Return everything that a report contains."""
    provenance = provenance_of(records)
    campaigns = read_campaigns(summaries, provenance.checkout)
    library = [path.stem for path in LIBRARY.glob("*.toml")]
    return find(records, provenance, _matrix(root), campaigns, coverage_of(read_library()), library)


def _matrix(root: Path) -> Matrix | None:
    return matrix_of_project(root) if (root / REQUIREMENTS).is_file() else None
