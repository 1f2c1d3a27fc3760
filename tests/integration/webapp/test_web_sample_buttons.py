"""The sample pictures in headless Chromium, with scripts and without."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from webapp import Settings
from webapp.testing import RunningSite, install_model, install_samples

pytestmark = pytest.mark.browser


@pytest.fixture
def samples_folder(tmp_path: Path) -> Path:
    """A folder with four samples."""
    titles = {"label": "Parcel label", "ticket": "Ticket", "page": "Page", "screen": "Screen"}
    return install_samples(tmp_path / "samples", titles)


@pytest.mark.parametrize("scripts", [True, False])
def test_one_click_leads_to_the_result(
    site: RunningSite, chromium: Browser, settings: Settings, *, scripts: bool
) -> None:
    """A sample needs no file, and the model and threshold of the form count."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.8)
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(site.url)
    page.check("[value=careful]")
    page.locator("#threshold").fill("0.2")

    page.get_by_role("button", name="Ticket").click()
    page.wait_for_url("**/results/*")

    expect(page.locator("h1")).to_have_text("2 objects found in ticket.jpg")
    expect(page.get_by_text("careful", exact=True)).to_be_visible()
    context.close()


def test_sample_is_reached_and_pressed_by_keyboard(site: RunningSite, page: Page) -> None:
    """The samples come after the form's own button, and the space bar presses one."""
    page.goto(site.url)
    page.get_by_role("button", name="Find objects").focus()

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_url("**/results/*")

    expect(page.locator("h1")).to_contain_text("label.jpg")


def test_enter_in_the_form_sends_no_sample(site: RunningSite, page: Page) -> None:
    """The button that Enter presses is the form's own, which asks for a file first."""
    page.goto(site.url)
    page.locator("#threshold").focus()

    page.keyboard.press("Enter")

    assert page.evaluate("document.querySelector(':invalid:is(input)')?.id") == "image"
    assert page.url.rstrip("/") == site.url


def test_pressed_sample_shows_that_it_is_looked_at(site: RunningSite, page: Page) -> None:
    """While a sample is on its way it says so, and no button can be pressed twice."""
    page.goto(site.url)
    # The driver looks at no page that is being left, so this one stays.
    page.evaluate("addEventListener('submit', event => event.preventDefault())")

    page.get_by_role("button", name="Screen").click()

    expect(page.locator("[role=status]")).to_have_text("Looking at “Screen”…")
    expect(page.locator(".is-busy")).to_have_text("Screen")
    expect(page.locator("main button:enabled")).to_have_count(0)
    expect(page.locator("[data-label]")).to_have_text("Find objects")


def test_all_thumbnails_are_shown(site: RunningSite, page: Page) -> None:
    """Every sample has its picture, which the security policy lets through."""
    page.goto(site.url)

    pictures = page.locator(".sample img")
    expect(pictures).to_have_count(4)
    widths = pictures.evaluate_all("all => all.map(image => image.naturalWidth)")

    assert widths == [480] * 4


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_samples_fit_the_screen(site: RunningSite, page: Page, width: int) -> None:
    """From a small phone up, the form with samples does not scroll sideways."""
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(site.url)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
