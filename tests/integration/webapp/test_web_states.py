"""Every page in every state, in headless Chromium: readable by all, on any screen, in any light.

Screenshots go to build/screenshots, for people to look at.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from serving_client import UnavailableError
from tests import axe, video_rows
from tests.camera import camera_flags, write_film
from tests.videos import write_mp4
from webapp import Settings
from webapp.samples import BUNDLED
from webapp.services import Services, parts_of
from webapp.testing import Box, FakeModelServer, RunningSite, install_classifier, install_model
from webapp.videos.video import StoredVideo, VideoState

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=1000)
LOOKS = [("light", DESK), ("dark", DESK), ("dark", PHONE), ("light", PHONE)]
WAIT_MS = 60_000
PARCEL, TICKET = BUNDLED / "parcel.jpg", BUNDLED / "ticket.jpg"


@dataclass
class Visitor:
    """Somebody at a browser, and the server that answers."""

    page: Page
    url: str
    model_server: FakeModelServer
    models: Path
    parts: Services

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def send(self, *files: Path, model: str = "toy") -> None:
        self.go("/")
        self.page.check(f"[value={model}]")
        self.page.set_input_files("#image", files)
        self.page.click("[data-busy-label] >> nth=0")
        self.page.wait_for_url("**/batches/*" if len(files) > 1 else "**/results/*")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # stress runs of others are elsewhere
    install_model(tmp_path / "models", "toy")
    install_model(tmp_path / "models", "careful", rank=50, threshold=0.8)
    install_classifier(tmp_path / "models", "namer")
    return Settings(
        model_repository=tmp_path / "models",
        originals=tmp_path / "originals",
        database_url=f"sqlite:///{tmp_path}/results.sqlite3",
        stress="on",
    )


@pytest.fixture(scope="module")
def chromium_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A webcam that looks at a parcel."""
    folder = tmp_path_factory.mktemp("camera")
    return camera_flags(write_film(folder / "film.mjpeg", [PARCEL]))


@pytest.fixture
def samples_folder() -> Path:
    return BUNDLED


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds a few things, and warms a picture's middle."""
    boxes = [
        Box(18, 0.93, (0.08, 0.08, 0.85, 0.6)),
        Box(44, 0.71, (0.2, 0.66, 0.45, 0.9)),
        Box(1, 0.56, (0.55, 0.64, 0.9, 0.9)),
        Box(17, 0.31, (0.6, 0.1, 0.9, 0.5)),
    ]
    server = FakeModelServer(boxes, version=3)
    down, across = np.mgrid[:7, :7]
    server.heat_map_hw = np.exp(-((across - 3) ** 2 + (down - 2) ** 2) / 4).astype(np.float32)
    return server


@pytest.fixture
def visitor(
    site: RunningSite, chromium: Browser, model_server: FakeModelServer, settings: Settings
) -> Iterator[Visitor]:
    # Without motion nothing is caught half way between two colours.
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Visitor(page, site.url, model_server, settings.model_repository, parts_of(site.app))
    context.close()
    assert errors == []


def form(visitor: Visitor) -> None:
    visitor.go("/")


def form_with_many(visitor: Visitor) -> None:
    visitor.go("/")
    visitor.page.set_input_files("#image", [PARCEL, TICKET, BUNDLED / "board.jpg"])


def form_with_a_bad_file(visitor: Visitor) -> None:
    visitor.go("/")
    bad: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"text"}
    visitor.page.set_input_files("#image", bad)


def form_without_models(visitor: Visitor) -> None:
    for card in visitor.models.glob("*/model.toml"):
        card.unlink()
    visitor.go("/")


def result(visitor: Visitor) -> None:
    visitor.send(PARCEL)


def result_under_the_slider(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.page.check("[value=slide]")


def result_enlarged(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.page.get_by_role("button", name="Zoom in").click()


def result_of_nothing(visitor: Visitor) -> None:
    visitor.model_server.answer_with([Box(18, 0.2)])
    visitor.send(PARCEL)


def classes(visitor: Visitor) -> None:
    visitor.send(PARCEL, model="namer")


def comparison(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.page.get_by_role("button", name="Compare").click()
    visitor.page.wait_for_url("**/compare?*")


def gallery(visitor: Visitor) -> None:
    visitor.send(PARCEL, model="namer")
    visitor.send(TICKET)
    visitor.model_server.failure = UnavailableError
    visitor.send(BUNDLED / "board.jpg")
    visitor.go("/results")
    visitor.page.check("[name=result] >> nth=0")


def gallery_of_nothing(visitor: Visitor) -> None:
    visitor.go("/results")


def gallery_where_nothing_fits(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.go("/results?label=unicorn")


def deletion(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.page.get_by_role("link", name="Delete").click()


def batch(visitor: Visitor) -> None:
    visitor.send(PARCEL, TICKET, BUNDLED / "board.jpg")


def status(visitor: Visitor) -> None:
    visitor.send(PARCEL)
    visitor.go("/status")


def status_without_a_server(visitor: Visitor) -> None:
    visitor.model_server.failure = UnavailableError
    visitor.go("/status")


def result_without_an_answer(visitor: Visitor) -> None:
    visitor.model_server.failure = UnavailableError
    visitor.send(PARCEL)


def login(visitor: Visitor) -> None:
    visitor.go("/login")


def login_refused(visitor: Visitor) -> None:
    visitor.go("/login")
    visitor.page.get_by_label("Name").fill("nobody")
    visitor.page.get_by_label("Password").fill("a wrong password")
    visitor.page.locator("main").get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_text("The name or the password is wrong")).to_be_visible()


def api_reference(visitor: Visitor) -> None:
    visitor.go("/reference")
    expect(visitor.page.locator(".opblock").first).to_be_visible()


def stress_form(visitor: Visitor) -> None:
    visitor.go("/stress")


def stress_refused(visitor: Visitor) -> None:
    start_stress(visitor, loads="8, 4")
    expect(visitor.page.get_by_text("Loads go up")).to_be_visible()


def stress_running(visitor: Visitor) -> None:
    visitor.model_server.on_predict = lambda: time.sleep(0.02)
    start_stress(visitor, loads="1, 2, 4", step_s="0.4")
    expect(visitor.page.locator("[data-live=over]")).to_be_visible(timeout=WAIT_MS)
    start_stress(visitor, loads="4, 8", step_s="60")
    expect(visitor.page.locator("[data-part=view] svg")).to_be_visible(timeout=WAIT_MS)


def stress_finished(visitor: Visitor) -> None:
    lock = threading.Semaphore(2)

    def two_at_a_time() -> None:
        with lock:
            time.sleep(0.01)

    visitor.model_server.on_predict = two_at_a_time
    start_stress(visitor, loads="1, 2, 4, 8, 24", step_s="0.5")
    expect(visitor.page.locator("[data-live=over]")).to_be_visible(timeout=WAIT_MS)


def stress_reports(visitor: Visitor) -> None:
    stress_finished(visitor)
    visitor.go("/stress")


def start_stress(visitor: Visitor, **fields: str) -> None:
    visitor.go("/stress")
    for name, value in fields.items():
        visitor.page.fill(f"#{name}", value)
    visitor.page.get_by_role("button", name="Start").click()


def keep_video(visitor: Visitor, video: StoredVideo) -> None:
    """Have a video as a worker leaves it, with its file."""
    video_rows.keep(visitor.parts, video)
    place = visitor.parts.settings.originals / video.original_name[:2] / video.original_name
    place.parent.mkdir(exist_ok=True)
    write_mp4(place, video_rows.DONE.duration_s or 0)


def video_in(visitor: Visitor, video: StoredVideo) -> None:
    keep_video(visitor, video)
    visitor.go(f"/videos/{video.id}")


def videos(visitor: Visitor) -> None:
    for number, state in enumerate(VideoState):
        video = video_rows.at_station(state, id=str(number) * 32)
        video_rows.keep(visitor.parts, video)
    visitor.go("/videos")


def videos_of_nobody(visitor: Visitor) -> None:
    visitor.go("/videos")


def video_being_sent(visitor: Visitor) -> None:
    visitor.go("/videos")
    visitor.page.route("**/videos", lambda _route: None)
    video: FilePayload = {"name": "gate.mp4", "mimeType": "video/mp4", "buffer": b"x" * 9000}
    visitor.page.set_input_files("#video", video)
    visitor.page.get_by_role("button", name="Find objects").click()


def video_running(visitor: Visitor) -> None:
    video_in(visitor, video_rows.at_station(VideoState.RUNNING))


def video_failed(visitor: Visitor) -> None:
    sentence = "The file is damaged 2 seconds after its start."
    video_in(visitor, video_rows.at_station(VideoState.FAILED, failure_sentence=sentence))


def video_failed_at_once(visitor: Visitor) -> None:
    sentence = "There is no video in this file, only sound."
    video_in(visitor, video_rows.before_any_work(VideoState.FAILED, failure_sentence=sentence))


def video_stopped(visitor: Visitor) -> None:
    video_in(visitor, video_rows.at_station(VideoState.CANCELLED))


def video_done(visitor: Visitor) -> None:
    video_in(visitor, video_rows.DONE)
    visitor.page.get_by_text("Counts over time as a table").click()
    visitor.page.get_by_role("link", name="0:01.5").click()
    expect(visitor.page.locator(".player .box__tag")).to_have_count(2, timeout=20_000)


def video_deletion(visitor: Visitor) -> None:
    keep_video(visitor, video_rows.DONE)
    visitor.go(f"/videos/{video_rows.DONE.id}/delete")


def nowhere(visitor: Visitor) -> None:
    visitor.go("/nowhere")


def live(visitor: Visitor) -> None:
    visitor.go("/live")


def live_looking(visitor: Visitor) -> None:
    visitor.page.context.grant_permissions(["camera"])
    visitor.go("/live")
    visitor.page.click("[data-start]")
    visitor.page.click("[data-snapshot]:enabled")
    expect(visitor.page.locator("[data-snapshots] a").first).to_be_visible()
    expect(visitor.page.locator(".box")).to_have_count(3)


def live_waiting(visitor: Visitor) -> None:
    visitor.page.context.grant_permissions(["camera"])
    visitor.model_server.failure = UnavailableError
    visitor.go("/live")
    visitor.page.click("[data-start]")
    expect(visitor.page.locator("[data-state=waiting]")).to_be_visible()


def live_refused(visitor: Visitor) -> None:
    visitor.go("/live")
    visitor.page.click("[data-start]")
    expect(visitor.page.locator("[data-message] .notice")).to_be_visible()


def live_without_models(visitor: Visitor) -> None:
    for card in visitor.models.glob("*/model.toml"):
        card.unlink()
    visitor.go("/live")


STATES: list[Callable[[Visitor], None]] = [
    form, form_with_many, form_with_a_bad_file, form_without_models,
    result, result_under_the_slider, result_enlarged, result_of_nothing, classes, comparison,
    gallery, gallery_of_nothing, gallery_where_nothing_fits, deletion, batch,
    status, status_without_a_server, result_without_an_answer,
    login, login_refused, api_reference, nowhere,
    stress_form, stress_refused, stress_running, stress_finished, stress_reports,
    live, live_looking, live_waiting, live_refused, live_without_models,
    videos, videos_of_nobody, video_being_sent, video_running, video_failed, video_failed_at_once,
    video_stopped, video_done, video_deletion,
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_page_is_without_barriers(visitor: Visitor, state: Callable[[Visitor], None]) -> None:
    """Light or dark, on a phone or a desk: axe finds nothing, and nothing is wider than the screen.

    A picture of each look is kept.
    """
    page, program = visitor.page, axe.program()
    state(visitor)

    problems = []
    for theme, size in LOOKS:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
        page.set_viewport_size(size)
        name = f"{state.__name__}-{theme}-{size['width']}"
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        problems += [f"{name}: {each}" for each in axe.barriers(page, program)]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            problems.append(f"{name}: the page scrolls sideways")

    assert problems == []
