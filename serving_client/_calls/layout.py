"""Answers that are laid out as earlier ones were, read without looking at their structure again.

A model answers call after call with the same tensors: the same names, types, shapes and version.
Such answers differ in the elements alone, which stand at the same places.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from serving_client._values import Array, ModelRef

__all__ = ["LayoutMemory"]

_LAYOUTS_MAX = 8  # of one kind of call: batches come in several sizes
_STRUCTURE_BYTES_MAX = 8192

Outputs = dict[str, Array]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the elements of an output stand."""

    name: str
    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What answers have in common.

    Attributes:
        structure: all bytes that are no elements, in pieces: where each begins and ends, and what
            stands there.
        places: of the elements, in the order of the outputs.
        model: what answers.
    """

    structure: tuple[tuple[int, int, bytes], ...]
    places: tuple[_Place, ...]
    model: ModelRef

    def outputs(self, answer: bytes) -> Outputs | None:
        """The outputs, each of its own memory; None if the answer is laid out otherwise.

        Whoever reads an answer never looks at elements to find out what they are. So one with the
        same structure means the same, whatever its elements.

        Args:
            answer: as long as the one that was learned from.
        """
        for start, stop, expected in self.structure:
            if answer[start:stop] != expected:
                return None
        return {
            place.name: np.ndarray(place.shape, place.dtype, answer, place.start).copy()
            for place in self.places
        }


class LayoutMemory:
    """Remembers the layouts of the answers to one kind of call. Safe to use from many threads."""

    def __init__(self) -> None:
        self._by_length: Mapping[int, _Layout] = {}

    def read(self, answer: bytes) -> tuple[Outputs, ModelRef] | None:
        """The outputs and what answered, if the answer is laid out as an earlier one."""
        layout = self._by_length.get(len(answer))
        outputs = None if layout is None else layout.outputs(answer)
        return None if outputs is None or layout is None else (outputs, layout.model)

    def learn(self, answer: bytes, outputs: Mapping[str, Array], model: ModelRef) -> None:
        """Remembers how an answer is laid out, if all its outputs are views of it.

        Args:
            answer: one that made sense.
            outputs: what was read from it.
            model: what answered.
        """
        layout = _layout(answer, outputs, model)
        if layout is not None:
            # The dictionary is never changed, as other threads may look at it.
            known = self._by_length if len(self._by_length) < _LAYOUTS_MAX else {}
            self._by_length = {**known, len(answer): layout}


def _layout(answer: bytes, outputs: Mapping[str, Array], model: ModelRef) -> _Layout | None:
    base = _address(np.frombuffer(answer, np.uint8)) if answer else 0
    places = tuple(
        _Place(name, _address(array) - base, array.dtype, array.shape)
        for name, array in outputs.items()
    )
    spans = sorted(
        (place.start, place.start + array.nbytes)
        for place, array in zip(places, outputs.values(), strict=True)
    )
    if not all(0 <= start < stop <= len(answer) for start, stop in spans):
        return None  # strings, or numbers that are written otherwise than numpy has them
    structure = tuple(_between(answer, spans))
    if sum(len(piece) for _, _, piece in structure) > _STRUCTURE_BYTES_MAX:
        return None
    return _Layout(structure, places, model)


def _between(answer: bytes, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int, bytes]]:
    """Yields what stands before, between and behind some parts of an answer."""
    edges = [0, *(edge for span in spans for edge in span), len(answer)]
    for start, stop in list(pairwise(edges))[::2]:
        yield start, stop, bytes(answer[start:stop])


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
