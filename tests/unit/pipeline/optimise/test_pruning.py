"""The smallest weights become zeros."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.optimise.pruning import pruned, sparsity_of


@given(st.integers(0, 40), st.floats(0, 1), st.integers(0, 9))
def test_the_share_asked_for_is_zero(size: int, sparsity: float, seed: int) -> None:
    """Rounded down to whole weights, where none was zero before."""
    weights = np.random.default_rng(seed).uniform(0.5, 1.0, size).astype(np.float32)

    kept = pruned(weights, sparsity)

    assert np.count_nonzero(kept == 0) == int(sparsity * size)


def test_the_largest_weights_stay_as_they_are() -> None:
    """Magnitude decides, not sign; the argument is not changed."""
    weights = np.array([[-3.0, 0.1], [0.2, -0.05]], np.float32)

    kept = pruned(weights, 0.5)

    assert kept.tolist() == [[-3.0, 0.0], [np.float32(0.2), 0.0]]
    assert np.count_nonzero(weights) == 4


@pytest.mark.parametrize("sparsity", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(sparsity: float) -> None:
    """It is no share."""
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        pruned(np.ones(3, np.float32), sparsity)


def test_sparsity_is_over_all_arrays() -> None:
    """A large array counts for more than a small one; none at all has no zeros."""
    assert sparsity_of([np.zeros(3, np.float32), np.ones((3, 3), np.float32)]) == 0.25
    assert sparsity_of([]) == 0.0
