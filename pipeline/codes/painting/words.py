"""Words that no language has, made of random syllables."""

from functools import lru_cache

import numpy as np

from pipeline.codes.painting.draws import between, chance, count_between, pick

_ONSETS = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "gr", "pl", "qu", "sh", "sp", "st", "th", "tr")
_VOWELS = (*"aaeeeiioouy", "ai", "ea", "ou", "oo")
_CODAS = ("", "", "", *"nrstlm", "nd", "st", "ck", "ng")
_LETTERS_PER_WORD = 6.0
# Shares of words that are not simply in small letters, summed up.
_CAPITALISED, _BEFORE_COMMA, _BEFORE_STOP, _NUMBER = 0.12, 0.18, 0.24, 0.3


def words(rng: np.random.Generator, count: int) -> list[str]:
    """Return words; some capitalised, some numbers."""
    vocabulary = _vocabulary()
    chosen = [vocabulary[i] for i in rng.integers(0, len(vocabulary), count)]
    return [_dressed(word, kind) for word, kind in zip(chosen, rng.random(count), strict=True)]


def sentence(rng: np.random.Generator, letters: int) -> str:
    """Return words of about so many letters in all."""
    return " ".join(words(rng, max(1, round(letters / _LETTERS_PER_WORD))))


def title(rng: np.random.Generator, count: int) -> str:
    """Return words as they stand in a heading: capitals or capitalised."""
    text = " ".join(words(rng, count))
    return text.upper() if chance(rng, 0.5) else text.title()


def figure(rng: np.random.Generator) -> str:
    """Return an amount, as in a bill or a table."""
    amount = float(10 ** between(rng, 0, 5))
    decimals, unit = int(rng.integers(0, 3)), pick(rng, ("", "", "%", " g", " x"))
    return f"{amount:.{decimals}f}{unit}"


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[str, ...]:
    """Return two thousand words, always the same."""
    rng = np.random.default_rng(1)
    return tuple(
        "".join(_syllable(rng) for _ in range(count_between(rng, 1, 3))) for _ in range(2000)
    )


def _syllable(rng: np.random.Generator) -> str:
    """Return a syllable."""
    return "".join(pick(rng, part) for part in (_ONSETS, _VOWELS, _CODAS))


def _dressed(word: str, kind: float) -> str:
    """Return a word as it may stand in a text; the kind is a number in 0..1."""
    if kind < _CAPITALISED:
        return word.capitalize()
    if kind < _BEFORE_COMMA:
        return word + ","
    if kind < _BEFORE_STOP:
        return word + "."
    return str(int((kind - _BEFORE_STOP) * 1e6)) if kind < _NUMBER else word
