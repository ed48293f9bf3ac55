"""Pages are made of what is known alone, whatever that is, and no text in them is ever taken for mark-up."""

from __future__ import annotations

import dataclasses
import time
from html.parser import HTMLParser

import pytest

from console.conftest import Bench, opened
from thecal.console.control import Hold
from thecal.console.desk import Desk, Said
from thecal.console.seen import Link, Seen
from thecal.console.server import _VIEWS
from thecal.console.views.frame import PAGES, head
from thecal.console.views.parts import html
from thecal.console.views.scene import Scene

NASTY = "</div><script>alert('x')</script>\x1b[31m\"&"


class _Ids(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.scripts += tag == "script"


def scene_of(page: str, seen: Seen | None, link: Link, desk: Desk, **local: str) -> Scene:
    return Scene(page, link, NASTY, seen, time.monotonic(), True, Hold.HERE, desk, "/token", dict(local))


def drawn(scene: Scene) -> str:
    return html(*head(scene), *_VIEWS[scene.page](scene))


@pytest.mark.parametrize("page", [name for name, _ in PAGES])
@pytest.mark.parametrize("link", list(Link))
def test_every_page_can_be_drawn_before_any_pump_was_seen(page: str, link: Link) -> None:
    text = drawn(scene_of(page, None, link, Desk("child"), dialog="stop"))
    assert _Ids(text).scripts == 0


def test_every_page_keeps_texts_of_others_texts_and_each_id_its_own(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        seen = session.seen
    assert seen is not None
    assert seen.program is not None
    seen.program.patient = NASTY
    seen = dataclasses.replace(
        seen, status=dataclasses.replace(seen.status, active_alarms=(1 << 29) - 1, drug=NASTY), port=NASTY
    )
    desk = Desk("child")
    desk.follow(seen)
    desk.draft["drug"] = NASTY
    desk.draft["pattern"][NASTY] = desk.draft["pattern"].pop("Mon to Fri")
    desk.said["draft"] = desk.said["bolus"] = desk.said["stop"] = Said(NASTY)
    for page, _ in PAGES:
        found = _Ids(drawn(scene_of(page, seen, Link.LIVE, desk, pattern=NASTY)))
        assert found.scripts == 0, page
        assert len(set(found.ids)) == len(found.ids), page
