"""The sentences of a Markdown document, their words, and how easily they read.

Promises: only prose is measured. Code blocks, tables, headings, pictures and comments are left out; a list item is a
paragraph of its own; a name in backticks counts as one word of two syllables, a link as its text. Reading ease is
Flesch's: 206.835 - 1.015 x words a sentence - 84.6 x syllables a word. Syllables are counted by groups of vowels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_NAME = re.compile(r"`+[^`]+`+")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
_END = re.compile(r"(?<=[.!?:;])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9`~<-])")
_ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|No|Sect|Fig|vs|ca|approx)\.", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*|\d[\d,.:/%x-]*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]es|[^aeiouydt]ed|[^laeiouy]e)$")

_NAME_AS_WORD = "Namename"
"""What a name in backticks is counted as: one word of two syllables."""


class Sentence(NamedTuple):
    line: int
    text: str
    words: int
    syllables: int


def syllables_of(word: str) -> int:
    """Return how many syllables a word has, by its groups of vowels; one at least. A number has two."""
    if not word[0].isalpha():
        return 2
    if word == _NAME_AS_WORD:
        return 2
    bare = word.lower().replace("'", "")
    return sum(
        max(1, len(_VOWELS.findall(part)) - bool(_SILENT.search(part))) for part in bare.split("-") if part
    )


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match.group(0).count("\n")


def paragraphs_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph of prose with the line that it begins on."""
    plain = _COMMENT.sub(_blanked, _CODE_BLOCK.sub(_blanked, text))
    held: list[str] = []
    begins = 0
    for number, line in enumerate([*plain.splitlines(), ""], 1):
        bare = line.strip().lstrip(">").strip()
        is_prose = bool(bare) and not bare.startswith(("|", "#", "<"))
        if held and (not is_prose or _ITEM.match(line)):
            yield begins, " ".join(held)
            held = []
        if is_prose:
            if not held:
                begins = number
            held.append(_ITEM.sub("", bare) if not held else bare)


def cells_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield each cell of the tables of a document that has words, with its line. Cells are no sentences."""
    plain = _COMMENT.sub(_blanked, _CODE_BLOCK.sub(_blanked, text))
    for number, line in enumerate(plain.splitlines(), 1):
        if line.startswith("|"):
            for cell in _LINK.sub(r"\1", _NAME.sub("", line)).strip("|").split("|"):
                if _WORD.search(cell):
                    yield number, cell.strip()


def sentences_of(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a document, in their order. A colon or semicolon before a capital ends one as well."""
    for line, paragraph in paragraphs_of(text):
        plain = _LINK.sub(r"\1", _PICTURE.sub("", paragraph))
        plain = _ABBREVIATIONS.sub(r"\1", _NAME.sub(_NAME_AS_WORD, plain))
        for sentence in _END.split(plain):
            words = _WORD.findall(sentence)
            if words:
                yield Sentence(line, sentence.strip(), len(words), sum(map(syllables_of, words)))


def reading_ease(sentences: list[Sentence]) -> float:
    """Return Flesch's reading ease of some sentences; 100 where there are none."""
    words = sum(each.words for each in sentences)
    if not words:
        return 100.0
    syllables = sum(each.syllables for each in sentences)
    return 206.835 - 1.015 * words / len(sentences) - 84.6 * syllables / words
