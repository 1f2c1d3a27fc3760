"""The SavedModel of an application answers as Keras does."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.integration.pipeline.applications.conftest import CLASSES, FAMILIES, Exported

Export = Callable[[str], Exported]
TOP = 10


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest, exported: Export) -> Exported:
    """An exported application of each family."""
    return exported(request.param)


@pytest.fixture
def small(exported: Export) -> Exported:
    """The smallest of them, for what all have in common."""
    return exported("mobilenet")


def pictures(*shape: int) -> Any:
    """Random pictures with large areas of one colour, as photographs have."""
    noise = np.random.default_rng(1).integers(0, 256, (shape[0], 4, 4, 3))
    return tf.image.resize(noise, shape[1:3]).numpy().astype(np.uint8)


def own_size(model: Exported, count: int = 2) -> Any:
    """Pictures that need no scaling."""
    return pictures(count, model.network.size, model.network.size)


def png(picture: Any) -> bytes:
    return bytes(tf.io.encode_png(picture).numpy())


def test_probabilities_are_those_of_keras(model: Exported) -> None:
    """Preprocessing and network in the graph give what Keras' own `predict` gives."""
    given = own_size(model)

    answer = model.run("serving_default", image=given)

    logits = model.network.model.predict(model.preprocessed(given), verbose=0)
    expected = tf.nn.softmax(logits).numpy()
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    np.testing.assert_array_equal(answer["class_ids"][:, 0], expected.argmax(axis=1))


def test_the_best_classes_come_first(model: Exported) -> None:
    """Ids, names and scores belong together, and scores fall."""
    answer = model.run("serving_default", image=own_size(model))

    rows = np.arange(2)[:, None]
    names = [[f"thing {class_id}".encode() for class_id in row] for row in answer["class_ids"]]
    assert answer["class_ids"].shape == (2, min(TOP, CLASSES))
    assert (np.diff(answer["scores"], axis=1) <= 0).all()
    np.testing.assert_array_equal(
        answer["scores"], answer["probabilities"][rows, answer["class_ids"]]
    )
    assert answer["class_names"].tolist() == names


def test_files_are_answered_as_their_pixels_are(model: Exported) -> None:
    """Decoding in the graph changes nothing, and each file may have a size of its own."""
    first, second = own_size(model, 1)[0], pictures(1, 40, 130)[0]

    answer = model.run("serving_bytes", image_bytes=[png(first), png(second)])

    apart = [model.run("serving_default", image=each[None]) for each in (first, second)]
    together = np.concatenate([each["probabilities"] for each in apart])
    np.testing.assert_allclose(answer["probabilities"], together, atol=1e-4)
    np.testing.assert_allclose(
        answer["probabilities"][:1], model.keras_probabilities(first[None]), atol=1e-4
    )


def test_heat_maps_are_those_of_a_gradient_tape(model: Exported) -> None:
    """The gradient in the graph is what automatic differentiation gives at run time."""
    given, class_ids = own_size(model, 3), np.array([4, -1, 0])

    answer = model.run("grad_cam", image=given, class_id=class_ids)

    chosen = np.where(class_ids < 0, model.keras_probabilities(given).argmax(axis=1), class_ids)
    np.testing.assert_array_equal(answer["class_id"], chosen)
    np.testing.assert_allclose(answer["heat_map"], heat_maps(model, given, chosen), atol=1e-4)
    assert answer["heat_map"].max() == 1.0


def heat_maps(model: Exported, given: Any, class_ids: Any) -> Any:
    """Grad-CAM as its paper has it, picture by picture, without our code."""
    network = model.network.model
    both = keras.Model(
        network.input, [network.get_layer(model.family.last_conv).output, network.output]
    )
    found = []
    for picture, class_id in zip(model.preprocessed(given), class_ids, strict=True):
        with tf.GradientTape() as tape:
            maps, logits = both(picture[None], training=False)
            logit = logits[0, class_id]
        importance = tape.gradient(logit, maps).numpy().mean(axis=(0, 1, 2))
        seen = np.maximum((maps.numpy()[0] * importance).sum(axis=-1), 0)
        found.append(seen / seen.max() if seen.max() else seen)
    return np.stack(found)


def test_the_score_of_a_heat_map_is_the_probability_of_its_class(model: Exported) -> None:
    """Asked about any class, the answer says how probable it is, and what it is called."""
    given = own_size(model)

    answer = model.run("grad_cam", image=given, class_id=[5])

    expected = model.run("serving_default", image=given)["probabilities"][:, 5]
    assert answer["class_name"].tolist() == [b"thing 5"] * 2
    np.testing.assert_allclose(answer["score"], expected, atol=1e-6)


def test_features_are_what_the_classifier_sees(model: Exported) -> None:
    """The embedding is the pooled output of the last convolution."""
    given = own_size(model)

    features = model.run("features", image=given)["features"]

    network = model.network.model
    last = keras.Model(network.input, network.get_layer(model.family.last_conv).output)
    maps = last(model.preprocessed(given), training=False).numpy()
    np.testing.assert_allclose(features, maps.mean(axis=(1, 2)), atol=1e-4 * maps.max())


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (40, 130), (500, 20)])
def test_a_picture_of_any_size_is_stretched(small: Exported, size_hw: tuple[int, int]) -> None:
    """One pixel, a line and a strip are pictures too; width and height are not confused."""
    given, size = pictures(1, *size_hw), small.network.size
    stretched = tf.image.resize(given, (size, size), antialias=True).numpy()

    answer = small.run("serving_default", image=given)

    expected = small.keras_probabilities(stretched)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)


def test_colours_are_taken_in_their_order(model: Exported) -> None:
    """Red and blue in each other's place make another picture."""
    given = own_size(model, 1)

    swapped = model.run("serving_default", image=given[..., ::-1])["probabilities"]

    assert np.abs(swapped - model.keras_probabilities(given)).max() > 1e-3
    np.testing.assert_allclose(swapped, model.keras_probabilities(given[..., ::-1]), atol=1e-4)


def test_a_class_that_nothing_speaks_for_has_an_empty_map(small: Exported) -> None:
    """Where there is nothing to show, the map is zero, and nothing is divided by zero."""
    answer = small.run("grad_cam", image=own_size(small, 1), class_id=[CLASSES - 1])

    assert answer["score"][0] > 0
    assert (answer["heat_map"] == 0).all()


@pytest.mark.parametrize(
    ("signature", "inputs", "complaint"),
    [
        ("grad_cam", {"class_id": [CLASSES]}, r"class_id: expected ids from -1 .* to 11, got\] \["),
        ("grad_cam", {"class_id": [-2]}, r"class_id: expected ids from -1 .* to 11, got\] \[-2\]"),
        ("grad_cam", {"class_id": [0, 1, 2]}, "expected one id, or one for each picture"),
        ("serving_default", {"image": np.zeros((1, 0, 5, 3))}, r"at least 1 x 1 pixel.* \[1 0 5 3"),
        ("serving_default", {"image": np.zeros((0, 5, 5, 3))}, "at least 1 x 1 pixel"),
        ("serving_bytes", {"image_bytes": [b"no picture"]}, "Unknown image file format"),
        ("serving_bytes", {"image_bytes": []}, "image_bytes: expected at least one file, got"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(
    small: Exported, signature: str, inputs: dict[str, Any], complaint: str
) -> None:
    """What was expected and what came stands in the error."""
    given = {"image": own_size(small)} if signature == "grad_cam" else {}

    with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
        small.run(signature, **given | inputs)


def test_the_names_are_part_of_the_model(small: Exported) -> None:
    """They lie among its assets, so that it can be moved as one folder."""
    names = (small.folder / "assets" / "class_names.txt").read_text(encoding="utf-8")

    assert names.splitlines() == [f"thing {number}" for number in range(CLASSES)]
