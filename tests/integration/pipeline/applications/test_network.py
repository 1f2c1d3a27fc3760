"""Building the networks of Keras applications, and loading their weights."""

from pathlib import Path

import h5py
import keras
import pytest

from pipeline.applications.application import Application
from pipeline.applications.download import download_weights
from pipeline.applications.export import export_application
from pipeline.applications.network import build_network
from pipeline.exceptions import DownloadError, ExportError
from pipeline.testing.server import ArchiveServer

SMALL = Application("MobileNet", 128, {"alpha": 0.25})
FEW = Application("MobileNet", 32, {"alpha": 0.25, "classes": 3})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of `SMALL` and `FEW` in the forms of Keras."""
    folder = tmp_path_factory.mktemp("weights")
    small = build_network(SMALL).model
    small.save_weights(folder / "small.weights.h5")
    small.save(folder / "small.h5")
    build_network(FEW).model.save_weights(folder / "few.weights.h5")
    return folder


@pytest.mark.parametrize(
    ("application", "maps", "features"),
    [
        (Application("MobileNetV3Small", 64, {"alpha": 0.75}), (2, 2, 432), 1024),
        (Application("VGG16", 64, {"classes": 3}), (4, 4, 512), 4096),
        (Application("MobileNet", 32, {"alpha": 0.25}), (1, 1, 256), 256),
        (Application("MobileNet", 96, {"alpha": 0.25}, "conv_pw_6_relu"), (6, 6, 128), 256),
    ],
)
def test_the_last_convolution_and_the_classifier_are_found(
    application: Application, maps: tuple[int, ...], features: int
) -> None:
    """Also where pooling is done inside the network, or is followed by more layers."""
    network = build_network(application)

    assert network.parts.output_shape[0] == (None, *maps)
    assert network.parts.output_shape[1] == (None, features)


@pytest.mark.parametrize("name", ["small.weights.h5", "small.h5"])
def test_weights_are_loaded_in_either_form(weights: Path, name: str) -> None:
    """Weights alone and a whole model of older Keras are both taken."""
    network = build_network(SMALL, weights / name)

    with h5py.File(weights / "small.weights.h5") as file:
        expected = file["layers/conv2d/vars/0"][:]
    assert (network.model.get_layer("conv1").kernel.numpy() == expected).all()


def test_a_network_for_other_classes_has_weights_of_its_own(weights: Path) -> None:
    """A network that somebody trained further is loaded like a published one."""
    network = build_network(FEW, weights / "few.weights.h5")

    assert network.classes == 3


def test_efficientnet_is_built_as_for_downloaded_weights(tmp_path: Path) -> None:
    """Keras scales its input once more there; weights in a network without that answer nonsense."""
    application = Application("EfficientNetB0", 224)
    without = build_network(application).model
    without.save(tmp_path / "weights.h5")

    network = build_network(application, tmp_path / "weights.h5")

    assert len(_scaling(network.model)) == len(_scaling(without)) + 1


def _scaling(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]


@pytest.mark.parametrize(
    ("application", "name", "complaint"),
    [
        (Application("MobileNet", 128, {"alpha": 0.5}), "small.h5", r"layer conv1, expected \(3, "),
        (
            Application("MobileNet", 128, {"alpha": 0.5}),
            "small.weights.h5",
            r"in the layer conv1, expected \(3, 3, 3, 16\), got \(3, 3, 3, 8\)\.$",
        ),
        (Application("MobileNetV2", 128), "small.h5", "expected the layer Conv1, got conv1"),
        (Application("MobileNetV2", 128), "small.weights.h5", "in the layer Conv1, expected"),
        (SMALL, "few.weights.h5", r"in the layer conv_preds, expected \(1, 1, 256, 1000\), got"),
        (SMALL, "empty.h5", "expected the layer conv1, got none"),
        (SMALL, "empty.weights.h5", "it lacks weights of the layer conv1"),
        (SMALL, "cut.h5", "cut.h5 cannot be read as weights of Keras: .*truncated"),
        (SMALL, "text.h5", "text.h5 cannot be read as weights of Keras"),
        (SMALL, "text.weights.h5", "text.weights.h5 cannot be read as weights of Keras"),
        (SMALL, "absent.h5", "absent.h5 cannot be read as weights of Keras"),
    ],
)
def test_wrong_weights_are_refused_by_naming_the_layer(
    weights: Path, application: Application, name: str, complaint: str
) -> None:
    """Somebody who took the wrong file learns how it differs."""
    for empty in ("empty.h5", "empty.weights.h5"):
        h5py.File(weights / empty, "w").close()
    (weights / "cut.h5").write_bytes((weights / "small.h5").read_bytes()[:500_000])
    for text in ("text.h5", "text.weights.h5"):
        (weights / text).write_text("weights")

    with pytest.raises(ExportError, match=complaint):
        build_network(application, weights / name)


@pytest.mark.parametrize(
    ("application", "complaint"),
    [
        (
            Application("MobileNetV9", 32),
            "Keras has no application 'MobileNetV9', only .*MobileNet",
        ),
        (Application("Layer", 32), "Keras has no application 'Layer'"),
        (Application("MobileNet", 32, {"beta": 1}), "cannot build MobileNet with {'beta': 1} and"),
        (Application("MobileNet", 8), "cannot build MobileNet with {} and 8 px: Input size must"),
        (Application("MobileNet", 32, {}, "conv99"), "mobilenet_1.00_32 has no layer 'conv99'"),
        (Application("MobileNet", 32, {}, "reshape_2"), r"answers \[None, 1000\]; expected maps"),
    ],
)
def test_an_application_that_cannot_be_built_is_one_sentence(
    application: Application, complaint: str
) -> None:
    """A mistake in a catalogue leads back to the key that has it."""
    with pytest.raises(ExportError, match=complaint):
        build_network(application)


def test_there_is_a_name_for_every_class(tmp_path: Path) -> None:
    """A label set of another size is refused before anything is written."""
    with pytest.raises(ExportError, match="knows 3 classes, but there are 2 names"):
        export_application(FEW, None, ["cat", "dog"], tmp_path / "1")

    assert not list(tmp_path.iterdir())


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for the downloads of Keras, with nothing in it."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    return tmp_path


def test_keras_downloads_what_it_publishes(
    weights: Path, keras_home: Path, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is the one that the publisher has, under the name that Keras gives it."""
    published = (weights / "small.h5").read_bytes()
    server.files = {"/mobilenet_2_5_128_tf.h5": published}
    monkeypatch.setattr("keras.src.applications.mobilenet.BASE_WEIGHT_PATH", f"{server.url}/")

    file = download_weights(SMALL, keras_home)

    assert file.name == "mobilenet_2_5_128_tf.h5"
    assert file.read_bytes() == published


def test_a_download_of_keras_that_fails_is_one_sentence(
    keras_home: Path, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Keras says of it is kept, and the way out is named."""
    server.files = {}
    monkeypatch.setattr("keras.src.applications.mobilenet.BASE_WEIGHT_PATH", f"{server.url}/")

    with pytest.raises(DownloadError, match=r"^Keras cannot bring .*: URL fetch .* 404.*--mirror"):
        download_weights(SMALL, keras_home)
