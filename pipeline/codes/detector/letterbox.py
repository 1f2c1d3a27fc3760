"""Fitting pictures of any size into the square that the network looks at.

A picture is scaled, larger or smaller, until its longer side fills the square, and laid into the
square's top left corner; what is left over is filled. Shrinking is antialiased, because the bars
of a code are the first thing that aliasing destroys.
"""

from typing import Any, NamedTuple

import tensorflow as tf

# Half-way between black and white, which the network sees as 0.
FILL = 127.5
# Of red, green and blue in the brightness of a JPEG (ITU-R BT.601).
_BRIGHTNESS_OF_RGB = (0.299, 0.587, 0.114)


class Letterboxed(NamedTuple):
    """Pictures in their squares.

    Attributes:
        pixels: float32 [N, size, size, channels], 0..255.
        extent_yx: float32 [2], how much of the square's height and width the pictures fill, in
            pixels, at most `size`.
    """

    pixels: Any
    extent_yx: Any


def letterbox(images: Any, size: int) -> Letterboxed:
    """Fit pictures of one size into squares.

    Args:
        images: uint8 or float32 [N, H, W, channels], 0..255; H and W at least 1.
        size: Side of the square in pixels.
    """
    height_width = tf.cast(tf.shape(images)[1:3], tf.float32)
    scale = size / tf.reduce_max(height_width)
    return Letterboxed(
        place(images, size, tf.fill([2], scale), tf.zeros([2])), height_width * scale
    )


def place(images: Any, size: int, scale_yx: Any, offset_yx: Any) -> Any:
    """Scale pictures and lay them down somewhere in, or partly outside, squares of `FILL`.

    Args:
        images: uint8 or float32 [N, H, W, channels], 0..255.
        size: Side of the squares in pixels.
        scale_yx: float32 [2], pixels of the square per pixel of the picture.
        offset_yx: float32 [2], where in the square the picture's top left corner comes to lie.

    Returns:
        float32 [N, size, size, channels].
    """
    scaled = tf.raw_ops.ScaleAndTranslate(
        images=images,
        size=[size, size],
        scale=scale_yx,
        translation=offset_yx,
        kernel_type="triangle",
        antialias=True,
    )
    height_width = tf.cast(tf.shape(images)[1:3], tf.float32)
    centres = tf.range(size, dtype=tf.float32) + 0.5
    last_yx = offset_yx + height_width * scale_yx
    rows = (centres > offset_yx[0]) & (centres < last_yx[0])
    columns = (centres > offset_yx[1]) & (centres < last_yx[1])
    inside = rows[:, None] & columns[None, :]
    return tf.where(inside[None, :, :, None], scaled, FILL)


def to_unit_range(pixels: Any) -> Any:
    """Return brightness -1..1 of pixels 0..255."""
    return pixels / 127.5 - 1.0


def brightness(pixels: Any) -> Any:
    """Return what the network looks at, -1..1, of RGB pixels 0..255 [..., 3], as [..., 1]."""
    weighted = pixels * tf.constant(_BRIGHTNESS_OF_RGB)
    return to_unit_range(tf.reduce_sum(weighted, axis=-1, keepdims=True))
