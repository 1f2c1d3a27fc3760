"""What the pages' scripts add, and that the pages do without them, in headless Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from webapp import Settings
from webapp.testing import RunningSite, install_model

pytestmark = pytest.mark.browser


@pytest.fixture
def dog(tmp_path: Path, photo: Callable[[int], bytes]) -> Path:
    (tmp_path / "dog.jpg").write_bytes(photo(1))
    return tmp_path / "dog.jpg"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("notes.txt", b"text", "“notes.txt” is not a .jpg, .jpeg or .png file."),
        ("none.png", b"", "“none.png” is empty."),
        ("huge.JPG", b"x" * 200_001, "“huge.JPG” is larger than 200 kB."),
    ],
)
def test_bad_file_is_named_before_it_is_sent(
    site: RunningSite, page: Page, *, name: str, data: bytes, sentence: str
) -> None:
    """A file that would be refused is refused at once, and taken out of the form."""
    page.goto(site.url)

    page.set_input_files("#image", {"name": name, "mimeType": "image/png", "buffer": data})

    expect(page.locator("[aria-live]")).to_contain_text(sentence)
    assert page.input_value("#image") == ""


def test_good_file_is_shown_and_clears_the_message(
    site: RunningSite, page: Page, dog: Path
) -> None:
    """A picture appears in the frame as soon as it is chosen, in place of an earlier message."""
    page.goto(site.url)
    page.set_input_files("#image", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})

    page.set_input_files("#image", dog)

    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator("[aria-live]")).to_be_empty()


def test_threshold_follows_the_model_until_it_is_touched(
    site: RunningSite, page: Page, settings: Settings
) -> None:
    """Another model brings its own threshold, but never undoes a choice."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.8)
    page.goto(site.url)

    page.check("[value=careful]")
    expect(page.locator("output")).to_have_text("80 %")
    page.locator("#threshold").fill("0.25")
    page.check("[value=toy]")

    expect(page.locator("output")).to_have_text("25 %")


def test_button_says_that_it_is_working(site: RunningSite, page: Page, dog: Path) -> None:
    """While the picture is on its way the button says so, and cannot be pressed twice."""
    page.goto(site.url)
    page.set_input_files("#image", dog)
    # The driver looks at no page that is being left, so this one stays.
    page.evaluate("addEventListener('submit', event => event.preventDefault())")

    page.click("button")

    expect(page.locator("button")).to_have_text("Looking at your picture…")
    expect(page.locator("button")).to_be_disabled()
    expect(page.locator("[role=status]")).to_have_text("Looking at your picture…")


def test_slider_of_a_result_acts_at_once(site: RunningSite, page: Page, dog: Path) -> None:
    """Moving the slider of a result shows more of it, without a button."""
    page.goto(site.url)
    page.set_input_files("#image", dog)
    page.click("button")
    expect(page.locator("h1")).to_contain_text("1 object found")

    page.locator("#threshold").fill("0.2")
    page.locator("#threshold").dispatch_event("change")

    expect(page.locator("h1")).to_contain_text("2 objects found")
    assert page.url.endswith("?threshold=0.2")


def test_everything_works_without_scripts(site: RunningSite, chromium: Browser, dog: Path) -> None:
    """With scripts switched off a picture is sent, its result shown and filtered."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.set_input_files("#image", dog)

    page.click("text=Find objects")
    page.wait_for_url("**/results/*")
    page.locator("#threshold").focus()
    page.keyboard.press("End")
    page.click("text=Show >> nth=-1")
    page.wait_for_url("**/results/*?threshold=1")

    expect(page.locator("h1")).to_contain_text("Nothing found")
    context.close()


@pytest.mark.parametrize("width", [320, 380, 768, 1440])
def test_nothing_is_wider_than_the_screen(
    site: RunningSite, page: Page, photo: Callable[[int], bytes], width: int
) -> None:
    """From a small phone up, even with a long file name, no page scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    name = "a-very-long-name-without-any-space-in-it-" * 4 + ".jpg"
    widths = []
    page.goto(site.url)
    page.set_input_files("#image", {"name": name, "mimeType": "image/jpeg", "buffer": photo(1)})
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    page.click("button")
    page.wait_for_url("**/results/*")

    widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert max(widths) <= width
