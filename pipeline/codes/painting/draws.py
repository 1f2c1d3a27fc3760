"""Random numbers as painters need them."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return true with a probability in 0..1."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number in low..high, all equally likely."""
    return float(low + (high - low) * rng.random())


def size_between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a size in low..high (low above 0), where each doubling is equally likely."""
    return float(low * (high / low) ** rng.random())


def count_between(rng: np.random.Generator, low: int, high: int) -> int:
    """Return a whole number in low..high, both ends included."""
    return int(rng.integers(low, max(low, high) + 1))


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Return one of several choices, all equally likely."""
    return choices[int(rng.integers(len(choices)))]
