"""The choice of where a model runs, on the live page with a webcam."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.camera import camera_flags
from tests.live_page import TIMEOUT_MS, LivePage
from webapp import Settings
from webapp.testing import RunningSite, install_browser_form

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium_flags() -> list[str]:
    return camera_flags()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with "toy", which only servers run, and "local", whose form is no TFLite model."""
    install_browser_form(settings.model_repository, "local")
    return settings


@pytest.fixture
def live(chromium: Browser, site: RunningSite) -> Iterator[LivePage]:
    context = chromium.new_context(permissions=["camera"])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield LivePage(page, site.url)
    context.close()
    assert errors == []


def test_browser_is_offered_where_the_model_has_a_form(live: LivePage) -> None:
    """A model that only servers run leaves no choice, and the page says why."""
    page = live.open("?model=toy").page
    choice, hint = page.get_by_label("In this browser"), page.get_by_text("has no form")

    expect(choice).to_be_disabled(timeout=TIMEOUT_MS)
    expect(hint).to_be_visible()
    page.get_by_label("Model", exact=True).select_option("local")
    expect(choice).to_be_enabled(timeout=TIMEOUT_MS)
    expect(hint).to_be_hidden()


def test_server_takes_over_where_the_browser_fails(live: LivePage) -> None:
    """A model that the runtime cannot read ends nothing: the page says so, and frames go on."""
    page = live.start().page

    page.get_by_label("Model", exact=True).select_option("local")
    page.get_by_label("In this browser").check()

    live.expect_notice("The model does not run in this browser")
    live.expect_notice("The server looks instead.")
    expect(page.get_by_label("On the server")).to_be_checked(timeout=TIMEOUT_MS)
    live.expect_state("Looking")
    live.wait_for_answers(3)
