"""What the scripts of the pages of results add, in headless Chromium."""

from collections.abc import Callable
from threading import Event

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import Box, FakeModelServer, RunningSite, install_classifier

pytestmark = pytest.mark.browser

Open = Callable[..., str]


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds two dogs and a person, and perhaps a cat."""
    left, right = (0.1, 0.0, 0.9, 0.4), (0.2, 0.5, 0.9, 0.9)
    boxes = [Box(18, 0.9, left), Box(18, 0.7, right), Box(1, 0.6, right), Box(17, 0.3, left)]
    return FakeModelServer(boxes, version=3)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    install_classifier(settings.model_repository, "namer")
    return settings


@pytest.fixture
def open_result(site: RunningSite, page: Page, photo: Callable[[int], bytes]) -> Open:
    """A function that sends a picture and returns the address of its result, which is open."""

    def send(model: str = "toy") -> str:
        page.goto(site.url)
        page.check(f"[value={model}]")
        picture = photo(1)
        page.set_input_files(
            "#image", {"name": "dog.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        page.get_by_role("button", name="Find objects").click()
        page.wait_for_url("**/results/*")
        return page.url

    return send


def names(page: Page) -> list[str]:
    return [each.strip() for each in page.locator("tbody th").all_inner_texts()]


def test_slider_acts_at_once(open_result: Open, page: Page) -> None:
    """Moving the slider shows more rows and boxes, in the order of their probability."""
    open_result()

    page.locator("#threshold").fill("0.2")

    assert names(page) == ["dog", "dog", "person", "cat"]
    expect(page.locator(".box")).to_have_count(4)
    expect(page.locator("h1")).to_contain_text("4 objects found")
    assert page.url.endswith("?threshold=0.2")
    assert "threshold=0.2" in (page.get_by_text("Picture with boxes").get_attribute("href") or "")


def test_slider_at_the_end_shows_what_to_do(open_result: Open, page: Page) -> None:
    """Above all scores the page says so; the table comes back with the slider."""
    open_result()

    page.locator("#threshold").fill("1")
    expect(page.get_by_text("Nothing above 100 %")).to_be_visible()
    expect(page.locator("table")).to_be_hidden()
    page.locator("#threshold").fill("0.5")

    assert names(page) == ["dog", "dog", "person"]


def test_slider_and_server_agree_on_a_score_as_written(
    open_result: Open, page: Page, model_server: FakeModelServer
) -> None:
    """A score of 0.7 passes a threshold of 0.7, though neither can be written in binary."""
    model_server.answer_with([Box(18, 0.7)])
    address = open_result()

    page.locator("#threshold").fill("0.7")
    by_script = names(page)
    page.goto(f"{address}?threshold=0.7")

    assert by_script == names(page) == ["dog"]


def test_names_filter_at_once(open_result: Open, page: Page) -> None:
    """Choosing a name shows it alone, in table, picture and address."""
    open_result()

    page.locator(".chip", has_text="person").click()

    assert names(page) == ["person"]
    expect(page.locator(".box")).to_have_count(1)
    assert page.url.endswith("?threshold=0.5&label=person")
    page.reload()
    assert names(page) == ["person"]


def test_row_lights_its_box_and_the_reverse(open_result: Open, page: Page) -> None:
    """Pointing at one of the two shows the other."""
    open_result()

    page.locator("tbody tr").nth(1).hover()
    expect(page.locator(".box.is-lit")).to_have_attribute("data-finding", "1")
    page.locator("tbody a").nth(2).focus()
    expect(page.locator(".box.is-lit")).to_have_attribute("data-finding", "2")
    page.locator(".box[data-finding='0'] .box__line").hover(position={"x": 5, "y": 20})

    expect(page.locator("tr.is-lit")).to_have_attribute("data-finding", "0")


def test_views_change_and_are_kept(open_result: Open, page: Page) -> None:
    """One view hides the original, one lays it over the boxes; the next result opens alike."""
    address = open_result()
    original = page.locator(".picture--original")

    page.check("[value=boxes]")
    expect(original).to_be_hidden()
    page.check("[value=slide]")
    page.locator("[data-divider]").fill("25")
    page.goto(address)

    expect(page.locator("[value=slide]")).to_be_checked()
    boxes = page.locator(".picture--boxes").bounding_box()
    assert boxes == original.bounding_box()


def test_pictures_grow_together_and_are_moved_by_keyboard(open_result: Open, page: Page) -> None:
    """Zooming enlarges both; moving one moves the other; fitting puts all back."""
    open_result()
    frames, canvas = page.locator("[data-frame]"), page.locator("[data-canvas]").first
    before = canvas.evaluate("canvas => canvas.offsetWidth")

    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    grown = canvas.evaluate("canvas => canvas.offsetWidth")
    frames.first.evaluate("frame => frame.scrollTo(10, 5)")
    expect(frames.nth(1)).to_have_js_property("scrollLeft", 10)
    page.get_by_role("button", name="Fit").click()

    assert grown == pytest.approx(4 * before, abs=2)
    assert canvas.evaluate("canvas => canvas.offsetWidth") == before
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()


def test_names_of_boxes_do_not_lie_on_each_other(open_result: Open, page: Page) -> None:
    """Boxes at the same place have their names beside each other, or one of them waits."""
    open_result()

    tags = page.locator(".box__tag:not(.box__tag--crowded)").evaluate_all(
        "tags => tags.map(tag => tag.getBoundingClientRect().toJSON())"
    )

    pairs = [(one, other) for index, one in enumerate(tags) for other in tags[:index]]
    assert tags
    assert not [pair for pair in pairs if _overlap(*pair)]


def _overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    across = one["left"] < other["right"] and other["left"] < one["right"]
    return across and one["top"] < other["bottom"] and other["top"] < one["bottom"]


def test_another_class_is_explained_without_reloading(open_result: Open, page: Page) -> None:
    """Choosing a class changes heat map, caption, address and download."""
    address = open_result("namer")
    page.evaluate("window.isSamePage = true")

    page.get_by_role("link", name="macaw").click()

    expect(page.locator("figcaption").first).to_have_text("What speaks for “macaw”")
    expect(page.locator("tr.is-chosen")).to_contain_text("macaw")
    assert (
        page.locator(".heat").evaluate("heat => heat.src") == f"{address}/heat_map.png?class_id=3"
    )
    assert "class_id=3" in page.url
    assert "class_id=3" in (page.get_by_text("Picture with heat map").get_attribute("href") or "")
    assert page.evaluate("window.isSamePage") is True


def test_heat_map_fades(open_result: Open, page: Page) -> None:
    """The slider changes how strong the overlay is, here and in the download."""
    open_result("namer")

    page.locator("[data-opacity]").fill("0.25")

    assert page.locator(".heat").evaluate("heat => getComputedStyle(heat).opacity") == "0.25"
    link = page.get_by_text("Picture with heat map").get_attribute("href") or ""
    assert link.endswith("opacity=0.25")


def test_missing_heat_map_is_explained(
    chromium: Browser, open_result: Open, model_server: FakeModelServer
) -> None:
    """Where the model server is away the page says so in place of a broken picture."""
    address = open_result("namer")
    model_server.failure = UnavailableError
    model_server.heat_map_hw = np.ones((3, 3), np.float32)
    page = chromium.new_page()  # whose console says that a picture is missing

    page.goto(f"{address}?class_id=2")

    expect(page.locator("[data-heat-failure]")).to_be_visible()
    expect(page.locator(".heat")).to_be_hidden()
    page.close()


def test_gallery_offers_what_is_possible(site: RunningSite, open_result: Open, page: Page) -> None:
    """One chosen result can be deleted, two can be compared."""
    open_result()
    open_result()
    page.goto(f"{site.url}/results")
    compare = page.get_by_role("button", name="Compare")
    delete = page.get_by_role("button", name="Delete")

    expect(delete).to_be_disabled()
    page.locator("[name=result]").nth(0).check()
    expect(delete).to_be_enabled()
    expect(compare).to_be_disabled()
    page.locator("[name=result]").nth(1).check()
    compare.click()

    expect(page.locator("h1")).to_have_text("2 results side by side")


def test_address_is_copied(open_result: Open, page: Page) -> None:
    """The button puts the page's address into the clipboard, threshold included."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_result()
    page.locator("#threshold").fill("0.3")

    page.get_by_role("button", name="Copy this page's address").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_paper_has_pictures_and_table_alone(open_result: Open, page: Page) -> None:
    """Printed, a result has no buttons and fields."""
    open_result()

    page.emulate_media(media="print")

    expect(page.locator("table")).to_be_visible()
    expect(page.locator(".picture--boxes img")).to_be_visible()
    expect(page.locator("button:visible, input:visible, nav:visible")).to_have_count(0)


def test_result_is_reached_by_keyboard_alone(
    site: RunningSite, page: Page, photo: Callable[[int], bytes]
) -> None:
    """Tab and Enter lead from the form to a result, its threshold and back."""
    page.goto(site.url)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "image"
    page.set_input_files("#image", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1)})
    page.get_by_role("button", name="Find objects").focus()

    page.keyboard.press("Enter")
    page.wait_for_url("**/results/*")
    page.locator("#threshold").focus()
    page.keyboard.press("End")

    expect(page.locator("h1")).to_contain_text("Nothing found")


def test_object_is_explained_with_progress(open_result: Open, page: Page) -> None:
    """The button starts an explanation, which ends as a heat map over the picture."""
    open_result()

    page.get_by_role("button", name="Why?").first.click()

    expect(page.get_by_role("heading", name="Why “dog”?")).to_be_visible()
    expect(page.locator("[data-explain-status]")).to_contain_text("Done", timeout=60_000)
    heat = page.locator(".picture--boxes .heat")
    expect(heat).to_be_visible()
    expect(heat).to_have_js_property("complete", value=True)
    assert heat.evaluate("heat => heat.naturalWidth") > 0


def test_explanation_can_be_stopped(
    open_result: Open, page: Page, model_server: FakeModelServer
) -> None:
    """Pressing stop ends it, and leaves the picture as it was."""
    open_result()
    gate = Event()
    model_server.on_predict = lambda: gate.wait(20)

    page.get_by_role("button", name="Why?").first.click()
    expect(page.locator("[data-explain-progress]")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    gate.set()

    expect(page.locator("[data-explain-status]")).to_have_text("Stopped.")
    expect(page.locator(".heat")).to_have_count(0)


def test_explanation_without_a_server_says_why(
    open_result: Open, page: Page, model_server: FakeModelServer
) -> None:
    """A model server that is away is a sentence where the progress was."""
    open_result()
    model_server.failure = UnavailableError

    page.get_by_role("button", name="Why?").first.click()

    expect(page.locator("[data-explain-status]")).to_contain_text(
        "The model server cannot be reached", timeout=30_000
    )
