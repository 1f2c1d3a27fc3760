"""The live page with a webcam made by the test, in Chromium, and a model server in this process."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, expect

from serving_client import ResourceExhaustedError, UnavailableError
from tests.camera import camera_flags
from tests.conftest import CHROMIUM_FLAGS
from tests.live_page import LivePage, adds_up
from webapp import Settings
from webapp.testing import Box, FakeModelServer, RunningSite, install_model

pytestmark = pytest.mark.browser

ELSEWHERE = "sightline.example"
Open = Callable[..., LivePage]


@pytest.fixture(scope="module")
def chromium_flags() -> list[str]:
    """Two webcams, and a name for this machine from which browsers lend none."""
    return [*camera_flags(), f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A person who lends the camera, and whose browser throws no error."""
    context = chromium.new_context(permissions=["camera"], viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Policy" in line.text else None)
    yield page
    assert errors == []


@pytest.fixture
def live(site: RunningSite, page: Page) -> LivePage:
    return LivePage(page, site.url)


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds a dog on the left, and perhaps a person on the right."""
    left, right = Box(18, 0.9, (0.1, 0.05, 0.9, 0.45)), Box(1, 0.3, (0.2, 0.6, 0.8, 0.95))
    return FakeModelServer([left, right], version=3)


def test_boxes_appear_and_counts_add_up(live: LivePage) -> None:
    """Boxes lie where the model says, speed is told, and at every moment each frame is counted."""
    live.start()

    moments = []
    for _ in range(5):
        live.wait_for_answers(3)
        moments.append(live.counts())

    assert all(adds_up(each) for each in moments), moments
    assert moments[-1]["inFlight"] in {0, 1}
    (box,) = live.boxes()
    assert box["label"] == "dog"
    assert box["xywh"] == pytest.approx([0.05, 0.1, 0.4, 0.8], abs=1e-3)
    expect(live.page.locator("[data-seen]")).to_contain_text("dog")
    expect(live.page.locator("[data-figures=server]")).to_contain_text(re.compile(r"\d ms"))
    expect(live.page.locator("[data-answered-by]")).to_contain_text("Toy, 300 px, version 3")
    expect(live.page.locator("[data-times]")).to_contain_text("Model server")


def test_threshold_acts_at_once(live: LivePage) -> None:
    """The slider changes the boxes that are shown, while the next answer is a second away."""
    live.start()
    live.page.locator("[data-rate]").select_option("1")
    expect(live.page.locator(".box")).to_have_count(1)

    live.page.locator("#threshold").fill("0.2")
    labels = [box["label"] for box in live.boxes()]

    assert sorted(labels) == ["dog", "person"]


def test_model_is_changed_while_it_runs(
    live: LivePage, model_server: FakeModelServer, settings: Settings
) -> None:
    """The next frames go to the other model, whose own threshold holds; each is counted."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.95)
    live.start()

    live.page.locator("[data-model]").select_option("careful")
    live.expect_state("Looking")
    live.wait_for_answers(2)

    expect(live.page.locator("[data-answered-by]")).to_contain_text("Careful")
    expect(live.page.locator("output")).to_have_text("95 %")
    assert live.boxes() == []
    assert str(model_server.transport.calls[-1].model).startswith("careful")
    assert adds_up(live.counts())


def test_snapshot_is_kept_as_a_result(live: LivePage) -> None:
    """What the camera shows becomes a result with an address, while the stream goes on."""
    live.start()

    live.page.get_by_role("button", name="Keep a snapshot").click()
    link = live.page.get_by_role("link", name=re.compile(r"camera-.*\.jpg"))
    expect(link).to_be_visible()
    live.wait_for_answers(1)
    link.click()

    expect(live.page.locator("h1")).to_contain_text("1 object found in camera-")
    expect(live.page.locator(".facts").first).to_contain_text("720 pixels")


def test_lost_model_server_is_found_again(live: LivePage, model_server: FakeModelServer) -> None:
    """While nobody answers the stream waits, says so, and goes on by itself."""
    live.start()

    model_server.failure = UnavailableError
    live.expect_state("The model server cannot be reached at the moment.")
    assert live.boxes() == []
    model_server.failure = None
    live.expect_state("Looking")
    live.wait_for_answers(2)

    dropped = live.dropped_by()
    assert dropped["The model gave no answer"] >= 1
    assert dropped["Came while the stream waited for the server"] >= 1
    assert adds_up(live.counts())


def test_lost_network_is_found_again(live: LivePage, context: BrowserContext) -> None:
    """Without a network the stream waits; when it is back, it goes on at once."""
    live.start()

    context.set_offline(True)
    live.expect_state("The server cannot be reached.")
    context.set_offline(False)
    live.expect_state("Looking")

    assert live.dropped_by()["The server or the network was lost"] >= 1
    assert adds_up(live.counts())


def test_waiting_can_be_cut_short(live: LivePage, model_server: FakeModelServer) -> None:
    """Whoever knows that the server is back need not wait."""
    # No wait ends by itself, however slow the test is.
    live.page.add_init_script(
        "const later = setTimeout; window.setTimeout = "
        "(work, ms) => later(work, ms >= 200 ? 2 ** 30 : ms)"
    )
    live.start()
    model_server.failure = UnavailableError
    live.expect_trouble()
    model_server.failure = None

    live.page.get_by_role("button", name="Try now").click()

    live.expect_state("Looking")
    live.wait_for_answers(1)


def test_busy_server_only_slows_the_stream_down(
    live: LivePage, model_server: FakeModelServer
) -> None:
    """Frames that a busy server turns away are counted, and the stream goes on."""
    live.start()

    model_server.failure = ResourceExhaustedError
    expect(live.page.locator("[data-reason=busy]")).to_be_visible()
    assert live.page.locator("[data-state]").get_attribute("data-state") == "looking"
    model_server.failure = None
    live.wait_for_answers(2)

    assert adds_up(live.counts())


def test_slower_rate_drops_frames_for_it(live: LivePage) -> None:
    """What comes sooner than wanted is dropped, and counted as that."""
    live.start()

    live.page.locator("[data-rate]").select_option("1")

    expect(live.page.locator("[data-reason=rate]")).to_be_visible()
    assert adds_up(live.counts())


def test_stop_turns_the_camera_off(live: LivePage) -> None:
    """After a stop the track has ended, no frame is in flight, and it can be started again."""
    live.start()
    track = live.page.evaluate_handle(
        "document.querySelector('video').srcObject.getVideoTracks()[0]"
    )

    live.page.get_by_role("button", name="Stop").click()
    live.expect_state("The camera is off")

    counts = live.counts()
    assert track.get_property("readyState").json_value() == "ended"
    assert counts["inFlight"] == 0
    assert adds_up(counts)
    live.page.get_by_role("button", name="Start the camera").click()
    live.wait_for_answers(1)


def test_hidden_page_turns_the_camera_off(live: LivePage) -> None:
    """While nobody can see the page the camera is off; when it is seen again, it comes back."""
    live.start()
    track = live.page.evaluate_handle(
        "document.querySelector('video').srcObject.getVideoTracks()[0]"
    )

    set_hidden(live.page, hidden=True)
    live.expect_state("Off while the page is hidden")
    assert track.get_property("readyState").json_value() == "ended"
    set_hidden(live.page, hidden=False)
    live.expect_state("Looking")
    live.wait_for_answers(1)

    assert adds_up(live.counts())


def set_hidden(page: Page, *, hidden: bool) -> None:
    """Have a page believe that its tab was left, or come back to; headless tabs never are."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_one_of_several_cameras_is_chosen(live: LivePage) -> None:
    """With two cameras there is a choice, which holds at once."""
    live.start()
    cameras = live.page.locator("[data-camera]")
    expect(cameras.locator("option")).to_have_count(2)
    other = cameras.locator("option").nth(1).get_attribute("value")

    cameras.select_option(other)
    live.expect_state("Looking")
    live.wait_for_answers(1)

    used = live.page.evaluate(
        "document.querySelector('video').srcObject.getVideoTracks()[0].getSettings().deviceId"
    )
    assert used == other
    assert adds_up(live.counts())


def test_camera_in_use_is_explained(live: LivePage) -> None:
    """Where another program has the camera there is a sentence, a way on, and another try."""
    live.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = "
        "() => Promise.reject(new DOMException('no', 'NotReadableError'))"
    )
    live.open()

    live.page.get_by_role("button", name="Start the camera").click()

    live.expect_notice("The camera is in use")
    live.expect_notice("send a picture instead")
    expect(live.page.get_by_role("button", name="Start the camera")).to_be_visible()


def test_refused_camera_is_explained(chromium: Browser, site: RunningSite) -> None:
    """A person who does not lend the camera is told how to, and what goes without it."""
    context = chromium.new_context(permissions=[])
    live = LivePage(context.new_page(), site.url).open()

    live.page.get_by_role("button", name="Start the camera").click()

    live.expect_notice("The camera was refused")
    assert live.counts()["sent"] == 0
    context.close()


def test_machine_without_a_camera_is_told_so(
    chromium: Browser, find_program: Callable[[str], str], site: RunningSite
) -> None:
    """Where there is no camera, a sentence says so."""
    program = find_program("chromium")
    without = chromium.browser_type.launch(executable_path=program, args=CHROMIUM_FLAGS)
    context = without.new_context(permissions=["camera"])
    live = LivePage(context.new_page(), site.url).open()

    live.page.get_by_role("button", name="Start the camera").click()

    live.expect_notice("No camera was found")
    without.close()


def test_camera_that_is_pulled_out_is_noticed(live: LivePage) -> None:
    """A camera that goes away ends the stream with a sentence."""
    live.start()

    live.page.evaluate(
        """document.querySelector("video").srcObject.getVideoTracks()[0]
            .dispatchEvent(new Event("ended"))"""
    )

    live.expect_notice("No camera was found")
    assert live.counts()["inFlight"] == 0


def test_unsafe_address_is_explained(chromium: Browser, site: RunningSite) -> None:
    """Over plain HTTP from elsewhere no camera is lent: the page names addresses that do."""
    context = chromium.new_context()
    live = LivePage(context.new_page(), f"http://{ELSEWHERE}:{site.port}").open()

    live.expect_notice("This page was not opened safely")
    live.expect_notice(f"https://{ELSEWHERE}:{site.port}/live")
    expect(live.page.get_by_role("button", name="Start the camera")).to_be_disabled()
    expect(live.page.get_by_role("link", name="Send a picture instead")).to_be_visible()
    context.close()


def test_old_browser_is_told_so(live: LivePage) -> None:
    """A browser without a way to a camera gets a sentence instead of an error."""
    live.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'mediaDevices', {get: () => undefined})"
    )

    live.open()

    live.expect_notice("This browser has no way to a camera")


def test_page_without_scripts_shows_no_dead_buttons(chromium: Browser, site: RunningSite) -> None:
    """Without JavaScript only a sentence and the way on are there."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/live")

    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Start the camera")).to_be_hidden()
    context.close()


def test_login_that_ended_stops_the_stream(live: LivePage, context: BrowserContext) -> None:
    """A server that refuses frames for good is not asked again and again."""
    live.start()

    context.clear_cookies()

    live.expect_notice("Reload this page")
    live.expect_state("The camera is off")
    assert live.dropped_by()["The server refused it"] == 1


def test_model_gets_no_more_than_it_looks_at(live: LivePage, model_server: FakeModelServer) -> None:
    """Frames have the size that the model looks at, whatever size the camera has."""
    shapes = set()

    def look(image_hwc: NDArray[np.uint8]) -> list[Box]:
        shapes.add(image_hwc.shape)
        return []

    model_server.look = look
    live.start()
    live.wait_for_answers(2)

    assert shapes == {(300, 300, 3)}
