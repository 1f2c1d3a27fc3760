"""The pages in headless Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.stack import ROOT, Running

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

SCREENSHOTS = ROOT / "build" / "screenshots"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A fresh Chromium."""
    program = shutil.which("chromium")
    if program is None:
        reason = "chromium is not installed (see .ci/install-system-packages)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on any error in the console."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def save(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def test_photograph_is_uploaded_and_its_dogs_are_shown(
    stack: Running, page: Page, shared_dir: Path
) -> None:
    """Choosing dogs.jpg and pressing the button leads to a page with two dogs in its table."""
    page.goto(stack.url)
    page.set_input_files("input[type=file]", shared_dir / "photos" / "dogs.jpg")

    page.click("button[type=submit]")
    page.wait_for_url("**/results/*")

    rows = page.locator("tbody tr")
    objects = [row.locator("th").inner_text().strip() for row in rows.all()]
    images = {row.locator("td").first.inner_text().strip() for row in rows.all()}
    pictures = page.locator("figure img").evaluate_all(
        "images => images.map(image => [image.complete, image.naturalWidth])"
    )
    save(page, "results")
    assert objects.count("dog") == 2
    assert images == {"dogs.jpg"}
    assert pictures == [[True, 1024], [True, 1024]]


def test_wrong_extension_is_said_before_sending(stack: Running, page: Page, tmp_path: Path) -> None:
    """Choosing a .gif shows a message at once, and nothing is sent."""
    (tmp_path / "moving.gif").write_bytes(b"GIF89a")
    page.goto(stack.url)

    page.set_input_files("input[type=file]", tmp_path / "moving.gif")

    message = page.locator("[aria-live] >> text=/jpe?g|png/i").first.inner_text()
    save(page, "wrong-extension")
    assert "PNG" in message.upper()
    assert page.url.rstrip("/") == stack.url
