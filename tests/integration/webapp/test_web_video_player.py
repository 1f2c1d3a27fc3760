"""The player of a video in Chromium: boxes over what moves, lanes, scrubber, form and downloads."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.webapp.video_player import (
    WAIT_MS,
    drawn_box,
    drawn_square,
    expect_moment,
    scrubber,
    tags,
)
from tests.video_rows import CAT, DOG, DONE, Found, frame, keep
from tests.videos import SIZE_WH, write_mp4, write_webm
from webapp import Settings
from webapp.services import parts_of
from webapp.testing import FakeModelServer, RunningSite, install_model
from webapp.videos.video import AnnotationState

pytestmark = pytest.mark.browser

STEP_S = 0.5
DURATION_S = 4.0
# The made square of 20 pixels, which comes in second 1 and moves 20 pixels a second.
SQUARE = 20


def square(index: int) -> tuple[Found, ...]:
    """What a good model finds at a sampled moment: the square, and a doubtful cat beside it."""
    moment_s = index * STEP_S
    if moment_s < 1:
        return ()
    left = SQUARE * moment_s
    box = (left, 40.0, left + SQUARE, 40.0 + SQUARE)
    return (DOG, 0.9, box), (CAT, 0.4, (100.0, 80.0, 140.0, 110.0))


FRAMES = [frame(index, *square(index), step_s=STEP_S) for index in range(8)]
VIDEO = replace(
    DONE,
    width=SIZE_WH[0],
    height=SIZE_WH[1],
    duration_s=DURATION_S,
    samples_per_s=1 / STEP_S,
    frames_done=len(FRAMES),
)


MP4, WEBM, BROKEN = "1" * 32, "2" * 32, "3" * 32


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of the moving square."""
    return write_mp4(tmp_path_factory.mktemp("videos") / "square.mp4", DURATION_S)


@pytest.fixture(scope="module")
def showing(tmp_path_factory: pytest.TempPathFactory, mp4: Path) -> Iterator[RunningSite]:
    """A site with finished videos, for tests that only look: MP4, WebM, and no video at all."""
    folder = tmp_path_factory.mktemp("site")
    webm = write_webm(folder / "square.webm", codec="libvpx-vp9")
    install_model(folder / "models", "toy")
    settings = Settings(
        model_repository=folder / "models",
        originals=folder / "originals",
        database_url=f"sqlite:///{folder}/results.sqlite3",
    )
    with RunningSite(settings, FakeModelServer(), samples_folder=folder / "samples") as site:
        store(site, MP4, ".mp4", mp4.read_bytes())
        store(site, WEBM, ".webm", webm.read_bytes(), duration_s=3.0)
        store(site, BROKEN, ".mov", b"no video", annotation=AnnotationState.DONE)
        yield site


def store(site: RunningSite, video_id: str, suffix: str, data: bytes, **changes: Any) -> None:
    """Put a finished video into a site."""
    video = replace(VIDEO, id=video_id, original_name=video_id + suffix, **changes)
    parts = parts_of(site.app)
    keep(parts, video, FRAMES)
    place = parts.settings.originals / video_id[:2] / video.original_name
    place.parent.mkdir()
    place.write_bytes(data)


@pytest.fixture
def player(showing: RunningSite, page: Page) -> Page:
    """The page of the moving square, which can be played."""
    page.goto(f"{showing.url}/videos/{MP4}")
    expect(scrubber(page)).to_have_attribute(
        "aria-valuetext", re.compile("nothing"), timeout=WAIT_MS
    )
    return page


def test_box_lies_over_the_object(player: Page) -> None:
    """At each moment that was looked at, the box is where the square is in the frame shown."""
    scrubber(player).focus()
    for moment in ("0:00.5", "0:01.0", "0:01.5", "0:02.0", "0:02.5"):
        player.keyboard.press("ArrowRight")
        expect_moment(player, moment)

    expect(tags(player)).to_have_text(re.compile(r"dog\s+90 %"))
    # Half a pixel of a video that is 160 wide, and the line around the box.
    assert drawn_box(player) == pytest.approx(drawn_square(player), abs=0.02)


def test_nothing_is_drawn_where_nothing_was_found(player: Page) -> None:
    """Before the square comes there is no box, and the words say so."""
    expect(tags(player)).to_have_count(0)
    expect(scrubber(player)).to_have_attribute("aria-valuetext", "0:00.0 of 0:04.0, nothing found")


def test_arrow_keys_go_from_look_to_look(player: Page) -> None:
    """Left and right go to the moments that were looked at; Home and End to the ends."""
    scrubber(player).focus()

    player.keyboard.press("ArrowRight")
    expect_moment(player, "0:00.5")
    player.keyboard.press("ArrowRight")
    expect_moment(player, "0:01.0")
    player.keyboard.press("ArrowLeft")
    expect_moment(player, "0:00.5")
    player.keyboard.press("ArrowLeft")
    player.keyboard.press("ArrowLeft")
    expect_moment(player, "0:00.0")
    player.keyboard.press("End")
    expect_moment(player, "0:03.9")
    player.keyboard.press("Home")
    expect_moment(player, "0:00.0")


def test_scrubber_and_the_videos_own_controls_agree(player: Page) -> None:
    """Wherever somebody seeks, both show the same moment."""
    scrubber(player).focus()
    player.keyboard.press("ArrowRight")
    expect_moment(player, "0:00.5")
    assert player.evaluate("document.querySelector('video').currentTime") == pytest.approx(
        0.5, abs=0.01
    )

    player.evaluate("document.querySelector('video').currentTime = 3.05")

    expect_moment(player, "0:03.0")
    assert float(scrubber(player).input_value()) == pytest.approx(3.0, abs=0.06)


def test_playing_moves_boxes_and_scrubber(player: Page) -> None:
    """While the video plays, the boxes come with it, and the button becomes one to pause."""
    player.get_by_role("button", name="Play", exact=True).click()

    expect(player.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(tags(player)).to_have_count(1, timeout=WAIT_MS)
    expect(player.locator("[data-seen]")).to_have_text("dog")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect_moment(player, "0:03.9")


def test_space_on_the_scrubber_plays_and_pauses(player: Page) -> None:
    """Whoever has no pointer plays from the scrubber."""
    scrubber(player).focus()

    player.keyboard.press("Space")
    expect(player.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    player.keyboard.press("Space")

    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_click_on_a_lane_jumps_there(player: Page) -> None:
    """A click in the middle of the chart shows the middle of the video."""
    track = player.locator("[data-lane=dog] [data-track]")
    place = track.bounding_box()
    assert place is not None

    track.click(position={"x": place["width"] / 2, "y": place["height"] / 2})

    expect_moment(player, "0:02.0")
    expect(tags(player)).to_have_count(1)


def test_buttons_lead_to_where_something_appears(player: Page) -> None:
    """The buttons beside Play go to the moments at which objects come."""
    player.get_by_role("button", name="To where something appears next").click()
    expect_moment(player, "0:01.0")
    player.keyboard.press("Tab")
    scrubber(player).focus()
    player.keyboard.press("End")
    expect_moment(player, "0:03.9")

    player.get_by_role("button", name="To where something appeared before").click()

    expect_moment(player, "0:01.0")


def test_moment_in_a_table_moves_the_player(player: Page) -> None:
    """The links of the tables do not leave the page."""
    player.get_by_role("link", name="0:01.0").first.click()

    expect_moment(player, "0:01.0")
    assert "#" not in player.url


def test_threshold_shows_more_at_once(player: Page) -> None:
    """Boxes, lanes, table and heading follow the slider, and so does the address."""
    player.get_by_role("link", name="0:01.0").first.click()
    expect(tags(player)).to_have_count(1, timeout=WAIT_MS)
    expect(player.locator("[data-lane]")).to_have_count(1)

    player.get_by_label("Show from").fill("0.3")

    expect(tags(player)).to_have_count(2)
    expect(player.locator("[data-lane]")).to_have_count(2, timeout=WAIT_MS)
    expect(player.locator("h1")).to_contain_text("2 kinds of objects found")
    expect(player.get_by_role("rowheader", name="cat")).to_be_visible()
    expect(player).to_have_url(re.compile(r"threshold=0\.3"))
    link = player.get_by_role("link", name="Boxes and counts")
    expect(link).to_have_attribute("href", re.compile(r"threshold=0\.3$"))


def test_names_choose_boxes_and_lanes(player: Page) -> None:
    """A name that is chosen is the only one that is left."""
    player.get_by_label("Show from").fill("0.3")
    expect(player.locator("[data-lane]")).to_have_count(2, timeout=WAIT_MS)

    player.get_by_label("cat", exact=True).check(force=True)

    expect(player.locator("[data-lane]")).to_have_count(1, timeout=WAIT_MS)
    expect(player.locator("[data-lane=cat]")).to_be_visible()
    player.get_by_role("link", name="0:01.0").first.click()
    expect(tags(player)).to_have_text(re.compile("cat"), timeout=WAIT_MS)


def test_boxes_can_be_switched_off(player: Page) -> None:
    """The video can be seen as it was sent."""
    player.get_by_role("link", name="0:01.0").first.click()
    expect(tags(player)).to_be_visible(timeout=WAIT_MS)

    player.get_by_label("Boxes", exact=True).uncheck()

    expect(tags(player)).to_be_hidden()


def test_downloads_are_the_file_and_its_boxes(player: Page, mp4: Path) -> None:
    """The original comes byte for byte; the boxes come as JSON of the threshold shown."""
    with player.expect_download() as original:
        player.get_by_role("link", name="Original").click()
    with player.expect_download() as boxes:
        player.get_by_role("link", name="Boxes and counts").click()

    assert original.value.path().read_bytes() == mp4.read_bytes()
    found = json.loads(boxes.value.path().read_text())
    assert [len(each["objects"]) for each in found["frames"]] == [0, 0, 1, 1, 1, 1, 1, 1]


def test_webm_plays_too(showing: RunningSite, page: Page) -> None:
    """A VP9 file plays, with boxes."""
    page.goto(f"{showing.url}/videos/{WEBM}")

    page.get_by_role("link", name="0:01.0").first.click()

    expect(tags(page)).to_have_count(1, timeout=WAIT_MS)


def test_file_that_cannot_be_played_says_so(showing: RunningSite, chromium: Browser) -> None:
    """Where the browser does not know the codec, chart and tables stay, and there is a way on."""
    page = chromium.new_page()  # whose console may complain
    page.goto(f"{showing.url}/videos/{BROKEN}")

    expect(page.get_by_text("Your browser cannot play this file")).to_be_visible(timeout=WAIT_MS)

    expect(page.locator("video")).to_be_hidden()
    expect(page.locator("[data-lane=dog]")).to_be_visible()
    expect(page.locator(".player").get_by_role("link", name="Video with boxes")).to_be_visible()
    page.close()


def test_page_works_without_scripts(showing: RunningSite, chromium: Browser) -> None:
    """With scripts off there are the video, the chart, both tables, and a form that filters."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{showing.url}/videos/{MP4}")

    expect(page.locator("video")).to_be_visible()
    expect(page.locator("[data-lane=dog]")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_hidden()
    page.get_by_label("Show from").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("h1")).to_contain_text("2 kinds of objects found")
    context.close()


def test_page_fits_a_small_phone(showing: RunningSite, page: Page) -> None:
    """On 320 pixels nothing is wider than the screen, with the tables open."""
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(f"{showing.url}/videos/{MP4}?threshold=0.3")

    page.get_by_text("Counts over time as a table").click()

    expect(page.get_by_role("columnheader", name="From")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
