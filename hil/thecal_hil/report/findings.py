"""The findings of the records: each scenario with all rigs it ran on, each requirement with its figures, the
verdict.

Promises: the verdict is PASS only if something ran, everything that ran has passed, no link between requirement and
test is missing, and no campaign of this commit found a violation; what was skipped or not run is counted and never
taken for a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from thecal_hil.evidence.measurements import Measurement, Outcome
from thecal_hil.evidence.trace.matrix import Matrix, Traced
from thecal_hil.report.campaigns import Campaign, CampaignState
from thecal_hil.report.provenance import Provenance
from thecal_hil.scenario.coverage import Covered
from thecal_hil.scenario.record import ScenarioRecord, Status

_LEADING = ("board", "pico", "model")
"""Of which rig the drawings are, the first of these that ran: what is shipped comes before what stands for it."""


@dataclass(frozen=True)
class FigureRow:
    """One declared measurement with its outcome on each rig, in the order of the scenario's records; None: no such
    outcome there."""

    measurement: Measurement
    outcomes: tuple[Outcome | None, ...]


@dataclass(frozen=True)
class ScenarioGroup:
    """One scenario on every rig it was run on."""

    name: str
    records: tuple[ScenarioRecord, ...]

    @property
    def first(self) -> ScenarioRecord:
        return self.records[0]

    @property
    def leading(self) -> ScenarioRecord | None:
        """Return the record that is drawn; None if none was carried out."""
        ran = [one for one in self.records if one.status in (Status.PASSED, Status.FAILED)]
        return min(ran, key=_rank, default=None)

    @property
    def drawn(self) -> tuple[ScenarioRecord, ...]:
        """Return the leading record, and every other that did not pass although it was carried out."""
        return tuple(one for one in self.records if one is self.leading or one.status is Status.FAILED)

    @property
    def is_good(self) -> bool:
        ran = [one for one in self.records if one.status is not Status.SKIPPED]
        return bool(ran) and all(one.status is Status.PASSED for one in ran)

    @property
    def was_run(self) -> bool:
        return any(one.status is not Status.SKIPPED for one in self.records)

    def figures(self) -> Iterator[FigureRow]:
        by_record = [{outcome.measurement.key: outcome for outcome in one.evidence} for one in self.records]
        measurements: dict[str, Measurement] = {}
        for one in self.records:
            measurements.update({outcome.measurement.key: outcome.measurement for outcome in one.evidence})
        for key, measurement in measurements.items():
            yield FigureRow(measurement, tuple(outcomes.get(key) for outcomes in by_record))


@dataclass(frozen=True)
class Measured:
    """A figure that is evidence for a requirement."""

    scenario: str
    figure: FigureRow
    rigs: tuple[str, ...]

    @property
    def values(self) -> list[float]:
        """Return the values on each rig on which it was taken."""
        return [one.value for one in self.figure.outcomes if one is not None and one.value is not None]

    @property
    def passed(self) -> bool:
        """Return True if it was within its limits on each rig that carried the scenario out."""
        return all(outcome.passed for outcome in self.figure.outcomes if outcome is not None)


@dataclass(frozen=True)
class RequirementRow:
    """A requirement: figures that name it, scenarios that name it as a whole, tests that are marked with it.

    traced: None for an id that the requirements file does not have, which is a fault. outcomes: of those of its tests
    that a run of this commit reports.
    """

    id: str
    traced: Traced | None
    measured: tuple[Measured, ...]
    scenarios: tuple[ScenarioGroup, ...]
    outcomes: Mapping[str, str]

    @property
    def tests(self) -> list[str]:
        """Return the names of the tests; scenarios, which the matrix counts among them, have a place of their own."""
        tests = self.traced.tests if self.traced else ()
        return [evidence.test for evidence in tests if not evidence.test.endswith(".toml")]

    @property
    def outcome_counts(self) -> dict[str, int]:
        """Return how many of the tests had which outcome."""
        return dict(sorted(Counter(self.outcomes.values()).items()))

    @property
    def state(self) -> str:
        """Return ``failed``, ``measured`` (a figure or a scenario that ran is evidence for it) or ``tests``."""
        ran = [group for group in self.scenarios if group.was_run]
        failed = any(not one.passed for one in self.measured) or any(not group.is_good for group in ran)
        if failed or "failed" in self.outcomes.values():
            return "failed"
        return "measured" if self.measured or ran else "tests"


@dataclass(frozen=True)
class Findings:
    """Everything a report contains. matrix: None where the requirements file is not at hand.

    left_out: scenarios of the library of which there is no record.
    """

    provenance: Provenance
    groups: tuple[ScenarioGroup, ...]
    rows: tuple[RequirementRow, ...]
    matrix: Matrix | None
    campaigns: tuple[Campaign, ...]
    coverage: tuple[Covered, ...]
    left_out: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def records(self) -> list[ScenarioRecord]:
        return [record for group in self.groups for record in group.records]

    def count(self, status: Status) -> int:
        return sum(record.status is status for record in self.records)

    @property
    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of every record that was carried out."""
        ran = [one for one in self.records if one.status in (Status.PASSED, Status.FAILED)]
        return [outcome for record in ran for outcome in record.evidence]

    @property
    def troubled(self) -> list[ScenarioRecord]:
        return [one for one in self.records if one.status in (Status.FAILED, Status.ERROR)]

    @property
    def failed_campaigns(self) -> list[Campaign]:
        return [one for one in self.campaigns if one.state is CampaignState.FAILED]

    @property
    def passed(self) -> bool:
        ran = self.count(Status.PASSED)
        return ran > 0 and not (self.troubled or self.faults or self.failed_campaigns)

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows)


def _rank(record: ScenarioRecord) -> int:
    return _LEADING.index(record.rig) if record.rig in _LEADING else len(_LEADING)


def groups_of(records: Sequence[ScenarioRecord]) -> tuple[ScenarioGroup, ...]:
    """Return the groups by name; within each, what is shipped first."""
    names = sorted({record.name for record in records})
    return tuple(
        ScenarioGroup(name, tuple(sorted((one for one in records if one.name == name), key=_rank)))
        for name in names
    )


def rows_of(
    groups: Sequence[ScenarioGroup], matrix: Matrix | None, outcomes: Mapping[str, str]
) -> tuple[RequirementRow, ...]:
    """Return one row for each requirement in the order of the file, then one for each id that the file does not
    have."""
    traced = {one.requirement.id: one for one in matrix.traced} if matrix else {}
    measured: dict[str, list[Measured]] = {}
    scenarios: dict[str, list[ScenarioGroup]] = {}
    for group in groups:
        for found in dict.fromkeys(one for record in group.records for one in record.requirements):
            scenarios.setdefault(found, []).append(group)
        tried = ScenarioGroup(
            group.name, tuple(one for one in group.records if one.status is not Status.SKIPPED)
        )
        for figure in tried.figures() if group.leading else ():
            for found in figure.measurement.requirements:
                rigs = tuple(record.rig for record in tried.records)
                measured.setdefault(found, []).append(Measured(group.name, figure, rigs))
    ids = dict.fromkeys([*traced, *sorted({*measured, *scenarios})])
    return tuple(
        RequirementRow(
            one,
            traced.get(one),
            tuple(measured.get(one, ())),
            tuple(scenarios.get(one, ())),
            _outcomes_of(traced.get(one), outcomes),
        )
        for one in ids
    )


def _outcomes_of(traced: Traced | None, outcomes: Mapping[str, str]) -> dict[str, str]:
    tests = [evidence.test for evidence in traced.tests] if traced else []
    return {test: outcomes[test] for test in tests if test in outcomes}


def find(
    records: Sequence[ScenarioRecord],
    provenance: Provenance,
    matrix: Matrix | None,
    campaigns: Sequence[Campaign],
    coverage: Sequence[Covered] = (),
    library: Sequence[str] = (),
) -> Findings:
    """Put everything together. library: names of its scenarios.

    Raises ValueError if two records are of one scenario on one rig.
    """
    repeated = [name for name, count in Counter(one.identity for one in records).items() if count > 1]
    if repeated:
        raise ValueError(f"more than one record of {', '.join(sorted(repeated))}")
    groups = groups_of(records)
    outcomes = {test: told for campaign in campaigns for test, told in campaign.outcomes.items()}
    rows = rows_of(groups, matrix, outcomes)
    faults = list(matrix.faults) if matrix else []
    faults += [
        f"{row.id}: named by a scenario, and no requirement" for row in rows if matrix and not row.traced
    ]
    left_out = sorted(set(library) - {group.name for group in groups})
    return Findings(
        provenance, groups, rows, matrix, tuple(campaigns), tuple(coverage), tuple(left_out), tuple(faults)
    )
