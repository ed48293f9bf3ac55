"""pytest plugin: says at the end of a run which tests were left out and why: campaigns, and what this machine lacks.

With xdist the workers choose the tests and the process that prints hears nothing of it, so each of them sends what it
left out; all of them leave out the same.
"""

from collections import Counter
from typing import Any

import pytest

_KEY = "thecal_left_out"
_FOUND = pytest.StashKey[Counter[str]]()
_MAKE_TARGETS = (
    "make scenarios, faults, powercuts, attack, reproducible, parity-mutants and evidence-check run them"
)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FOUND] = Counter()


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        why = "campaign" if item.get_closest_marker("campaign") else "not asked for"
        item.config.stash[_FOUND][f"{why}|{item.path.parent.name}"] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = dict(session.config.stash[_FOUND])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    found = getattr(node, "workeroutput", {}).get(_KEY)
    if found:
        node.config.stash[_FOUND] = Counter(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = lines_of(config.stash[_FOUND], skip_reasons(terminalreporter.stats.get("skipped", [])))
    if lines:
        terminalreporter.section("left out")
        for line in lines:
            terminalreporter.write_line(line)


def skip_reasons(reports: list[pytest.TestReport]) -> Counter[str]:
    """Return how many tests were skipped, by their reason."""
    found: Counter[str] = Counter()
    for report in reports:
        if isinstance(report.longrepr, tuple):
            found[report.longrepr[2].removeprefix("Skipped: ")] += 1
    return found


def lines_of(deselected: Counter[str], skipped: Counter[str]) -> list[str]:
    """Return a line for each reason; nothing where all tests ran."""
    lines = []
    for why, told in (
        ("campaign", f" that belong to campaigns ({_MAKE_TARGETS})"),
        ("not asked for", " not asked for"),
    ):
        folders = {key.split("|")[1]: count for key, count in deselected.items() if key.startswith(f"{why}|")}
        if folders:
            places = ", ".join(f"{folder} {count}" for folder, count in sorted(folders.items()))
            lines.append(f"{sum(folders.values())} tests{told}: {places}")
    lines += [f"{count} skipped: {reason}" for reason, count in skipped.most_common()]
    return lines
