"""The error tree."""

import pickle

import grpc
import pytest

from serving_client import RpcContext, RpcError, ServingError, exceptions


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
)
def test_each_status_has_one_class(code: grpc.StatusCode) -> None:
    """Every gRPC status but OK maps to exactly one subclass of RpcError."""
    classes = [each for each in RpcError.__subclasses__() if each.code is code]

    error = RpcError.of(code, "words", RpcContext("Predict", "t"))

    assert classes == [type(error)]
    assert error.code is code


def test_everything_public_is_a_serving_error() -> None:
    """All exceptions of the module share one root."""
    names = [name for name in exceptions.__all__ if name.endswith("Error")]

    assert all(issubclass(getattr(exceptions, name), ServingError) for name in names)


def test_error_survives_pickling() -> None:
    """An error that crosses the border of a process keeps its words and circumstances."""
    error = RpcError.of(grpc.StatusCode.NOT_FOUND, "words", RpcContext("Predict", "t", "m", 3))

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  of our own making

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.model, copy.version, copy.detail) == ("m", 3, "words")


def test_message_is_one_line() -> None:
    """Only the first line of the server's words is shown; all of them are kept."""
    error = RpcError.of(grpc.StatusCode.INTERNAL, "first\nsecond", RpcContext("Predict", "t"))

    assert str(error) == "Predict at t failed: INTERNAL after 0.00 s and 1 attempt: first"
    assert error.detail == "first\nsecond"
