"""Keras applications with random weights, exported once per session."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.applications import densenet, efficientnet, resnet

from pipeline.applications.application import Application
from pipeline.applications.export import save_classifier
from pipeline.applications.network import Network, build_network

CLASSES = 12


@dataclass(frozen=True)
class Family:
    """A kind of networks, and what Keras says of it."""

    application: Application
    module: ModuleType
    last_conv: str


def _resnet(**arguments: Any) -> keras.Model:
    def stack(maps: Any) -> Any:
        for number in (2, 3, 4, 5):
            maps = resnet.stack_residual_blocks_v1(maps, 16, 1, name=f"conv{number}")
        return maps

    return resnet.ResNet(stack, preact=False, use_bias=True, name="resnet", **arguments)


def _densenet(**arguments: Any) -> keras.Model:
    return densenet.DenseNet([1, 1, 1, 1], name="densenet", **arguments)


def _efficientnet(**arguments: Any) -> keras.Model:
    return efficientnet.EfficientNet(0.25, 0.1, 64, name="efficientnet", **arguments)


# Families of Keras in its own code, with fewer layers than the members that it has names for.
BUILDERS = {"SmallResNet": _resnet, "SmallDenseNet": _densenet, "SmallEfficientNet": _efficientnet}


def _family(name: str, module: ModuleType, last_conv: str, **more: Any) -> Family:
    return Family(Application(name, 64, {"classes": CLASSES, **more}), module, last_conv)


FAMILIES: Mapping[str, Family] = {
    "mobilenet": _family("MobileNet", keras.applications.mobilenet, "conv_pw_13_relu", alpha=0.25),
    "resnet": _family("SmallResNet", keras.applications.resnet, "conv5_block1_out"),
    "densenet": _family("SmallDenseNet", keras.applications.densenet, "relu"),
    "efficientnet": _family("SmallEfficientNet", keras.applications.efficientnet, "top_activation"),
}


@dataclass(frozen=True)
class Exported:
    """A network of Keras, and the SavedModel that was made of it."""

    family: Family
    network: Network
    folder: Path
    loaded: Any

    def run(self, signature: str, **inputs: Any) -> dict[str, Any]:
        """Call a signature of the SavedModel."""
        function = self.loaded.signatures[signature]
        specs = function.structured_input_signature[1]
        given = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        return {name: each.numpy() for name, each in function(**given).items()}

    def preprocessed(self, pictures: Any) -> Any:
        """Pictures as the family's own function prepares them."""
        return self.family.module.preprocess_input(pictures.astype(np.float32))

    def keras_probabilities(self, pictures: Any) -> Any:
        """What a user of Keras would compute, with pictures of the network's own size."""
        logits = self.network.model(self.preprocessed(pictures), training=False)
        return tf.nn.softmax(logits).numpy()


def settled(network: Network) -> Network:
    """Make activations of random weights neither vanish nor grow, as training does.

    In the last class, everything that the classifier sees speaks against it.
    """
    normalising = [
        layer
        for layer in network.model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in normalising:
        layer.momentum = 0.0
    noise = tf.random.uniform((8, network.size, network.size, 3), 0, 255, seed=7)
    network.model(network.preprocess(noise), training=True)
    kernel = next(layer for layer in reversed(network.model.layers) if layer.weights).kernel
    kernel[..., CLASSES - 1].assign(-np.abs(kernel[..., CLASSES - 1]))
    return network


@pytest.fixture(scope="session")
def _small_families() -> Iterator[None]:
    """Have Keras know the small members of its families."""
    with pytest.MonkeyPatch.context() as patch:
        for (name, build), module in zip(
            BUILDERS.items(), (resnet, densenet, efficientnet), strict=True
        ):
            patch.setattr(build, "__module__", module.__name__)
            patch.setattr(keras.applications, name, build, raising=False)
        yield


@pytest.fixture(scope="session")
def exported(
    tmp_path_factory: pytest.TempPathFactory, _small_families: None
) -> Callable[[str], Exported]:
    """A function that returns an exported application of a family."""
    made: dict[str, Exported] = {}

    def export(name: str) -> Exported:
        if name not in made:
            keras.utils.set_random_seed(7)
            family, folder = FAMILIES[name], tmp_path_factory.mktemp(name) / "1"
            network = settled(build_network(family.application))
            save_classifier(network, [f"thing {number}" for number in range(CLASSES)], folder)
            made[name] = Exported(family, network, folder, tf.saved_model.load(str(folder)))
        return made[name]

    return export
