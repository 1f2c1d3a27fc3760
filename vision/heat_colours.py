"""Heat maps as something to look at: colours, layers and pictures with a layer on them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.heat_map import HeatMap
from vision.pixels import ImageHwc, check_image_hwc

# Ten places, equally far apart, of the colour map "inferno" by Nathaniel Smith and Stéfan van der
# Walt (CC0, https://bids.github.io/colormap/). Equal steps look equal, to colour-blind people too.
_INFERNO = np.array(
    [
        (0, 0, 4), (27, 12, 65), (76, 12, 107), (120, 28, 109), (165, 44, 96),
        (207, 68, 70), (237, 105, 37), (251, 153, 6), (247, 209, 61), (252, 255, 164),
    ],
    dtype=np.float64,
)  # fmt: skip
# Below one, so that what is lukewarm can be seen too.
_ALPHA_POWER = 0.6
ImageHwca = NDArray[np.uint8]


def heat_layer(heat_map: HeatMap, size_wh: tuple[int, int]) -> ImageHwca:
    """Return a heat map as a layer to lay over its picture: the hotter, the brighter and denser.

    Args:
        heat_map: What to show.
        size_wh: Width and height of the layer in pixels.

    Returns:
        RGBA, uint8, shape [H, W, 4]; transparent where there is no heat.

    Examples:
        >>> heat_layer(HeatMap(np.array([[0.0, 1.0]])), (2, 1)).tolist()
        [[[0, 0, 4, 0], [252, 255, 164, 255]]]
    """
    heat_hw = heat_map.resized(size_wh).astype(np.float64)
    places = np.linspace(0.0, 1.0, len(_INFERNO))
    channels = [np.interp(heat_hw, places, _INFERNO[:, channel]) for channel in range(3)]
    alpha = 255.0 * heat_hw**_ALPHA_POWER
    return np.rint(np.stack([*channels, alpha], axis=-1)).astype(np.uint8)


def lay_heat_over(image_hwc: ImageHwc, heat_map: HeatMap, *, opacity: float = 0.6) -> ImageHwc:
    """Return a copy of the picture with a heat map over it.

    Args:
        image_hwc: RGB, uint8, shape [H, W, 3].
        heat_map: What to show.
        opacity: How much of the layer shows where it is hottest, 0 (none of it) to 1 (all).

    Returns:
        RGB, uint8, shape [H, W, 3].

    Raises:
        ValueError: ``image_hwc`` is no picture, or the opacity is out of range.

    Examples:
        >>> grey = np.full((1, 2, 3), 100, dtype=np.uint8)
        >>> lay_heat_over(grey, HeatMap(np.array([[0.0, 1.0]])), opacity=0.5).tolist()
        [[[100, 100, 100], [176, 178, 132]]]
    """
    check_image_hwc(image_hwc)
    if not 0 <= opacity <= 1:
        raise ValueError(f"expected an opacity from 0 to 1, got {opacity}")
    height, width = image_hwc.shape[:2]
    layer = heat_layer(heat_map, (width, height))
    layer[..., 3] = np.rint(layer[..., 3] * opacity)
    picture = Image.fromarray(image_hwc).convert("RGBA")
    picture.alpha_composite(Image.fromarray(layer))
    return np.asarray(picture.convert("RGB"))
