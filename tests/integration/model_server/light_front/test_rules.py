"""The light gRPC front end and peers that break the rules of HTTP/2, one by one and at random."""

from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import strategies as st

from http2.frames import PREFACE, ErrorCode, FrameType, Setting, frame, settings, window_update
from http2.headers import literal
from tests.integration.model_server.light_front.light_server import connect, front_of, is_right
from tests.integration.model_server.light_front.raw_http2 import (
    END,
    block,
    call,
    data,
    goaway_code,
    headers,
    message,
    prefix,
)
from tests.integration.model_server.servers import Running

PING = frame(FrameType.PING, b"12345678")


# --- peers that break the rules of the connection

_HELLO = PREFACE + settings({})
_CODE = ErrorCode
BROKEN: dict[str, tuple[bytes, ErrorCode]] = {
    "garbage": (b"\xff" * 100, _CODE.PROTOCOL_ERROR),
    "HTTP/1": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", _CODE.PROTOCOL_ERROR),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00", _CODE.PROTOCOL_ERROR),
    "no settings": (PREFACE + PING, _CODE.PROTOCOL_ERROR),
    "settings confirmed first": (PREFACE + frame(FrameType.SETTINGS, b"", 1), _CODE.PROTOCOL_ERROR),
    "settings of a stream": (_HELLO + frame(FrameType.SETTINGS, b"", 0, 1), _CODE.PROTOCOL_ERROR),
    "settings cut off": (_HELLO + frame(FrameType.SETTINGS, b"12345"), _CODE.FRAME_SIZE_ERROR),
    "confirmation with values": (
        _HELLO + frame(FrameType.SETTINGS, bytes(6), 1),
        _CODE.FRAME_SIZE_ERROR,
    ),
    "window too wide": (
        _HELLO + settings({Setting.INITIAL_WINDOW_SIZE: 2**31}),
        _CODE.FLOW_CONTROL_ERROR,
    ),
    "push neither on nor off": (_HELLO + settings({Setting.ENABLE_PUSH: 2}), _CODE.PROTOCOL_ERROR),
    "tiny frames": (_HELLO + settings({Setting.MAX_FRAME_SIZE: 1}), _CODE.PROTOCOL_ERROR),
    "huge frame": (_HELLO + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", _CODE.FRAME_SIZE_ERROR),
    "huge headers": (_HELLO + b"\x02\x00\x00\x01\x04\x00\x00\x00\x01", _CODE.FRAME_SIZE_ERROR),
    "short ping": (_HELLO + frame(FrameType.PING, b"1234567"), _CODE.FRAME_SIZE_ERROR),
    "ping of a stream": (_HELLO + frame(FrameType.PING, bytes(8), 0, 1), _CODE.PROTOCOL_ERROR),
    "even stream": (_HELLO + headers(2, block()), _CODE.PROTOCOL_ERROR),
    "stream 0": (_HELLO + headers(0, block()), _CODE.PROTOCOL_ERROR),
    "data of no stream": (_HELLO + data(0, b"x"), _CODE.PROTOCOL_ERROR),
    "data before headers": (_HELLO + data(1, b"x"), _CODE.PROTOCOL_ERROR),
    "all padding": (
        _HELLO + headers(1, block()) + frame(FrameType.DATA, b"\x05abc", 8, 1),
        _CODE.PROTOCOL_ERROR,
    ),
    "reset before headers": (
        _HELLO + frame(FrameType.RST_STREAM, bytes(4), 0, 1),
        _CODE.PROTOCOL_ERROR,
    ),
    "reset cut off": (
        _HELLO + headers(1, block()) + frame(FrameType.RST_STREAM, b"123", 0, 1),
        _CODE.FRAME_SIZE_ERROR,
    ),
    "stream used again": (
        _HELLO + headers(1, block()) + frame(FrameType.RST_STREAM, bytes(4), 0, 1)
        + headers(1, block()),
        _CODE.STREAM_CLOSED,
    ),
    "older stream": (_HELLO + headers(5, block()) + headers(3, block()), _CODE.STREAM_CLOSED),
    "headers not continued": (
        _HELLO + frame(FrameType.HEADERS, block(), 0, 1) + PING,
        _CODE.PROTOCOL_ERROR,
    ),
    "continued by another stream": (
        _HELLO + frame(FrameType.HEADERS, block(), 0, 1)
        + frame(FrameType.CONTINUATION, b"", 4, 3),
        _CODE.PROTOCOL_ERROR,
    ),
    "continuation of nothing": (
        _HELLO + frame(FrameType.CONTINUATION, b"", 4, 1),
        _CODE.PROTOCOL_ERROR,
    ),
    "promise": (_HELLO + frame(FrameType.PUSH_PROMISE, bytes(8), 4, 1), _CODE.PROTOCOL_ERROR),
    "priority of no stream": (
        _HELLO + frame(FrameType.PRIORITY, bytes(5)),
        _CODE.PROTOCOL_ERROR,
    ),
    "priority cut off": (
        _HELLO + frame(FrameType.PRIORITY, bytes(4), 0, 1),
        _CODE.FRAME_SIZE_ERROR,
    ),
    "goaway cut off": (_HELLO + frame(FrameType.GOAWAY, bytes(7)), _CODE.FRAME_SIZE_ERROR),
    "window opened by nothing": (_HELLO + window_update(0, 0), _CODE.PROTOCOL_ERROR),
    "window opened too far": (_HELLO + window_update(0, 2**31 - 1), _CODE.FLOW_CONTROL_ERROR),
    "header never sent": (_HELLO + headers(1, b"\xff\x20"), _CODE.COMPRESSION_ERROR),
    "headers cut off": (_HELLO + headers(1, b"\x40"), _CODE.COMPRESSION_ERROR),
    "table too large": (_HELLO + headers(1, b"\x3f\xff\xff\x03"), _CODE.COMPRESSION_ERROR),
    "header bomb": (
        _HELLO + headers(1, b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000 + b"\xbe" * 9000),
        _CODE.ENHANCE_YOUR_CALM,
    ),
    "endless headers": (
        _HELLO + frame(FrameType.HEADERS, b"", 0, 1)
        + frame(FrameType.CONTINUATION, bytes(16_000), 0, 1) * 5,
        _CODE.ENHANCE_YOUR_CALM,
    ),
    "continuation flood": (
        _HELLO + frame(FrameType.HEADERS, b"", 0, 1)
        + frame(FrameType.CONTINUATION, b"", 0, 1) * 100,
        _CODE.ENHANCE_YOUR_CALM,
    ),
    "more data than room": (
        _HELLO + headers(1, block("/grpc.health.v1.Health/Watch")) + data(1, prefix(0))
        + data(1, bytes(1 << 20)) * 5,
        _CODE.FLOW_CONTROL_ERROR,
    ),
}  # fmt: skip
_RESET = frame(FrameType.RST_STREAM, bytes(4), 0, 1)
FLOODS = {
    "pings": PING,
    "confirmed pings": frame(FrameType.PING, bytes(8), 1),
    "settings": settings({Setting.INITIAL_WINDOW_SIZE: 1000}),
    "confirmed settings": frame(FrameType.SETTINGS, b"", 1),
    "priorities": frame(FrameType.PRIORITY, bytes(5), 0, 1),
    "unknown frames": frame(FrameType.DATA, b"abc")[:3] + b"\x77" + bytes(5) + b"abc",
    "large unknown frames": b"\x00\x50\x00\x77" + bytes(5) + bytes(0x5000),
    "windows": window_update(0, 1),
    "empty data": data(1, b""),
    "tiny data": data(1, b"x"),
    "goodbyes": frame(FrameType.GOAWAY, bytes(8)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_connection_that_breaks_the_rules_ends(shared: Running, name: str) -> None:
    """It is told why, and nobody else notices."""
    words, code = BROKEN[name]
    with connect(shared, words) as client:
        assert goaway_code(client.rest()) == code


@pytest.mark.parametrize("name", FLOODS)
def test_flood_ends_the_connection(shared: Running, name: str) -> None:
    """Whether a frame is answered or not, there can be too many of them."""
    with connect(shared) as client:
        client.say(headers(1, block()) + data(1, prefix(1 << 20)))
        client.say(FLOODS[name] * 8000)

        assert goaway_code(client.rest()) == ErrorCode.ENHANCE_YOUR_CALM
    assert is_right(shared)


@pytest.mark.parametrize(
    "calls",
    [
        lambda stream: headers(stream, block()) + frame(FrameType.RST_STREAM, bytes(4), 0, stream),
        lambda stream: headers(stream, b"", END),
        lambda stream: headers(stream, literal(b":method", b"GET"), END),
    ],
    ids=["taken back", "empty", "malformed"],
)
def test_rapid_reset_ends_the_connection(shared: Running, calls: Callable[[int], bytes]) -> None:
    """Calls that are taken back at once, or are none, cannot go on for ever."""
    with connect(shared) as client:
        client.say(b"".join(calls(stream) for stream in range(1, 4001, 2)))

        assert goaway_code(client.rest()) == ErrorCode.ENHANCE_YOUR_CALM
    assert is_right(shared)


def test_good_calls_are_no_flood(shared: Running) -> None:
    """However many there are, and with a ping and a window each, as libraries send them."""
    with connect(shared) as client:
        for stream in range(1, 3001, 2):
            client.say(call(stream) + PING + window_update(0, 9))
            fields, _ = client.answer(stream)
            assert fields["grpc-status"] == "0"


# --- calls that are none


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        block() + literal(b":late", b"x"),
        block() + literal(b":path", b"/twice"),
        block() + literal(b"Upper", b"x"),
        block() + literal(b"connection", b"close"),
        block() + literal(b"te", b"gzip"),
        block() + literal(b"x", b"a\r\nb"),
        literal(b":method", b"POST") + literal(b":scheme", b"http"),
    ],
    ids=["none", "late", "twice", "upper", "connection", "te", "line break", "no path"],
)
def test_malformed_call_ends_alone(shared: Running, fields: bytes) -> None:
    """Its stream does; the connection goes on."""
    with connect(shared) as client:
        client.say(headers(1, fields) + call(3))

        assert client.answer(1) == ({"reset": str(int(ErrorCode.PROTOCOL_ERROR))}, b"")
        assert client.answer(3)[0]["grpc-status"] == "0"


@pytest.mark.parametrize(
    ("method", "kind", "status"), [("GET", "application/grpc", "405"), ("POST", "text/html", "415")]
)
def test_browser_is_told_so(shared: Running, method: str, kind: str, status: str) -> None:
    """What is no gRPC is answered by HTTP's own status."""
    pairs = ((":method", method), (":scheme", "http"), (":path", "/"), ("content-type", kind))
    fields = b"".join(literal(name.encode(), value.encode()) for name, value in pairs)
    with connect(shared) as client:
        client.say(headers(1, fields, END))

        assert client.answer(1)[0] == {":status": status}


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        (headers(1, block(), END), "3", "The call has no request"),
        (headers(1, block()) + data(1, b"\0\0", END), "3", "cut off"),
        (headers(1, block()) + data(1, prefix(99) + b"x", END), "3", "cut off"),
        (headers(1, block()) + data(1, prefix(3) + b"\xff\xff\xff", END), "3", "no valid message"),
        (headers(1, block()) + data(1, prefix(2**32 - 1)), "8", "at most 2147483647"),
        (headers(1, block()) + headers(1, literal(b"a", b"b"), END), "3", "no request"),
        (headers(1, block("/a/B")) + data(1, message(), END), "12", "Method not found!"),
        (headers(1, block(more=[("grpc-encoding", "br")])), "12", "not supported"),
        (headers(1, block(more=[("a", "x" * 17_000)])), "8", "metadata"),
        (headers(1, block(more=[("grpc-timeout", "1n")])), "4", "Deadline"),
    ],
    ids=[
        "no request", "no length", "half a request", "no message", "too long", "trailers only",
        "unknown", "unknown compression", "much metadata", "late",
    ],
)  # fmt: skip
def test_call_that_cannot_be_answered_is_told_why(
    shared: Running, sent: bytes, code: str, words: str
) -> None:
    """With a status, and the connection goes on."""
    with connect(shared) as client:
        client.say(sent)
        fields, _ = client.answer(1)
        client.say(call(3))

        assert fields["grpc-status"] == code
        assert words in fields["grpc-message"]
        assert client.answer(3)[0]["grpc-status"] == "0"


def test_headers_in_the_middle_end_the_call(shared: Running) -> None:
    """And data after the end does."""
    with connect(shared) as client:
        client.say(headers(1, block()) + headers(1, literal(b"a", b"b")))
        first, _ = client.answer(1)
        client.say(headers(3, block()) + data(3, b"", END) + data(3, b"x"))
        client.answer(3)

        assert first == {"reset": str(int(ErrorCode.PROTOCOL_ERROR))}
        client.say(call(5))
        assert client.answer(5)[0]["grpc-status"] == "0"


# --- anything


def _random_frame() -> st.SearchStrategy[bytes]:
    payloads = st.one_of(
        st.binary(max_size=40),
        st.just(block()),
        st.just(message()),
        st.integers(0, 2**32 - 1).map(lambda number: number.to_bytes(4, "big")),
    )
    return st.builds(
        frame,
        st.sampled_from(list(FrameType)),
        payloads,
        st.sampled_from([0, 1, 4, 5, 8, 12, 13, 32, 37]),
        st.sampled_from([0, 1, 1, 1, 2, 3, 5, 2**31 - 1]),
    )


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(st.lists(_random_frame(), max_size=12), st.binary(max_size=20))
def test_any_conversation_ends(shared: Running, frames: list[bytes], rest: bytes) -> None:
    """In an answer or a goodbye; in the log nothing is to be found."""
    with connect(shared) as client:
        client.say(b"".join(frames) + rest)
        client._socket.shutdown(1)
        client.rest()

    assert front_of(shared)._budget.taken <= 1 << 20
