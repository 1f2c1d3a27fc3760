"""What answers over HTTP/2 mean."""

import itertools
from collections.abc import Callable

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http2.frames import ErrorCode, H2Error
from serving_client._h2_answer import PREFIX, Answer, UnprocessedError
from serving_client._message_size import MessageSizeError
from serving_client._transport import TransportError

HEAD = ((b":status", b"200"), (b"content-type", b"application/grpc+proto"))
OK = ((b"grpc-status", b"0"),)
Code = grpc.StatusCode


class Bytes:
    """A source of bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def payload(self, length: int) -> bytes:
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def into(self, view: memoryview) -> None:
        view[:] = self.payload(len(view))


def message(data: bytes) -> bytes:
    return PREFIX.pack(0, len(data)) + data


def answered(*parts: bytes, bytes_max: int = 1000) -> Answer:
    answer = Answer(bytes_max)
    answer.take_headers(HEAD, is_last=False)
    for part in parts:
        answer.take_data(Bytes(part), len(part))
    answer.take_headers(OK, is_last=True)
    return answer


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 205), max_size=6))
def test_message_is_put_together(data: bytes, cuts: list[int]) -> None:
    """However a message is cut into frames, it comes out whole."""
    whole = message(data)
    bounds = [0, *sorted(cuts), len(whole)]

    answer = answered(*(whole[i:j] for i, j in itertools.pairwise(bounds)))

    assert answer.is_complete
    assert answer.message == data


@pytest.mark.parametrize(
    "parts",
    [(), (b"\0\0",), (message(b"abc")[:-1],), (message(b"a"), message(b"b")), (message(b"a") * 2,)],
    ids=["none", "no prefix", "cut off", "two", "two in one frame"],
)
def test_other_than_one_message(parts: tuple[bytes, ...]) -> None:
    """An answer without a message, or with another one, breaks the contract of the method."""
    with pytest.raises(TransportError) as caught:
        _ = answered(*parts).message

    assert caught.value.code is Code.UNIMPLEMENTED


def test_large_message_is_refused_by_its_length() -> None:
    """A message over the limit is refused before there is room for it."""
    with pytest.raises(MessageSizeError, match=r"has 2147483648 bytes.* allows 1000"):
        answered(PREFIX.pack(0, 2**31))


def test_compressed_message_is_refused() -> None:
    """Nobody asked for compression, so what says it is compressed is an error."""
    with pytest.raises(TransportError, match="compressed") as caught:
        answered(PREFIX.pack(1, 3) + b"abc")

    assert caught.value.code is Code.INTERNAL


def test_status_and_words_of_the_server() -> None:
    """The status, its words, which are percent-encoded, and the pushback are handed on."""
    answer = Answer(10)

    answer.take_headers(
        (
            *HEAD,
            (b"grpc-status", b"14"),
            (b"grpc-message", b"B%C3%A4r 100%25 %zz"),
            (b"grpc-retry-pushback-ms", b"1500"),
        ),
        is_last=True,
    )

    with pytest.raises(TransportError) as caught:
        _ = answer.message
    assert caught.value.code is Code.UNAVAILABLE
    assert caught.value.detail == "Bär 100% %zz"
    assert caught.value.pushback_s == 1.5


@pytest.mark.parametrize(
    ("trailers", "code"),
    [
        ((), Code.UNKNOWN),
        (((b"grpc-status", b"99"),), Code.UNKNOWN),
        (((b"grpc-status", b"five"),), Code.UNKNOWN),
        (((b"grpc-status", b"5"),), Code.NOT_FOUND),
        (((b"grpc-status", b"1"),), Code.UNAVAILABLE),
    ],
    ids=["no status", "no such status", "no number", "not found", "cancelled by the server"],
)
def test_statuses(trailers: tuple[tuple[bytes, bytes], ...], code: Code) -> None:
    """A status that is none is UNKNOWN; one of a server that stops is UNAVAILABLE."""
    answer = Answer(10)
    answer.take_headers(HEAD, is_last=False)

    answer.take_headers(trailers, is_last=True)

    with pytest.raises(TransportError) as caught:
        _ = answer.message
    assert caught.value.code is code


def test_end_without_a_status() -> None:
    """An answer that ends with its data is UNKNOWN."""
    answer = Answer(10)
    answer.take_headers(HEAD, is_last=False)

    answer.end()

    with pytest.raises(TransportError, match="without a status") as caught:
        _ = answer.message
    assert caught.value.code is Code.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (b"200", Code.UNKNOWN),
        (b"302", Code.UNKNOWN),
        (b"400", Code.INTERNAL),
        (b"401", Code.UNAUTHENTICATED),
        (b"403", Code.PERMISSION_DENIED),
        (b"404", Code.UNIMPLEMENTED),
        (b"429", Code.UNAVAILABLE),
        (b"503", Code.UNAVAILABLE),
        (b"", Code.UNKNOWN),
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_answers_of_others(status: bytes, code: Code, *, is_last: bool) -> None:
    """What is not from a gRPC server has the status that gRPC's table gives it, and says so."""
    with pytest.raises(TransportError, match=r"text/html, not from a gRPC server") as caught:
        Answer(10).take_headers(
            ((b":status", status), (b"content-type", b"text/html")), is_last=is_last
        )

    assert caught.value.code is code


def test_status_of_grpc_goes_before_that_of_http() -> None:
    """Whoever answers, a status of gRPC is what counts."""
    answer = Answer(10)

    answer.take_headers(((b":status", b"503"), (b"grpc-status", b"8")), is_last=True)

    with pytest.raises(TransportError) as caught:
        _ = answer.message
    assert caught.value.code is Code.RESOURCE_EXHAUSTED


def test_news_before_the_answer_is_read_over() -> None:
    """Headers with a status of 1xx announce others."""
    answer = Answer(10)

    answer.take_headers(((b":status", b"103"),), is_last=False)
    answer.take_headers((*HEAD, (b"grpc-status", b"5")), is_last=True)

    assert answer.is_complete


@pytest.mark.parametrize(
    "take",
    [
        lambda answer: answer.take_data(Bytes(b"a"), 1),
        lambda answer: [answer.take_headers(HEAD, is_last=False) for _ in range(2)],
    ],
    ids=["data before headers", "headers twice"],
)
def test_order_that_makes_no_sense(take: Callable[[Answer], object]) -> None:
    """Headers come first, then data, then headers once more."""
    with pytest.raises(H2Error):
        take(Answer(10))


@pytest.mark.parametrize(
    ("reset", "code"),
    [
        (ErrorCode.NO_ERROR, Code.INTERNAL),
        (ErrorCode.PROTOCOL_ERROR, Code.INTERNAL),
        (ErrorCode.STREAM_CLOSED, Code.UNKNOWN),
        (ErrorCode.CANCEL, Code.UNAVAILABLE),
        (ErrorCode.ENHANCE_YOUR_CALM, Code.RESOURCE_EXHAUSTED),
        (ErrorCode.INADEQUATE_SECURITY, Code.PERMISSION_DENIED),
        (4_000_000_000, Code.UNKNOWN),
    ],
)
def test_answer_that_is_broken_off(reset: int, code: Code) -> None:
    """The reason is one of HTTP/2, and the status the one that gRPC's table gives it."""
    answer = Answer(10)

    answer.reset(reset)

    assert answer.is_complete
    with pytest.raises(TransportError, match="broke off its answer") as caught:
        _ = answer.message
    assert caught.value.code is code


def test_call_that_is_refused_can_be_sent_again() -> None:
    """A server that refuses a call unseen has done nothing about it."""
    with pytest.raises(UnprocessedError):
        Answer(10).reset(ErrorCode.REFUSED_STREAM)
