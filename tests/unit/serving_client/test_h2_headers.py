"""HPACK without its memory: blocks of headers, to bytes and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_client._h2_frames import H2Error
from serving_client._h2_headers import BLOCK_BYTES_MAX, decode_headers, literal
from serving_client._h2_huffman import huffman_decoded

# Of RFC 7541, Appendix C, what does not refer to headers sent before.
EXAMPLES = {
    "C.2.1": (
        "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
        [(b"custom-key", b"custom-header")],
    ),
    "C.2.2": ("040c2f73616d706c652f70617468", [(b":path", b"/sample/path")]),
    "C.2.3": ("100870617373776f726406736563726574", [(b"password", b"secret")]),
    "C.2.4": ("82", [(b":method", b"GET")]),
    "C.4.1": (
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        [
            (b":method", b"GET"),
            (b":scheme", b"http"),
            (b":path", b"/"),
            (b":authority", b"www.example.com"),
        ],
    ),
    "C.6.1": (
        (
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c7"
            "8f0b97c8e9ae82ae43d3"
        ),
        [
            (b":status", b"302"),
            (b"cache-control", b"private"),
            (b"date", b"Mon, 21 Oct 2013 20:13:21 GMT"),
            (b"location", b"https://www.example.com"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_the_standard(name: str) -> None:
    """What the standard shows is read as it says."""
    block, headers = EXAMPLES[name]

    assert list(decode_headers(bytes.fromhex(block))) == headers


def test_no_headers() -> None:
    """An empty block holds nothing."""
    assert decode_headers(b"") == ()


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300)), max_size=5))
def test_what_is_sent_comes_back(headers: list[tuple[bytes, bytes]]) -> None:
    """Literal headers are read as they were written, whatever is in them."""
    block = b"".join(literal(name, value) for name, value in headers)

    assert list(decode_headers(block)) == headers


def test_empty_table_may_be_confirmed() -> None:
    """A server may say at the beginning of a block that it has no table, as it was told."""
    assert decode_headers(b"\x20\x88") == ((b":status", b"200"),)


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("80", "refers to header 0"),
        ("be", "refers to header 62"),
        ("7e0161", "refers to header 62"),
        ("3f01", "changes the size"),
        ("8820", "changes the size"),
        ("ff8080808080808001", "does not end"),
        ("ff80", "is cut off"),
        ("40", "is cut off"),
        ("4003ab", "is cut off"),
        ("400161", "is cut off"),
        ("00016182ffff", "broken Huffman code"),
    ],
)
def test_blocks_that_make_no_sense(block: str, what: str) -> None:
    """What no encoder writes that was told to remember nothing is an error."""
    with pytest.raises(H2Error, match=what):
        decode_headers(bytes.fromhex(block))


def test_short_block_of_many_headers() -> None:
    """A byte can stand for a long header, but not often enough to fill the memory."""
    bomb = b"\x90" * BLOCK_BYTES_MAX

    with pytest.raises(H2Error, match=f"more than {BLOCK_BYTES_MAX}"):
        decode_headers(bomb)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_headers_or_an_error(block: bytes) -> None:
    """Whatever a server sends, nothing else comes of it."""
    try:
        headers = decode_headers(block)
    except H2Error:
        return

    assert all(isinstance(each, bytes) for pair in headers for each in pair)


@pytest.mark.parametrize(
    "code",
    ["ffffffff", "00", "1fff", "f8ff"],
    ids=["end", "padding of zeros", "padding of nine", "padding of eight"],
)
def test_broken_huffman_codes(code: str) -> None:
    """The code for the end, and padding that is none, are errors."""
    with pytest.raises(H2Error, match="Huffman"):
        huffman_decoded(bytes.fromhex(code))
