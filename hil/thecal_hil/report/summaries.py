"""The summaries that campaigns leave, each with what it says and what it says was wrong.

Promises: only what another run of the same commit would give again is taken from a summary, so no speeds of a machine;
one in which nothing was done is wrong, as nothing could go wrong in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thecal_hil.evidence.measurements import figure_text

Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """A figure of a campaign in words, with its limit where it has one."""

    name: str
    figure: str
    limit: str = ""


@dataclass(frozen=True)
class KnownSummary:
    """A campaign whose summary can be read. judged: not for one that only measures. folder: seen from the evidence's.

    file: without its ending; the name if not given.
    """

    name: str
    title: str
    command: str
    facts: Callable[[Summary], list[Fact]]
    wrong: Callable[[Summary], list[str]]
    judged: bool = True
    folder: str = "."
    file: str = ""

    def path(self, evidence: Path) -> Path:
        return evidence / self.folder / f"{self.file or self.name}.json"


def _count(summary: Summary, key: str, name: str, unit: str = "") -> Fact:
    return Fact(name, f"{figure_text(summary[key])} {unit}".strip())


def _verify_facts(summary: Summary) -> list[Fact]:
    found = []
    for key, limits in summary["limits"].items():
        if "speed" in key or key in _OF_THE_MACHINE:
            continue
        least, most = limits["least"], limits["most"]
        limit = f"= {least:g}" if least is not None and least == most else ""
        if not limit:
            limit = " ".join(
                f"{sign} {end:g}" for sign, end in (("≥", least), ("≤", most)) if end is not None
            )
        found.append(Fact(limits["title"], f"{figure_text(summary[key])} {limits['unit']}".strip(), limit))
    return [
        *found,
        Fact("image", str(summary["uf2_sha256"])[:16]),
        Fact("edges", str(summary["edges_sha256"])[:16]),
    ]


_OF_THE_MACHINE = ("heap_bytes_free",)


def _not_done(was_done: object, what: str) -> list[str]:
    """Return why a summary shows nothing: a campaign that did nothing has found nothing wrong."""
    return [] if was_done else [what]


def _verify_wrong(summary: Summary) -> list[str]:
    wrong = _not_done(
        summary["rig"] != "model", "delivered on the model alone, and not on the emulated board"
    )
    wrong += [
        f"{limits['title']}: {limits['verdict']}"
        for limits in summary["limits"].values()
        if limits["verdict"] not in ("pass", "noted")
    ]
    return wrong or ([] if summary["verdict"] == "PASS" else [str(summary["verdict"])])


def _powercuts_facts(summary: Summary) -> list[Fact]:
    parts = (("model", "cuts of the model"), ("pico", "cuts of the emulated board"))
    return [Fact(title, figure_text(summary[part]["cuts"])) for part, title in parts if part in summary]


def _powercuts_wrong(summary: Summary) -> list[str]:
    cuts = sum(summary.get(part, {}).get("cuts", 0) for part in ("model", "pico"))
    return _not_done(cuts, "the power was never cut") + [
        f"{one['what']} (--replay {one['cut']})"
        for part in ("model", "pico")
        for one in summary.get(part, {}).get("violations", [])
    ]


def _attack_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "frames", "frames sent"),
        Fact("seed", str(summary.get("seed", 0))),
        _count(summary, "pulses", "pulses delivered meanwhile"),
        _count(summary, "worst_edge_ticks", "worst edge", "ticks"),
        *(Fact(f"sent: {sort}", figure_text(count)) for sort, count in summary["sent"].items()),
        *(Fact(f"answered: {sort}", figure_text(count)) for sort, count in summary["answers"].items()),
    ]


def _attack_wrong(summary: Summary) -> list[str]:
    done = _not_done(summary["frames"], "no frame was sent")
    done += _not_done(summary["pulses"], "nothing was delivered meanwhile")
    return done + [str(one) for one in summary["wrong"]]


def _longrun_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "days", "delivered", "days"),
        Fact("seed", str(summary["seed"])),
        _count(summary, "steps", "microsteps"),
        Fact("faults", figure_text(sum(summary["tried"].values()))),
        _count(summary, "resets", "resets"),
        *(
            Fact(f"{name}: {count} times", f"found within {summary['worst_detection_s'][name]:.1f} s")
            for name, count in summary["tried"].items()
        ),
    ]


def _longrun_wrong(summary: Summary) -> list[str]:
    done = _not_done(summary["steps"], "nothing was delivered")
    done += _not_done(sum(summary["tried"].values()), "no fault was caused")
    return done + [str(one) for one in summary["wrong"]]


def _fullcycle_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "days", "delivered", "days"),
        Fact("seed", str(summary["seed"])),
        _count(summary, "pulses", "pulses, every one checked"),
        _count(summary, "boluses", "patient boluses"),
        _count(summary, "refills", "refills"),
        _count(summary, "worst_edge_ticks", "worst edge", "ticks"),
        Fact("worst volume error", f"{figure_text(summary['worst_volume_steps'])} microsteps", "≤ 1"),
        Fact("microsteps that the motor missed", figure_text(summary["missed"]), "= 0"),
        Fact("come out at the tip", f"{summary['out_nl'] / 1e6:.3f} mL, {summary['at_tip_ng'] / 1e6:.3f} mg"),
    ]


def _fullcycle_wrong(summary: Summary) -> list[str]:
    return _not_done(summary["pulses"], "nothing was delivered") + [str(one) for one in summary["wrong"]]


def _mutants_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "mutants", "mutants"),
        _count(summary, "killed", "noticed by a test"),
        _count(summary, "explained", "equivalent, explained"),
        _count(summary, "survived", "survived"),
        _count(summary, "score_percent", "score", "%"),
    ]


def _mutants_wrong(summary: Summary) -> list[str]:
    return _not_done(summary["mutants"], "nothing was changed") + [
        f"survived: {module} {one['name']['where']}: {one['name']['becomes']}"
        for module, found in summary["modules"].items()
        for one in found["all"]
        if one["status"] == "survived"
    ]


def _spread_facts(summary: Summary) -> list[Fact]:
    shown = ("overall_error_percent", "first_hour_error_percent", "worst_hour_error_percent")
    facts = [_count(summary, "runs", "runs"), _count(summary, "pump_days", "delivered", "pump-days")]
    for name in shown:
        found = summary["figures"][name]
        words = f"{found['p05']:+.3f}, {found['p50']:+.3f}, {found['p95']:+.3f}; most {found['most']:+.3f}"
        facts.append(Fact(f"{name.replace('_', ' ')}: 5 %, median, 95 %", words))
    for name, cases in summary["worst"].items():
        facts += [
            Fact(f"worst by {name.replace('_', ' ')}: {case[name]:+.3f}", case["pico"]) for case in cases[:1]
        ]
    return facts


def _spread_wrong(summary: Summary) -> list[str]:
    named = [f"seed {case['seed']}: {'; '.join(case['wrong'])}" for case in summary["wrong"]]
    more = summary["wrong_runs"] - len(named)
    named += [f"{more:,} more runs"] if more > 0 else []
    return _not_done(summary["runs"], "no pump was run") + named


def _tests_facts(summary: Summary) -> list[Fact]:
    counts = [_count(summary, key, f"tests {key}") for key in ("passed", "failed", "skipped")]
    return [*counts, Fact("run as", " ".join(["pytest", *summary["arguments"]]))]


def _tests_wrong(summary: Summary) -> list[str]:
    failed = [test for test, outcome in summary["outcomes"].items() if outcome == "failed"]
    if failed or summary["exit_code"]:
        return failed or [f"pytest ended with exit code {summary['exit_code']}"]
    return _not_done(summary["passed"], "no test has passed")


def _doses_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "steps", "steps"),
        _count(summary, "sequences", "sequences"),
        Fact("violations", figure_text(summary["violations"]), "= 0"),
    ]


def _doses_wrong(summary: Summary) -> list[str]:
    named = [f"{count} times: {shape}" for shape, count in summary["by_shape"].items()]
    return _not_done(summary["steps"], "no step was taken") + named


def _meter_facts(summary: Summary) -> list[Fact]:
    return [
        _count(summary, "corruptions", "corruptions of the history"),
        _count(summary, "asked", "doses asked for"),
        _count(summary, "held_back", "held back by the meter"),
        Fact("violations", figure_text(len(summary["violations"])), "= 0"),
    ]


def _meter_wrong(summary: Summary) -> list[str]:
    return _not_done(summary["held_back"], "the meter held nothing back") + summary["violations"]


def _comparison_facts(summary: Summary) -> list[Fact]:
    return [
        Fact(
            f"{run['name']}, under load",
            f"median {run['errors']['median_us']:.1f}, worst {run['errors']['worst_us']:.1f} µs",
        )
        for run in summary["loaded"]
    ]


def _nothing_wrong(summary: Summary) -> list[str]:
    return []


KNOWN = (
    KnownSummary(
        "verify", "A day of therapy on the emulated board", "make verify", _verify_facts, _verify_wrong
    ),
    KnownSummary("tests", "All tests", "make test", _tests_facts, _tests_wrong),
    KnownSummary(
        "powercuts",
        "Power cuts in every flash operation",
        "make powercuts",
        _powercuts_facts,
        _powercuts_wrong,
    ),
    KnownSummary(
        "longrun", "200 days with a fault every few hours", "make longrun", _longrun_facts, _longrun_wrong
    ),
    KnownSummary(
        "fullcycle",
        "Half a year with plant, patient boluses and refills",
        "make fullcycle",
        _fullcycle_facts,
        _fullcycle_wrong,
    ),
    KnownSummary(
        "attack-model", "Frames without a key, on the model", "make attack", _attack_facts, _attack_wrong
    ),
    KnownSummary(
        "attack-pico",
        "Frames without a key, on the emulated board",
        "make attack",
        _attack_facts,
        _attack_wrong,
    ),
    KnownSummary("doses", "Anything asked of a pump, in any order", "make doses", _doses_facts, _doses_wrong),
    KnownSummary(
        "doses-pico",
        "The same on the emulated board",
        "make doses-pico",
        _doses_facts,
        _doses_wrong,
    ),
    KnownSummary(
        "meter",
        "The history of doses, corrupted",
        "make meter",
        _meter_facts,
        _meter_wrong,
    ),
    KnownSummary(
        "mutants",
        "Changes to the firmware",
        "make mutants",
        _mutants_facts,
        _mutants_wrong,
    ),
    KnownSummary(
        "campaign",
        "A thousand pumps as they may be made and used",
        "make campaign",
        _spread_facts,
        _spread_wrong,
        folder="../campaign",
        file="report",
    ),
    KnownSummary(
        "comparison",
        "Step timing, compared",
        "make comparison",
        _comparison_facts,
        _nothing_wrong,
        judged=False,
    ),
)
