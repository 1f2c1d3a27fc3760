"""What made codes say: addresses, numbers, words and bytes of many lengths."""

import string
from collections.abc import Callable, Mapping

import numpy as np

from pipeline.codes.painting.draws import pick
from pipeline.codes.painting.weighted import weighted

_WORDS = (
    "lot", "best", "before", "serial", "order", "parcel", "ticket", "seat", "gate", "train",
    "platform", "depot", "return", "invoice", "batch", "part", "unit", "green", "river", "stone",
    "paper", "north", "cloud", "seven", "light", "copper", "garden", "harbour", "meadow", "tunnel",
    "window", "bridge", "signal", "orange", "marble", "winter", "summer", "silver", "forest",
    "lantern", "compass", "anchor",
)  # fmt: skip


def random_payload(rng: np.random.Generator, length: int) -> str | bytes:
    """Draw what a two-dimensional code of about so many characters says."""
    length = max(1, length)
    form = weighted(rng, {"address": 4, "digits": 2, "capitals": 2, "words": 3, "bytes": 1})
    if form == "bytes":
        return rng.bytes(length)
    return _TEXTS[form](rng, length)


def random_digits(rng: np.random.Generator, length: int) -> str:
    """Draw so many decimal digits."""
    return "".join(map(str, rng.integers(0, 10, length)))


def random_capitals(rng: np.random.Generator, length: int) -> str:
    """Draw so many capital letters and digits."""
    letters = string.ascii_uppercase + string.digits
    return "".join(letters[index] for index in rng.integers(0, len(letters), length))


def random_words(rng: np.random.Generator, count: int) -> str:
    """Draw so many English words with a space between."""
    return " ".join(pick(rng, _WORDS) for _ in range(count))


def _address(rng: np.random.Generator, length: int) -> str:
    letters = string.ascii_lowercase + string.digits
    head = f"https://{pick(rng, _WORDS)}.example/"
    tail = "".join(letters[index] for index in rng.integers(0, len(letters), length))
    return (head + tail)[:length]


def _words(rng: np.random.Generator, length: int) -> str:
    return random_words(rng, length // 6 + 1)[:length].strip() or "a"


_TEXTS: Mapping[str, Callable[[np.random.Generator, int], str]] = {
    "address": _address,
    "digits": random_digits,
    "capitals": random_capitals,
    "words": _words,
}
