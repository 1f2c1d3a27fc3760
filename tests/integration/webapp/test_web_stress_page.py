"""The page of a stress run in Chromium: live with scripts, complete without."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from webapp import Settings
from webapp.samples import BUNDLED
from webapp.testing import FakeModelServer, RunningSite

pytestmark = pytest.mark.browser

WAIT_MS = 60_000


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Runs of people and of other tests are elsewhere."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return replace(settings, stress="on")


@pytest.fixture
def samples_folder() -> Path:
    return BUNDLED


def start(page: Page, site: RunningSite, loads: str, seconds: str) -> None:
    page.goto(f"{site.url}/stress")
    page.fill("#loads", loads)
    page.fill("#step_s", seconds)
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(f"{site.url}/stress/" + page.url.rpartition("/")[2])


def test_run_is_drawn_while_it_goes_on_and_ends_in_place(
    site: RunningSite, page: Page, model_server: FakeModelServer
) -> None:
    """Figures and histogram come by themselves; a stop is answered; then nothing asks any more."""
    model_server.on_predict = lambda: time.sleep(0.02)
    start(page, site, "2, 4", "60")
    bars = page.locator("[data-part=view] svg .bar:not([height='0.0'])")
    expect(bars.first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("Step 1 of 2: 2 callers")).to_be_visible()
    stop = page.get_by_role("button", name="Stop")
    stop.focus()
    first = page.locator(".stress__now").inner_text()
    expect(page.locator(".stress__now")).not_to_have_text(first, timeout=WAIT_MS)
    expect(stop).to_be_focused()  # what did not change was left alone

    stop.click()

    expect(page.get_by_text("The run was ended before its time")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("[data-live=over]")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("None yet.")).to_be_visible(timeout=WAIT_MS)
    assert not [url for url in asked if url.endswith("/live")]


def test_lost_site_is_said_and_asked_again(
    site: RunningSite, page: Page, model_server: FakeModelServer
) -> None:
    """What was drawn stays, and goes on when the site is back."""
    model_server.on_predict = lambda: time.sleep(0.02)
    page.route("**/live", lambda route: route.fulfill(status=204))
    start(page, site, "1", "60")
    expect(page.get_by_text("The site does not answer")).to_be_visible(timeout=WAIT_MS)

    page.unroute("**/live")

    expect(page.get_by_text("The site does not answer")).to_be_hidden(timeout=WAIT_MS)
    expect(page.locator("[data-part=view] svg")).to_be_visible(timeout=WAIT_MS)


def test_everything_works_without_scripts(chromium: Browser, site: RunningSite) -> None:
    """A form, a page that can be asked again, a report, and its deletion."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    start(page, site, "1, 2", "0.4")

    # No listener tells a page without scripts that the run is over: it is asked again by hand.
    deadline = time.monotonic() + WAIT_MS / 1000
    while page.locator("[data-live=running]").count():
        assert time.monotonic() < deadline
        page.get_by_role("link", name="Look again").click()

    expect(page.locator(".stress__verdict")).to_be_visible()
    expect(page.get_by_role("heading", name="Throughput")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Report as JSON").click()
    assert download.value.suggested_filename.endswith(".json")
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    context.close()
