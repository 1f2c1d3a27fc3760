"""Weights that are read back from a SavedModel."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.codes.detector.network import build_network
from pipeline.codes.detector.saved_weights import load_saved_weights
from pipeline.exceptions import ArtifactError

BUNDLED = Path(__file__).parents[5] / "model_repository" / "codes" / "1"


def test_the_bundled_model_can_be_trained_further() -> None:
    """Its weights fit the network: scores near 0 on an empty picture, as it has learnt."""
    keras.utils.set_random_seed(1)
    network = build_network(320)

    load_saved_weights(network, BUNDLED)

    logits = network(np.zeros((1, 320, 320, 1), np.float32), training=False)[..., :-4].numpy()
    assert logits.max() < -2


def test_another_network_is_refused(tmp_path: Path) -> None:
    """A folder without a SavedModel is named."""
    with pytest.raises(ArtifactError, match="does not hold this network"):
        load_saved_weights(build_network(64), tmp_path)
