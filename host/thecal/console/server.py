"""The local server: the page library, the windows that are open, and drawing each anew when something is to be seen.

The library only carries: it sends each window the two parts of its page as they are drawn here, and brings back the
names of what people do. It is given nothing of anybody's to interpret, and asks nothing of any network.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from nicegui import Client, app, ui
from nicegui.events import GenericEventArguments

from thecal.console.acts import Acts, Window
from thecal.console.admission import Admission
from thecal.console.control import Control
from thecal.console.desk import Desk
from thecal.console.session import PumpSession
from thecal.console.views.alarms import alarms_page
from thecal.console.views.bench import bench_page
from thecal.console.views.boluses import boluses_page
from thecal.console.views.frame import PAGES, foot, head
from thecal.console.views.log import log_page
from thecal.console.views.parts import element, html
from thecal.console.views.program import program_page
from thecal.console.views.pump import pump_page
from thecal.console.views.scene import Scene
from thecal.console.views.visit import visit_page

_STATIC = Path(__file__).parent / "static"
_VIEWS = {
    "pump": pump_page,
    "program": program_page,
    "visit": visit_page,
    "boluses": boluses_page,
    "alarms": alarms_page,
    "log": log_page,
    "bench": bench_page,
}
_LOOK_EVERY_S = 0.25
"""How often a window is drawn anew though nothing was seen: a pump that is silent shows by that alone."""
_RECONNECT_S = 10.0
_MOST_TYPED = 1_100_000
"""Characters of one act: a file of a megabyte, and its name."""


class Region(ui.element, component="static/region.js"):
    """A part of the page that is drawn here and patched there."""

    def __init__(self, text: str, on_act: Callable[[str, dict[str, str]], None], *, is_main: bool) -> None:
        super().__init__()
        self._props["html"] = text
        self._props["main"] = is_main
        self.on("act", lambda event: on_act(*_read(event)))

    def show(self, text: str) -> None:
        if self._props["html"] != text:
            self._props["html"] = text
            self.update()


def _read(event: GenericEventArguments) -> tuple[str, dict[str, str]]:
    """Return what a window sent; anything but texts by name is nothing."""
    args = event.args if isinstance(event.args, dict) else {}
    values = args.get("values")
    texts = {
        name: value
        for name, value in (values.items() if isinstance(values, dict) else ())
        if isinstance(name, str) and isinstance(value, str) and len(value) <= _MOST_TYPED
    }
    return str(args.get("name", "")), texts


@dataclass
class Shown:
    """A window that is open."""

    page: str
    window: Window
    head: Region
    main: Region
    acts: int = 0


@dataclass
class Windows:
    """All windows, and what they show."""

    session: PumpSession
    desk: Desk
    control: Control
    base: str
    open: dict[str, Shown] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop | None = None
    _is_due: bool = False

    def __post_init__(self) -> None:
        self.acts = Acts(self.desk, self.session, self.control, self.later)

    # --- called from any thread

    def changed(self) -> None:
        if self.loop is not None and not self._is_due:
            self._is_due = True
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.draw)

    def later(self, what: Callable[[], None]) -> None:
        if self.loop is not None:
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._do_and_draw, what)

    # --- in the server's thread

    def _do_and_draw(self, what: Callable[[], None]) -> None:
        what()
        self.draw()

    def draw(self) -> None:
        self._is_due = False
        if self.session.seen is not None:
            self.desk.follow(self.session.seen)
        for shown in list(self.open.values()):
            scene = self.scene(shown.page, shown.window)
            shown.head.show(self.head_of(scene))
            shown.main.show(self.main_of(scene, shown.acts))

    def scene(self, page: str, window: Window) -> Scene:
        session = self.session
        return Scene(
            page,
            session.link,
            session.why,
            session.seen,
            time.monotonic(),
            session.changes.may_change,
            self.control.hold(window.name),
            self.desk,
            self.base,
            window.local,
        )

    def head_of(self, scene: Scene) -> str:
        # When what is shown was read: how far a page lies behind can be measured in it.
        read_ms = "" if scene.seen is None else str(scene.seen.read_ms)
        return html(element("div", *head(scene), class_="frame", data_read_ms=read_ms))

    def main_of(self, scene: Scene, acts: int) -> str:
        nodes = _VIEWS[scene.page](scene)
        # The number of acts makes a page that refused one a new page, so that what was typed goes back.
        page = element("div", *nodes, class_="page", id="content", tabindex="-1", data_acts=str(acts))
        return html(page, foot())

    async def look(self) -> None:
        self.loop = asyncio.get_running_loop()
        while True:
            self.draw()
            await asyncio.sleep(_LOOK_EVERY_S)


def build(windows: Windows, token: str, port: int) -> Admission:
    """Build the whole application, behind its admission. Called once in a process: the page library is one for all of
    it."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.on_startup(windows.look)
    for name, title in PAGES:
        _add_page(windows, name, title)

    @app.get("/")
    def _first(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{windows.base}/pump")

    @app.get("/print/{name}.html")
    def _print(name: str) -> HTMLResponse:
        visit = windows.desk.visit
        if visit is None or name not in visit.pages:
            raise HTTPException(404, "there is no such page: the visit that made it has been closed")
        return HTMLResponse(visit.pages[name])

    ui.run_with(
        api,
        title="Thecal console",
        mount_path=f"/{token}",
        tailwind=False,
        dark=None,
        language="en-GB",
        favicon=_STATIC / "icon.svg",
        reconnect_timeout=_RECONNECT_S,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    return Admission(api, token, port)


def _add_page(windows: Windows, name: str, title: str) -> None:
    style = (_STATIC / "console.css").read_text(encoding="utf-8")

    @ui.page(f"/{name}", title=f"{title} · Thecal console")
    def _page(client: Client) -> None:
        ui.add_head_html(f"<style>{style}</style>")
        ui.add_body_html('<div id="cut" role="alert"></div>')
        window = Window()
        shown: Shown | None = None

        def act(what: str, values: dict[str, str]) -> None:
            assert shown is not None
            windows.acts.do(window, what, values)
            shown.acts += 1
            windows.draw()

        def download(file: str, text: str) -> None:
            with client:
                ui.download.content(text, file, "text/plain; charset=utf-8")

        window.download = download
        if windows.session.seen is not None:
            windows.desk.follow(windows.session.seen)
        scene = windows.scene(name, window)
        with client.layout:
            top = Region(windows.head_of(scene), act, is_main=False)
            top.move(target_index=0)
        main = Region(windows.main_of(scene, 0), act, is_main=True)
        shown = Shown(name, window, top, main)

        def arrives() -> None:
            window.name = client.tab_id or client.id
            windows.control.arrives(window.name)
            windows.open[client.id] = shown
            windows.draw()

        def leaves() -> None:
            windows.control.leaves(window.name)
            windows.open.pop(client.id, None)
            windows.draw()

        client.on_connect(arrives)
        client.on_disconnect(leaves)


def listen(port: int) -> socket.socket:
    """Return a socket of this computer alone; 0 takes any port that is free."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def serve(application: Any, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until a signal ends it."""

    class _Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready()

    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    _Server(config).run([listening])
