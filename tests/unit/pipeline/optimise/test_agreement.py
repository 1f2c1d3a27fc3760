"""How far two models say the same."""

import numpy as np
import pytest

from pipeline.optimise.agreement import same_best_class, same_boxes, top_accuracies
from vision import Classification, Detections


def seen(
    *boxes: tuple[float, float, float, float], class_id: int = 1, score: float = 0.9
) -> Detections:
    return Detections(
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        class_ids=np.full(len(boxes), class_id),
        scores=np.full(len(boxes), score, np.float32),
        labels=("thing",) * len(boxes),
    )


def classes(*class_ids: int) -> Classification:
    scores = np.linspace(0.5, 0.1, len(class_ids), dtype=np.float32)
    return Classification(np.array(class_ids), scores, tuple(map(str, class_ids)))


BOX = (0.0, 0.0, 30.0, 10.0)
NEAR = (2.0, 0.0, 32.0, 10.0)
FAR = (100.0, 0.0, 130.0, 10.0)


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        (seen(), seen(), None),
        (seen(BOX), seen(), 0.0),
        (seen(BOX), seen(NEAR), 1.0),
        (seen(BOX), seen(FAR), 0.0),
        (seen(BOX), seen(BOX, class_id=2), 0.0),
        (seen(BOX), seen(BOX, NEAR), 2 / 3),
        (seen(BOX, FAR), seen(FAR, NEAR), 1.0),
        (seen(BOX), seen(BOX, score=0.3), 0.0),
    ],
)
def test_boxes_agree_by_place_class_and_threshold(
    first: Detections, second: Detections, share: float | None
) -> None:
    """Each box has at most one partner; boxes below the threshold do not count."""
    assert same_boxes([first], [second], 0.5) == pytest.approx(share)


def test_the_best_class_decides() -> None:
    """Whatever stands behind it."""
    assert same_best_class([], []) is None
    assert same_best_class([classes(3, 1)], [classes(3, 2)]) == 1.0
    assert same_best_class([classes(3, 1), classes(5)], [classes(1, 3), classes(5)]) == 0.5


def test_top_1_and_top_5_are_counted() -> None:
    """A right class first, among the first five, behind them, or not there at all."""
    answers = [classes(1, 2), classes(1, 2), classes(1, 2, 3, 4, 5, 6), classes(1)]

    accuracies = top_accuracies(answers, [{1}, {2, 7}, {6}, {9}])

    assert accuracies == {"top1": 0.25, "top5": 0.5}
