"""The page in headless Chromium: nothing is complained of, nothing is asked of any network, it prints.

Each check is first shown to find what it looks for, on a page that has it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from report.records import every_kind
from report.test_files import written

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]

_NO_ORIGIN = "not an origin"
AT_FAULT = """<!DOCTYPE html><title>x</title><link rel="icon" href="data:,">
<img alt="" src="http://thecal.invalid/x.png"><script>nobody.knows()</script>"""


def opened(page: Path, folder: Path, *more: str) -> tuple[list[str], list[str]]:
    """Return what the browser says on its console while it opens a page, and every address it asks a network for."""
    log = folder / "net.json"
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
        f"--log-net-log={log}",
        "--window-size=1280,2000",
        *(more or (f"--screenshot={folder / 'page.png'}",)),
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    told = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return told, _asked_for(json.loads(log.read_text(encoding="utf-8")))


def _asked_for(log: dict) -> list[str]:
    """Return addresses that a page asks for. What the browser asks for by itself has no origin, and gets no answer."""
    found = [event.get("params", {}) for event in log["events"]]
    of_pages = [one for one in found if one.get("initiator", _NO_ORIGIN) != _NO_ORIGIN]
    return sorted({one["url"] for one in of_pages if one["url"].startswith(("http", "ws", "ftp"))})


def test_a_page_at_fault_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(AT_FAULT)
    told, asked = opened(page, tmp_path)
    assert any("nobody" in line for line in told)
    assert "http://thecal.invalid/x.png" in asked


def test_the_page_opens_without_a_word_and_without_a_network(tmp_path: Path) -> None:
    page = written(every_kind(), tmp_path / "report")
    told, asked = opened(page, tmp_path)
    assert told == []
    assert asked == []
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_the_page_prints(tmp_path: Path) -> None:
    page = written(every_kind(), tmp_path / "report")
    pdf = tmp_path / "page.pdf"
    opened(page, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    assert pdf.read_bytes()[:5] == b"%PDF-"
