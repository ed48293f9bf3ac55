"""``make words``: hold docs and docstrings against the figures of the style, and exit with 1 where one falls short.

Options: ``--all`` lists every finding; otherwise ten of each kind are listed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from words.docstrings import Finding, avoided_words, bad_beginnings, unnamed_errors
from words.prose import cells_of, reading_ease, sentences_of
from words.references import blocks_without_a_test, dead_links, unresolved_names
from words.rules import Rules, read_rules

REPOSITORY = Path(__file__).resolve().parents[2]
LEAST_EASE = 55.0
MOST_WORDS = 30
LISTED = 10


class Figure(NamedTuple):
    name: str
    reached: str
    wanted: str
    findings: list[Finding]


def documents(repository: Path) -> list[Path]:
    """Return the documents that people read: those at the top and all below docs."""
    top = [repository / name for name in ("README.md", "CONTRIBUTING.md")]
    return [path for path in [*top, *sorted((repository / "docs").rglob("*.md"))] if path.exists()]


def _counted(name: str, findings: Iterable[Finding]) -> Figure:
    listed = list(findings)
    return Figure(name, str(len(listed)), "0", listed)


def _of_sentences(repository: Path, rules: Rules) -> list[Figure]:
    eases: list[tuple[float, Path]] = []
    hard: list[Finding] = []
    longest, long, words = 0, [], []
    for path in documents(repository):
        text = path.read_text(encoding="utf-8")
        sentences = list(sentences_of(text))
        place = path.relative_to(repository)
        ease = reading_ease(sentences)
        eases.append((ease, place))
        if ease < LEAST_EASE:
            hard.append(Finding(str(place), f"reading ease {ease:.1f}"))
        for each in sentences:
            longest = max(longest, each.words)
            if each.words > MOST_WORDS:
                long.append(Finding(f"{place}:{each.line}", f"{each.words} words: {each.text[:90]}"))
        for line, passage in [*((each.line, each.text) for each in sentences), *cells_of(text)]:
            for word, write in rules.avoided(passage):
                words.append(Finding(f"{place}:{line}", f'"{word}"; write {write}'))
    least, where = min(eases)
    return [
        Figure("reading ease of docs, least", f"{least:.1f} ({where})", f">= {LEAST_EASE:g}", hard),
        Figure("longest sentence of docs, words", str(longest), f"<= {MOST_WORDS}", long),
        Figure("words of docs to avoid", str(len(words)), "0", words),
    ]


def figures_of(repository: Path = REPOSITORY) -> list[Figure]:
    """Return every figure with what falls short of it."""
    rules, paths = read_rules(), documents(repository)
    return [
        _counted("docstrings that begin badly", bad_beginnings(repository, rules)),
        _counted("words of docstrings to avoid", avoided_words(repository, rules)),
        _counted("public functions with unnamed errors", unnamed_errors(repository)),
        *_of_sentences(repository, rules),
        _counted(
            "blocks of code without a test", [f for p in paths for f in blocks_without_a_test(p, repository)]
        ),
        _counted("links that lead nowhere", [f for p in paths for f in dead_links(p, repository)]),
        _counted("names that nothing has", [f for p in paths for f in unresolved_names(p, repository)]),
    ]


def main(arguments: list[str]) -> int:
    figures = figures_of()
    for figure in figures:
        print(f"{figure.name:38} {figure.reached:>24}   {figure.wanted}")
        shown = figure.findings if "--all" in arguments else figure.findings[:LISTED]
        for finding in shown:
            print(f"    {finding.place}: {finding.text}")
        if len(figure.findings) > len(shown):
            print(f"    and {len(figure.findings) - len(shown)} more; --all lists them")
    short = sum(len(figure.findings) for figure in figures)
    print(f"words: {'FAIL' if short else 'PASS'} {short} findings")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
