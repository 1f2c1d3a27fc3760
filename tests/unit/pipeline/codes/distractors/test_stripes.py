"""Stripes, which must not be barcodes."""

import numpy as np
import pytest

from pipeline.codes.distractors.stripes import paint_stripes


@pytest.mark.parametrize("seed", range(12))
def test_stripes_keep_to_one_period(seed: int) -> None:
    """Bars of one width and gaps of another: bars of many widths would be a barcode."""
    rows = paint_stripes(np.random.default_rng(seed), 400, 64).mean(axis=2)
    is_dark = rows[32] < (rows.min() + rows.max()) / 2

    edges = np.flatnonzero(np.diff(is_dark.astype(int)) == 1)

    assert len(edges) >= 3
    assert np.ptp(np.diff(edges)) <= 2
