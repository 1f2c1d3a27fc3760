"""Blocks of headers that come in, whole or in pieces."""

import pytest

from http2.blocks import IncomingBlock
from http2.frames import ErrorCode, Flag, H2Error
from http2.headers import BLOCK_BYTES_MAX

END = int(Flag.END_HEADERS)
LAST = int(Flag.END_STREAM)


def test_a_block_in_one_frame_is_there_at_once() -> None:
    """And nothing is left open."""
    block = IncomingBlock()

    assert block.begin(b"abc", END | LAST, 3) == b"abc"
    assert (block.stream, block.is_last) == (0, True)


def test_a_padded_block_comes_without_its_padding() -> None:
    """Only the first frame can have some."""
    assert IncomingBlock().begin(b"\x02abc\x00\x00", END | int(Flag.PADDED), 1) == b"abc"


def test_a_block_in_pieces_is_there_with_the_last_one() -> None:
    """Whether the stream ends is said with the first; the next block begins anew."""
    block = IncomingBlock()

    pieces = [block.begin(b"", LAST, 3), block.go_on(b"ab", 0, 3)]
    number = block.stream
    whole = block.go_on(b"c", END, 3)

    assert (pieces, number, whole) == ([None, None], 3, b"abc")
    assert (block.stream, block.is_last) == (0, True)
    assert block.begin(b"d", END, 5) == b"d"
    assert not block.is_last


@pytest.mark.parametrize("stream", [0, 2])
def test_streams_that_nobody_began_have_no_headers(stream: int) -> None:
    """Clients begin streams of odd numbers, and servers none."""
    with pytest.raises(H2Error, match=f"headers of stream {stream}"):
        IncomingBlock().begin(b"abc", END, stream)


@pytest.mark.parametrize("stream", [0, 1, 3])
def test_a_piece_belongs_to_the_block_before_it(stream: int) -> None:
    """One without a block, or of another stream, breaks the rules."""
    block = IncomingBlock()
    if stream == 3:
        block.begin(b"abc", 0, 1)

    with pytest.raises(H2Error, match="are continued that never began"):
        block.go_on(b"def", END, stream)


@pytest.mark.parametrize("piece", [b"", b"x" * (BLOCK_BYTES_MAX // 8)], ids=["empty", "long"])
def test_a_block_without_an_end_is_refused(piece: bytes) -> None:
    """Neither its size nor the number of its pieces grows for ever."""
    block = IncomingBlock()
    block.begin(piece, 0, 1)

    def go_on_and_on() -> None:
        for _ in range(100):
            block.go_on(piece, 0, 1)

    with pytest.raises(H2Error, match="headers without an end") as caught:
        go_on_and_on()

    assert caught.value.code is ErrorCode.ENHANCE_YOUR_CALM
