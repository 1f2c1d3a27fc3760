"""A connection of HTTP/2 against servers that say what a test wants, in memory."""

import itertools
from contextlib import suppress

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from http2.frames import (
    WINDOW_DEFAULT,
    WINDOW_MAX,
    ErrorCode,
    Flag,
    FrameType,
    H2Error,
    Setting,
    frame,
    frame_header,
    settings,
    window_update,
)
from http2.headers import BLOCK_BYTES_MAX, literal
from serving_client._deadline import Deadline
from serving_client._h2_answer import PREFIX, UnprocessedError
from serving_client._h2_connection import H2Connection
from serving_client._h2_reader import HungUpError
from serving_client._transport import TransportError
from tests.unit.serving_client.h2_script import (
    END,
    HEAD,
    HELLO,
    OK,
    ScriptedWire,
    answer,
    data,
    headers,
    message,
)

BYTES_MAX = 1000
UNKNOWN = bytes.fromhex("000001 be ff 00000007 21")
UNHURRIED = hypothesis.settings(deadline=None)


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no time be so short that a look at the connection is spared."""
    monkeypatch.setattr("serving_client._h2_connection._JUST_NOW_S", 0.0)


def call(connection: H2Connection, request: bytes = b"ask") -> bytes:
    return connection.call(b"\x83", request, Deadline(10), BYTES_MAX).message


def connect(*said: bytes) -> tuple[ScriptedWire, H2Connection]:
    wire = ScriptedWire(list(said))
    return wire, H2Connection(wire, Deadline(10))


def test_call_is_one_request_and_one_answer() -> None:
    """A request goes out after the greeting, and its answer comes back."""
    wire, connection = connect(HELLO + answer())

    assert call(connection) == b"yes"

    assert connection.is_open
    assert wire.request == message(b"ask")
    assert [(kind, flags, stream) for kind, flags, stream, _ in wire.frames] == [
        (FrameType.SETTINGS, 0, 0),
        (FrameType.WINDOW_UPDATE, 0, 0),
        (FrameType.HEADERS, Flag.END_HEADERS, 1),
        (FrameType.DATA, Flag.END_STREAM, 1),
        (FrameType.SETTINGS, Flag.ACK, 0),
    ]


@UNHURRIED
@given(st.lists(st.integers(0, 300), max_size=10))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    """However the network cuts what a server says, it means the same."""
    said = HELLO + answer(bytes(100)) + answer(b"no", 3)
    bounds = [0, *sorted(cuts), len(said)]
    pieces = [said[i:j] for i, j in itertools.pairwise(bounds)]
    _, connection = connect(*filter(None, pieces))

    answers = [call(connection), call(connection)]

    assert answers == [bytes(100), b"no"]


def test_frames_that_mean_nothing_are_read_over() -> None:
    """Unknown frames, priorities, and what belongs to earlier calls do no harm."""
    wire, connection = connect(
        HELLO
        + UNKNOWN
        + frame(FrameType.PRIORITY, bytes(5), 0, 9)
        + answer()
        + frame(FrameType.RST_STREAM, bytes(4), 0, 1)
        + window_update(1, 5),
        data(b"late", Flag.END_STREAM) + headers(OK, END),
        answer(b"two", 3),
    )

    assert call(connection) == b"yes"
    assert connection.is_usable
    assert call(connection) == b"two"
    assert wire.request == message(b"ask") * 2


def test_padding_is_read_over() -> None:
    """Padded frames hold what they hold."""
    body = message(b"yes")
    padded = data(bytes([4]) + body + bytes(4), Flag.PADDED)
    _, connection = connect(
        HELLO + headers(b"\x02" + HEAD + b"\0\0", Flag.PADDED | Flag.END_HEADERS) + padded,
        headers(OK, END),
    )

    assert call(connection) == b"yes"


def test_headers_in_pieces() -> None:
    """A block of headers may be continued, in as many frames as it takes."""
    parts = [HEAD[i : i + 9] for i in range(0, len(HEAD), 9)]
    block = headers(parts[0], 0) + b"".join(
        frame(FrameType.CONTINUATION, part, Flag.END_HEADERS * (part is parts[-1]), 1)
        for part in parts[1:]
    )
    _, connection = connect(HELLO + block + data(message(b"yes")) + headers(OK, END))

    assert call(connection) == b"yes"


def test_pings_are_answered() -> None:
    """A server that asks whether somebody is there gets its bytes back."""
    wire, connection = connect(HELLO + frame(FrameType.PING, b"12345678") + answer())

    call(connection)

    assert (FrameType.PING, Flag.ACK, 0, b"12345678") in wire.frames


def test_large_request_waits_for_room() -> None:
    """No more is sent than the server has room for, in frames as large as it wants."""
    size = 3 * WINDOW_DEFAULT
    more = window_update(0, size) + window_update(1, WINDOW_DEFAULT)
    wire, connection = connect(HELLO, more, window_update(1, size) + answer())

    assert call(connection, bytes(size)) == b"yes"

    assert wire.request == message(bytes(size))
    sizes = [len(payload) for kind, _, _, payload in wire.frames if kind == FrameType.DATA]
    assert sum(sizes[:4]) == WINDOW_DEFAULT
    assert sum(sizes[:8]) == 2 * WINDOW_DEFAULT
    assert max(sizes) == 16_384


def test_settings_change_the_room_there_is() -> None:
    """A smaller window counts for the request that is under way, and may leave less than none."""
    size = WINDOW_DEFAULT + 1
    wire, connection = connect(
        settings({Setting.INITIAL_WINDOW_SIZE: 10, Setting.MAX_FRAME_SIZE: 20_000}),
        window_update(1, WINDOW_DEFAULT - 10),
        window_update(1, 2),
        window_update(0, 100),
        window_update(1, 4) + answer(),
    )

    call(connection, bytes(size))

    ends = [payload for kind, _, _, payload in wire.frames if kind == FrameType.DATA][-2:]
    assert list(map(len, ends)) == [2, 4]
    assert wire.request == message(bytes(size))


def test_windows_are_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server gets back what it has used of the connection, and of each call, and no more."""
    monkeypatch.setattr("serving_client._h2_listener._REPLENISHED_BYTES", 100)
    part = bytes(60)
    calls = [
        headers(HEAD, stream=stream)
        + data(PREFIX.pack(0, 180) + part, 0, stream)
        + data(part, 0, stream) * 2
        + headers(OK, END, stream)
        for stream in (1, 3)
    ]
    wire, connection = connect(HELLO + calls[0], calls[1])

    for _ in range(2):
        call(connection)

    opened = [
        (stream, int.from_bytes(payload, "big"))
        for kind, _, stream, payload in wire.frames[2:]
        if kind == FrameType.WINDOW_UPDATE
    ]
    assert opened == [(0, 125), (1, 125), (0, 125), (3, 125), (0, 120)]


def test_server_is_heard_while_it_takes_nothing() -> None:
    """A connection that is full does not keep the server's words from being heard."""
    size = 60_000
    wire, connection = connect(HELLO + frame(FrameType.PING, b"12345678"), answer())
    wire.room, wire.room_after_wait = 100, 2 * size

    assert call(connection, bytes(size)) == b"yes"

    assert wire.waits
    assert wire.request == message(bytes(size))
    assert wire.frames[-1][:2] == (FrameType.PING, Flag.ACK)


def test_room_that_is_made_during_sending_is_used() -> None:
    """The server need not say once more that it has room."""
    size = 2 * WINDOW_DEFAULT
    whole_answer = headers(HEAD + literal(b"grpc-status", b"5"), END)
    wire, connection = connect(
        HELLO + window_update(0, size) + window_update(1, size), whole_answer
    )
    wire.room, wire.room_after_wait = 100, 2 * size

    with pytest.raises(TransportError):  # what the server says next, once it has the request
        call(connection, bytes(size))

    assert wire.request == message(bytes(size))


def test_answer_that_comes_too_soon() -> None:
    """A server that answers before it has the request gets no more of it, and no other call."""
    refusal = headers(HEAD + literal(b"grpc-status", b"8"), END)
    wire, connection = connect(HELLO + refusal)

    with pytest.raises(TransportError):
        call(connection, bytes(100_000))

    assert not connection.is_open
    assert len(wire.request) <= WINDOW_DEFAULT


def test_error_leaves_the_connection_open() -> None:
    """A call that fails at the server says nothing against the next one."""
    _, connection = connect(
        HELLO + headers(HEAD + literal(b"grpc-status", b"5"), END), answer(b"yes", 3)
    )

    with pytest.raises(TransportError):
        call(connection)

    assert connection.is_open
    assert call(connection) == b"yes"


def goaway(last: int) -> bytes:
    return frame(FrameType.GOAWAY, last.to_bytes(4, "big") + bytes(4) + b"bye")


def test_server_that_goes_away_finishes() -> None:
    """A server that leaves answers the call it has, and gets no other."""
    _, connection = connect(HELLO + goaway(1) + answer())

    assert call(connection) == b"yes"

    assert not connection.is_open


def test_call_that_came_too_late() -> None:
    """A call that a server which leaves did not take on can be sent to another."""
    _, connection = connect(HELLO + answer(), goaway(1))
    call(connection)

    with pytest.raises(UnprocessedError, match="NO_ERROR bye"):
        call(connection)


@pytest.mark.parametrize(
    "said",
    [(), (goaway(1),), (goaway(2**31 - 1),), (b"\xff" * 20,)],
    ids=lambda said: str(said)[:9],
)
def test_connection_that_ended_while_idle(said: tuple[bytes, ...]) -> None:
    """What a server said, or that it hung up, is noticed before the next call."""
    _, connection = connect(HELLO + answer(), *said)
    call(connection)

    assert connection.is_open
    assert not connection.is_usable


BROKEN = {
    "http/1": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1"),
    "tls": (bytes.fromhex("15030300020246") + bytes(9), "TLS"),
    "noise": (b"\xff\0garbage" * 9, "something else"),
    "no settings": (answer(), "something else"),
    "large frame": (HELLO + frame_header(1 << 21, FrameType.DATA, 0, 1), "2097152 bytes"),
    "large unknown frame": (HELLO + frame_header(1 << 21, FrameType.PRIORITY), "2097152 bytes"),
    "large headers": (HELLO + frame_header(1 << 17, FrameType.HEADERS, 4, 1), "131072 bytes"),
    "headers of no call": (HELLO + headers(HEAD, stream=5), "stream 5"),
    "headers of the server": (HELLO + headers(HEAD, stream=2), "stream 2"),
    "data of no call": (HELLO + data(b"", stream=0), "stream 0"),
    "data without headers": (HELLO + data(message(b"yes")), "without headers"),
    "all padding": (HELLO + headers(HEAD) + data(b"\x09abc", Flag.PADDED), "all padding"),
    "padding of nothing": (HELLO + headers(HEAD) + data(b"", Flag.PADDED), "all padding"),
    "headers interrupted": (HELLO + headers(HEAD, 0) + HELLO, "not continued"),
    "continuation of nothing": (HELLO + frame(FrameType.CONTINUATION, b"", 4, 1), "never began"),
    "headers without end": (
        HELLO + headers(HEAD, 0) + frame(FrameType.CONTINUATION, bytes(16_000), 0, 1) * 5,
        "without an end",
    ),
    "headers of nothing without end": (
        HELLO + headers(b"", 0) + frame(FrameType.CONTINUATION, b"", 0, 1) * 70,
        "without an end",
    ),
    "header bomb": (HELLO + headers(b"\x90" * 60_000), f"more than {BLOCK_BYTES_MAX}"),
    "header of before": (HELLO + headers(b"\xbe"), "refers to"),
    "promise": (HELLO + frame(FrameType.PUSH_PROMISE, bytes(4), 4, 1), "nobody asked"),
    "window overflow": (HELLO + window_update(0, WINDOW_MAX), "too far"),
    "window overflow of a call": (HELLO + window_update(1, WINDOW_MAX), "too far"),
    "window by nothing": (HELLO + window_update(0, 0), "by nothing"),
    "short ping": (HELLO + frame(FrameType.PING, b"123"), "PING of 3"),
    "short goaway": (HELLO + frame(FrameType.GOAWAY, b"123"), "GOAWAY of 3"),
    "short reset": (HELLO + frame(FrameType.RST_STREAM, b"123", 0, 1), "3 bytes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_rules_that_are_broken(name: str) -> None:
    """A server that breaks the rules is told so, and is not heard any longer."""
    said, what = BROKEN[name]
    wire, connection = connect(said)

    with pytest.raises(H2Error, match=what) as caught:
        call(connection)

    assert not connection.is_open
    kind, _, _, payload = wire.frames[-1]
    if caught.value.code is not ErrorCode.NO_ERROR:
        assert (kind, payload[4:8]) == (FrameType.GOAWAY, caught.value.code.to_bytes(4, "big"))


def test_endless_pings_of_a_server_that_takes_nothing() -> None:
    """Replies are not gathered without end for a server that does not read them."""
    wire, connection = connect(HELLO + frame(FrameType.PING, b"12345678") * 1001)
    wire.room = 0

    with pytest.raises(H2Error, match="reads none"):
        call(connection)


@pytest.mark.parametrize("length", [0, 5, 30, 60])
def test_server_that_hangs_up(length: int) -> None:
    """An answer that is cut off is an error of the connection."""
    _, connection = connect((HELLO + answer())[:length])

    with pytest.raises(HungUpError, match="hung up"):
        call(connection)

    assert not connection.is_open


NOISE = st.builds(
    frame,
    st.sampled_from(FrameType),
    st.one_of(st.binary(max_size=40), st.just(HEAD), st.just(OK), st.just(message(b"yes"))),
    st.sampled_from([0, 1, 4, 5, 8, 12, 13, 0x20, 0xFF]),
    st.sampled_from([0, 1, 2, 3, 2**31 - 1, 2**31 + 1]),
)


@UNHURRIED
@given(
    said=st.lists(st.one_of(NOISE, st.binary(max_size=30)), max_size=12), is_polite=st.booleans()
)
def test_any_frames_end_in_an_answer_or_an_error(said: list[bytes], *, is_polite: bool) -> None:
    """Whatever a server says, a call ends, and nothing comes of it but what is documented."""
    wire, connection = connect(*([HELLO] if is_polite else []), *filter(None, said))

    with suppress(TransportError, UnprocessedError, HungUpError, H2Error):
        while connection.is_usable or not wire.heard:
            call(connection)

    assert len(wire.heard) < 20_000
