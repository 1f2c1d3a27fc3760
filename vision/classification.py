"""What a classifier says of one picture."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from vision.exceptions import OutputsError
from vision.labels import Labels
from vision.output_arrays import as_class_ids, as_probabilities, read_rows
from vision.output_names import ClassificationOutputs


class ClassScore(NamedTuple):
    """One class: its name, its probability (0..1) and its id."""

    label: str
    score: float
    class_id: int


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """The classes that a picture may show, the most probable first.

    The arrays are copied, sorted by falling score (equal scores keep their order) and read-only.

    Attributes:
        class_ids: int64 [N], each 0 or more.
        scores: float32 [N], probabilities 0..1.
        labels: N names.

    Raises:
        ValueError: The lengths differ, an id is negative, or a score lies outside 0..1.

    Examples:
        >>> seen = Classification(
        ...     class_ids=np.array([88, 96, 87]),
        ...     scores=np.array([0.9, 0.04, 0.05], dtype=np.float32),
        ...     labels=("macaw", "toucan", "grey parrot"),
        ... )
        >>> seen.labels
        ('macaw', 'grey parrot', 'toucan')
        >>> list(seen.above(0.95))
        [ClassScore(label='macaw', score=0.8999999761581421, class_id=88)]
    """

    class_ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        class_ids = np.asarray(self.class_ids, dtype=np.int64)
        scores = np.asarray(self.scores, dtype=np.float32)
        _check(class_ids, scores, self.labels)
        order = np.argsort(-scores, kind="stable")
        object.__setattr__(self, "class_ids", _read_only(class_ids[order]))
        object.__setattr__(self, "scores", _read_only(scores[order]))
        object.__setattr__(self, "labels", tuple(self.labels[index] for index in order))

    def above(self, threshold: float) -> Self:
        """Return the classes whose score is ``threshold`` (0..1) or more, and always the best one.

        The threshold is compared in float32, the precision of the scores.
        """
        count = int(np.count_nonzero(self.scores >= np.float32(threshold)))
        kept = slice(max(count, 1))
        return type(self)(self.class_ids[kept], self.scores[kept], self.labels[kept])

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[ClassScore]:
        rows = zip(self.labels, self.scores.tolist(), self.class_ids.tolist(), strict=True)
        for label, score, class_id in rows:
            yield ClassScore(label, score, class_id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classification):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def classification_from_outputs(
    outputs: Mapping[str, NDArray[Any]], *, names: ClassificationOutputs, labels: Labels
) -> Classification:
    """Read a classification model's outputs for one picture.

    Args:
        outputs: Arrays by output name, for a batch of one picture; outputs not named are ignored.
        names: Which output is which.
        labels: Names of the classes. One that has none is called as the model calls it, where it
            does.

    Raises:
        OutputsError: A named output is missing, has another shape, holds something else than
            numbers or more than one picture, or scores that are no probabilities.

    Examples:
        >>> outputs = {"ids": np.array([[1, 0]]), "scores": np.array([[0.75, 0.25]])}
        >>> names = ClassificationOutputs(class_ids="ids", scores="scores")
        >>> classification_from_outputs(outputs, names=names, labels=Labels({1: "cat"})).labels
        ('cat', 'class 0')
    """
    ids = read_rows(outputs, names.class_ids)
    scores = read_rows(outputs, names.scores)
    if len(ids) != len(scores):
        raise OutputsError(
            f"expected as many class ids as scores, got {len(ids)} of {names.class_ids} and "
            f"{len(scores)} of {names.scores}"
        )
    if not len(ids):
        raise OutputsError(f"expected at least one class in output {names.class_ids}, got none")
    finite = np.isfinite(ids) & np.isfinite(scores)
    if not finite.all():
        raise OutputsError(f"expected finite numbers in {names.class_ids} and {names.scores}")
    class_ids = as_class_ids(ids, names.class_ids)
    return Classification(
        class_ids=class_ids,
        scores=as_probabilities(scores, names.scores),
        labels=_labels(class_ids.tolist(), labels, _own_names(outputs, names, len(ids))),
    )


def _labels(ids: list[int], labels: Labels, own_names: list[str]) -> tuple[str, ...]:
    pairs = zip(ids, own_names, strict=True)
    return tuple(
        own if own and class_id not in labels.names else labels[class_id] for class_id, own in pairs
    )


def _own_names(
    outputs: Mapping[str, NDArray[Any]], names: ClassificationOutputs, count: int
) -> list[str]:
    """Return what the model itself calls the classes; empty text where it does not say."""
    if names.class_names is None or names.class_names not in outputs:
        return [""] * count
    array = np.asarray(outputs[names.class_names]).reshape(-1)
    if len(array) != count:
        raise OutputsError(f"expected {count} names in {names.class_names}, got {len(array)}")
    texts = (name.decode(errors="replace") if isinstance(name, bytes) else name for name in array)
    return [" ".join(str(text).split()) for text in texts]


def _check(
    class_ids: NDArray[np.int64], scores: NDArray[np.float32], labels: tuple[str, ...]
) -> None:
    count = len(labels)
    if (class_ids.shape, scores.shape) != ((count,), (count,)):
        raise ValueError(
            f"expected class ids [N], scores [N] and N labels, got {list(class_ids.shape)}, "
            f"{list(scores.shape)} and {count}"
        )
    if (class_ids < 0).any():
        raise ValueError(f"expected class ids of 0 or more, got {class_ids.tolist()}")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"expected scores from 0 to 1, got {scores.tolist()}")


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    array.flags.writeable = False
    return array
