"""Heat maps as files: a layer to lay over a picture, and the picture with it."""

from vision import (
    DecodeLimits,
    HeatMap,
    Resize,
    decode_picture,
    encode_jpeg,
    encode_png,
    heat_layer,
    lay_heat_over,
)

# The map is smooth, so a browser can enlarge the layer; the picture is for screens and printers.
_LAYER = Resize("fit", 640, 640)
_PICTURE = Resize("fit", 2048, 2048)


def layer_png(heat_map: HeatMap, size_wh: tuple[int, int]) -> bytes:
    """Return a heat map as a PNG with transparency, in the proportions of its picture.

    Args:
        heat_map: What to show.
        size_wh: Width and height of the upright picture in pixels.
    """
    return encode_png(heat_layer(heat_map, _LAYER.target_wh(size_wh)))


def overlay_jpeg(data: bytes, heat_map: HeatMap, opacity: float, limits: DecodeLimits) -> bytes:
    """Return a picture with a heat map over it, as a JPEG in a size for screens.

    Args:
        data: A JPEG or PNG file.
        heat_map: What to show.
        opacity: 0 (the picture alone) to 1.
        limits: What the picture may ask for.

    Raises:
        PictureError: The bytes are no picture that can be used.
    """
    picture = decode_picture(data, resize=_PICTURE, limits=limits)
    return encode_jpeg(lay_heat_over(picture.image_hwc, heat_map, opacity=opacity))
