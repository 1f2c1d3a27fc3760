"""Made pictures on their way into training: read, moved about, relit, batched."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.codes.detector.letterbox import letterbox, place, to_unit_range

# Rows of the truth per picture; there are never more codes in a made one.
BOXES_MAX = 16
_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/object/class/label": tf.io.VarLenFeature(tf.int64),
    **{
        f"image/object/bbox/{side}": tf.io.VarLenFeature(tf.float32)
        for side in ("xmin", "ymin", "xmax", "ymax")
    },
}


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much pictures are changed each time they are shown.

    Attributes:
        zoom: The smallest and the largest scale, relative to filling the square.
        visible_min: Share of a box that must stay inside the square for it to count, 0..1.
        side_min_px: Sides shorter than this are too small to be learnt, in pixels of the square.
        brightness: Largest shift, in units of the range -1..1.
        contrast: The smallest and the largest factor.
    """

    zoom: tuple[float, float] = (0.6, 1.5)
    visible_min: float = 0.55
    side_min_px: float = 7.0
    brightness: float = 0.25
    contrast: tuple[float, float] = (0.6, 1.3)


class _Picture(NamedTuple):
    """A picture as it was made.

    Attributes:
        pixels: Brightness, uint8 [H, W, 1].
        boxes: float32 [N, 4], xyxy in fractions of the picture.
        class_ids: float32 [N].
    """

    pixels: Any
    boxes: Any
    class_ids: Any


def training_batches(
    shards: list[Path], size: int, batch: int, augmentation: Augmentation, seed: int
) -> Any:
    """Return endless batches of changed pictures in changing order.

    Returns:
        A `tf.data.Dataset` of (brightness float32 [B, size, size, 1] in -1..1, truth float32
        [B, BOXES_MAX, 5]).
    """
    records = tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
    records = records.shuffle(len(shards), seed=seed).repeat()
    records = records.interleave(tf.data.TFRecordDataset, cycle_length=4, block_length=8)
    records = records.shuffle(2000, seed=seed)
    seeds = tf.data.Dataset.random(seed=seed).batch(2)
    pictures = tf.data.Dataset.zip(records, seeds).map(
        lambda record, seed: _augmented(_decoded(record), size, augmentation, seed),
        num_parallel_calls=2,
    )
    return pictures.batch(batch, drop_remainder=True).prefetch(4)


def validation_batches(shards: list[Path], size: int, batch: int) -> Any:
    """Return the pictures once, in order and unchanged but for the letterbox."""
    pictures = tf.data.TFRecordDataset([str(path) for path in shards]).map(
        lambda record: _letterboxed(_decoded(record), size), num_parallel_calls=2
    )
    # Known in advance, so that Keras does not take their end for a failure.
    count = sum(1 for _ in tf.data.TFRecordDataset([str(path) for path in shards]))
    batches = pictures.batch(batch).prefetch(2)
    return batches.apply(tf.data.experimental.assert_cardinality(-(-count // batch)))


def _decoded(record: Any) -> _Picture:
    example = tf.io.parse_single_example(record, _FEATURES)
    sides = [
        tf.sparse.to_dense(example[f"image/object/bbox/{side}"])
        for side in ("xmin", "ymin", "xmax", "ymax")
    ]
    class_ids = tf.cast(tf.sparse.to_dense(example["image/object/class/label"]), tf.float32)
    # A JPEG holds its brightness apart from its colours: one channel is that, without more ado.
    pixels = tf.io.decode_jpeg(example["image/encoded"], channels=1)
    return _Picture(pixels, tf.stack(sides, axis=-1), class_ids)


def _letterboxed(picture: _Picture, size: int) -> tuple[Any, Any]:
    squares, extent_yx = letterbox(picture.pixels[None], size)
    truth = _truth(picture.boxes * tf.tile(extent_yx[::-1], [2]), picture.class_ids)
    return to_unit_range(squares[0]), truth


def _augmented(picture: _Picture, size: int, how: Augmentation, seed: Any) -> tuple[Any, Any]:
    seeds = tf.unstack(tf.random.split(tf.cast(seed, tf.int32), 4))
    height_width = tf.cast(tf.shape(picture.pixels)[:2], tf.float32)
    zoom = tf.exp(tf.random.stateless_uniform([], seeds[0], *map(math.log, how.zoom)))
    scale = zoom * size / tf.reduce_max(height_width)
    # Anywhere from one border flush to the other: smaller pictures float, larger ones are cut.
    offset_yx = tf.random.stateless_uniform([2], seeds[1]) * (size - height_width * scale)
    square = place(picture.pixels[None], size, tf.fill([2], scale), offset_yx)[0]
    factors, offsets = tf.tile(height_width[::-1] * scale, [2]), tf.tile(offset_yx[::-1], [2])
    boxes, class_ids = kept_boxes(picture.boxes * factors + offsets, picture.class_ids, size, how)
    square, boxes = _flipped(square, boxes, size, seeds[2])
    return _relit(to_unit_range(square), how, seeds[3]), _truth(boxes, class_ids)


def kept_boxes(boxes: Any, class_ids: Any, size: int, how: Augmentation) -> tuple[Any, Any]:
    """Cut boxes (xyxy, pixels) off at the square; leave out what is hardly seen any more."""
    clipped = tf.clip_by_value(boxes, 0.0, float(size))
    sides, whole = clipped[:, 2:] - clipped[:, :2], boxes[:, 2:] - boxes[:, :2]
    visible = tf.reduce_prod(sides, axis=1) / tf.maximum(tf.reduce_prod(whole, axis=1), 1e-6)
    keep = (visible >= how.visible_min) & (tf.reduce_min(sides, axis=1) >= how.side_min_px)
    return clipped[keep], class_ids[keep]


def _flipped(square: Any, boxes: Any, size: int, seed: Any) -> tuple[Any, Any]:
    """Flip left to right, top to bottom, and about the diagonal, each in half of the cases."""
    flips = tf.random.stateless_uniform([3], seed) < 0.5  # noqa: PLR2004 - half
    x_min, y_min, x_max, y_max = tf.unstack(boxes, axis=1)
    square = tf.where(flips[0], square[:, ::-1], square)
    x_min, x_max = (
        tf.where(flips[0], size - x_max, x_min),
        tf.where(flips[0], size - x_min, x_max),
    )
    square = tf.where(flips[1], square[::-1], square)
    y_min, y_max = (
        tf.where(flips[1], size - y_max, y_min),
        tf.where(flips[1], size - y_min, y_max),
    )
    square = tf.where(flips[2], tf.transpose(square, [1, 0, 2]), square)
    upright = tf.stack([x_min, y_min, x_max, y_max], axis=1)
    turned = tf.stack([y_min, x_min, y_max, x_max], axis=1)
    return square, tf.where(flips[2], turned, upright)


def _relit(square: Any, how: Augmentation, seed: Any) -> Any:
    seeds = tf.unstack(tf.random.split(seed, 2))
    contrast = tf.random.stateless_uniform([], seeds[0], *how.contrast)
    shift = tf.random.stateless_uniform([], seeds[1], -how.brightness, how.brightness)
    return tf.clip_by_value(square * contrast + shift, -1.0, 1.0)


def _truth(boxes: Any, class_ids: Any) -> Any:
    rows = tf.concat([boxes, class_ids[:, None]], axis=1)[:BOXES_MAX]
    padded = tf.pad(rows, [[0, BOXES_MAX - tf.shape(rows)[0]], [0, 0]])
    return tf.ensure_shape(padded, [BOXES_MAX, 5])
