"""Answers that are laid out as earlier ones mean what a full reading finds in them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import hypothesis.extra.numpy as hnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos.gen.tensorflow.core.framework import types_pb2
from protos.gen.tensorflow_serving.apis import predict_pb2
from serving_client import AnswerError, ModelRef
from serving_client._calls import PredictCall
from serving_client._calls.layout import LayoutMemory
from serving_client._calls.predict import PredictAnswer
from serving_client._tensor import encode_tensor
from serving_client._values import Array

Outputs: TypeAlias = Mapping[str, Array]

DTYPES = ["uint8", "int64", "float16", "float32", "float64", "bool", "complex64"]
arrays = st.one_of(
    hnp.arrays(
        st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4)
    ),
    st.lists(st.binary(max_size=5), max_size=3).map(lambda texts: np.array(texts, object)),
)
UNHURRIED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
outputs = st.dictionaries(st.text(max_size=5), arrays, max_size=3)


def answer_of(outputs: Outputs, version: int = 1, *, typed: bool = False) -> bytes:
    """What a server answers: elements in `tensor_content`, or floats in `float_val`."""
    response = predict_pb2.PredictResponse()
    response.model_spec.name = "m"
    response.model_spec.version.value = version
    for name, array in outputs.items():
        response.outputs[name].ParseFromString(b"".join(encode_tensor(array)))
        if typed and array.dtype == np.float32:
            response.outputs[name].ClearField("tensor_content")
            response.outputs[name].float_val.extend(array.ravel().tolist())
    return response.SerializeToString(deterministic=True)


def call_of_its_own(name: str) -> PredictCall:
    """A call whose answers nobody else has seen."""
    return PredictCall(ModelRef(name), {})


def fully_read(answer: bytes) -> PredictAnswer | None:
    """The answer as a call reads it that has seen no other; None for an error."""
    try:
        return PredictCall(ModelRef("m"), {}).decode_apart(answer, {})
    except AnswerError:
        return None


def read(call: PredictCall, answer: bytes) -> PredictAnswer | None:
    try:
        return call.decode(answer)
    except AnswerError:
        return None


def same(left: PredictAnswer | None, right: PredictAnswer | None) -> bool:
    if left is None or right is None:
        return left is right
    pairs = [(array, right.outputs.get(name)) for name, array in left.outputs.items()]
    return (
        left.model == right.model
        and list(left.outputs) == list(right.outputs)
        and all(
            other is not None
            and (array.dtype, array.shape) == (other.dtype, other.shape)
            and array.tolist().__repr__() == other.tolist().__repr__()
            for array, other in pairs
        )
    )


@UNHURRIED
@given(first=outputs, typed=st.booleans(), data=st.data())
def test_other_elements_in_the_same_places_are_read(
    first: Outputs, *, typed: bool, data: st.DataObject
) -> None:
    """The second answer of a kind is read as if it were the first."""
    second = {
        name: data.draw(hnp.arrays(array.dtype, array.shape)) if array.dtype != object else array
        for name, array in first.items()
    }
    call = PredictCall(ModelRef("m"), {}, ("elements",))

    for each in (first, second, first):
        answer = answer_of(each, typed=typed)

        assert same(read(call, answer), fully_read(answer))


@UNHURRIED
@given(first=outputs, typed=st.booleans(), data=st.data())
def test_changed_bytes_are_read_as_what_they_mean(
    first: Outputs, *, typed: bool, data: st.DataObject
) -> None:
    """Whatever is changed, cut off or added after a good answer, a full reading says the same."""
    call = PredictCall(ModelRef("m"), {}, ("changed",))
    good = answer_of(first, typed=typed)
    call.decode(good)
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    variants = [bytes(changed), bytes(changed[:cut]), bytes(changed) + bytes(changed[cut:])]

    for answer in variants:
        assert same(read(call, answer), fully_read(answer))


def test_a_second_answer_is_not_taken_apart_again() -> None:
    """The layout is used, for each of several batch sizes: this is what makes it worth keeping."""
    memory = LayoutMemory()
    for rows in (1, 4):
        answer = answer_of({"y": np.zeros((rows, 3), np.float32)})
        assert memory.read(answer) is None
        start = answer.index(bytes(rows * 12))
        view = np.ndarray((rows, 3), np.float32, answer, start)
        memory.learn(answer, {"y": view}, ModelRef("m", 1))

    known = [memory.read(answer_of({"y": np.full((rows, 3), rows, np.float32)})) for rows in (1, 4)]

    assert [each and each[0]["y"].tolist() for each in known] == [[[1.0] * 3], [[4.0] * 3] * 4]


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_outputs_are_the_callers_own(kind: Callable[[bytes], bytes]) -> None:
    """What a caller does to an output changes neither the answer nor another output."""
    call = call_of_its_own("own")
    answer = kind(answer_of({"a": np.zeros(3, np.float32), "b": np.zeros(2, np.uint8)}))

    for _ in range(2):
        outputs = call.decode(answer).outputs
        outputs["a"][:] = 9
        outputs["b"][:] = 9

    assert all(array.flags.aligned and array.flags.owndata for array in outputs.values())
    assert call.decode(answer).outputs["a"].tolist() == [0, 0, 0]


def test_another_version_is_noticed() -> None:
    """An answer of the same length by another version says so."""
    call = call_of_its_own("versions")
    x = {"y": np.arange(3, dtype=np.float32)}

    versions = [call.decode(answer_of(x, version)).model.version for version in (1, 2, 2, 1)]

    assert versions == [1, 2, 2, 1]


def test_an_output_that_stands_twice_is_the_last_one() -> None:
    """As protobuf has it, and still so when such an answer comes again."""
    call = call_of_its_own("twice")
    first, second = answer_of({"y": np.zeros(2)}), answer_of({"y": np.ones(2)})

    found = [call.decode(each).outputs["y"].tolist() for each in (first + second, second + first)]

    assert found == [[1.0, 1.0], [0.0, 0.0]]


def test_bfloat16_is_read_again() -> None:
    """Element types that numpy itself does not have are no exception."""
    call = call_of_its_own("bfloat16")
    answer = answer_of({"y": np.array([1.5, 2.0], ml_dtypes.bfloat16)})

    found = [call.decode(answer).outputs["y"] for _ in range(2)]

    assert [each.astype(float).tolist() for each in found] == [[1.5, 2.0]] * 2
    assert types_pb2.DT_BFLOAT16 in answer  # its number stands in the answer
