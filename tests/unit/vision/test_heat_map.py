"""Heat maps: checked, resized, measured and drawn."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision import (
    Explanation,
    HeatMap,
    Labels,
    OutputsError,
    class_heat_from_outputs,
    encode_png,
    heat_layer,
    lay_heat_over,
)

NAMES = Explanation("grad_cam", "image", "class_id", "heat_map", "score")
LABELS = Labels({3: "macaw"})
ONE_HOT = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]], np.float32)


def outputs(**changes: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    return {
        "heat_map": ONE_HOT[np.newaxis],
        "class_id": np.array([3]),
        "score": np.array([0.9], np.float32),
        **changes,
    }


def test_outputs_become_a_named_heat_map() -> None:
    """A model's answer says of which class it is, how sure the model was, and where."""
    heat = class_heat_from_outputs(outputs(), names=NAMES, labels=LABELS)

    assert (heat.class_id, heat.label) == (3, "macaw")
    assert heat.score == pytest.approx(0.9)
    assert np.array_equal(heat.heat_map.values_hw, ONE_HOT)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heat_map": np.full((1, 2, 2), 1.5)}, "expected heat from 0 to 1"),
        ({"heat_map": np.full((1, 2, 2), np.nan)}, "expected heat from 0 to 1"),
        ({"heat_map": np.zeros((2, 2, 2))}, r"a heat map \[h, w\], got \[2, 2, 2\]"),
        ({"heat_map": np.zeros((1, 0, 2))}, r"a heat map \[h, w\]"),
        ({"heat_map": np.array([["x"]])}, "expected numbers"),
        ({"class_id": np.array([3, 4])}, "expected one number in output class_id"),
        ({"class_id": np.array([-1])}, "expected class ids"),
        ({"score": np.array([np.nan])}, "expected one number in output score"),
        ({"score": np.array([2.0])}, "expected probabilities"),
    ],
)
def test_outputs_that_are_none_are_refused(
    changes: dict[str, NDArray[np.generic]], sentence: str
) -> None:
    """What no explanation can mean is an error that says what was expected."""
    with pytest.raises(OutputsError, match=sentence):
        class_heat_from_outputs(outputs(**changes), names=NAMES, labels=LABELS)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((0.0, 0.0, 1.0, 1.0), 1.0),
        ((0.5, 1 / 3, 1.0, 2 / 3), 1.0),
        ((0.0, 0.0, 0.5, 1.0), 0.0),
        ((0.75, 0.0, 1.0, 0.5), 0.25),
        ((0.6, 0.6, 0.5, 0.5), 0.0),
    ],
)
def test_share_inside_a_box_counts_parts_of_cells(
    box: tuple[float, float, float, float], share: float
) -> None:
    """Of a cell that lies half in a box, half of its heat counts; the map is not square."""
    assert HeatMap(ONE_HOT).share_inside(box) == pytest.approx(share)


def test_map_without_heat_has_none_anywhere() -> None:
    """Where nothing speaks for a class, nothing is shown and nothing divided by zero."""
    cold = HeatMap(np.zeros((3, 3), np.float32))

    assert cold.share_inside((0.0, 0.0, 1.0, 1.0)) == 0
    assert not heat_layer(cold, (9, 9))[..., 3].any()


def test_layer_lies_where_the_heat_is() -> None:
    """The layer is dense in the hot cell and transparent far from it, in a size of W x H."""
    layer_hwc = heat_layer(HeatMap(ONE_HOT), (40, 90))

    assert layer_hwc.shape == (90, 40, 4)
    assert layer_hwc[45, 35, 3] > 240
    assert layer_hwc[5, 5, 3] == 0
    assert layer_hwc[45, 35, 0] > 200


def test_opacity_goes_from_the_picture_to_the_layer() -> None:
    """At 0 the picture stays as it is, and the more opacity, the more it changes."""
    grey_hwc = np.full((30, 20, 3), 128, np.uint8)
    heat_map = HeatMap(ONE_HOT)

    changes = [
        int(np.abs(lay_heat_over(grey_hwc, heat_map, opacity=opacity).astype(int) - 128).sum())
        for opacity in (0.0, 0.3, 0.6, 1.0)
    ]

    assert changes[0] == 0
    assert changes == sorted(set(changes))
    assert (grey_hwc == 128).all()


@pytest.mark.parametrize("opacity", [-0.1, 1.1, np.nan])
def test_opacity_out_of_range_is_refused(opacity: float) -> None:
    """There is no more than all of the layer."""
    with pytest.raises(ValueError, match="opacity from 0 to 1"):
        lay_heat_over(np.zeros((2, 2, 3), np.uint8), HeatMap(ONE_HOT), opacity=opacity)


def test_png_keeps_transparency() -> None:
    """A layer written as a PNG reads back equal, and only as many channels as there are."""
    layer_hwc = heat_layer(HeatMap(ONE_HOT), (8, 6))

    read = np.asarray(Image.open(BytesIO(encode_png(layer_hwc))))

    assert np.array_equal(read, layer_hwc)
    with pytest.raises(ValueError, match="3 or 4 channels"):
        encode_png(np.zeros((2, 2, 5), np.uint8))
