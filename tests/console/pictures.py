"""``make console-pictures``: the pictures of docs/console.md, of a practice pump that delivers an example."""

from __future__ import annotations

import tempfile
from pathlib import Path

from console.browser import Watched, chromium, origin_of
from console.conftest import EXAMPLES, console_at, practised

_DOCS = Path(__file__).parents[2] / "docs"
_PICTURES = {"pump": (1200, 760), "program": (1200, 900)}


def main() -> None:
    example = str(EXAMPLES / "flex_with_boluses.toml")
    with (
        tempfile.TemporaryDirectory() as folder,
        practised(Path(folder), "--program", example) as pump,
        console_at(pump.environment, "--changes") as console,
        chromium() as browser,
    ):
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        watched = Watched(context, origin_of(console.address))
        for name, (width, height) in _PICTURES.items():
            watched.page.set_viewport_size({"width": width, "height": height})
            page = watched.go(console.page(name))
            if name == "program":
                page.get_by_label("Step 2 dose").fill("165")
                page.keyboard.press("Tab")
                page.locator(".verdict", has_text="Can be reviewed").wait_for()
            page.wait_for_timeout(1_500)
            file = _DOCS / f"console-{name}.png"
            page.screenshot(path=file)
            print(f"wrote {file.relative_to(_DOCS.parent)}, {file.stat().st_size // 1024} KiB")
        context.close()


if __name__ == "__main__":
    main()
