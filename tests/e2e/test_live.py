"""The live page as people use it: a webcam, real processes, a real model."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.camera import camera_flags, write_film
from tests.e2e.stack import ROOT, environment, pipeline
from tests.live_page import LivePage, adds_up, unmatched
from webapp.samples import BUNDLED

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]

MODEL = "codes"
SAMPLE = BUNDLED / "parcel.jpg"
READY_S = 300


class Site:
    """The web app and the model server, each as a process that can be killed and started again."""

    def __init__(self, folder: Path, ports: list[int], repository: Path) -> None:
        self.web_port, self.grpc_port = ports
        self._repository = repository
        self._environ = environment(folder, repository) | {
            "SIGHTLINE_SERVING_TARGET": f"127.0.0.1:{self.grpc_port}"
        }
        self._log = (folder / "site.log").open("w")
        self.model_server = self.start_model_server()
        self.web = self.start_web()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start_model_server(self) -> subprocess.Popen[bytes]:
        config = self._repository / "models.config"
        return self._start(
            "model_server", f"--port={self.grpc_port}", f"--model_config_file={config}"
        )

    def start_web(self) -> subprocess.Popen[bytes]:
        return self._start("webapp", "--port", str(self.web_port))

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            env=self._environ, cwd=ROOT, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def kill_web(self) -> None:
        self.web.kill()
        self.web.wait()

    def kill_model_server(self) -> None:
        self.model_server.kill()
        self.model_server.wait()

    def wait_ready(self) -> None:
        """Wait until a picture would be answered."""
        deadline_s = time.monotonic() + READY_S
        while time.monotonic() < deadline_s:
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=10).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
            else:
                return
        raise AssertionError(Path(self._log.name).read_text())

    def stop(self) -> None:
        for process in (self.web, self.model_server):
            process.kill()
            process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def chromium_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A webcam that looks at a parcel with codes on it."""
    return camera_flags(write_film(tmp_path_factory.mktemp("camera") / "film.mjpeg", [SAMPLE]))


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[Site]:
    """The site with the bundled model, as it is in a fresh checkout."""
    folder = tmp_path_factory.mktemp("site")
    repository = folder / "model_repository"
    shutil.copytree(ROOT / "model_repository" / MODEL, repository / MODEL)
    answer = pipeline("models", "config", "--repository", str(repository))
    assert answer.returncode == 0, answer.stderr
    site = Site(folder, free_ports(2), repository)
    try:
        site.wait_ready()
        yield site
    finally:
        site.stop()


@pytest.fixture
def live(site: Site, chromium: Browser) -> Iterator[LivePage]:
    """The page, its camera on and its first frame answered."""
    context = chromium.new_context(permissions=["camera"])
    yield LivePage(context.new_page(), site.url).start()
    context.close()


def test_codes_are_found_where_the_api_finds_them(live: LivePage, site: Site) -> None:
    """Boxes over the video lie where the API has them, and each frame is counted."""
    request = urllib.request.Request(
        f"{site.url}/api/v1/detections", SAMPLE.read_bytes(), {"Content-Type": "image/jpeg"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)

    live.wait_for_answers(20)
    boxes, counts = live.boxes(), live.counts()

    # For whoever wants to know how fast this machine is: docs/live.md has a quiet one's figure.
    print(live.page.locator(".live__rate").inner_text(), counts)  # noqa: T201
    assert len(answer["detections"]) >= 3
    assert unmatched(answer, boxes, iou_min=0.75) == []
    assert adds_up(counts)


def test_killed_web_app_is_found_again(live: LivePage, site: Site) -> None:
    """A web app that was killed and started again goes on with the same page, by itself."""
    site.kill_web()
    live.expect_state("The server cannot be reached.")
    site.web = site.start_web()
    site.wait_ready()
    live.expect_state("Looking")
    live.wait_for_answers(3)

    assert live.dropped_by()["The server or the network was lost"] >= 1
    assert adds_up(live.counts())


def test_killed_model_server_is_found_again(live: LivePage, site: Site) -> None:
    """So does a model server, while the web app goes on."""
    site.kill_model_server()
    live.expect_trouble()
    site.model_server = site.start_model_server()
    site.wait_ready()  # importing TensorFlow takes longer than anything here
    live.expect_state("Looking")
    live.wait_for_answers(3)

    assert adds_up(live.counts())


def test_server_and_browser_are_compared(live: LivePage) -> None:
    """Run here, there, or on both, the model finds the same codes, and each has its figures."""
    page = live.page
    live.wait_for_answers(1)
    on_server = sorted(box["label"] for box in live.boxes())

    page.get_by_label("In this browser").check()
    live.expect_state("Looking")
    live.wait_for_answers(1)
    in_browser = sorted(box["label"] for box in live.boxes())
    page.get_by_label("Both, to compare").check()
    live.expect_state("Looking")
    live.wait_for_answers(2)

    assert in_browser == on_server
    for name in ("server", "local"):
        median = page.locator(f"[data-figures={name}] [data-figure=median]")
        expect(median).to_have_text(re.compile(r"\d m?s"))
    expect(page.locator(".box--second").first).to_be_visible()
    assert adds_up(live.counts())
