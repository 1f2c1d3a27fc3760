"""From a file in the form to a playing result, in Chromium, with a worker at work."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.integration.webapp.video_player import (
    WAIT_MS,
    drawn_box,
    drawn_square,
    expect_moment,
    scrubber,
    tags,
)
from tests.videos import write_mp4, write_sound
from webapp.services import parts_of
from webapp.testing import Box, FakeModelServer, RunningSite
from webapp.video_worker.worker import VideoWorker

pytestmark = pytest.mark.browser


def see_square(pixels: NDArray[np.uint8]) -> Sequence[Box]:
    """Find a white square, in whatever size the picture has."""
    rows, columns = np.nonzero(pixels[:, :, 1] > 200)
    if not len(rows):
        return []
    height, width = pixels.shape[:2]
    edges = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
    top, left, bottom, right = edges / np.array([height, width] * 2)
    return [Box(18, 0.9, (top, left, bottom, right))]


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds white squares."""
    server = FakeModelServer(version=3)
    server.look = see_square
    return server


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds in which a square comes in second 1."""
    return write_mp4(tmp_path_factory.mktemp("videos") / "clip.mp4")


class Work:
    """A worker in a thread, which can be made to wait before each answer."""

    def __init__(self, site: RunningSite, model_server: FakeModelServer) -> None:
        parts = parts_of(site.app)
        self.may_answer = Event()
        self.may_answer.set()
        model_server.on_predict = lambda: self.may_answer.wait(30)
        self._worker = VideoWorker(parts, parts.settings)
        self._thread = Thread(target=self._worker.run)

    def start(self) -> None:
        """Begin to look at what waits."""
        self._thread.start()

    def end(self) -> None:
        """Stop, whatever it is at."""
        self.may_answer.set()
        self._worker.stop()
        if self._thread.ident is not None:
            self._thread.join(30)
        self._worker.close()


@pytest.fixture
def work(site: RunningSite, model_server: FakeModelServer) -> Iterator[Work]:
    """A worker that has not begun yet."""
    work = Work(site, model_server)
    yield work
    work.end()


def send(page: Page, site: RunningSite, file: Path) -> None:
    page.goto(f"{site.url}/videos")
    page.set_input_files("#video", file)
    page.get_by_role("button", name="Find objects").click()


def leave_waiting(_route: Route) -> None:
    """Answer a request never, as a slow network does."""


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("notes.txt", b"text", "“notes.txt” is not a .mp4, .webm or .mov file."),
        ("none.mp4", b"", "“none.mp4” is empty."),
    ],
)
def test_bad_file_is_named_before_it_is_sent(
    site: RunningSite, page: Page, *, name: str, data: bytes, sentence: str
) -> None:
    """A file that would be refused is refused at once, and taken out of the form."""
    page.goto(f"{site.url}/videos")
    payload: FilePayload = {"name": name, "mimeType": "video/mp4", "buffer": data}

    page.set_input_files("#video", payload)

    expect(page.locator("[data-message]")).to_contain_text(sentence)
    assert page.input_value("#video") == ""


def test_file_without_a_video_in_it_is_refused_where_it_was_chosen(
    site: RunningSite, chromium: Browser, tmp_path: Path
) -> None:
    """What only looks like a video is refused with a sentence, and the form is as it was."""
    page = chromium.new_page()  # whose console says that a file was refused
    (tmp_path / "letter.mp4").write_text("Dear reader,")

    send(page, site, tmp_path / "letter.mp4")

    expect(page.locator("[data-message] .notice__title")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("[data-message]")).to_contain_text("Nothing was kept")
    expect(page.get_by_role("button", name="Find objects")).to_be_enabled()
    page.close()


def test_sending_shows_progress_and_can_be_stopped(
    site: RunningSite, page: Page, clip: Path
) -> None:
    """While a file is on its way there is a bar; stopping it brings the form back."""
    page.goto(f"{site.url}/videos")
    page.route("**/videos", leave_waiting)
    page.set_input_files("#video", clip)
    page.get_by_role("button", name="Find objects").click()
    sending = page.get_by_role("region", name="Upload")
    expect(sending.get_by_role("progressbar", name="Sent")).to_be_visible()
    expect(sending).to_contain_text("clip.mp4")

    sending.get_by_role("button", name="Stop").click()

    expect(sending).to_be_hidden()
    expect(page.locator("[data-status]")).to_have_text("Stopped. Nothing was kept.")
    expect(page.get_by_role("button", name="Find objects")).to_be_enabled()
    assert page.evaluate("document.querySelector('#video').files[0].name") == "clip.mp4"


def test_video_is_sent_looked_at_and_played(
    site: RunningSite, page: Page, work: Work, clip: Path
) -> None:
    """From the form to boxes at the right moments over the right object, on one page."""
    send(page, site, clip)
    page.wait_for_url("**/videos/*", timeout=WAIT_MS)
    expect(page.locator("h1")).to_have_text("Waiting to look at clip.mp4")
    page.evaluate("globalThis.isSamePage = true")

    work.start()

    expect(page.locator("h1")).to_have_text("1 kind of object found in clip.mp4", timeout=60_000)
    assert page.evaluate("globalThis.isSamePage") is True
    expect(scrubber(page)).to_have_attribute("aria-valuetext", "0:00.0 of 0:03.0, nothing found")
    page.get_by_role("button", name="To where something appears next").click()
    expect_moment(page, "0:01.0")
    expect(tags(page)).to_have_count(1, timeout=WAIT_MS)
    assert drawn_box(page) == pytest.approx(drawn_square(page), abs=0.03)
    expect(page.get_by_role("link", name="Video with boxes")).to_be_visible(timeout=60_000)
    assert page.evaluate("globalThis.isSamePage") is True


def test_work_is_stopped_and_taken_up_again(
    site: RunningSite, page: Page, work: Work, clip: Path
) -> None:
    """Stopped, a video says where; then it goes on from there to its end."""
    work.may_answer.clear()
    send(page, site, clip)
    page.wait_for_url("**/videos/*", timeout=WAIT_MS)
    work.start()
    expect(page.locator("h1")).to_have_text("Looking at clip.mp4", timeout=WAIT_MS)

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Stopped at")).to_be_visible(timeout=WAIT_MS)
    work.may_answer.set()
    page.get_by_role("button", name="Go on").click()

    expect(page.locator("h1")).to_have_text("1 kind of object found in clip.mp4", timeout=60_000)


def test_failure_is_said_while_somebody_looks(
    site: RunningSite, page: Page, work: Work, tmp_path: Path
) -> None:
    """A file of sound alone fails in the worker, and its open page says why."""
    send(page, site, write_sound(tmp_path / "song.mp4"))
    page.wait_for_url("**/videos/*", timeout=WAIT_MS)

    work.start()

    expect(page.locator("h1")).to_have_text("Could not look at song.mp4", timeout=60_000)
    expect(page.get_by_text("The video is kept as you sent it.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_everything_works_without_scripts(
    site: RunningSite, chromium: Browser, work: Work, clip: Path
) -> None:
    """With scripts off a video is sent, its page comes again by itself, and it is deleted."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    send(page, site, clip)
    expect(page.locator("h1")).to_have_text("Waiting to look at clip.mp4", timeout=WAIT_MS)

    work.start()

    expect(page.locator("h1")).to_have_text("1 kind of object found in clip.mp4", timeout=60_000)
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete the video").click()
    expect(page.get_by_text("The video is deleted")).to_be_visible()
    expect(page.get_by_text("No videos yet")).to_be_visible()
    context.close()
