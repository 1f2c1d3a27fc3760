"""Taking large tensors out of requests: what is left and what was taken are what was sent."""

from collections.abc import Callable

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from model_server.h2_front.cutting import cut

LARGE = bytes(range(256)) * 100


def request(**contents: bytes) -> PredictRequest:
    made = PredictRequest()
    made.model_spec.name = "ssd"
    made.output_filter.append("boxes")
    for alias, content in contents.items():
        made.inputs[alias].dtype = 4
        made.inputs[alias].tensor_shape.dim.add(size=len(content))
        made.inputs[alias].tensor_content = content
    return made


def test_large_contents_are_taken_out() -> None:
    """They are views of what was received; small ones stay."""
    sent = request(image=LARGE, size=b"small", mask=LARGE[::-1])
    message = memoryview(sent.SerializeToString())

    rest, contents = cut(message)

    assert {alias: bytes(content) for alias, content in contents.items()} == {
        "image": LARGE,
        "mask": LARGE[::-1],
    }
    assert all(content.obj is message.obj for content in contents.values())
    left = PredictRequest.FromString(rest)
    for alias in contents:
        assert not left.inputs[alias].tensor_content
        left.inputs[alias].tensor_content = bytes(contents[alias])
    assert left == sent


def test_small_request_stays_as_it_is() -> None:
    """There is nothing to gain."""
    message = memoryview(request(image=b"small").SerializeToString())

    assert cut(message) == (message, {})


def _twice(message: bytes) -> bytes:
    return message + bytes(request(image=b"other").SerializeToString())


def _entry(*fields: bytes) -> bytes:
    """An input made of fields that are already written."""
    body = b"".join(fields)
    assert 0x4000 <= len(body) < 0x200000
    octets = [len(body) & 0x7F | 0x80, len(body) >> 7 & 0x7F | 0x80, len(body) >> 14]
    return b"\x12" + bytes(octets) + body


def _large_field(number: int, content: bytes) -> bytes:
    octets = [len(content) & 0x7F | 0x80, len(content) >> 7 & 0x7F | 0x80, len(content) >> 14]
    return bytes([number << 3 | 2, *octets]) + content


@pytest.mark.parametrize(
    "make",
    [
        _twice,
        lambda _: _entry(b"\x0a\x01x", _large_field(2, _large_field(4, LARGE) * 2)),
        lambda _: _entry(_large_field(2, _large_field(4, LARGE)), b"\x0a\x01x"),
        lambda _: _entry(b"\x0a\x01\xff", _large_field(2, _large_field(4, LARGE))),
        lambda message: message[:-1],
        lambda message: message + b"\x0b",
        lambda message: message + b"\x00",
        lambda message: message + b"\x18\x00" * 2000,
        lambda message: message + b"\x18" + b"\xff" * 20,
    ],
    ids=[
        "twice", "two contents", "value first", "no text", "cut off", "group", "field 0",
        "many fields", "endless number",
    ],
)  # fmt: skip
def test_unusual_requests_stay_as_they_are(make: Callable[[bytes], bytes]) -> None:
    """So protobuf decides what they mean, or that they mean nothing."""
    message = memoryview(make(request(image=LARGE).SerializeToString()))

    assert cut(message) == (message, {})


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 26_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_requests_mean_what_they_meant(changes: list[tuple[int, int]]) -> None:
    """Or protobuf refuses both."""
    damaged = bytearray(request(image=LARGE).SerializeToString())
    for place, octet in changes:
        damaged[place % 40 if place % 2 else place % len(damaged)] = octet

    rest, contents = cut(memoryview(bytes(damaged)))

    try:
        whole = PredictRequest.FromString(bytes(damaged))
    except DecodeError:
        with pytest.raises(DecodeError):
            PredictRequest.FromString(bytes(rest))
        return
    left = PredictRequest.FromString(bytes(rest))
    for alias, content in contents.items():
        left.inputs[alias].tensor_content = bytes(content)
    assert left == whole
