"""Where in a picture a model looked: numbers over its whole area, coarse or fine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.exceptions import OutputsError
from vision.labels import Labels
from vision.output_arrays import as_class_ids, as_probabilities, read_numbers
from vision.output_names import Explanation

_RANK = 2


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """How much each part of a picture speaks for something.

    The array is copied, and read-only.

    Attributes:
        values_hw: float32 [h, w], 0 (nothing) to 1 (the most). It covers the whole upright picture
            in h x w equal cells, whatever the size of the picture.

    Raises:
        ValueError: There is no cell, or a value lies outside 0..1.

    Examples:
        >>> HeatMap(np.eye(2)).resized((4, 2)).round(2)
        array([[1.  , 0.75, 0.25, 0.  ],
               [0.  , 0.25, 0.75, 1.  ]], dtype=float32)
    """

    values_hw: NDArray[np.float32]

    def __post_init__(self) -> None:
        values_hw = np.array(self.values_hw, dtype=np.float32)
        if values_hw.ndim != _RANK or not values_hw.size:
            raise ValueError(f"expected a heat map [h, w], got {list(values_hw.shape)}")
        if not ((values_hw >= 0) & (values_hw <= 1)).all():
            raise ValueError("expected heat from 0 to 1")
        values_hw.flags.writeable = False
        object.__setattr__(self, "values_hw", values_hw)

    def resized(self, size_wh: tuple[int, int]) -> NDArray[np.float32]:
        """Return the map in another size, between its cells' centres interpolated.

        Args:
            size_wh: Width and height in cells, each at least 1.

        Returns:
            float32 [H, W], 0..1.
        """
        image = Image.fromarray(self.values_hw)
        resized = image.resize(size_wh, Image.Resampling.BILINEAR)
        return np.clip(np.asarray(resized, dtype=np.float32), 0.0, 1.0)

    def share_inside(self, xyxy_normalised: tuple[float, float, float, float]) -> float:
        """Return how much of all heat lies inside a box, 0..1; 0 where there is no heat at all.

        Args:
            xyxy_normalised: (x_min, y_min, x_max, y_max) in fractions of the picture. A cell
                belongs to the box by as much as it lies in it.

        Examples:
            >>> HeatMap(np.eye(2)).share_inside((0.0, 0.0, 0.5, 1.0))
            0.5
        """
        x_min, y_min, x_max, y_max = xyxy_normalised
        height, width = self.values_hw.shape
        rows, columns = _coverage(y_min, y_max, height), _coverage(x_min, x_max, width)
        total = float(self.values_hw.sum(dtype=np.float64))
        return float(rows @ self.values_hw @ columns) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ClassHeat:
    """Which parts of a picture speak for a class.

    Attributes:
        class_id: The class.
        label: Its name.
        score: Its probability, 0..1.
        heat_map: Where.
    """

    class_id: int
    label: str
    score: float
    heat_map: HeatMap


def class_heat_from_outputs(
    outputs: Mapping[str, NDArray[Any]], *, names: Explanation, labels: Labels
) -> ClassHeat:
    """Read what a classification model answers when it is asked why, for one picture.

    Args:
        outputs: Arrays by output name, for a batch of one picture.
        names: Which output is which.
        labels: Names of the classes.

    Raises:
        OutputsError: A named output is missing, or is not what the card promises.
    """
    values = read_numbers(outputs, names.heat_map)
    if values.ndim == _RANK + 1 and len(values) == 1:
        values = values[0]
    try:
        heat_map = HeatMap(values.astype(np.float32))
    except ValueError as error:
        raise OutputsError(f"output {names.heat_map}: {error}") from error
    class_id = int(as_class_ids(_one(outputs, names.class_id), names.class_id)[0])
    score = float(as_probabilities(_one(outputs, names.score), names.score)[0])
    return ClassHeat(class_id, labels[class_id], score, heat_map)


def _one(outputs: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    array = read_numbers(outputs, name).reshape(-1)
    if array.size != 1 or not np.isfinite(array).all():
        raise OutputsError(f"expected one number in output {name}, got {array.tolist()[:8]}")
    return array


def _coverage(start: float, end: float, cells: int) -> NDArray[np.float64]:
    """Return how much of each of some cells in a row, 0..1, lies between two fractions of it."""
    edges = np.linspace(0.0, 1.0, cells + 1)
    lengths: NDArray[np.float64] = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
    return np.maximum(lengths, 0.0) * cells
