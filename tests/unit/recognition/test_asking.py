"""One picture, one question, one answer."""

import numpy as np
import pytest

from recognition import LabelledModel, explain_class, look_at
from serving_client import InvalidArgumentError, UnavailableError
from serving_client.testing import PredictCall
from vision import Classification, Detections, OutputsError, Picture
from webapp.testing import CLASSES, LABELS, Box, FakeModelServer, classifier_card, model_card

DETECTOR = LabelledModel(model_card("toy"), LABELS)
CLASSIFIER = LabelledModel(classifier_card("namer"), CLASSES)


@pytest.fixture
def server() -> FakeModelServer:
    return FakeModelServer([Box(18, 0.9, (0.0, 0.25, 0.5, 1.0))], version=3)


@pytest.fixture
def picture() -> Picture:
    """As a model gets it: half as wide as the original, and less high."""
    return Picture(np.zeros((10, 100, 3), np.uint8), (200, 100), "PNG")


def test_objects_are_found_in_pixels_of_the_original(
    server: FakeModelServer, picture: Picture
) -> None:
    """Whatever size the model saw; the version that answered is told."""
    look = look_at(server.client(), DETECTOR, picture)

    assert isinstance(look.found, Detections)
    assert [(each.label, each.xyxy) for each in look.found] == [("dog", (50, 0, 200, 50))]
    assert look.version == 3
    assert look.timings.total_s >= 0


def test_classes_are_asked_for_without_the_rest(server: FakeModelServer, picture: Picture) -> None:
    """The probabilities of all classes stay where they are: the best ones come by themselves."""
    look = look_at(server.client(), CLASSIFIER, picture, timeout_s=7)

    (call,) = (call for call in server.transport.calls if isinstance(call, PredictCall))
    assert isinstance(look.found, Classification)
    assert look.found.labels[0] == "tabby"
    assert set(call.output_names) == {"class_ids", "class_scores", "class_names"}


def test_errors_are_those_of_the_layers_below(server: FakeModelServer, picture: Picture) -> None:
    """A call that fails, and outputs that are not those of the card."""
    client = server.client()
    server.outputs = {}
    with pytest.raises(OutputsError):
        look_at(client, DETECTOR, picture)

    server.failure = UnavailableError
    with pytest.raises(UnavailableError):
        look_at(client, DETECTOR, picture)


def test_a_class_is_explained_by_the_version_that_is_meant(
    server: FakeModelServer, picture: Picture
) -> None:
    """The signature of the card is asked, about the class and in that version."""
    heat = explain_class(server.client(), CLASSIFIER, picture, class_id=3, version=3)

    (call,) = (call for call in server.transport.calls if isinstance(call, PredictCall))
    assert (heat.class_id, heat.label) == (3, "macaw")
    assert (call.model.signature, call.model.version) == ("grad_cam", 3)


def test_not_every_class_and_model_can_be_explained(
    server: FakeModelServer, picture: Picture
) -> None:
    """A class that there is not is refused by the server; a model without signature, before."""
    with pytest.raises(InvalidArgumentError):
        explain_class(server.client(), CLASSIFIER, picture, class_id=99)
    with pytest.raises(ValueError, match="expected a model that can explain, got toy"):
        explain_class(server.client(), DETECTOR, picture, class_id=1)
