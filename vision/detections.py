"""What a detector found in one picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Detection(NamedTuple):
    """One object: its name, its probability (0..1), its class and its box.

    The box is (x_min, y_min, x_max, y_max) in pixels of the upright original.
    """

    label: str
    score: float
    class_id: int
    xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The objects of one picture, the most certain first.

    The arrays are copied, sorted by falling score (equal scores keep their order) and read-only.

    Attributes:
        xyxy: float32 [N, 4], (x_min, y_min, x_max, y_max) in pixels of the upright original.
        class_ids: int64 [N].
        scores: float32 [N], probabilities 0..1.
        labels: N names.

    Raises:
        ValueError: The lengths differ, a number is not finite, a score lies outside 0..1, or a
            box ends before it begins.

    Examples:
        >>> found = Detections(
        ...     xyxy=np.array([[0, 0, 10, 20], [5, 5, 30, 15]], dtype=np.float32),
        ...     class_ids=np.array([1, 18]),
        ...     scores=np.array([0.25, 0.75], dtype=np.float32),
        ...     labels=("person", "dog"),
        ... )
        >>> found.labels
        ('dog', 'person')
        >>> for detection in found.above(0.5):
        ...     print(detection)
        Detection(label='dog', score=0.75, class_id=18, xyxy=(5.0, 5.0, 30.0, 15.0))
    """

    xyxy: NDArray[np.float32]
    class_ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        xyxy = np.asarray(self.xyxy, dtype=np.float32)
        xyxy = xyxy if xyxy.size else xyxy.reshape(0, 4)
        class_ids = np.asarray(self.class_ids, dtype=np.int64)
        scores = np.asarray(self.scores, dtype=np.float32)
        _check(xyxy, class_ids, scores, self.labels)
        order = np.argsort(-scores, kind="stable")
        object.__setattr__(self, "xyxy", _read_only(xyxy[order]))
        object.__setattr__(self, "class_ids", _read_only(class_ids[order]))
        object.__setattr__(self, "scores", _read_only(scores[order]))
        object.__setattr__(self, "labels", tuple(self.labels[index] for index in order))

    def above(self, threshold: float) -> Self:
        """Return the detections whose score is ``threshold`` (0..1) or more.

        The threshold is compared in float32, the precision of the scores, so that a score that
        a model gives as 0.6 passes a threshold of 0.6.
        """
        # Scores fall, so the ones to keep are the first ones.
        count = int(np.count_nonzero(self.scores >= np.float32(threshold)))
        kept = slice(count)
        return type(self)(
            self.xyxy[kept], self.class_ids[kept], self.scores[kept], self.labels[kept]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Detection]:
        rows = zip(
            self.labels,
            self.scores.tolist(),
            self.class_ids.tolist(),
            self.xyxy.tolist(),
            strict=True,
        )
        for label, score, class_id, (x_min, y_min, x_max, y_max) in rows:
            yield Detection(label, score, class_id, (x_min, y_min, x_max, y_max))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detections):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def _check(
    xyxy: NDArray[np.float32],
    class_ids: NDArray[np.int64],
    scores: NDArray[np.float32],
    labels: tuple[str, ...],
) -> None:
    count = len(labels)
    if (xyxy.shape, class_ids.shape, scores.shape) != ((count, 4), (count,), (count,)):
        raise ValueError(
            f"expected boxes [N, 4], class ids [N], scores [N] and N labels, got "
            f"{list(xyxy.shape)}, {list(class_ids.shape)}, {list(scores.shape)} and {count}"
        )
    if not np.isfinite(xyxy).all():
        raise ValueError("expected finite boxes")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"expected scores from 0 to 1, got {scores.tolist()}")
    if (xyxy[:, 2:] < xyxy[:, :2]).any():
        raise ValueError("expected boxes with x_min <= x_max and y_min <= y_max")


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    array.flags.writeable = False
    return array
