"""The system's own Chromium in front of a console, and everything it must not do: complain, or ask another computer."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HAS_PLAYWRIGHT = find_spec("playwright") is not None and find_spec("axe_playwright_python") is not None
needs_chromium = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(not HAS_PLAYWRIGHT, reason="there is no Playwright: it is in requirements/dev.lock"),
]
WAIT_MS = 30_000
"""Where two processors are shared with other tests."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and what was wrong with it by now. allowed: what the console may say where a server was ended."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.told: list[str] = []
        self.asked_elsewhere: list[str] = []
        self.opened: list[str] = []
        self._origin = origin
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("websocket", self._connected)
        self.page.on("dialog", self._opened)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.told.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self._origin, "data:", "blob:")):
            self.asked_elsewhere.append(request.url)

    def _connected(self, socket: Any) -> None:
        if not socket.url.startswith(self._origin.replace("http", "ws", 1)):
            self.asked_elsewhere.append(socket.url)

    def _opened(self, dialog: Any) -> None:
        self.opened.append(dialog.message)
        dialog.dismiss()

    def go(self, address: str) -> Page:
        self.page.goto(address)
        self.page.wait_for_selector("#content")
        # By then the window has its connection, and what is done in it arrives.
        self.page.wait_for_function("window.did_handshake === true")
        return self.page


def origin_of(address: str) -> str:
    return "/".join(address.split("/")[:3])


def axe_findings(page: Page) -> list[str]:
    """Return what axe-core finds, each with where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found
    ]
