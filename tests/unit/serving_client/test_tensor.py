"""Arrays to TensorProto bytes and back."""

import hypothesis.extra.numpy as hnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.gen.tensorflow.core.framework import tensor_pb2, types_pb2
from serving_client import AnswerError, Array
from serving_client._dtypes import by_dtype, by_number
from serving_client._tensor import decode_tensor, encode_tensor

DTYPES = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def encoded(array: Array) -> bytes:
    return b"".join(encode_tensor(array))


def decoded(message: tensor_pb2.TensorProto) -> Array:
    return decode_tensor(memoryview(message.SerializeToString()))


def typed(dtype: str, values: list[object], shape: list[int]) -> tensor_pb2.TensorProto:
    """A TensorProto with its elements in the `*_val` field, as TensorFlow Serving answers."""
    wire_type = by_dtype(np.dtype(dtype if dtype != "bfloat16" else BFLOAT16))
    message = tensor_pb2.TensorProto(dtype=wire_type.number)  # type: ignore[arg-type]  # an int is
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    name = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_number[wire_type.field].name
    getattr(message, name).extend(values)
    return message


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3), np.float32),
        np.array(7, np.int64),
        np.array([[1.5, np.nan, -np.inf]], np.float64),
        np.arange(6, dtype=np.uint8).reshape(2, 3)[:, ::-1],
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.arange(3, dtype=">i4"),
        np.array([1, 2.5], BFLOAT16),
        np.array([True, False]),
        np.array([1 + 2j], np.complex64),
    ],
    ids=lambda array: f"{array.dtype} {array.shape} {array.strides}",
)
def test_array_survives_the_round_trip(array: Array) -> None:
    """An array of any layout comes back with its values, shape and dtype."""
    answer = decode_tensor(memoryview(encoded(array)))

    assert answer.shape == array.shape
    assert answer.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(answer, array)


@given(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0)))
def test_our_bytes_are_those_of_a_tensor_proto(array: Array) -> None:
    """Protobuf reads from our bytes what we put in, and every dtype round-trips."""
    data = encoded(array)

    message = tensor_pb2.TensorProto.FromString(data)
    assert message.dtype == by_dtype(array.dtype).number
    assert [dim.size for dim in message.tensor_shape.dim] == list(array.shape)
    assert message.tensor_content == array.tobytes()
    np.testing.assert_array_equal(decode_tensor(memoryview(data)), array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([], object),
        np.array(b"", object),
        np.array([b"\x00\xff", b"long" * 100], object),
        np.array([["a", "ü"]]),
        np.array([b"bytes", b"S"]),
    ],
    ids=["none", "scalar", "binary", "text", "fixed width"],
)
def test_strings_survive_the_round_trip(array: Array) -> None:
    """Strings come back as bytes, text as UTF-8."""
    expected = [each.encode() if isinstance(each, str) else each for each in array.ravel().tolist()]

    answer = decode_tensor(memoryview(encoded(array)))

    assert answer.dtype == object
    assert answer.shape == array.shape
    assert answer.ravel().tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float32", [1.5, -2.0], np.array([1.5, -2.0], np.float32)),
        ("float64", [0.1, 1e300], np.array([0.1, 1e300])),
        ("complex64", [1.0, 2.0, 3.0, -4.0], np.array([1 + 2j, 3 - 4j], np.complex64)),
        ("complex128", [1.0, 2.0, 3.0, -4.0], np.array([1 + 2j, 3 - 4j])),
        ("float16", [0x3C00, 0xC000], np.array([1.0, -2.0], np.float16)),
        ("bfloat16", [0x3F80, 0xC000], np.array([1.0, -2.0], BFLOAT16)),
        ("int8", [-128, 127], np.array([-128, 127], np.int8)),
        ("uint8", [0, 255], np.array([0, 255], np.uint8)),
        ("int16", [-300, 300], np.array([-300, 300], np.int16)),
        ("uint16", [1, 65535], np.array([1, 65535], np.uint16)),
        ("int32", [-(2**31), 2**31 - 1], np.array([-(2**31), 2**31 - 1], np.int32)),
        ("uint32", [0, 2**32 - 1], np.array([0, 2**32 - 1], np.uint32)),
        ("int64", [-(2**63), 2**63 - 1], np.array([-(2**63), 2**63 - 1], np.int64)),
        ("uint64", [1, 2**64 - 1], np.array([1, 2**64 - 1], np.uint64)),
        ("bool", [True, False], np.array([True, False])),
        ("S", [b"a", b"\x00b"], np.array([b"a", b"\x00b"], object)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_typed_fields_are_read(dtype: str, values: list[object], expected: Array) -> None:
    """The `*_val` field of every dtype decodes to its exact values."""
    answer = decoded(typed(dtype, values, [2]))

    assert answer.dtype == expected.dtype
    np.testing.assert_array_equal(answer, expected)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_varints_of_any_length_are_read(values: list[int]) -> None:
    """Numbers of one to ten bytes, mixed, come back exact."""
    answer = decoded(typed("int64", [*values], [len(values)]))

    assert answer.tolist() == values


def test_unpacked_elements_are_read() -> None:
    """Elements that a sender wrote one by one are read like a packed run."""
    head = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT32)
    head.tensor_shape.dim.add(size=3)
    data = head.SerializeToString() + b"\x38\x01\x38\x02" + b"\x3a\x01\x03"

    answer = decode_tensor(memoryview(data))

    assert answer.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("values", "shape", "expected"),
    [([], [2], [0.0, 0.0]), ([5.0], [3], [5.0, 5.0, 5.0]), ([1.0, 2.0], [4], [1.0, 2.0, 2.0, 2.0])],
    ids=["none", "one", "some"],
)
def test_last_element_fills_the_shape(
    values: list[object], shape: list[int], expected: list[float]
) -> None:
    """A typed field shorter than the shape is continued with its last element."""
    answer = decoded(typed("float32", values, shape))

    assert answer.tolist() == expected


def test_strings_in_tensor_content_are_read() -> None:
    """Strings that a server packed into `tensor_content` come back one by one."""
    message = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING)
    message.tensor_shape.dim.add(size=3)
    message.tensor_content = bytes([1, 0, 200, 1]) + b"a" + b"x" * 200

    answer = decoded(message)

    assert answer.tolist() == [b"a", b"", b"x" * 200]


def test_answer_is_the_callers_own() -> None:
    """A decoded array can be written to and does not hold on to the answer's bytes."""
    data = bytearray(encoded(np.zeros(3, np.float32)))

    answer = decode_tensor(memoryview(data))
    data[:] = b"\xff" * len(data)
    answer[0] = 9

    assert answer.tolist() == [9.0, 0.0, 0.0]
    assert answer.flags.aligned


def broken_tensors() -> dict[str, bytes]:
    """Messages that are no tensor, by what is wrong with them."""
    short = typed("float32", [], [2])
    short.tensor_content = b"\x00" * 7
    unknown_rank = typed("float32", [1.0], [])
    unknown_rank.tensor_shape.unknown_rank = True
    strings = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_content=b"\x05abc")
    strings.tensor_shape.dim.add(size=1)
    endless = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING)
    endless.tensor_content = b"\xff" * 9 + b"\x01" + b"\x04abc"
    endless.tensor_shape.dim.add(size=2)
    return {
        "no dtype": b"",
        "a handle": tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE).SerializeToString(),
        "content too short": short.SerializeToString(),
        "too many elements": typed("int32", [1, 2, 3], [2]).SerializeToString(),
        "unknown rank": unknown_rank.SerializeToString(),
        "negative size": typed("float32", [1.0], [-1]).SerializeToString(),
        "promises terabytes": typed("float32", [1.0], [10**6, 10**6]).SerializeToString(),
        "broken floats": b"\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x03abc",
        "endless number": b"\x08" + b"\xff" * 11,
        "endless list": b"\x08\x03\x12\x04\x12\x02\x08\x01\x3a\x01\xff",
        "broken strings": strings.SerializeToString(),
        "endless string": endless.SerializeToString(),
        "65 dimensions": typed("float32", [1.0], [1] * 65).SerializeToString(),
        "empty and endless": typed("float32", [], [0, 2**62, 2**62]).SerializeToString(),
        "cut off": typed("float32", [1.0], [1]).SerializeToString()[:-2],
        "group": b"\x0b",
    }


@pytest.mark.parametrize("name", broken_tensors())
def test_broken_tensor_is_an_answer_error(name: str) -> None:
    """Bytes that are no tensor are refused with an AnswerError, quickly and in little memory."""
    data = memoryview(broken_tensors()[name])

    with pytest.raises(AnswerError):
        decode_tensor(data)


@given(st.binary(max_size=60))
def test_random_bytes_never_crash(data: bytes) -> None:
    """Any bytes decode to an array or are refused with an AnswerError."""
    message = b"\x08\x03" + data

    try:
        answer = decode_tensor(memoryview(message))
    except AnswerError:
        return

    assert isinstance(answer, np.ndarray)


@pytest.mark.parametrize(
    "array",
    [np.array(["2026"], "datetime64[Y]"), np.array([object()], object), np.zeros(1, "f4,i4")],
    ids=["dates", "objects", "records"],
)
def test_what_tensorflow_cannot_hold_is_a_type_error(array: Array) -> None:
    """Arrays without a TensorFlow dtype are refused before anything is sent."""
    with pytest.raises(TypeError):
        encoded(array)


def test_quantised_answers_are_read_as_integers() -> None:
    """A quantised tensor arrives as the integers that carry it."""
    assert by_number(types_pb2.DT_QUINT8).dtype == np.uint8
