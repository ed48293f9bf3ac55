"""The notice beside each image names everything that is linked into it, with its terms in full."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import notice
import sources
from notice import notice_of, read_parts

ROOT = Path(__file__).resolve().parents[2]
TERMS = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Neither the name of the copyright holder",
    "BSD-1-Clause": "Redistributions of source code must retain",
    "Zlib": "This software is provided 'as-is'",
    "Apache-2.0 OR GPL-2.0-or-later": "Apache License",
    "GPL-3.0-or-later WITH GCC-exception-3.1": "GCC Runtime Library Exception",
}


def trees() -> list[Path]:
    return sorted(sources.cache_folder().glob("sources-*"))


needs_sources = pytest.mark.skipif(
    not trees(), reason="no sources are unpacked here: `make uf2` unpacks them"
)


@needs_sources
def test_the_notice_has_each_part_with_its_terms_in_full() -> None:
    pins = sources.read_pins()
    text = notice_of(pins, sources.unpacked_sources(pins, sources.cache_folder()), ROOT / "LICENSE")
    for part in read_parts():
        (section,) = (
            one for one in text.split("=" * 80) if one.strip().startswith(f"{part.name}, {part.version}:")
        )
        words = " ".join(re.sub(r"[*/]", " ", section).split())
        assert TERMS.get(part.licence, "") in words
        assert re.search(r"[Cc]opyright", words)


def test_terms_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(sources.SourceError, match=r"the terms in .*LICENSE can't be read"):
        notice_of(sources.read_pins(), tmp_path, ROOT / "LICENSE")


def maps() -> list[Path]:
    return sorted(
        sources.cache_folder().glob("tree-*/thecal/firmware.elf.map"), key=lambda path: path.stat().st_mtime
    )


@pytest.mark.skipif(not maps(), reason="no image was linked here: `make uf2` does")
def test_everything_that_is_linked_into_the_image_is_a_part_of_the_list() -> None:
    linked = set(
        re.findall(r"[^\s()]+(?:\.obj|\.o|\.a)\b", maps()[-1].read_text(encoding="utf-8", errors="replace"))
    )
    known = [place for part in read_parts() for place in part.linked]
    own = ("thecal", "THECAL", "frozen", "mpversion", "pins_", "compile_time_choice", "tree-")
    unknown = [name for name in linked if not any(place in f"/{name}" for place in (*known, *own))]
    # What MicroPython's port compiles in its own folder has no folder in its name.
    assert [name for name in unknown if "/lib/" in name or "external" in name] == []


def test_each_part_says_what_it_is_for_and_what_is_done_about_its_anomalies() -> None:
    for part in read_parts():
        assert all(
            (part.version, part.licence, part.purpose, part.anomalies, part.done, part.texts, part.linked)
        )
    assert notice.PARTS_PATH.exists()
