"""Kept pictures in other sizes, upright and without metadata, with boxes or without."""

from vision import DecodeLimits, Detections, Resize, decode_picture, draw_detections, encode_jpeg

THUMBNAIL_SIDE = 480
"""Longest side of a picture in a list, in pixels: enough for a dense screen."""
SCREEN_SIDE = 2048
"""Longest side of a picture on a page, in pixels: twice the width it is shown in."""


def smaller_jpeg(data: bytes, side: int, limits: DecodeLimits) -> bytes:
    """Return a picture as a JPEG that fits in a square; it is never enlarged.

    Args:
        data: A JPEG or PNG file.
        side: Side of the square in pixels.
        limits: What the picture may ask for.

    Raises:
        PictureError: The bytes are no picture that can be used.
    """
    return encode_jpeg(decode_picture(data, resize=_fit(side), limits=limits).image_hwc)


def annotated_jpeg(data: bytes, detections: Detections, side: int, limits: DecodeLimits) -> bytes:
    """Return a picture with boxes drawn into it, as a JPEG that fits in a square.

    Args:
        data: A JPEG or PNG file.
        detections: What to draw, in pixels of the upright original.
        side: Side of the square in pixels.
        limits: What the picture may ask for.

    Raises:
        PictureError: The bytes are no picture that can be used.
    """
    picture = decode_picture(data, resize=_fit(side), limits=limits)
    drawn = draw_detections(picture.image_hwc, detections, size_wh=picture.original_size_wh)
    return encode_jpeg(drawn)


def _fit(side: int) -> Resize:
    return Resize("fit", side, side)
