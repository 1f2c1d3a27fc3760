"""One picture of a video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# RGB, uint8, shape [H, W, 3].
PixelsHwc = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        moment_s: When it appears, in seconds from the start of the video, 0 or more.
        pixels: RGB, uint8, shape [H, W, 3], upright.
    """

    moment_s: float
    pixels: PixelsHwc
