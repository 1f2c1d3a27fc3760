"""Asking a model about every picture."""

from pathlib import Path

import pytest

from pipeline.evaluate.collect import collect
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError

DATASET = Dataset({7: Path("a.jpg"), 8: Path("b.jpg")}, {18: "dog"}, ())
DOG = FoundBox("dog", 0.5, (0.0, 0.0, 2.0, 1.0))


class OneDog:
    """Sees a dog in `a.jpg` alone."""

    version: int | None = 3
    decode_s: float | None = None

    def detect(self, picture: Path) -> list[FoundBox]:
        return [DOG] if picture.name == "a.jpg" else []

    def close(self) -> None:
        pass


class Broken(OneDog):
    def detect(self, picture: Path) -> list[FoundBox]:
        raise EvaluationError(f"no {picture}")


def test_every_picture_is_asked_about_once() -> None:
    """Boxes come by picture, also where there are none, with progress and the time it took."""
    reports: list[tuple[int, int | None]] = []
    times = iter([10.0, 12.5])

    collection = collect(
        OneDog(), DATASET, lambda done, total: reports.append((done, total)), lambda: next(times)
    )

    assert collection.boxes == {7: [DOG], 8: []}
    assert collection.seconds == 2.5
    assert reports == [(1, 2), (2, 2)]


def test_a_model_that_fails_stops_the_collection() -> None:
    """Half a measurement is none."""
    with pytest.raises(EvaluationError, match=r"no a\.jpg"):
        collect(Broken(), DATASET, lambda *_: None)
