"""Made pictures as records for training, with the keys of TensorFlow's Object Detection API."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.codes.data.made_picture import MadePicture

SHARD_PICTURES = 1000


def write_shards(folder: Path, pictures: Iterable[MadePicture], count: int) -> None:
    """Write so many pictures as TFRecord files of at most `SHARD_PICTURES` each."""
    folder.mkdir(parents=True, exist_ok=True)
    left = iter(pictures)
    shards = -(-count // SHARD_PICTURES)
    for shard in range(shards):
        path = folder / f"{shard:05}-of-{shards:05}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for picture in islice(left, SHARD_PICTURES):
                writer.write(example(picture).SerializeToString(deterministic=True))


def example(picture: MadePicture) -> Any:
    """Return a picture and its boxes as a `tf.train.Example`."""
    width, height = picture.size_wh
    sides = picture.xyxy / np.array([width, height, width, height], np.float32)
    names = ("xmin", "ymin", "xmax", "ymax")
    features = {
        "image/encoded": _bytes([picture.jpeg]),
        "image/format": _bytes([b"jpeg"]),
        "image/width": _integers([width]),
        "image/height": _integers([height]),
        "image/object/class/label": _integers([kind.class_id for kind in picture.kinds]),
        "image/object/class/text": _bytes([kind.value.encode() for kind in picture.kinds]),
        **{
            f"image/object/bbox/{name}": _floats(sides[:, side].tolist())
            for side, name in enumerate(names)
        },
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def _bytes(values: list[bytes]) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _integers(values: list[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values: list[float]) -> Any:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
