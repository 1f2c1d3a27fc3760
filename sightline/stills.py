"""What is shown to a model: a picture file, or a frame of a video or a camera."""

from dataclasses import dataclass
from typing import Protocol

from sightline.answers import name_of
from sightline.exceptions import PictureFailedError
from sightline.sources import Source
from vision import (
    ImageHwc,
    Picture,
    PictureError,
    Resize,
    decode_picture,
    encode_jpeg,
    picture_of_pixels,
)

# What a frame loses on its way to a site: next to nothing, for a fifth of the bytes of a PNG file.
_FRAME_QUALITY = 95


class Still(Protocol):
    """One picture, wherever it comes from. Safe to use from several threads."""

    @property
    def file(self) -> str:
        """The path of the picture or video, or the name of the camera."""
        ...

    @property
    def moment_s(self) -> float | None:
        """When a frame is shown, seconds from the start; None of a picture."""
        ...

    def decoded(self, resize: Resize) -> Picture:
        """Return the upright pixels.

        Raises:
            PictureFailedError: It is no picture that can be used.
        """
        ...

    def as_file(self) -> tuple[str, bytes]:
        """Return the name and the bytes of a file to upload."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PictureFile:
    """A picture that was read from a file.

    Attributes:
        file: Its path.
        data: Its bytes.
    """

    file: str
    data: bytes

    @property
    def moment_s(self) -> None:
        """See `Still`."""
        return None

    def decoded(self, resize: Resize) -> Picture:
        """See `Still`."""
        try:
            return decode_picture(self.data, resize=resize)
        except PictureError as error:
            raise PictureFailedError(str(error), "no_picture") from error

    def as_file(self) -> tuple[str, bytes]:
        """See `Still`."""
        return _last_part(self.file), self.data


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame of a video or a camera.

    Attributes:
        source: The video or camera.
        moment_s: When it is shown, seconds from the start, in thousandths.
        image_hwc: RGB, uint8, shape [H, W, 3], upright.
    """

    source: Source
    moment_s: float
    image_hwc: ImageHwc

    @property
    def file(self) -> str:
        """See `Still`."""
        return self.source.file

    def decoded(self, resize: Resize) -> Picture:
        """See `Still`."""
        try:
            return picture_of_pixels(self.image_hwc, resize=resize)
        except PictureError as error:
            raise PictureFailedError(str(error), "no_picture") from error

    def as_file(self) -> tuple[str, bytes]:
        """See `Still`."""
        name = f"{_last_part(name_of(self.file, self.moment_s))}.jpg"
        return name, encode_jpeg(self.image_hwc, quality=_FRAME_QUALITY)


def _last_part(path: str) -> str:
    """Return the last part of a path, as text that can travel."""
    return path.replace("\\", "/").rsplit("/", 1)[-1].encode(errors="replace").decode()
