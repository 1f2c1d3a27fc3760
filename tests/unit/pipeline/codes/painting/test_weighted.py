"""Weighted draws."""

import numpy as np

from pipeline.codes.painting.weighted import weighted


def test_things_come_up_as_often_as_their_weights_say() -> None:
    """Three times the weight, three times the draws."""
    rng = np.random.default_rng(0)

    draws = [weighted(rng, {"rare": 1, "often": 3, "never": 0}) for _ in range(4000)]

    assert "never" not in draws
    assert 900 < draws.count("rare") < 1100
