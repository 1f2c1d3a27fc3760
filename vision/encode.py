"""Pixels to file bytes."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.pixels import ImageHwc, check_image_hwc

_QUALITIES = range(1, 96)
# The limit of libjpeg.
_SIDE_MAX = 65_500
_CHANNELS_MAX = 4  # red, green, blue and opacity


def encode_jpeg(image_hwc: ImageHwc, *, quality: int = 90) -> bytes:
    r"""Return the picture as the bytes of a JPEG file.

    Colour is kept at full resolution, so that thin coloured lines and small text stay sharp.

    Args:
        image_hwc: RGB, uint8, shape [H, W, 3], no side above 65 500 pixels.
        quality: 1 to 95, as libjpeg counts it.

    Raises:
        ValueError: The array is no such picture, or the quality is out of range.

    Examples:
        >>> import numpy as np
        >>> encode_jpeg(np.zeros((2, 2, 3), dtype=np.uint8))[:3]
        b'\xff\xd8\xff'
    """
    check_image_hwc(image_hwc)
    if max(image_hwc.shape) > _SIDE_MAX:
        raise ValueError(f"expected sides of at most {_SIDE_MAX} px, got {image_hwc.shape[:2]}")
    if quality not in _QUALITIES:
        raise ValueError(f"expected a quality from 1 to 95, got {quality}")
    file = BytesIO()
    Image.fromarray(image_hwc).save(file, "JPEG", quality=quality, subsampling="4:4:4")
    return file.getvalue()


def encode_png(image: NDArray[np.uint8]) -> bytes:
    r"""Return the picture as the bytes of a PNG file.

    Args:
        image: RGB or RGBA, uint8, shape [H, W, 3] or [H, W, 4].

    Raises:
        ValueError: The array is no such picture.

    Examples:
        >>> import numpy as np
        >>> encode_png(np.zeros((2, 2, 4), dtype=np.uint8))[1:4]
        b'PNG'
    """
    check_image_hwc(image[..., :3])
    if image.shape[2] > _CHANNELS_MAX:
        raise ValueError(f"expected a picture of 3 or 4 channels, got {list(image.shape)}")
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
