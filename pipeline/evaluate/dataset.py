"""A data set in COCO's form: pictures, and the boxes that are truly in them."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pipeline.exceptions import EvaluationError

ANNOTATIONS_FILE = "instances.json"
IMAGES_FOLDER = "images"


@dataclass(frozen=True, slots=True)
class TrueBox:
    """One object that is in a picture.

    Attributes:
        image_id: The picture.
        category_id: What it is.
        xywh: Left, top, width and height in pixels of the upright picture.
        area: Square pixels of the object itself, which may be fewer than the box has.
        is_crowd: Whether it is a group that was not told apart, which nobody needs to find.
    """

    image_id: int
    category_id: int
    xywh: tuple[float, float, float, float]
    area: float
    is_crowd: bool

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels."""
        left, top, width, height = self.xywh
        return left, top, left + width, top + height


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures and what is in them.

    Attributes:
        pictures: Files by picture id.
        categories: Names by category id.
        boxes: Everything that is in the pictures.
    """

    pictures: Mapping[int, Path]
    categories: Mapping[int, str]
    boxes: tuple[TrueBox, ...]

    @property
    def ids(self) -> dict[str, int]:
        """Category ids by name."""
        return {name: category_id for category_id, name in self.categories.items()}

    @classmethod
    def load(cls, folder: Path, limit: int | None = None) -> Self:
        """Read `instances.json`, and look whether its pictures are in `images/`.

        Args:
            folder: Where both are.
            limit: Take only so many pictures, the first.

        Raises:
            EvaluationError: Something is missing or not of that form.
        """
        path = folder / ANNOTATIONS_FILE
        try:
            dataset = cls._parse(json.loads(path.read_bytes()), folder / IMAGES_FOLDER, limit)
        except OSError as error:
            raise EvaluationError(f"Cannot read {path}: {error.strerror}.") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise EvaluationError(f"{path} is not in COCO's form: {error!r}.") from error
        for picture in dataset.pictures.values():
            if not picture.is_file():
                raise EvaluationError(f"{path} lists a picture that is not there: {picture}.")
        return dataset

    @classmethod
    def _parse(cls, fields: Mapping[str, Any], images: Path, limit: int | None) -> Self:
        rows = fields["images"]
        pictures = _unique((int(row["id"]), images / row["file_name"]) for row in rows)
        categories = _unique((int(row["id"]), str(row["name"])) for row in fields["categories"])
        _unique((name, category_id) for category_id, name in categories.items())
        boxes = [_box(row, categories) for row in fields["annotations"]]
        taken = dict(list(pictures.items())[:limit])
        return cls(taken, categories, tuple(box for box in boxes if box.image_id in taken))


_KeyT = TypeVar("_KeyT")
_ValueT = TypeVar("_ValueT")


def _unique(pairs: Iterable[tuple[_KeyT, _ValueT]]) -> dict[_KeyT, _ValueT]:
    unique: dict[_KeyT, _ValueT] = {}
    for key, value in pairs:
        if key in unique:
            raise ValueError(f"{key!r} is there twice")
        unique[key] = value
    return unique


def _box(row: Mapping[str, Any], categories: Mapping[int, str]) -> TrueBox:
    left, top, width, height = map(float, row["bbox"])
    if not (
        all(map(math.isfinite, (left, top))) and 0 <= width < math.inf and 0 <= height < math.inf
    ):
        raise ValueError(f"{row['bbox']} is no box")
    category_id = int(row["category_id"])
    if category_id not in categories:
        raise LookupError(f"category {category_id} has no name")
    return TrueBox(
        image_id=int(row["image_id"]),
        category_id=category_id,
        xywh=(left, top, width, height),
        area=float(row.get("area", width * height)),
        is_crowd=bool(row.get("iscrowd", 0)),
    )
