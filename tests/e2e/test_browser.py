"""The pages in headless Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.stack import ROOT, Running

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

SCREENSHOTS = ROOT / "build" / "screenshots"


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
