"""The lists of other people's software are whole: each direct dependency and each part of an image is on them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from notice import read_parts

ROOT = Path(__file__).resolve().parents[2]
LISTED = tomllib.loads((ROOT / "requirements/third_party.toml").read_text(encoding="utf-8"))["package"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def named(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("extra", ["", "bench", "flash", "demo", "console"])
def test_each_package_that_people_install_is_on_the_list_with_its_purpose(extra: str) -> None:
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    assert {named(one) for one in wanted} <= {entry["name"] for entry in LISTED}


def test_no_package_is_on_the_list_that_nobody_asks_for() -> None:
    asked = {named(one) for one in PROJECT["dependencies"]}
    asked |= {named(one) for extra in PROJECT["optional-dependencies"].values() for one in extra}
    assert [entry["name"] for entry in LISTED if entry["name"] not in asked] == []


def test_each_entry_says_what_is_known_and_what_is_done_about_it() -> None:
    for entry in LISTED:
        assert all(entry[key] for key in ("name", "purpose", "anomalies", "done"))


def test_the_wheel_s_notice_names_every_part_of_an_image_with_its_licence() -> None:
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert [part.name for part in read_parts() if f"  {part.name}: {part.licence}\n" not in text] == []
    assert PROJECT["license-files"] == ["LICENSE", "NOTICE"]
