"""HPACK: blocks of headers, to bytes and back, with a memory and without one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http2.frames import H2Error
from http2.headers import (
    BLOCK_BYTES_MAX,
    HeaderReader,
    decode_headers,
    indexed,
    list_size,
    literal,
)
from http2.huffman import huffman_decoded

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

# Of the same appendix: blocks that one sender sends after each other.
_REQUEST = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/")]
_HOST = (b":authority", b"www.example.com")
REQUESTS = [
    [*_REQUEST, _HOST],
    [*_REQUEST, _HOST, (b"cache-control", b"no-cache")],
    [
        (b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/index.html"), _HOST,
        (b"custom-key", b"custom-value"),
    ],
]  # fmt: skip
_PRIVATE = (b"cache-control", b"private")
_DATE, _LATER = ((b"date", b"Mon, 21 Oct 2013 20:13:%d GMT" % second) for second in (21, 22))
_PLACE = (b"location", b"https://www.example.com")
_COOKIE = b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
RESPONSES = [
    [(b":status", b"302"), _PRIVATE, _DATE, _PLACE],
    [(b":status", b"307"), _PRIVATE, _DATE, _PLACE],
    [
        (b":status", b"200"), _PRIVATE, _LATER, _PLACE, (b"content-encoding", b"gzip"),
        (b"set-cookie", _COOKIE),
    ],
]  # fmt: skip
SEQUENCES = {
    "C.3": (
        4096,
        REQUESTS,
        [
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ],
    ),
    "C.4": (
        4096,
        REQUESTS,
        [
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ],
    ),
    "C.5": (
        256,
        RESPONSES,
        [
            (
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120"
                "474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d"
            ),
            "4803333037c1c0bf",
            (
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738"
                "666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d33"
                "3630303b2076657273696f6e3d31"
            ),
        ],
    ),
    "C.6": (
        256,
        RESPONSES,
        [
            (
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad1718"
                "63c78f0b97c8e9ae82ae43d3"
            ),
            "4883640effc1c0bf",
            (
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7"
                "b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
            ),
        ],
    ),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_of_the_standard(name: str) -> None:
    """A reader remembers what it is sent, and forgets the oldest when its table is full."""
    table_bytes_max, expected, blocks = SEQUENCES[name]
    reader = HeaderReader(table_bytes_max)

    read = [list(reader.read(bytes.fromhex(block))) for block in blocks]

    assert read == expected


def test_field_larger_than_the_table_empties_it() -> None:
    """As the standard says, that is no error; what stood there can be named no more."""
    reader = HeaderReader(64)
    reader.read(b"\x40\x02te\x08trailers")
    assert reader.read(b"\xbe") == ((b"te", b"trailers"),)

    reader.read(b"\x40\x01a\x40" + b"x" * 64)

    with pytest.raises(H2Error, match="refers to header 62"):
        reader.read(b"\xbe")


def test_sender_may_make_the_table_smaller_and_larger_again() -> None:
    """Up to the size that it was told; making it smaller forgets."""
    reader = HeaderReader(128)
    reader.read(b"\x40\x02te\x08trailers")

    assert reader.read(b"\x20\x3f\x61\x88") == ((b":status", b"200"),)

    with pytest.raises(H2Error, match="refers to header 62"):
        reader.read(b"\xbe")
    with pytest.raises(H2Error, match="changes the size of the table to 129"):
        reader.read(b"\x3f\x62")


def test_header_of_the_static_table_is_a_byte() -> None:
    """What stands there with its value can be sent as its number alone."""
    assert decode_headers(indexed(b":status", b"200")) == ((b":status", b"200"),)
    with pytest.raises(ValueError, match="not in tuple"):
        indexed(b":status", b"299")


def test_headers_count_more_than_their_letters() -> None:
    """32 bytes each, so that many empty ones are not for nothing."""
    assert list_size(()) == 0
    assert list_size(((b"", b""), (b"a", b"bc"))) == 67


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_after_each_other_are_headers_or_an_error(blocks: list[bytes]) -> None:
    """Whatever a client sends, a reader with a memory ends in nothing else."""
    reader = HeaderReader(100)
    try:
        headers = [reader.read(block) for block in blocks]
    except H2Error:
        return

    assert all(isinstance(text, bytes) for each in headers for pair in each for text in pair)


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
