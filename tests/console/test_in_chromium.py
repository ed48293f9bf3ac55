"""The console as people use it, in a real browser: each flow by hand, two windows, the pump and the server gone.

Four stay in the fast set; `make console-check` runs all of them.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from console.browser import Watched, axe_findings, chromium, needs_chromium, origin_of
from console.conftest import EXAMPLES, FLEX, ConsoleProcess, console_at, practised
from host.practice_pump import PracticePumpProcess
from thecal.prescription import load_prescription

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_chromium

PAGES = ("pump", "program", "visit", "boluses", "alarms", "log", "bench")
NASTY = "<i>&\"'</i>"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePumpProcess]:
    """Yield a practice pump that delivers a day with boluses, for the flows that leave it delivering."""
    with practised(
        tmp_path_factory.mktemp("state"), "--program", str(EXAMPLES / "flex_with_boluses.toml")
    ) as found:
        yield found


@pytest.fixture(scope="module")
def console(pump: PracticePumpProcess) -> Iterator[ConsoleProcess]:
    contacts = str(EXAMPLES / "clinic/contacts.toml")
    with console_at(pump.environment, "--changes", "--contacts", contacts) as found:
        yield found


@pytest.fixture
def window(browser, console: ConsoleProcess) -> Iterator[Watched]:
    """Yield a window in which nothing may be complained of, and from which nothing may be asked elsewhere."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    found = Watched(context, origin_of(console.address))
    yield found
    if found.page.url.startswith("http"):
        # The next window is to have control at once.
        found.go(console.page("pump"))
    context.close()
    assert (found.told, found.asked_elsewhere, found.opened) == ([], [], [])


def take_control(page: Page) -> None:
    if page.locator("#take").count():
        page.click("#take")
    page.wait_for_selector(".pill.here")


def shows(page: Page, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).first.wait_for()


def test_the_pump_is_shown_live_and_stopped_in_two_acts_from_anywhere(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("log"))
    take_control(page)
    shows(page, ".state", "Delivering")
    page.click("#stop")
    shows(page, "dialog", "A sudden stop means withdrawal")
    page.click("#stop-now")
    shows(page, ".state", "Stopped")
    shows(page, ".banners", "Delivery has stopped")
    page = window.go(console.page("pump"))
    shows(page, ".card.now", "The pump gives nothing")
    page.click("#start")
    page.click("#start-now")
    shows(page, ".state", "Delivering")


@pytest.mark.campaign
def test_the_keyboard_alone_reaches_stop_and_may_think_better_of_it(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("bench"))
    take_control(page)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "stop":
            break
    assert page.evaluate("document.activeElement.id") == "stop"
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    shows(page, ".state", "Delivering")


def test_a_program_is_dragged_typed_reviewed_and_committed(
    window: Watched, console: ConsoleProcess, pump: PracticePumpProcess
) -> None:
    page = window.go(console.page("program"))
    take_control(page)
    page.click("#from-pump")
    grip = page.locator("svg.wide .handle.y").nth(1)
    box = grip.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 2 - 20, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "[...document.querySelectorAll('#steps input')].every((box) => box.value !== '150')"
    )
    page.get_by_label("Step 2 dose").fill("155")
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="Patient").fill(NASTY)
    page.keyboard.press("Tab")
    shows(page, ".verdict", "Can be reviewed")
    page.click("#review")
    shows(page, ".card.asks h2", "Review")
    assert page.locator(".changed", has_text="155 mcg/day").count() == 1
    page.get_by_role("textbox", name="Reason").fill("a test")
    page.get_by_role("button", name="Go on").click()
    shows(page, ".card.asks h2", "Commit")
    page.get_by_role("button", name="Yes, do it").click()
    shows(page, ".card.over h2", "The change is finished")
    shows(page, ".who b", NASTY)
    page.click("#visit-close")
    shows(page, ".verdict", "The pump has this program")
    assert page.locator("i", has_text="&").count() == 0


@pytest.mark.campaign
def test_a_visit_goes_on_over_a_reload_and_leaves_its_pages(window: Watched, console: ConsoleProcess) -> None:
    page = window.go(console.page("visit"))
    take_control(page)
    page.click("#visit-begin")
    page.get_by_role("textbox", name="Withdrawn").fill("12,3")
    page.get_by_role("button", name="Go on").click()
    shows(page, ".note.bad", "is no volume in mL")
    page = window.go(console.page("visit"))
    assert page.get_by_role("textbox", name="Withdrawn").input_value() == "12,3"
    page.get_by_role("textbox", name="Withdrawn").fill("20")
    page.get_by_role("button", name="Go on").click()
    shows(page, ".card.asks h2", "The program from now on")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("textbox", name="Filled").fill("19.5")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Yes, do it").click()
    shows(page, ".card.over h2", "The visit is finished")
    sheet = page.request.get(console.page("print/family.html")).text()
    assert "Whom to call" in sheet
    assert page.request.get(console.page("print/nobody.html")).status == 404
    page.click("#visit-close")
    page.wait_for_selector("#visit-begin")


@pytest.mark.campaign
def test_a_visit_that_is_broken_off_says_that_the_pump_is_as_it_was(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("visit"))
    take_control(page)
    page.click("#visit-begin")
    page.click("#visit-break")
    shows(page, ".card.over", "The pump is as it was")
    page.click("#visit-close")


@pytest.mark.campaign
def test_a_bolus_is_checked_by_the_pump_then_given_then_ended(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("boluses"))
    take_control(page)
    page.fill("#bolus-dose", "1e1")
    page.fill("#bolus-minutes", "10")
    page.get_by_role("button", name="Check it …").first.click()
    shows(page, ".note.bad", "write it like 12.5")
    page.fill("#bolus-dose", "2")
    page.get_by_role("button", name="Check it …").first.click()
    shows(page, ".card.asks", "clinician bolus of 2 mcg")
    page.click("#give-now")
    page.wait_for_selector(".bolus-now")
    page.click("#end-bolus")
    page.click("#cancel-now")
    page.wait_for_selector(".bolus-now", state="detached")
    shows(page, ".note.good", "The bolus has been ended")


@pytest.mark.campaign
def test_a_second_window_sees_and_acts_only_once_it_has_taken_control(
    window: Watched, console: ConsoleProcess, browser
) -> None:
    page = window.go(console.page("program"))
    take_control(page)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    second = Watched(context, origin_of(console.address))
    other = second.go(console.page("program"))
    shows(other, ".rights", "another window acts")
    assert other.locator("#add-step").is_disabled()
    page.click("#from-pump")
    page.get_by_label("Step 1 dose").fill("121")
    page.keyboard.press("Tab")
    other.wait_for_function(
        "[...document.querySelectorAll('#steps input')].some((box) => box.value === '121')"
    )
    other.click("#take")
    other.wait_for_selector(".pill.here")
    page.wait_for_function("document.querySelector('#add-step').disabled")
    other.click("#from-pump")
    page.wait_for_function(
        "![...document.querySelectorAll('#steps input')].some((box) => box.value === '121')"
    )
    context.close()
    assert (second.told, second.asked_elsewhere) == ([], [])


@pytest.mark.campaign
def test_prescriptions_are_opened_and_saved_as_the_same_file(
    window: Watched, console: ConsoleProcess, tmp_path: Path
) -> None:
    page = window.go(console.page("program"))
    take_control(page)
    page.set_input_files("#open-file", FLEX)
    shows(page, ".sub", "On the desk: paediatric_flex.toml")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "saved.toml"
    download.value.save_as(saved)
    assert load_prescription(saved).program.digest() == load_prescription(FLEX).program.digest()
    nasty = tmp_path / "<img src=x onerror=alert(1)>.toml"
    nasty.write_text(
        FLEX.read_text()
        .replace("weekend", "<img src=x onerror=alert(1)>")
        .replace("[[pattern.<img src=x onerror=alert(1)>]]", '[[pattern."<img src=x onerror=alert(1)>"]]')
    )
    page.set_input_files("#open-file", nasty)
    shows(page, ".tab", "<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0
    page.click("#from-pump")


@pytest.mark.campaign
def test_a_number_in_another_habit_is_refused_beside_its_field(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("program"))
    take_control(page)
    page.click("#from-pump")
    page.get_by_role("textbox", name="Any hour").fill("12,5")
    page.keyboard.press("Tab")
    shows(page, ".field .remark", "like 12.5")
    assert page.get_by_role("textbox", name="Any hour").get_attribute("aria-invalid") == "true"
    assert page.locator("#review").is_disabled()
    page.click("#from-pump")


@pytest.mark.campaign
def test_the_log_is_filtered_and_saved(window: Watched, console: ConsoleProcess) -> None:
    page = window.go(console.page("log"))
    take_control(page)
    page.fill("#filter", "committed")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "![...document.querySelectorAll('tbody tr')].some((row) => !row.innerText.includes('committed'))"
    )
    with page.expect_download() as download:
        page.click("#log-save")
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "event,time,what,details"
    assert all("committed" in line for line in lines[1:])
    assert len(lines) > 1


@pytest.mark.campaign
def test_alarm_tones_are_played_on_the_pump(window: Watched, console: ConsoleProcess) -> None:
    page = window.go(console.page("alarms"))
    take_control(page)
    page.click("#tone-1")
    shows(page, ".banners", "sounds the tones of a critical alarm")


@pytest.mark.campaign
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_page_fits_its_window_and_can_be_read_by_everybody(
    window: Watched, console: ConsoleProcess, width: int
) -> None:
    for scheme in ("light", "dark"):
        for name in PAGES:
            window.page.set_viewport_size({"width": width, "height": 800})
            window.page.emulate_media(color_scheme=scheme)
            page = window.go(console.page(name))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, scheme)
            assert axe_findings(page) == [], (name, scheme, width)
    window.page.emulate_media(color_scheme="light")


@pytest.mark.campaign
def test_a_page_prints_without_what_nobody_can_press_on_paper(
    window: Watched, console: ConsoleProcess
) -> None:
    page = window.go(console.page("pump"))
    page.emulate_media(media="print")
    assert not page.locator("#stop").is_visible()
    assert page.locator("#rate-now").is_visible()
    page.emulate_media(media="screen")


@pytest.mark.campaign
def test_a_console_that_only_looks_says_how_to_stop_and_changes_nothing(
    browser, pump: PracticePumpProcess
) -> None:
    # The practice pump's port is taken, as a board's would be: this one has a pump of its own.
    state = Path(pump.environment["XDG_STATE_HOME"]) / "other"
    forged = """() => {
      const of = (id) => mounted_app.elements[id].props;
      const id = Object.keys(mounted_app.elements).find((id) => of(id).main);
      getElement(id).$emit("act", { name: "stop", values: {} });
    }"""
    with practised(state, "--program", str(FLEX)) as own, console_at(own.environment) as console:
        watched = Watched(browser.new_context(), origin_of(console.address))
        page = watched.go(console.page("pump"))
        shows(page, ".state", "Delivering")
        page.click("#stop")
        shows(page, "dialog", "This console only looks")
        assert page.locator("#stop-now").count() == 0
        page = watched.go(console.page("visit"))
        assert page.locator("#visit-begin").is_disabled()
        page.evaluate(forged)
        shows(page, ".banners", "this console only looks")
        shows(page, ".state", "Delivering")
        page.context.close()
        assert console.end()[0] == 0


def test_a_pump_that_is_gone_and_a_server_that_is_gone_are_said_at_once(browser, tmp_path: Path) -> None:
    with (
        practised(tmp_path, "--program", str(FLEX)) as own,
        console_at(own.environment, "--changes") as console,
    ):
        watched = Watched(browser.new_context(), origin_of(console.address))
        page = watched.go(console.page("pump"))
        shows(page, ".state", "Delivering")
        own.process.send_signal(signal.SIGKILL)
        page.locator(".banner", has_text="The pump is gone").wait_for(timeout=10_000)
        assert page.locator(".grid.old").count() == 1
        console.process.kill()
        page.locator("#cut", has_text="does not answer").wait_for(timeout=10_000)
        page.context.close()


def test_nobody_is_let_in_without_the_token_or_from_another_page(browser, console: ConsoleProcess) -> None:
    page = browser.new_page()
    origin = origin_of(console.address)
    assert page.request.get(f"{origin}/pump").status == 403
    assert page.request.get(console.page("pump"), headers={"Origin": "http://evil.example"}).status == 403
    assert page.request.get(console.page("pump"), headers={"Host": "evil.example"}).status == 403
    page.close()
