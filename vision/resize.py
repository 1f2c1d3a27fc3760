"""How far a picture is shrunk before a model sees it."""

from dataclasses import dataclass
from typing import Literal, get_args

ResizeMethod = Literal["stretch", "fit", "none"]
_METHODS: tuple[str, ...] = get_args(ResizeMethod)


@dataclass(frozen=True, slots=True)
class Resize:
    """A size policy for pictures on their way to a model.

    Attributes:
        method: ``"stretch"`` makes every picture exactly ``width`` x ``height``; ``"fit"`` keeps
            the aspect and shrinks, never enlarges, until it lies inside ``width`` x ``height``;
            ``"none"`` leaves the picture as it is and takes no size.
        width: Pixels, at least 1; 0 with ``"none"``.
        height: Pixels, at least 1; 0 with ``"none"``.

    Raises:
        ValueError: The method is unknown or the size does not suit it.

    Examples:
        >>> Resize("stretch", 300, 300).target_wh((1920, 1080))
        (300, 300)
        >>> Resize("fit", 640, 640).target_wh((1920, 1080))
        (640, 360)
        >>> Resize("fit", 640, 640).target_wh((40, 30))
        (40, 30)
    """

    method: ResizeMethod = "none"
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise ValueError(f"method: expected one of {', '.join(_METHODS)}, got {self.method!r}")
        for name, pixels in (("width", self.width), ("height", self.height)):
            if self.method == "none" and pixels != 0:
                raise ValueError(f"{name}: expected none where method is none, got {pixels}")
            if self.method != "none" and pixels < 1:
                raise ValueError(f"{name}: expected at least 1 pixel, got {pixels}")

    def target_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the size, as (width, height) in pixels, of a picture of ``size_wh`` afterwards.

        No side of it is ever 0, however long and thin the picture is.
        """
        if self.method == "stretch":
            return self.width, self.height
        if self.method == "none":
            return size_wh
        width, height = size_wh
        scale = min(1.0, self.width / width, self.height / height)
        return max(1, round(width * scale)), max(1, round(height * scale))
