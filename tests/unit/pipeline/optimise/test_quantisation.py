"""Weights in fewer bits stay close to what they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from pipeline.optimise.quantisation import float16_weights, int8_weights

WEIGHTS = arrays(
    np.float32,
    array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(WEIGHTS)
def test_int8_is_at_most_half_a_step_off(weights: NDArray[np.float32]) -> None:
    """No weight moves by more than half of its channel's scale."""
    quantised = int8_weights(weights)

    error = np.abs(quantised.restored() - weights)

    # float32 itself rounds by up to a few parts in ten million.
    assert (error <= 0.5 * quantised.scale + 1e-6 * np.abs(weights).max(initial=1e-30)).all()
    assert quantised.values.shape == weights.shape
    assert np.abs(quantised.values.astype(int)).max() <= 127


@pytest.mark.parametrize(
    ("shape", "scale_shape"),
    [
        ((3,), (3,)),
        ((5, 2), (1, 2)),
        ((3, 3, 4, 8), (1, 1, 1, 8)),
        ((3, 3, 8, 1), (1, 1, 8, 1)),
    ],
)
def test_each_channel_has_a_scale(shape: tuple[int, ...], scale_shape: tuple[int, ...]) -> None:
    """Channels are along the last axis, and of a depthwise kernel along the one before it."""
    weights = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    quantised = int8_weights(weights)

    assert quantised.scale.shape == scale_shape


def test_one_large_channel_leaves_the_others_fine() -> None:
    """A channel of small weights is not rounded in the steps of a large one."""
    weights = np.array([[1000.0, 0.01], [-500.0, -0.004]], np.float32)

    restored = int8_weights(weights).restored()

    assert restored[:, 1] == pytest.approx(weights[:, 1], abs=0.5 * 0.01 / 127)


def test_zeros_stay_zeros() -> None:
    """A channel without any weight is no division by zero, and pruned weights stay pruned."""
    weights = np.array([[0.0, 0.0], [0.0, 3.0]], np.float32)

    restored = int8_weights(weights).restored()

    assert restored.tolist() == [[0.0, 0.0], [0.0, 3.0]]


@given(WEIGHTS)
def test_float16_keeps_eleven_bits(weights: NDArray[np.float32]) -> None:
    """No weight moves by more than 0.05 percent, or by half of the smallest step."""
    restored = float16_weights(weights).astype(np.float32)

    assert (np.abs(restored - weights) <= np.abs(weights) * 2.0**-11 + 2.0**-25).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(bad: float) -> None:
    """They would become whatever the processor makes of them."""
    weights = np.array([[1.0, bad]], np.float32)

    with pytest.raises(ValueError, match="not a finite number"):
        int8_weights(weights)
    with pytest.raises(ValueError, match="not a finite number"):
        float16_weights(weights)


def test_a_weight_that_half_precision_cannot_hold_is_refused() -> None:
    """It would become infinite."""
    with pytest.raises(ValueError, match="beyond 65504"):
        float16_weights(np.array([70_000.0], np.float32))
