"""Bodies and their content encodings."""

import gzip

import pytest

from model_server.rest.body import inflated
from model_server.rest.errors import RequestTooLargeError
from model_server.status import Code, ServingError


@pytest.mark.parametrize("encoding", ["gzip", " GZIP ", "x-gzip"])
def test_gzip_is_undone(encoding: str) -> None:
    """However the header is written."""
    assert inflated(gzip.compress(b"x" * 100), encoding, 100) == b"x" * 100


@pytest.mark.parametrize("encoding", ["", "identity", "br"])
def test_other_encodings_are_left_alone(encoding: str) -> None:
    """The original knows only gzip."""
    assert inflated(b"\x1f\x8b", encoding, 100) == b"\x1f\x8b"


@pytest.mark.parametrize(
    "body",
    [b"", b"\x1f", b"{}", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"{}"],
    ids=["empty", "cut early", "plain", "cut late", "followed by more"],
)
def test_what_is_no_gzip_is_refused(body: bytes) -> None:
    """Also when it is cut short or goes on behind its end."""
    with pytest.raises(ServingError) as caught:
        inflated(body, "gzip", 100)

    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message.startswith("Failed to inflate the gzip-compressed body: ")


@pytest.mark.parametrize("size", [101, 200 << 20])
def test_a_bomb_is_refused_before_it_grows(size: int) -> None:
    """The limit is exact, and nothing beyond it is made."""
    with pytest.raises(RequestTooLargeError, match="larger than the 100 bytes"):
        inflated(gzip.compress(bytes(size), 1), "gzip", 100)
