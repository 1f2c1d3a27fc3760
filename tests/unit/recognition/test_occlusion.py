"""Why a detector sees an object, found out with a detector of which that is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recognition import LabelledModel, explain_detection
from serving_client import ServingClient, UnavailableError
from serving_client.testing import PredictCall
from vision import Detection, OutputsError, Picture
from webapp.testing import LABELS, Box, FakeModelServer, model_card

# Of a picture of 640 x 480, in fractions (y_min, x_min, y_max, x_max) and in pixels.
EYES = (0.25, 0.5, 0.5, 0.75)
WHOLE = (0.1, 0.2, 0.9, 0.8)
DOG = Detection("dog", 0.9, 18, (128.0, 48.0, 512.0, 432.0))
EYES_XYXY_NORMALISED = (0.5, 0.25, 0.75, 0.5)
MODEL = LabelledModel(model_card("toy"), LABELS)


def sees_eyes(image_hwc: NDArray[np.uint8]) -> list[Box]:
    """A dog is as certain as its eyes are visible; a person comes and goes with the rest."""
    height, width = image_hwc.shape[:2]
    rows = slice(round(EYES[0] * height), round(EYES[2] * height))
    columns = slice(round(EYES[1] * width), round(EYES[3] * width))
    certainty = float(image_hwc[rows, columns].mean()) / 255
    corner = float(image_hwc[: height // 4, : width // 4].mean()) / 255
    return [Box(18, certainty, WHOLE), Box(1, corner, WHOLE)]


@pytest.fixture
def detector() -> FakeModelServer:
    server = FakeModelServer()
    server.look = sees_eyes
    return server


@pytest.fixture
def client(detector: FakeModelServer) -> ServingClient:
    return detector.client()


@pytest.fixture
def picture() -> Picture:
    """A white picture, as the detector gets it: half as large as the original."""
    return Picture(np.full((240, 320, 3), 255, np.uint8), (640, 480), "JPEG")


def test_heat_lies_where_the_detector_looks(client: ServingClient, picture: Picture) -> None:
    """Most of the heat is in the sixteenth of the picture that decides, not in the whole box."""
    heat_map = explain_detection(client, MODEL, picture, DOG, masks=400)

    assert heat_map.share_inside(EYES_XYXY_NORMALISED) > 0.8
    assert heat_map.values_hw.max() == 1
    hottest = np.unravel_index(heat_map.values_hw.argmax(), heat_map.values_hw.shape)
    rows, columns = heat_map.values_hw.shape
    assert EYES[0] <= hottest[0] / rows <= EYES[2]
    assert EYES[1] <= hottest[1] / columns <= EYES[3]


def test_heat_is_that_of_the_class_in_question(client: ServingClient, picture: Picture) -> None:
    """What another object needs is not hot, though it is in the same box."""
    person = DOG._replace(label="person", class_id=1)

    heat_map = explain_detection(client, MODEL, picture, person, masks=400)

    assert heat_map.share_inside((0.0, 0.0, 0.25, 0.25)) > 0.4
    assert heat_map.share_inside(EYES_XYXY_NORMALISED) < 0.1


def test_same_seed_gives_the_same_map(client: ServingClient, picture: Picture) -> None:
    """Chance has a seed, and how copies are put into calls makes no difference."""

    def values(*, seed: int, batch_size: int | None = None) -> NDArray[np.float32]:
        return explain_detection(
            client, MODEL, picture, DOG, masks=30, seed=seed, batch_size=batch_size
        ).values_hw

    first = values(seed=1)

    assert first.any()
    assert np.array_equal(first, values(seed=1))
    assert np.array_equal(first, values(seed=1, batch_size=7))
    assert not np.array_equal(first, values(seed=2))


def test_copies_travel_in_batches(
    client: ServingClient, detector: FakeModelServer, picture: Picture
) -> None:
    """Each copy is sent once, as many in a call as asked for, to the version in question."""
    explain_detection(client, MODEL, picture, DOG, version=5, masks=10, batch_size=4, timeout_s=3.0)

    calls = [each for each in detector.transport.calls if isinstance(each, PredictCall)]
    assert sorted(len(call.inputs["image"]) for call in calls) == [2, 4, 4]
    assert {call.model.version for call in calls} == {5}
    assert max(detector.transport.timeouts_s) <= 12.0


def test_detector_that_sees_everything_everywhere_has_no_reasons(
    client: ServingClient, detector: FakeModelServer, picture: Picture
) -> None:
    """Where covering makes no difference nothing is hot; nor where nothing is ever found."""
    detector.look = lambda _image: [Box(18, 0.9, WHOLE)]
    always = explain_detection(client, MODEL, picture, DOG, masks=20)
    detector.look = lambda _image: []
    never = explain_detection(client, MODEL, picture, DOG, masks=20)

    assert not always.values_hw.any()
    assert not never.values_hw.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 320), (7, 3)])
def test_tiny_pictures_are_explained_too(
    client: ServingClient, detector: FakeModelServer, shape: tuple[int, int]
) -> None:
    """A picture of one pixel, or one row, has a map."""
    detector.look = lambda _image: [Box(18, 0.9, WHOLE)]
    picture = Picture(np.zeros((*shape, 3), np.uint8), (640, 480), "PNG")

    heat_map = explain_detection(client, MODEL, picture, DOG, masks=3)

    assert heat_map.values_hw.shape == (min(shape[0], 64), min(shape[1], 64))


def test_progress_rises_to_one(client: ServingClient, picture: Picture) -> None:
    """After each call the share that is done is told."""
    shares: list[float] = []

    explain_detection(
        client, MODEL, picture, DOG, masks=10, batch_size=4, on_progress=shares.append
    )

    assert shares == [0.4, 0.8, 1.0]


def test_error_of_the_listener_ends_the_work(
    client: ServingClient, detector: FakeModelServer, picture: Picture
) -> None:
    """Who does not want to hear more is not told more, and the server is not asked more."""

    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        explain_detection(client, MODEL, picture, DOG, masks=1000, on_progress=stop)

    assert len(detector.transport.calls) < 20


def test_failing_server_is_an_error(
    client: ServingClient, detector: FakeModelServer, picture: Picture
) -> None:
    """A call that fails ends the work with the error of the call."""
    detector.failure = UnavailableError

    with pytest.raises(UnavailableError):
        explain_detection(client, MODEL, picture, DOG, masks=10)


def test_answer_for_another_number_of_pictures_is_an_error(
    client: ServingClient, detector: FakeModelServer, picture: Picture
) -> None:
    """A server that answers one picture of several is told from one that answers all."""
    detector.look = None

    with pytest.raises(OutputsError, match="expected 4 rows in output"):
        explain_detection(client, MODEL, picture, DOG, masks=8, batch_size=4)


@pytest.mark.parametrize(("masks", "batch_size"), [(0, 1), (5, -1)])
def test_numbers_that_make_no_sense_are_refused(
    client: ServingClient, picture: Picture, masks: int, batch_size: int
) -> None:
    """There is at least one copy, in batches of at least one."""
    with pytest.raises(ValueError, match="at least one"):
        explain_detection(client, MODEL, picture, DOG, masks=masks, batch_size=batch_size)
