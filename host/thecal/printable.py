"""Texts from outside, made printable: what a board, a file or a command line says, on its way to a person.

Promise: what comes out of here moves no cursor, hides and reverses nothing, and begins no line of its own. Terminal,
page and report all put what they show through this, so that whoever reads a text of another's can take its place and
its words for ours nowhere. What is replaced stays visible as one mark a character.
"""

from __future__ import annotations

import unicodedata

MARK = "\N{REPLACEMENT CHARACTER}"

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of characters that print nothing by themselves, or change how others are printed."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return the text with a mark in place of each character that prints nothing. lines: line feeds are ours, and
    stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _is_seen(one) or (lines and one == "\n") else MARK for one in text)


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN
