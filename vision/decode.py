"""File bytes to upright RGB pixels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from vision.containers import Container, PictureFormat, read_container
from vision.exceptions import (
    CorruptPictureError,
    EmptyPictureError,
    TooManyPixelsError,
    TruncatedPictureError,
)
from vision.pixels import ImageHwc
from vision.resize import Resize

# A JPEG is decoded at 1/2, 1/4 or 1/8 of its size as long as both sides stay this many times as
# long as the final resize asks for. Then, as with a gap of 2, no model was seen to lose accuracy.
_DRAFT_FACTOR = 1.5
_REDUCING_GAP = 2.0
# What the detectors themselves resize with. Sharper and blockier filters both cost accuracy.
_FILTER = Image.Resampling.BILINEAR
_READERS: dict[PictureFormat, type[ImageFile]] = {"JPEG": JpegImageFile, "PNG": PngImageFile}
# What turns a stored picture upright, by EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """How much a picture may ask for.

    Attributes:
        pixels_max: Width times height of the stored picture, at least 1.
    """

    pixels_max: int = 50_000_000

    def __post_init__(self) -> None:
        if self.pixels_max < 1:
            raise ValueError(f"pixels_max must be at least 1, got {self.pixels_max}")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        image_hwc: RGB, uint8, shape [H, W, 3], upright, contiguous and read-only.
        original_size_wh: Width and height in pixels of the upright picture before it was resized.
        format: What the file was.
    """

    image_hwc: ImageHwc
    original_size_wh: tuple[int, int]
    format: PictureFormat


_AS_IT_IS = Resize("none")
_DEFAULT_LIMITS = DecodeLimits()


def decode_picture(
    data: bytes, *, resize: Resize = _AS_IT_IS, limits: DecodeLimits = _DEFAULT_LIMITS
) -> Picture:
    """Decode a JPEG or PNG file, turn it upright and resize it.

    The content decides the format. Transparency is shown over white, 16 bits a channel
    become 8, and of an animation the first picture is taken. Colour profiles are ignored: the
    numbers are read as sRGB.

    Args:
        data: The whole file.
        resize: The size policy of the model that will see the picture.
        limits: How much the picture may ask for; checked before any pixel is decoded.

    Raises:
        EmptyPictureError: There are no bytes.
        UnsupportedFormatError: The content is neither JPEG nor PNG.
        TruncatedPictureError: The file ends before the picture does.
        CorruptPictureError: The file is damaged, or of a kind that no camera or editor writes.
        TooManyPixelsError: The picture is larger than ``limits`` allow.

    Examples:
        >>> from vision.encode import encode_jpeg
        >>> photo = encode_jpeg(np.zeros((40, 60, 3), dtype=np.uint8))
        >>> picture = decode_picture(photo, resize=Resize("fit", 30, 30))
        >>> picture.image_hwc.shape, picture.original_size_wh, picture.format
        ((20, 30, 3), (60, 40), 'JPEG')
        >>> decode_picture(photo[:200])
        Traceback (most recent call last):
        vision.exceptions.TruncatedPictureError: The picture is cut off after 200 bytes.
    """
    container = read_container(data)
    with _decoder_errors_translated(container, len(data)):
        image: Image.Image = _READERS[container.format](BytesIO(container.bare))
    _check_pixels(image.size, limits)
    is_sideways = container.orientation in _SIDEWAYS
    original_size_wh = image.size[::-1] if is_sideways else image.size
    target_wh = resize.target_wh(original_size_wh)
    stored_target_wh = target_wh[::-1] if is_sideways else target_wh
    with _decoder_errors_translated(container, len(data)):
        image = _flat(_loaded(image, stored_target_wh))
    image = _resized(image, stored_target_wh).convert("RGB")
    if container.orientation in _TURNS:
        image = image.transpose(_TURNS[container.orientation])
    return Picture(np.asarray(image), original_size_wh, container.format)


def picture_of_pixels(
    image_hwc: ImageHwc, *, resize: Resize = _AS_IT_IS, limits: DecodeLimits = _DEFAULT_LIMITS
) -> Picture:
    """Resize pixels that need no decoding, such as a camera's.

    Args:
        image_hwc: RGB, uint8, shape [H, W, 3], upright; is left as it is.
        resize: The size policy of the model that will see the picture.
        limits: How much the picture may ask for.

    Returns:
        The picture; its format is that of a file without loss, PNG.

    Raises:
        EmptyPictureError: There are no pixels.
        TooManyPixelsError: The picture is larger than ``limits`` allow.

    Examples:
        >>> frame = np.zeros((40, 60, 3), dtype=np.uint8)
        >>> picture_of_pixels(frame, resize=Resize("fit", 30, 30)).image_hwc.shape
        (20, 30, 3)
    """
    height, width = image_hwc.shape[:2]
    if not height or not width:
        raise EmptyPictureError(f"The picture has {width} x {height} pixels, so none at all.")
    _check_pixels((width, height), limits)
    target_wh = resize.target_wh((width, height))
    image = _resized(Image.fromarray(image_hwc), target_wh)
    return Picture(np.asarray(image), (width, height), "PNG")


@contextmanager
def _decoder_errors_translated(container: Container, size_bytes: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # damaged data makes a decoder fail in more ways than it lists
        if container.is_whole:
            message = "The picture is damaged, or of a kind that cannot be read."
            raise CorruptPictureError(message) from error
        message = f"The picture is cut off after {size_bytes:,} bytes."
        raise TruncatedPictureError(message) from error


def _check_pixels(size_wh: tuple[int, int], limits: DecodeLimits) -> None:
    width, height = size_wh
    if width * height > limits.pixels_max:
        raise TooManyPixelsError(
            f"The picture is {width:,} x {height:,} pixels large; "
            f"at most {limits.pixels_max:,} pixels in all are allowed."
        )


def _loaded(image: Image.Image, target_wh: tuple[int, int]) -> Image.Image:
    """Decode the pixels: a JPEG's only as finely as a later resize to ``target_wh`` needs."""
    if isinstance(image, JpegImageFile):
        width, height = target_wh
        image.draft(None, (round(width * _DRAFT_FACTOR), round(height * _DRAFT_FACTOR)))
    image.load()
    return image


def _resized(image: Image.Image, target_wh: tuple[int, int]) -> Image.Image:
    if image.size == target_wh:
        return image
    return image.resize(target_wh, _FILTER, reducing_gap=_REDUCING_GAP)


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture in 8 bits a channel, without palette, over white where transparent."""
    if image.mode == "I;16":
        return _eight_bits(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(rgba, mask=rgba)
        return white
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    grey = np.asarray(image).astype(np.uint32)
    if "transparency" in image.info:
        grey[grey == image.info["transparency"]] = 65535
    return Image.fromarray(((grey + 128) // 257).astype(np.uint8))
