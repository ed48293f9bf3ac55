"""Building the firmware twice from the same commit gives the same bytes, whatever differs around the build."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sources

REPOSITORY = Path(__file__).resolve().parents[2]
COMMIT = "0123456789"

pytestmark = [
    pytest.mark.skipif("THECAL_UF2" in os.environ, reason="a stock image is used, so nothing is built"),
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="there is no cross compiler"),
]


def build(checkout: Path, *arguments: str, **surroundings: str) -> str:
    """Run the build of a checkout, and return what it said."""
    command = [sys.executable, str(checkout / "firmware/board/build.py"), *arguments]
    finished = subprocess.run(
        command, env={**os.environ, **surroundings}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stderr


@pytest.mark.requirement("reproducible-build")
@pytest.mark.campaign
def test_another_folder_cache_time_zone_and_history_give_the_same_bytes(tmp_path: Path) -> None:
    here = tmp_path / "here"
    commit = ("--commit", COMMIT)
    build(REPOSITORY, "uf2", "--output", str(here), *commit)

    # A checkout elsewhere, with files of another age, and a cache that holds nothing but the fetched archives.
    checkout = tmp_path / "some where" / "else"
    shutil.copytree(
        REPOSITORY / "firmware", checkout / "firmware", copy_function=shutil.copy, ignore=_compiled_files
    )
    shutil.copytree(REPOSITORY / "host", checkout / "host", copy_function=shutil.copy, ignore=_compiled_files)
    cache = tmp_path / "another-cache"
    shutil.copytree(sources.cache_folder() / "downloads", cache / "downloads", copy_function=os.link)
    surroundings = {"THECAL_CACHE": str(cache), "TZ": "Asia/Tokyo", "CFLAGS": "-O0", "PYTHONHASHSEED": "7"}
    # Another image is built first, so that the one compared comes out of a tree that was used before.
    other_main = tmp_path / "other_main.py"
    other_main.write_text("print('something else')\n", encoding="utf-8")
    other = ("--extra-main", str(other_main), "--out", str(tmp_path / "other.uf2"))
    build(checkout, *other, *commit, **surroundings)
    build(checkout, "uf2", *commit, **surroundings)
    there = checkout / "build/firmware"

    image = (here / "thecal.uf2").read_bytes()
    assert (there / "thecal.uf2").read_bytes() == image
    assert (there / "thecal.json").read_text() == (here / "thecal.json").read_text()
    assert (tmp_path / "other.uf2").read_bytes() != image
    assert not traces_of_the_build(payload(image))


def test_an_unchanged_tree_builds_nothing(tmp_path: Path) -> None:
    build(REPOSITORY, "uf2", "--output", str(tmp_path))
    before = (tmp_path / "thecal.uf2").stat()
    started = time.monotonic()
    said = build(REPOSITORY, "uf2", "--output", str(tmp_path))
    assert "compiling" not in said
    assert "freezing" not in said
    assert (tmp_path / "thecal.uf2").stat().st_mtime_ns == before.st_mtime_ns
    # Generous, since another test may be building for a while and this one then waits for it.
    assert time.monotonic() - started < 120


def payload(image: bytes) -> bytes:
    """Return what a UF2 file carries: 256 bytes of every 512-byte block."""
    return b"".join(image[start + 32 : start + 288] for start in range(0, len(image), 512))


def traces_of_the_build(binary: bytes) -> list[bytes]:
    """Return dates of today and paths of this machine that an image gives away."""
    now = time.localtime()
    suspects = [time.strftime("%b %e %Y", now), time.strftime("%Y-%m-%d", now), str(sources.cache_folder())]
    found = [text.encode() for text in suspects if text.encode() in binary]
    return found + re.findall(rb"/(?:home|root|tmp)/[\w./-]+", binary)


def _compiled_files(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or name.endswith(".egg-info")}
