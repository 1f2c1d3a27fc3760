"""From array to request bytes: ours, `make_tensor_proto`, and one memcpy."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Row, in_turns
from serving_client import ModelRef
from serving_client.testing import PredictCall

__all__ = ["rows"]

_ROUNDS = 60
_SIZES = {"320 x 320": (320, 320), "640 x 640": (640, 640), "1080p": (1080, 1920)}
_MODEL = ModelRef("ssd")


def rows() -> Iterator[Row]:
    """Yields one row for each picture size."""
    import tensorflow as tf  # noqa: PLC0415  heavy, and only half of the benchmarks need it
    from tensorflow_serving.apis import predict_pb2  # noqa: PLC0415  likewise

    def official(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = _MODEL.name
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(image))
        data: bytes = request.SerializeToString()
        return data

    for name, size_hw in _SIZES.items():
        image = np.random.default_rng(0).integers(0, 255, (1, *size_hw, 3), np.uint8)
        call = PredictCall(_MODEL, {"image": image})
        # In pairs: what ran just before decides how much fresh memory the next one has to touch.
        beside_copy = in_turns({"ours": call.encode, "memcpy": image.tobytes}, _ROUNDS)
        beside_official = in_turns(
            {"ours": call.encode, "official": partial(official, image)}, _ROUNDS
        )
        ours, copy = beside_copy["ours"].p50, beside_copy["memcpy"].p50
        other = beside_official["official"].p50
        has_target = name == "1080p"
        yield Row(
            "encode a uint8 tensor",
            name,
            f"{ours * 1000:.3f} ms",
            f"{other * 1000:.3f} ms (make_tensor_proto), {copy * 1000:.3f} ms (memcpy)",
            f"{ours / copy:.2f}x a memcpy, {other / beside_official['ours'].p50:.1f}x faster",
            "at most 1.5x a memcpy" if has_target else "",
            ours / copy <= 1.5 if has_target else None,  # noqa: PLR2004  the target
            {"ours_s": ours, "official_s": other, "memcpy_s": copy, "rounds": _ROUNDS},
        )
