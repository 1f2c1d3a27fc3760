"""Made pictures on their way into training."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from pipeline.codes.detector.training_pictures import (
    BOXES_MAX,
    Augmentation,
    kept_boxes,
    training_batches,
    validation_batches,
)

STILL = Augmentation(zoom=(1, 1), brightness=0, contrast=(1, 1))
WHITE = (40, 20, 100, 60)  # of a picture of 160 x 80 pixels: the one thing in it
BLACK_BACKGROUND = -1


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write eight pictures, each with one white rectangle on black."""
    image = np.zeros((80, 160), np.uint8)
    x_min, y_min, x_max, y_max = WHITE
    image[y_min:y_max, x_min:x_max] = 255
    path = tmp_path_factory.mktemp("shards") / "0.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(8):
            writer.write(record(image, [x_min / 160, y_min / 80, x_max / 160, y_max / 80]))
    return path


def record(image: NDArray[np.uint8], xyxy: list[float]) -> bytes:
    """Return a picture with one QR code in the form of TensorFlow's Object Detection API."""
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    feature = {
        "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg])),
        "image/object/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[1])),
    }
    for side, value in zip(("xmin", "ymin", "xmax", "ymax"), xyxy, strict=True):
        feature[f"image/object/bbox/{side}"] = tf.train.Feature(
            float_list=tf.train.FloatList(value=[value])
        )
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return bytes(example.SerializeToString())


def bright_bounds(brightness: NDArray[np.float32]) -> tuple[float, ...]:
    """Return the box around what is brighter than the letterbox's grey."""
    rows, columns = np.nonzero(brightness[..., 0] > 0.5)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_validation_shows_pictures_as_the_model_will_see_them(shard: Path) -> None:
    """Letterboxed, in -1..1, with boxes in pixels of the square; the rest is padding."""
    pixels, truth = next(iter(validation_batches([shard], 320, 8)))

    assert pixels.shape == (8, 320, 320, 1)
    assert truth.shape == (8, BOXES_MAX, 5)
    assert truth[0, 0].numpy() == pytest.approx([80, 40, 200, 120, 1], abs=1e-3)
    assert not truth[:, 1:].numpy().any()
    assert bright_bounds(pixels[0].numpy()) == pytest.approx((80, 40, 200, 120), abs=1)
    assert (pixels[:, 160:].numpy() == 0).all()


def test_validation_knows_how_long_it_is(shard: Path) -> None:
    """The last batch is smaller, and no picture is left out."""
    batches = validation_batches([shard], 64, 3)

    assert len(batches) == 3
    assert sum(len(pixels) for pixels, _ in batches) == 8


def test_boxes_follow_their_pixels(shard: Path) -> None:
    """However a picture is zoomed, moved and flipped, its box stays around its rectangle."""
    how = Augmentation(zoom=(0.6, 1.2), brightness=0.1, contrast=(0.9, 1.1))
    batches = training_batches([shard], 320, 16, how, seed=1)

    shapes = set()
    for pixels, truth in batches.take(3):
        for picture, rows in zip(pixels.numpy(), truth.numpy(), strict=True):
            assert rows[0, :4] == pytest.approx(bright_bounds(picture), abs=1.5)
            shapes.add(bool(rows[0, 2] - rows[0, 0] > rows[0, 3] - rows[0, 1]))

    assert shapes == {True, False}


def test_brightness_stays_in_range(shard: Path) -> None:
    """Changes of light end at black and white."""
    how = Augmentation(brightness=0.9, contrast=(0.5, 2.0))

    pixels, _ = next(iter(training_batches([shard], 64, 16, how, seed=1)))

    assert -1 <= pixels.numpy().min() < pixels.numpy().max() <= 1


def test_the_same_seed_shows_the_same_pictures(shard: Path) -> None:
    """The changes are drawn from the seed."""
    first, second, other = (
        next(iter(training_batches([shard], 64, 8, Augmentation(), seed)))[1].numpy()
        for seed in (1, 1, 2)
    )

    assert (first == second).all()
    assert (first != other).any()


def test_what_is_hardly_seen_is_left_out() -> None:
    """Cut boxes count while enough of them is inside and no side is too short."""
    boxes = tf.constant(
        [
            [10, 10, 30, 30],  # whole
            [-8, 10, 12, 30],  # three fifths inside
            [-12, 10, 8, 30],  # two fifths inside
            [10, 10, 40, 13],  # too thin
            [90, 90, 120, 120],  # outside
        ],
        tf.float32,
    )

    kept, class_ids = kept_boxes(boxes, tf.range(5.0), 64, STILL)

    assert class_ids.numpy().tolist() == [0, 1]
    assert kept.numpy().tolist() == [[10, 10, 30, 30], [0, 10, 12, 30]]
