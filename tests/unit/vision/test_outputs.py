"""Reading a detector's outputs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from vision import Detection, DetectionOutputs, Labels, OutputsError, detections_from_outputs

NAMES = DetectionOutputs(
    "detection_boxes", "detection_scores", "detection_classes", "num_detections"
)
NAMES_WITHOUT_COUNT = DetectionOutputs("detection_boxes", "detection_scores", "detection_classes")
LABELS = Labels({1: "person", 18: "dog"})

# A dog in the lower left quarter, a person at the top right, and an unused row.
BOXES = [[0.5, 0.0, 1.0, 0.5], [0.0, 0.75, 0.25, 1.0], [0.0, 0.0, 0.0, 0.0]]
SCORES = [0.75, 0.5, 0.0]
CLASSES = [18, 1, 1]
EXPECTED_400_BY_100 = [
    Detection("dog", 0.75, 18, (0.0, 50.0, 200.0, 100.0)),
    Detection("person", 0.5, 1, (300.0, 0.0, 400.0, 25.0)),
]


def outputs(**changes: Any) -> dict[str, NDArray[Any]]:
    arrays = {
        "detection_boxes": np.array([BOXES], dtype=np.float32),
        "detection_scores": np.array([SCORES], dtype=np.float32),
        "detection_classes": np.array([CLASSES], dtype=np.float32),
        "num_detections": np.array([2.0], dtype=np.float32),
    }
    return arrays | {key: np.asarray(value) for key, value in changes.items()}


@pytest.mark.parametrize(
    "arrays",
    [
        outputs(),
        outputs(raw_detection_boxes=np.zeros((1, 1917, 4))),
        outputs(num_detections=[2]),
        outputs(num_detections=2.0),
        outputs(num_detections=np.int32(2)),
        outputs(num_detections=300),
        outputs(detection_classes=np.array([CLASSES], dtype=np.int64)),
        outputs(detection_classes=np.array([CLASSES]) - 1e-4),
        outputs(detection_boxes=BOXES, detection_scores=SCORES, detection_classes=CLASSES),
        outputs(detection_boxes=np.array([BOXES], dtype=np.float16)),
        outputs(detection_scores=np.array([SCORES], dtype=np.float64)),
    ],
    ids=[
        "TF1 zoo",
        "TF2 zoo with raw outputs",
        "count as int list",
        "count as scalar",
        "count as int32",
        "count above N",
        "classes as int64",
        "classes just below",
        "no batch dimension",
        "boxes as float16",
        "scores as float64",
    ],
)
def test_both_zoo_forms_are_read(arrays: dict[str, NDArray[Any]]) -> None:
    """Number types and the batch dimension do not matter, and x and y keep their places."""
    found = detections_from_outputs(arrays, names=NAMES, labels=LABELS, size_wh=(400, 100))

    assert list(found) == EXPECTED_400_BY_100


def test_a_model_without_a_count_means_all_rows() -> None:
    """The unused row has no area and drops out by itself."""
    found = detections_from_outputs(
        outputs(num_detections=0), names=NAMES_WITHOUT_COUNT, labels=LABELS, size_wh=(400, 100)
    )

    assert list(found) == EXPECTED_400_BY_100


@pytest.mark.parametrize(
    "arrays",
    [
        outputs(num_detections=0),
        outputs(
            detection_boxes=np.zeros((1, 0, 4)),
            detection_scores=np.zeros((1, 0)),
            detection_classes=np.zeros((1, 0)),
            num_detections=0,
        ),
        outputs(detection_boxes=np.zeros((1, 3, 4))),
        outputs(detection_boxes=np.full((1, 3, 4), np.nan)),
        outputs(detection_scores=np.full((1, 3), np.nan)),
        outputs(detection_scores=np.full((1, 3), np.inf)),
        outputs(detection_classes=np.full((1, 3), np.nan)),
        outputs(detection_boxes=[[[1.5, 1.5, 2.0, 2.0]] * 3]),
        outputs(detection_boxes=[[[0.9, 0.9, 0.1, 0.1]] * 3]),
    ],
    ids=[
        "count 0",
        "no rows",
        "empty boxes",
        "NaN boxes",
        "NaN scores",
        "infinite scores",
        "NaN classes",
        "outside",
        "corners swapped",
    ],
)
def test_rows_that_mean_nothing_are_dropped(arrays: dict[str, NDArray[Any]]) -> None:
    """What is left of nothing is the empty value."""
    found = detections_from_outputs(arrays, names=NAMES, labels=LABELS, size_wh=(400, 100))

    assert len(found) == 0


def test_a_broken_row_leaves_the_others() -> None:
    """One NaN costs one detection."""
    scores = [[np.nan, 0.5, 0.0]]

    found = detections_from_outputs(
        outputs(detection_scores=scores), names=NAMES, labels=LABELS, size_wh=(400, 100)
    )

    assert list(found) == EXPECTED_400_BY_100[1:]


def test_boxes_are_cut_off_at_the_borders() -> None:
    """A box that reaches out of the picture, even absurdly far, ends at its border."""
    boxes = [[[-0.5, -1e30, 0.5, 0.25], [0.5, 0.5, 1.5, 3e38], [0, 0, 0, 0]]]

    found = detections_from_outputs(
        outputs(detection_boxes=boxes), names=NAMES, labels=LABELS, size_wh=(400, 100)
    )

    assert found.xyxy.tolist() == [[0, 0, 100, 50], [200, 50, 400, 100]]


def test_scores_just_outside_are_clipped() -> None:
    """Rounding in half precision is forgiven."""
    found = detections_from_outputs(
        outputs(detection_scores=[[1.0005, -0.0005, 0]]),
        names=NAMES,
        labels=LABELS,
        size_wh=(400, 100),
    )

    assert found.scores.tolist() == [1.0, 0.0]


def test_a_class_without_a_name_has_its_id_as_label() -> None:
    """An incomplete labels file loses no detection."""
    found = detections_from_outputs(outputs(), names=NAMES, labels=Labels({}), size_wh=(400, 100))

    assert found.labels == ("class 18", "class 1")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "expected an output named detection_boxes, got none"),
        (
            {"scores": np.zeros(1), "boxes": np.zeros(1)},
            "expected an output named detection_boxes, got boxes, scores",
        ),
        (
            outputs(detection_boxes=np.zeros((3, 5, 4))),
            "expected a batch of one picture in detection_boxes, got 3",
        ),
        (
            outputs(detection_scores=np.zeros((0, 3))),
            "expected a batch of one picture in detection_scores, got 0",
        ),
        (
            outputs(detection_boxes=np.zeros((1, 3, 5))),
            "expected shape [1, N, 4] of output detection_boxes, got [1, 3, 5]",
        ),
        (
            outputs(detection_scores=np.zeros((1, 3, 91))),
            "expected shape [1, N] of output detection_scores, got [1, 3, 91]",
        ),
        (outputs(detection_scores=0.5), "expected shape [1, N] of output detection_scores, got []"),
        (
            outputs(detection_scores=[[0.5, 0.5]]),
            (
                "expected as many boxes as scores and classes, got 3 of detection_boxes, "
                "2 of detection_scores and 3 of detection_classes"
            ),
        ),
        (
            outputs(detection_classes=np.array([[b"dog", b"cat", b""]])),
            "expected numbers in output detection_classes, got |S3",
        ),
        (
            outputs(detection_classes=[[1e300, 1, 1]]),
            "expected class ids in output detection_classes, got 1e+300",
        ),
        (
            outputs(detection_classes=[[-1, 1, 1]]),
            "expected class ids in output detection_classes, got -1.0",
        ),
        (
            outputs(detection_scores=[[7.25, 0.5, 0]]),
            "expected probabilities from 0 to 1 in output detection_scores, got 7.25",
        ),
        (
            outputs(num_detections=[1, 2]),
            "expected one number in output num_detections, got 2",
        ),
        (
            outputs(num_detections=np.nan),
            "expected a number of detections in output num_detections, got nan",
        ),
        (
            outputs(num_detections=-1),
            "expected a number of detections in output num_detections, got -1.0",
        ),
    ],
)
def test_outputs_of_another_model_are_refused(
    arrays: dict[str, NDArray[Any]], message: str
) -> None:
    """The message has the name of the output, what was expected and what came."""
    with pytest.raises(OutputsError) as caught:
        detections_from_outputs(arrays, names=NAMES, labels=LABELS, size_wh=(400, 100))

    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["boxes", "scores", "classes", "count"])
def test_an_output_has_a_name(key: str) -> None:
    """An empty name is refused, with its key."""
    names = {"boxes": "b", "scores": "s", "classes": "c", "count": "n"}

    with pytest.raises(ValueError, match=f"^{key}: "):
        DetectionOutputs(**names | {key: ""})


@given(
    boxes=st_numpy.arrays(np.float32, (1, 4, 4), elements=st.floats(width=32)),
    scores=st_numpy.arrays(
        np.float32, (1, 4), elements=st.floats(0, 1, width=32) | st.just(np.nan)
    ),
    count=st.integers(0, 10),
    size_wh=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
)
def test_detections_always_lie_in_the_picture(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    count: int,
    size_wh: tuple[int, int],
) -> None:
    """Whatever numbers a model makes up, boxes have an area and lie in the picture."""
    arrays: dict[str, NDArray[Any]] = {
        "detection_boxes": boxes,
        "detection_scores": scores,
        "detection_classes": np.ones((1, 4)),
        "num_detections": np.array([count]),
    }

    found = detections_from_outputs(arrays, names=NAMES, labels=LABELS, size_wh=size_wh)

    assert len(found) <= count
    assert (found.xyxy >= 0).all()
    assert (found.xyxy <= [*size_wh, *size_wh]).all()
