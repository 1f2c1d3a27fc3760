"""From array to request bytes: ours, `make_tensor_proto`, and one memcpy."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Row, Spread, in_turns
from serving_client import Array, ModelRef
from serving_client.testing import PredictCall

__all__ = ["rows"]

_ROUNDS = 60
_SIZES = {"320 x 320": (320, 320), "640 x 640": (640, 640), "1080p": (1080, 1920)}
_MODEL = ModelRef("ssd")


def rows() -> Iterator[Row]:
    """Yields one row for each picture size."""
    # Beside the copy first: once TensorFlow is loaded, its allocations disturb the figures.
    images = {name: _noise(size_hw) for name, size_hw in _SIZES.items()}
    beside_copy = {name: _beside_copy(image) for name, image in images.items()}
    beside_official = {name: _beside_official(image) for name, image in images.items()}
    for name in _SIZES:
        ours, copy = (beside_copy[name][side].p50 for side in ("ours", "memcpy"))
        official = beside_official[name]["official"].p50
        faster = official / beside_official[name]["ours"].p50
        has_target = name == "1080p"
        yield Row(
            "encode a uint8 tensor",
            name,
            f"{ours * 1000:.3f} ms",
            f"{official * 1000:.3f} ms (make_tensor_proto), {copy * 1000:.3f} ms (memcpy)",
            f"{ours / copy:.2f}x a memcpy, {faster:.1f}x faster",
            "at most 1.5x a memcpy" if has_target else "",
            ours / copy <= 1.5 if has_target else None,  # noqa: PLR2004  the target
            {"ours_s": ours, "official_s": official, "memcpy_s": copy, "rounds": _ROUNDS},
        )


def _noise(size_hw: tuple[int, int]) -> Array:
    return np.random.default_rng(0).integers(0, 255, (1, *size_hw, 3), np.uint8)


def _beside_copy(image: Array) -> dict[str, Spread]:
    """The memcpy goes into memory that is there already, so it is nothing but a copy."""
    target = np.ones_like(image)
    encode = PredictCall(_MODEL, {"image": image}).encode
    return in_turns({"ours": encode, "memcpy": partial(np.copyto, target, image)}, _ROUNDS)


def _beside_official(image: Array) -> dict[str, Spread]:
    import tensorflow as tf  # noqa: PLC0415  heavy, and only half of the benchmarks need it
    from tensorflow_serving.apis import predict_pb2  # noqa: PLC0415  likewise

    def official() -> None:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = _MODEL.name
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(image))
        request.SerializeToString()

    encode = PredictCall(_MODEL, {"image": image}).encode
    return in_turns({"ours": encode, "official": official}, _ROUNDS)
