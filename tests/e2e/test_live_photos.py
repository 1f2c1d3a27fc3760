"""The live page with a real detector and a camera that looks at dogs."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.camera import camera_flags, write_film
from tests.e2e.stack import MODEL, Running
from tests.live_page import LivePage, adds_up, unmatched

# What is near the threshold comes and goes with the noise of a JPEG.
SURE = 0.65
pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture(scope="module")
def dogs(shared_dir: Path) -> Image.Image:
    """A photograph of two dogs, as large as the camera."""
    return Image.open(shared_dir / "photos" / "dogs.jpg").convert("RGB").resize((640, 480))


@pytest.fixture(scope="module")
def chromium_flags(dogs: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return camera_flags(write_film(tmp_path_factory.mktemp("camera") / "film.mjpeg", [dogs]))


def test_dogs_are_found_where_the_api_finds_them(
    stack: Running, chromium: Browser, dogs: Image.Image
) -> None:
    """What the API is sure of in the picture has a box over the video, in the same place."""
    file = BytesIO()
    dogs.save(file, "JPEG", quality=95)
    answer: dict[str, Any] = stack.post("dogs.jpg", file.getvalue(), model=MODEL)
    context = chromium.new_context(permissions=["camera"])

    live = LivePage(context.new_page(), stack.url).start()
    live.wait_for_answers(3)

    boxes = live.boxes()
    sure = [each for each in answer["detections"] if each["score"] >= SURE]
    assert len(sure) >= 2
    assert unmatched({**answer, "detections": sure}, boxes, iou_min=0.75) == []
    assert [box["label"] for box in boxes].count("dog") == 2
    assert adds_up(live.counts())
    context.close()
