"""How much a video may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """How much a video may ask for.

    Headers lie, so duration and pixels are held against these while pictures are decoded, too.

    Attributes:
        bytes_max: Size of the file, at least 1.
        duration_s_max: Seconds, above 0.
        pixels_max: Width times height of a picture, at least 1.
    """

    bytes_max: int = 1_000_000_000
    duration_s_max: float = 3600.0
    pixels_max: int = 9_000_000

    def __post_init__(self) -> None:
        if min(self.bytes_max, self.pixels_max) < 1 or not self.duration_s_max > 0:
            raise ValueError(f"limits must be above 0, got {self}")
