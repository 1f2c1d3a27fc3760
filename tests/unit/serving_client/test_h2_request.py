"""The headers of requests over HTTP/2."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http2.headers import decode_headers
from serving_client._h2_request import RequestHeaders, timeout_header

UNITS_S = {"u": 1e-6, "m": 1e-3, "S": 1.0}


def test_block_has_what_grpc_asks_for() -> None:
    """The headers of the protocol come in its order, and those of the caller at the end."""
    headers = RequestHeaders("models:8500", "http")

    block = decode_headers(headers.block("GetModelStatus", 1.5, (("x-team", "parcels"),)))

    assert [pair for pair in block if pair[0] != b"user-agent"] == [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/tensorflow.serving.ModelService/GetModelStatus"),
        (b":authority", b"models:8500"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (b"grpc-timeout", b"1500000u"),
        (b"x-team", b"parcels"),
    ]


@settings(deadline=None)
@given(st.floats(1e-3, 1e6))
def test_timeouts_are_rounded_up(timeout_s: float) -> None:
    """A server gets no less time than there is, and hardly more, in at most eight digits."""
    [(_, value)] = decode_headers(timeout_header(timeout_s))

    digits, unit_s = value[:-1], UNITS_S[chr(value[-1])]
    assert len(digits) <= 8
    assert timeout_s <= int(digits) * unit_s * (1 + 1e-12)
    assert math.isclose(int(digits) * unit_s, timeout_s, rel_tol=1e-3)


def test_binary_headers_are_encoded() -> None:
    """A name that ends in -bin says that its value is bytes, which travel in base 64."""
    block = RequestHeaders("a:1", "http").block("Predict", 1, (("trace-bin", "\x00\x01"),))

    assert decode_headers(block)[-1] == (b"trace-bin", b"AAE")


@pytest.mark.parametrize(
    "header", [("x y", "1"), ("", "1"), ("x", "a\nb"), ("x", "Bär"), ("X", "1")]
)
def test_headers_that_cannot_be_sent(header: tuple[str, str]) -> None:
    """What would not arrive as it was meant is a mistake of the program."""
    with pytest.raises(ValueError, match="header"):
        RequestHeaders("a:1", "http").block("Predict", 1, (header,))
