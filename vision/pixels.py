"""What counts as a picture in memory."""

import numpy as np
from numpy.typing import NDArray

# RGB, uint8, shape [H, W, 3].
ImageHwc = NDArray[np.uint8]

_RANK, _CHANNELS = 3, 3


def check_image_hwc(image_hwc: ImageHwc) -> None:
    """Refuse what is no RGB picture of uint8, shape [H, W, 3], with at least one pixel.

    Raises:
        ValueError: The message has what was expected and what came.

    Examples:
        >>> check_image_hwc(np.zeros((2, 4, 4), dtype=np.uint8))
        Traceback (most recent call last):
        ValueError: expected a picture of uint8 [H, W, 3], got uint8 [2, 4, 4]
    """
    shape = image_hwc.shape
    is_picture = len(shape) == _RANK and shape[2] == _CHANNELS and image_hwc.size > 0
    if not is_picture or image_hwc.dtype != np.uint8:
        raise ValueError(
            f"expected a picture of uint8 [H, W, 3], got {image_hwc.dtype} {list(shape)}"
        )
