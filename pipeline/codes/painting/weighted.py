"""Draws in which some things are likelier than others."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def weighted(rng: np.random.Generator, options: Mapping[T, float]) -> T:
    """Pick a key; the values are weights, of any sum.

    >>> weighted(np.random.default_rng(0), {"never": 0, "always": 3})
    'always'
    """
    mark = rng.random() * sum(options.values())
    for option, weight in options.items():
        mark -= weight
        if mark < 0:
            return option
    return next(reversed(list(options)))
