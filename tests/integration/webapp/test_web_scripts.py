"""What the scripts of the upload form add, and that the pages do without them, in Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import FakeModelServer, RunningSite, install_model

pytestmark = pytest.mark.browser


@pytest.fixture
def dog(tmp_path: Path, photo: Callable[[int], bytes]) -> Path:
    (tmp_path / "dog.jpg").write_bytes(photo(1))
    return tmp_path / "dog.jpg"


@pytest.fixture
def pictures(photo: Callable[[int], bytes]) -> list[FilePayload]:
    """Three pictures."""
    names = ("one.jpg", "two.jpg", "three.jpg")
    return [
        {"name": name, "mimeType": "image/jpeg", "buffer": photo(number)}
        for number, name in enumerate(names)
    ]


def find_objects(page: Page) -> None:
    page.get_by_role("button", name="Find objects").click()


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


def test_pasted_picture_is_taken(site: RunningSite, page: Page) -> None:
    """A picture from the clipboard joins those that were chosen."""
    page.goto(site.url)

    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["x"], "pasted.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer}));
        }"""
    )

    assert page.evaluate("document.querySelector('#image').files[0].name") == "pasted.png"


def test_phone_offers_its_camera(site: RunningSite, chromium: Browser, dog: Path) -> None:
    """On a device with a touch screen a photograph can be taken for the form."""
    context = chromium.new_context(has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(site.url)

    page.set_input_files("#camera", dog)

    expect(page.get_by_text("Take a photograph")).to_be_visible()
    assert page.get_attribute("#camera", "capture") == "environment"
    assert page.evaluate("document.querySelector('#image').files[0].name") == "dog.jpg"
    context.close()


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

    find_objects(page)

    button = page.locator("form button[type=submit]")
    expect(button).to_have_text("Looking at your picture…")
    expect(button).to_be_disabled()
    expect(page.locator("[role=status]")).to_have_text("Looking at your picture…")


def test_many_pictures_are_listed_and_can_be_taken_out(
    site: RunningSite, page: Page, pictures: list[FilePayload]
) -> None:
    """Each chosen picture has a row with a small picture, a size and a way out."""
    page.goto(site.url)
    page.set_input_files("#image", pictures)
    expect(page.locator(".queued")).to_have_count(3)

    page.get_by_role("button", name="Take two.jpg out").click()

    expect(page.locator(".queued__name")).to_have_text(["one.jpg", "three.jpg"])
    assert page.evaluate("document.querySelector('#image').files.length") == 2
    assert page.evaluate("document.activeElement.id") == "image"


def test_many_pictures_end_on_a_page_together(
    site: RunningSite, page: Page, pictures: list[FilePayload]
) -> None:
    """They are sent one by one, and shown in one table."""
    page.goto(site.url)
    page.set_input_files("#image", pictures)

    find_objects(page)
    page.wait_for_url("**/batches/*")

    expect(page.locator("h1")).to_have_text("3 pictures together")
    expect(page.locator("tbody th")).to_have_text(["one.jpg", "two.jpg", "three.jpg"])


def test_refused_picture_among_many_is_marked(
    site: RunningSite, chromium: Browser, pictures: list[FilePayload]
) -> None:
    """A file that only looks like a picture keeps its reason, and the others wait behind a link."""
    page = chromium.new_page()  # whose console says that a file was refused
    page.goto(site.url)
    bad: FilePayload = {"name": "x.png", "mimeType": "image/png", "buffer": b"x"}
    page.set_input_files("#image", [*pictures, bad])

    find_objects(page)
    expect(page.locator(".queued--wrong")).to_contain_text("neither a JPEG nor a PNG")
    expect(page.locator(".queued--done")).to_have_count(3)
    page.get_by_role("link", name="See the 3 of 4").click()

    expect(page.locator("h1")).to_have_text("3 pictures together")
    page.close()


def test_many_pictures_are_kept_while_the_server_is_away(
    site: RunningSite, page: Page, pictures: list[FilePayload], model_server: FakeModelServer
) -> None:
    """Without an answer they still have their page."""
    model_server.failure = UnavailableError
    page.goto(site.url)
    page.set_input_files("#image", pictures)

    find_objects(page)
    page.wait_for_url("**/batches/*")

    expect(page.get_by_text("0 of 3 answered")).to_be_visible()


def test_theme_is_chosen_and_kept(site: RunningSite, page: Page) -> None:
    """The button changes light into dark; the next page is dark from the start."""
    page.emulate_media(color_scheme="light")
    page.goto(site.url)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Change between light and dark").click()
    page.goto(f"{site.url}/status")

    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_everything_works_without_scripts(
    site: RunningSite, chromium: Browser, dog: Path, settings: Settings
) -> None:
    """With scripts off a picture is sent, its result shown, filtered, compared and deleted."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.8)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.set_input_files("#image", dog)

    find_objects(page)
    page.wait_for_url("**/results/*")
    page.locator("#threshold").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/results/*?threshold=1")
    expect(page.locator("h1")).to_contain_text("Nothing found")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("h1")).to_have_text("2 results side by side")
    page.goto(f"{site.url}/results")
    page.locator("[name=result]").first.check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 1 result").click()

    expect(page.get_by_text("1 result deleted")).to_be_visible()
    context.close()


def test_many_pictures_need_no_scripts(
    site: RunningSite, chromium: Browser, pictures: list[FilePayload]
) -> None:
    """With scripts off one form carries them all."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.set_input_files("#image", pictures)

    find_objects(page)

    expect(page.locator("h1")).to_have_text("3 pictures together")
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
    find_objects(page)
    page.wait_for_url("**/results/*")
    for path in ("", "/results"):
        page.goto(site.url + path if path else page.url)

        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert max(widths) <= width
